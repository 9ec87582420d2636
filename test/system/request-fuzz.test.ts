import { connect } from "node:net";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { makeSent } from "../fuzz/requests.ts";
import { answersIn, blemishIn, bugsIn, expectSound, runtimes } from "../support/invariants.ts";
import { type RawSite, startRawSite } from "../support/raw-site.ts";
import type { Wire } from "../support/wire.ts";

/**
 * Random requests, most of them wrong in some way. One that fails is named by its seed; `REQUEST_SEED=7` runs that one
 * alone. What it has taught goes into `bad-requests.test.ts` or `bad-bodies.test.ts`.
 */
const seeds =
  process.env["REQUEST_SEED"] === undefined
    ? Array.from({ length: 1000 }, (_, index) => index)
    : [Number(process.env["REQUEST_SEED"])];

let site: RawSite;

beforeAll(async () => {
  site = await startRawSite(inject("bundles"), inject("balanceBundles"));
});

afterAll(() => site.close());

/** Time without a byte after which the client sends no more: whoever waits for the rest of a body then knows. */
const quietMs = 150;
/** A connection that is open then hangs. */
const openMs = 15_000;

function exchange(bytes: string): Promise<Wire> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(site.url.port), site.url.hostname, () => socket.write(bytes, "latin1"));
    const finish = (end: Wire["end"]) => {
      clearTimeout(open);
      clearTimeout(quiet);
      socket.destroy();
      resolve({ text, end });
    };
    const open = setTimeout(() => finish("open"), openMs);
    const quiet = setTimeout(() => socket.end(), quietMs);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      quiet.refresh();
    });
    socket.on("error", () => finish("reset"));
    socket.on("close", () => finish("closed"));
  });
}

/** What is wrong with what became of a seed's bytes; `null`: nothing. */
async function fault(seed: number): Promise<string | null> {
  const { bytes, innerId } = makeSent(seed);
  const { text, end } = await exchange(bytes);
  if (end === "open") return `hangs after ${JSON.stringify(text.slice(0, 300))}`;
  const blemish = blemishIn(
    answersIn({ text, end }).filter(({ status, isFronts }) => isFronts || status !== 500 || !isConnect(bytes)),
  );
  if (blemish !== null) return blemish;
  return (await site.seen(innerId)).length === 0 ? null : "the body of a request was taken for a request";
}

const isConnect = (bytes: string) => bytes.includes("CONNECT ");

it("every request gets a clean answer, and none is made of the body of another", { timeout: 120_000 }, async () => {
  const faults: string[] = [];
  const left = [...seeds];
  const work = async () => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      const found = await fault(seed);
      if (found !== null)
        faults.push(`REQUEST_SEED=${seed}: ${found}\n${JSON.stringify(makeSent(seed).bytes.slice(0, 2000))}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  expect(faults).toEqual([]);
});

it("no server gets more requests than were sent", async () => {
  const ids = await site.ids();
  const sent = seeds.reduce((sum, seed) => sum + makeSent(seed).bytes.split("HTTP/").length - 1, 0);
  expect(ids.length).toBeGreaterThan(seeds.length / 5);
  expect(ids.length).toBeLessThanOrEqual(sent);
});

it("afterwards nobody is on an account, the counters add up, and the log tells of no bug", async () => {
  expect(bugsIn(site.lines).filter((line) => !runtimes.test(line))).toEqual([]);
  await expectSound(site, ["counted", "sticky", "small", "keyed", "edited", ""], runtimes);
});
