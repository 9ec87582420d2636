import { expect } from "vitest";
import type { RawSite, Statistics } from "./raw-site.ts";
import { head, onWire, type Wire } from "./wire.ts";

/** What nobody outside is to read: names of bindings and Workers, paths, stacks, errors of the language. */
const inner =
  /ORIGIN_[A-Z]|origin-[a-z]\b|\b(?:CONTROL|DatabaseNode|workerd|miniflare)\b|file:\/\/|\.[cm]?[jt]s:\d|\n\s+at |\b(?:Type|Range|Reference|Syntax)Error\b/;

/** A line of the log that tells of a bug: of an exception that nobody caught, or that nobody expects. */
const bug = /[Uu]ncaught|front failed|Error: .*internal|\b(?:Type|Range|Reference|Syntax)Error\b|^\s+at \S+ \(/;

/** What the runtime complains about by itself: frames of a WebSocket that are none, and a method that the front has no handler for. */
export const runtimes = /WebSocket protocol error|connect event|connect\(\) function/;

/** An answer on the wire. */
export interface Answer {
  readonly status: number;
  /** Whether the front gave it, or passed it on; otherwise the runtime did. */
  readonly isFronts: boolean;
  readonly text: string;
}

/** The answers on a connection, `100 Continue` left out. Bodies of servers must not have the text of an answer in them. */
export const answersIn = ({ text }: Wire): readonly Answer[] =>
  text
    .split(/(?=HTTP\/1\.[01] \d{3} )/)
    .filter((part) => part !== "" && !part.startsWith("HTTP/1.1 100 "))
    .map((part) => ({
      status: Number(/^HTTP\/1\.[01] (\d{3}) /.exec(part)?.[1]),
      isFronts: /^x-request-id: /im.test(part.split("\r\n\r\n", 1)[0] ?? ""),
      text: part,
    }));

/** What of the answers on a connection is not clean, if anything. */
export function blemishIn(answers: readonly Answer[]): string | null {
  for (const { status, isFronts, text } of answers) {
    if (!(status >= 101 && status < 600)) return `no answer: ${text.slice(0, 200)}`;
    if (status === 500) return `a ${isFronts ? "bug" : "bare 500"}: ${text.slice(0, 200)}`;
    const leak = inner.exec(text);
    if (leak !== null) return `${leak[0]} is shown: ${text.slice(0, 500)}`;
  }
  return null;
}

/** Lines of the log that tell of a bug. */
export const bugsIn = (lines: readonly string[]): readonly string[] => lines.filter((line) => bug.test(line));

const classes = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"];

/** Where the counters of some row do not add up. */
const discrepanciesIn = (statistics: Statistics): readonly string[] =>
  Object.entries(statistics).flatMap(([row, cells]) => {
    if (!/\/(?:FRONT|BACK)END$/.test(row)) return [];
    const [stot, scur] = [Number(cells["stot"]), Number(cells["scur"])];
    const answered = classes.reduce((sum, name) => sum + Number(cells[name]), 0);
    const refused = Number(cells["ereq"]) + Number(cells["dreq"]);
    return [
      ...(scur === 0 ? [] : [`${row}: ${scur} under way`]),
      ...(stot - scur === answered ? [] : [`${row}: ${stot} requests, ${answered} answers`]),
      ...(refused <= Number(cells["hrsp_4xx"]) ? [] : [`${row}: ${refused} refused, ${cells["hrsp_4xx"]} 4xx`]),
    ];
  });

/** A column over all frontends. */
export const total = (statistics: Statistics, column: string): number =>
  Object.entries(statistics).reduce(
    (sum, [row, cells]) => sum + (row.endsWith("/FRONTEND") ? Number(cells[column]) : 0),
    0,
  );

/**
 * Afterwards: nobody is left on an account, the counters add up, the log tells of no bug, and a request on a new connection is served.
 * Each turn sends a request of its own to each of the paths, for an isolate tells control only when it has some.
 *
 * @param known lines of the log that are no bug of ours.
 */
export async function expectSound(site: RawSite, paths: readonly string[], known = /$^/): Promise<Statistics> {
  let statistics: Statistics = {};
  const look = async () => {
    for (const path of paths) {
      const wire = await onWire(site.url, [head(`GET /${path}`, ["Connection: close"])]);
      expect(answersIn(wire).map(({ status }) => status)).toEqual([200]);
    }
    statistics = await site.statistics();
    return discrepanciesIn(statistics);
  };
  await expect.poll(look, { timeout: 20_000, interval: 500 }).toEqual([]);
  expect(bugsIn(site.lines).filter((line) => !known.test(line))).toEqual([]);
  return statistics;
}
