import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Server } from "../../bench/support/server.ts";
import type { Explanation } from "../../shared/admin/explain.ts";
import { present } from "../../shared/kernel/assert.ts";
import { limits } from "../../shared/kernel/limits.ts";
import { type FrontProcesses, startOrigins } from "../support/front-processes.ts";
import { adminToken } from "../support/site.ts";

/**
 * In production the front is many isolates that know nothing of each other but what control tells them, and that come and
 * go. Here each is the only one of a process without any dev tooling; the servers are in a process of their own, and so is
 * control.
 */
let site: FrontProcesses;
let control: Server;
let fronts: Server[];

beforeAll(async () => {
  site = await startOrigins(inject("bundles"), inject("balanceBundles"));
  control = await site.startControl();
  fronts = await Promise.all([site.startFront(), site.startFront(), site.startFront()]);
});

afterAll(() => site.close());

const frontAt = (index: number): Server => present(fronts[index], `front ${index}`);

/** What a client saw: when he asked, and when he was answered. */
interface Seen {
  readonly startMs: number;
  readonly endMs: number;
  readonly status: number;
  readonly servedBy: string;
  readonly text: string;
}

const ask = async (front: Server, path: string, init?: RequestInit): Promise<Seen> => {
  const startMs = Date.now();
  const response = await fetch(front.url("front") + path, init);
  const text = await response.text();
  const servedBy = response.headers.get("X-Served-By") ?? "-";
  return { startMs, endMs: Date.now(), status: response.status, servedBy, text };
};

/** One request after the other, as long as `isOn` says or until one fails. */
const askOn = async (front: Server, path: string, isOn: () => boolean): Promise<Seen[]> => {
  const seen: Seen[] = [];
  while (isOn()) {
    const answer = await ask(front, path).catch(() => null);
    if (answer === null) return seen;
    seen.push(answer);
  }
  return seen;
};

const times = (count: number) => () => count-- > 0;

const until = (endMs: number) => () => Date.now() < endMs;

const burst = (front: Server, path: string) => Promise.all(Array.from({ length: 60 }, () => ask(front, path)));

