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

function found({ expected, input }: v.BaseIssue<unknown>): string {
  if (expected === "never") return "this key";
  if (input === undefined) return "nothing";
  if (typeof input === "function" || typeof input === "symbol" || typeof input === "bigint") return `a ${typeof input}`;
  const text = JSON.stringify(input) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
