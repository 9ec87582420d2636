import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Patience } from "../../workers/front/patience.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("is over when the server has taken longer than its limit", () => {
  const patience = new Patience({ client: 100, server: 50 });
  vi.advanceTimersByTime(49);
  expect([patience.late, patience.signal.aborted]).toEqual([null, false]);
  vi.advanceTimersByTime(1);
  expect([patience.late, patience.signal.aborted]).toEqual(["server", true]);
});

it("gives each party its limit from the moment that it is its turn", () => {
  const patience = new Patience({ client: 100, server: 50 });
  vi.advanceTimersByTime(40);
  patience.turn("client");
  vi.advanceTimersByTime(99);
  patience.turn("server");
  vi.advanceTimersByTime(49);
  patience.turn("client");
  vi.advanceTimersByTime(99);
  expect(patience.late).toBe(null);
  vi.advanceTimersByTime(1);
  expect(patience.late).toBe("client");
});

it("goes by a shorter limit at once, and by a longer one after a restart", () => {
  const patience = new Patience({ client: 1000, server: 50 });
  patience.turn("client");
  patience.turn("server");
  vi.advanceTimersByTime(40);
  patience.restart({ client: 500, server: 500 });
  vi.advanceTimersByTime(499);
  expect(patience.late).toBe(null);
  patience.restart({ client: 10, server: 10 });
  vi.advanceTimersByTime(10);
  expect(patience.late).toBe("server");
});

it("is late within the time of a hurry, whoever moves meanwhile, and no later than without it", () => {
  const [hurried, short] = [new Patience({ client: 1000, server: 1000 }), new Patience({ client: 50, server: 50 })];
  for (const patience of [hurried, short]) patience.hurry(100);
  vi.advanceTimersByTime(60);
  hurried.turn("client");
  vi.advanceTimersByTime(39);
  expect([hurried.late, short.late]).toEqual([null, "server"]);
  vi.advanceTimersByTime(1);
  expect(hurried.late).toBe("client");
});

it("has one timer, however often somebody moves, and none after its end", () => {
  const patience = new Patience({ client: 100, server: 50 });
  for (let turn = 0; turn < 1000; turn++) patience.turn(turn % 2 === 0 ? "client" : "server");
  expect(vi.getTimerCount()).toBe(1);
  patience.end();
  patience.turn("client");
  vi.advanceTimersByTime(1000);
  expect([vi.getTimerCount(), patience.late]).toEqual([0, null]);
});
