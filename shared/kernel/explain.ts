import type * as v from "valibot";

/**
 * One wrong value in words: the key path, what was found, what is allowed. So the message of a schema says what is
 * allowed, and nothing else.
 */
export function explain(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map((item) => item.key);
  return `${keyPath(keys) || "the whole"}: found ${found(issue)}, allowed: ${issue.message}`;
}

/** `pools.web.servers[0].name` */
function keyPath(keys: readonly unknown[]): string {
  const parts = keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return parts.join("").replace(/^\./, "");
}

function found({ expected, input, path }: v.BaseIssue<unknown>): string {
  if (expected === "never") return "this key";
  // A check of several keys is given them all, and names one of them.
  const last = path?.at(-1);
  const value = last?.origin === "value" ? last.value : input;
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") return `a ${typeof value}`;
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
