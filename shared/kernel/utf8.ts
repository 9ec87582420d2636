/** The two text codecs that Node, workerd and browsers share: deterministic, so they may stand in pure code. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean; fatal: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** UTF-8 bytes of `text`. Lone surrogates become U+FFFD, so callers keep such text as bytes. */
export const encodeUtf8 = (text: string): Uint8Array => encoder.encode(text);

/** Text of UTF-8 `bytes`, a leading byte order mark kept; `undefined` where they are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
