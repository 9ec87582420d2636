import { expect } from "vitest";
import { answersIn, blemishIn } from "./invariants.ts";
import type { RawSite } from "./raw-site.ts";
import { onWire, type Step, type Wire } from "./wire.ts";

export const close = "Connection: close";
export const chunked = "Transfer-Encoding: chunked";

/** The content `hello` in chunks. */
export const hello = "5\r\nhello\r\n0\r\n\r\n";

/** A request as bytes, one a character. Without a field `Host`, it gets the usual one. */
export function raw(line: string, fields: readonly string[] = [], body = ""): string {
  const hosts = fields.some((field) => /^host[ :]/i.test(field)) ? [] : ["Host: site.test"];
  return `${[line, ...hosts, ...fields].join("\r\n")}\r\n\r\n${body}`;
}

/** The statuses of the answers, each of which must be clean; with a star where the runtime answered by itself. */
export function statuses(wire: Wire): string[] {
  const answers = answersIn(wire);
  expect(blemishIn(answers)).toBeNull();
  return answers.map(({ status, isFronts }) => `${status}${isFronts ? "" : "*"}`);
}

/** What sends requests to a site as they stand. */
export function sender(site: () => RawSite) {
  const send = (request: string, openMs = 10_000, ...more: readonly Step[]) =>
    onWire(site().url, [request, ...more], openMs);

  /** The status of one request, that must be the only one. */
  const statusOf = async (line: string, fields: readonly string[] = [], body = ""): Promise<string> => {
    const wire = await send(raw(line, [...fields, close], body));
    expect(wire.end).toBe("closed");
    return statuses(wire).join(" ");
  };

  return { send, statusOf };
}
