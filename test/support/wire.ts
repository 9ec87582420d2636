import { connect } from "node:net";

/** What came back on a connection. */
export interface Wire {
  /** The bytes, one character each. */
  readonly text: string;
  /** Who ended it: the server in order, by a reset, or nobody within the time. */
  readonly end: "closed" | "reset" | "open";
}

/** What to do on a connection: send bytes, wait until something has come, or send no more. */
export type Step = string | { readonly waitFor: string } | { readonly end: true };

/**
 * A connection to the site on which these bytes are sent as they stand, one character each: for what no client library
 * lets one send, and for where and how exactly an answer ends.
 *
 * @param openMs ends the wait when the server does not end the connection; a bound, not a measure.
 */
export function onWire(url: URL, steps: readonly Step[], openMs = 5000): Promise<Wire> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname);
    const left = [...steps];
    let text = "";
    const finish = (end: Wire["end"]) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, end });
    };
    const timer = setTimeout(() => finish("open"), openMs);
    const go = (): void => {
      for (let step = left[0]; step !== undefined; step = left[0]) {
        if (typeof step === "object" && "waitFor" in step && !text.includes(step.waitFor)) return;
        left.shift();
        if (typeof step === "string") socket.write(step, "latin1");
        else if ("end" in step) socket.end();
      }
    };
    socket.on("connect", go);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      go();
    });
    socket.on("error", () => finish("reset"));
    socket.on("end", () => finish("closed"));
  });
}

/** A request's header as text. */
export const head = (line: string, fields: readonly string[]): string =>
  `${[`${line} HTTP/1.1`, "Host: site.test", ...fields].join("\r\n")}\r\n\r\n`;

/** The fields of a response, by names in small letters, each with all its lines. */
export function fieldsIn(text: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  const [, ...lines] = (text.split("\r\n\r\n")[0] ?? "").split("\r\n");
  for (const line of lines) {
    const at = line.indexOf(":");
    const name = line.slice(0, at).toLowerCase();
    fields.set(name, [...(fields.get(name) ?? []), line.slice(at + 1).trim()]);
  }
  return fields;
}

/**
 * What came back to a client that sends all that it has before it reads anything, as simple ones do.
 *
 * @param request its bytes, one character each.
 */
export function sendFirst(url: URL, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    let text = "";
    socket.pause();
    socket.once("error", reject);
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.once("end", () => resolve(text));
    socket.write(request, "latin1", () => socket.resume());
  });
}