const admin = (front: Server, path: string, body?: object) =>
  ask(front, `/_trefoil/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });

const setState = async (state: string) =>
  expect((await admin(frontAt(0), "api/servers/web/b/state", { state })).status).toBe(200);

const everyFront = <T>(what: (front: Server) => Promise<T>) => Promise.all(fronts.map(what));

const namesOf = (seen: readonly Seen[]) => seen.map(({ servedBy }) => servedBy);

const explain = async (front: Server) => JSON.parse((await admin(front, "api/explain?url=/")).text) as Explanation;

/** The servers that a front would choose from, after it had a request. */
const candidates = async (front: Server) => {
  await ask(front, "/");
  return (await explain(front)).servers.flatMap((each) => (each.isCandidate ? [each.name] : [])).join("");
};

const expectCandidates = (names: string) =>
  expect.poll(() => everyFront(candidates), { timeout: 10_000 }).toEqual(fronts.map(() => names));

/** Requests to the pool of `/weighted`, as control has counted them. */
const counted = async () => {
  const lines = (await admin(frontAt(0), "stats;csv")).text.split("\n");
  return Number(lines.find((line) => line.startsWith("weighted,BACKEND,"))?.split(",")[7]);
};

describe("several processes of the front", () => {
  it("begin at different servers, so that the first requests of all of them are spread, too", async () => {
    const first: Seen[] = [];
    for (const front of fronts) {
      await expect.poll(async () => (await explain(front)).controlAgeMs, { timeout: 10_000 }).not.toBeNull();
      first.push(await ask(front, "/"));
    }
    expect(namesOf(first)).toEqual(["a", "b", "c"]);
  });

  it("spread their requests evenly, all together", async () => {
    const names = namesOf((await everyFront((front) => askOn(front, "/", times(30)))).flat());
    for (const server of ["a", "b", "c"]) expect(names.filter((name) => name === server).length).toBe(30);
  });

  it("keep a visitor at his server, whichever of them he meets", async () => {
    const response = await fetch(`${frontAt(1).url("front")}/sticky`);
    const Cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const home = response.headers.get("X-Served-By");
    const served = await everyFront(async (front) => (await ask(front, "/sticky", { headers: { Cookie } })).servedBy);
    expect(served).toEqual(fronts.map(() => home));
  });

  it("go by an operator's word within snapshotMaxAgeMs, also one that had no request meanwhile", async () => {
    await expectCandidates("abc");
    const [busy, other, silent] = [frontAt(0), frontAt(1), frontAt(2)];
    const load = [busy, other].map((front) => askOn(front, "/", until(Date.now() + limits.snapshotMaxAgeMs + 1500)));
    await new Promise((resolve) => setTimeout(resolve, 500));
    await setState("drain");
    const inForceMs = Date.now() + limits.snapshotMaxAgeMs;
    for (const seen of await Promise.all(load)) {
      const atB = seen.filter(({ servedBy }) => servedBy === "b");
      expect(atB.length).toBeGreaterThan(0);
      expect(atB.filter(({ startMs }) => startMs > inForceMs)).toEqual([]);
    }
    expect(namesOf(await burst(silent, "/"))).not.toContain("b");
  });

  it("take the snapshot before their first request goes on, or wait for it no longer than controlWaitMs", async () => {
    const cold = await site.startFront();
    const startMs = Date.now();
    const early = (await burst(cold, "/")).filter(({ endMs }) => endMs - startMs < limits.controlWaitMs - 10);
    expect(namesOf(early)).not.toContain("b");
    await expect.poll(() => candidates(cold), { timeout: 10_000 }).toBe("ac");
    await cold.kill();
  });

  it("go on without control: those that run by what they know, one that begins by the configuration alone", async () => {
    await control.kill();
    const cold = await site.startFront();
    expect(new Set(namesOf(await burst(cold, "/")))).toEqual(new Set(["a", "b", "c"]));
    expect(namesOf((await everyFront((front) => askOn(front, "/", times(6)))).flat())).not.toContain("b");
    control = await site.startControl();
    await expect.poll(() => candidates(cold), { timeout: 10_000 }).toBe("ac");
    await cold.kill();
    await setState("ready");
    await expectCandidates("abc");
  });

  it("add their counters up, and one that is killed takes no more with it than its last seconds", async () => {
    const before = await counted();
    const victim = await site.startFront();
    let isOn = true;
    const steady = everyFront((front) => askOn(front, "/weighted", () => isOn));
    const lost = askOn(victim, "/weighted", () => true);
    await new Promise((resolve) => setTimeout(resolve, 3500));
    const killedMs = Date.now();
    await victim.kill();
    fronts.push(await site.startFront());
    const again = await askOn(frontAt(3), "/weighted", times(25));
    isOn = false;
    const answered = (await steady).flat().length + again.length;
    const ofVictim = await lost;
    const told = ofVictim.filter(({ endMs }) => endMs < killedMs - 2 * limits.snapshotRefreshMs).length;
    expect(told).toBeGreaterThan(0);
    await expect.poll(counted, { timeout: 10_000 }).toBeGreaterThanOrEqual(before + answered + told);
    expect(await counted()).toBeLessThanOrEqual(before + answered + ofVictim.length + 1);
  });

  it("let a client through no more often than the bound says", async () => {
    const statuses = await everyFront(async (front) =>
      (await askOn(front, "/rated", times(6))).map((each) => each.status),
    );
    const taken = statuses.flat().filter((status) => status === 200).length;
    expect(taken).toBeGreaterThanOrEqual(3);
    expect(taken).toBeLessThanOrEqual(3 * fronts.length);
    await expect
      .poll(() => everyFront(async (front) => (await ask(front, "/rated")).status), { timeout: 10_000 })
      .toEqual(fronts.map(() => 429));
  });

  it("have met no exception in all of this", () => {
    expect(site.lines.filter((line) => /exception|front failed/i.test(line))).toEqual([]);
  });
});
