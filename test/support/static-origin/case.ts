import type { Coding } from "../../../shared/http/static-file.ts";

/** A request for a static file, and what the RFC has to be answered. */
export interface StaticCase {
  /** What makes the answer right: a clause of RFC 9110 if no other is named. */
  readonly clause: string;
  readonly title: string;
  readonly method?: string;
  /** The path as it stands in the request. */
  readonly path: string;
  /** `{tag}`, `{br}` and `{gzip}` stand for the entity tags of the file: as it is, and in a coding. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** Fields of the answer, with the same placeholders; `null` for one that must not be there. */
  readonly fields?: Readonly<Record<string, string | null>>;
  /** The file whose bytes are sent, or told of by HEAD and 304. */
  readonly file?: string;
  /** In which coding; as they are if not said. */
  readonly coding?: Coding;
  /** Which of its bytes: first and last. All if not said. */
  readonly range?: readonly [number, number];
}
