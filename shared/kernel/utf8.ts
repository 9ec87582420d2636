/** The two text codecs that Node, workerd and browsers share: deterministic, so they may stand in pure code. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 bytes of `text`. Lone surrogates become U+FFFD, so callers keep such text as bytes. */
export const encodeUtf8 = (text: string): Uint8Array => encoder.encode(text);

/** Text of UTF-8 `bytes`, a leading byte order mark kept. Invalid sequences become U+FFFD. */
export const decodeUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);
