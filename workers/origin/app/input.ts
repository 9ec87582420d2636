import * as v from "valibot";
import { limits } from "../../../shared/kernel/limits.ts";

/** What is wrong with one field of the input. */
export interface Issue {
  /** The field, such as `title`; empty when it is the input as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Control characters but tab and newline, and halves of surrogate pairs, neither of which is text that SQLite keeps as it came. */
const isPlainText = (text: string) => text.isWellFormed() && !/[^\P{Cc}\t\n]/u.test(text);

/** Text of `shortest` to `longest` UTF-16 units, with surrounding space removed and line ends as `\n` (a form sends `\r\n`). */
const text = (name: string, longest: number, shortest: 0 | 1 = 1) =>
  v.optional(
    v.pipe(
      v.string(`${name} is not text.`),
      v.transform((value) => value.replaceAll("\r\n", "\n")),
      v.trim(),
      v.minLength(shortest, `${name} is missing.`),
      v.maxLength(longest, `${name} has more than ${longest} characters.`),
      v.check(isPlainText, `${name} has characters that are not text.`),
    ),
    "",
  );

const wholeNumber = (name: string, smallest: number, largest: number) => {
  const message = `${name} is not a whole number from ${smallest} to ${largest}.`;
  return v.pipe(
    v.string(),
    v.regex(/^[0-9]{1,16}$/, message),
    v.transform(Number),
    v.minValue(smallest, message),
    v.maxValue(largest, message),
  );
};

/** A new post. */
export const postInput = v.object(
  { title: text("The title", limits.postTitleLength), body: text("The text", limits.postBodyLength) },
  "A post is an object with a title and a body.",
);
export type PostInput = v.InferOutput<typeof postInput>;

/** A post that is not finished: any part of it may be missing. */
export const draftInput = v.object(
  { title: text("The title", limits.postTitleLength, 0), body: text("The text", limits.postBodyLength, 0) },
  "A draft is an object with a title and a body.",
);
export type DraftInput = v.InferOutput<typeof draftInput>;

/** How a visitor wants to be greeted. */
export const nameInput = v.object(
  { name: text("The name", limits.visitorNameLength) },
  "A session is an object with a name.",
);

/** A new comment. */
export const commentInput = v.object(
  { body: text("The comment", limits.commentLength) },
  "A comment is an object with a body.",
);
export type CommentInput = v.InferOutput<typeof commentInput>;

/** Which posts to list: at most `limit`, and only those older than the post `before`. */
export const pageInput = v.object({
  limit: v.optional(wholeNumber("The limit", 1, limits.postsListed), `${limits.postsPerPage}`),
  before: v.optional(wholeNumber("The post before which to list", 1, Number.MAX_SAFE_INTEGER)),
});
export type PageInput = v.InferOutput<typeof pageInput>;

/** What `read` found: the input, or everything that is wrong with it. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Checks what came from outside against `schema`. */
export function read<Schema extends v.GenericSchema>(schema: Schema, input: unknown): Reading<v.InferOutput<Schema>> {
  const parsed = v.safeParse(schema, input, { abortPipeEarly: true });
  if (parsed.success) return { ok: true, value: parsed.output };
  return {
    ok: false,
    issues: parsed.issues.map((issue) => ({ path: v.getDotPath(issue) ?? "", message: issue.message })),
  };
}
