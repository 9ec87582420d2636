import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isFailure,
  isGood,
  isWorthBuffering,
  mayRedispatch,
  type Outcome,
} from "../../../shared/balance/redispatch.ts";
import { limits } from "../../../shared/kernel/limits.ts";

const absent: Outcome = { kind: "absent" };
const rejected: Outcome = { kind: "rejected" };
const answered = (status: number, exception = false): Outcome => ({ kind: "answered", status, exception });

const bodies = ["none", "buffered", "streamed"] as const;
const idempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"];
const others = ["POST", "PATCH", "CONNECT", "get", "PROPFIND"];

describe("a failure", () => {
  it("is no answer at all, 502, 503, 504, and the dev wrapper's exception", () => {
    for (const outcome of [absent, rejected, answered(502), answered(503), answered(504), answered(500, true)])
      expect(isFailure(outcome)).toBe(true);
  });

  it("is no other status: an application's 500 is its answer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        fc.pre(![502, 503, 504].includes(status));
        expect(isFailure(answered(status))).toBe(false);
      }),
    );
  });
});

it("an answer speaks well of its server by HAProxy's list: 100 to 499, 501, 505", () => {
  for (let status = 100; status < 600; status++)
    expect(isGood(answered(status))).toBe(status < 500 || status === 501 || status === 505);
  expect([absent, rejected, answered(200, true)].map(isGood)).toEqual([false, false, false]);
});

describe("redispatch", () => {
  it("repeats an idempotent method whose body is still there", () => {
    for (const method of idempotent)
      for (const body of ["none", "buffered"] as const)
        for (const outcome of [rejected, answered(502), answered(503), answered(504), answered(500, true)])
          expect(mayRedispatch(outcome, { method, body, keyed: false })).toBe(true);
  });

  it("never repeats another method that may have run", () => {
    const failed = fc.constantFrom(rejected, answered(502), answered(503), answered(504), answered(500, true));
    fc.assert(
      fc.property(failed, fc.constantFrom(...others), fc.constantFrom(...bodies), (outcome, method, body) => {
        expect(mayRedispatch(outcome, { method, body, keyed: false })).toBe(false);
      }),
    );
  });

  it("repeats any method that the servers know by its key", () => {
    for (const method of others)
      for (const outcome of [rejected, answered(503)])
        expect(mayRedispatch(outcome, { method, body: "buffered", keyed: true })).toBe(true);
  });

  it("never repeats what was streamed away", () => {
    for (const method of [...idempotent, ...others])
      for (const outcome of [absent, rejected, answered(503)])
        expect(mayRedispatch(outcome, { method, body: "streamed", keyed: true })).toBe(false);
  });

  it("never repeats what succeeded", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 501 }), fc.constantFrom(...bodies), (status, body) => {
        expect(mayRedispatch(answered(status), { method: "GET", body, keyed: true })).toBe(false);
      }),
    );
  });

  it("sends a POST on when no server was there to run it", () => {
    for (const body of ["none", "buffered"] as const)
      expect(mayRedispatch(absent, { method: "POST", body, keyed: false })).toBe(true);
  });
});

describe("buffering", () => {
  it("is for a body of stated length up to the cap", () => {
    const cap = limits.replayBodyBytes;
    expect(isWorthBuffering("0")).toBe(true);
    expect(isWorthBuffering(String(cap))).toBe(true);
    expect(isWorthBuffering(String(cap + 1))).toBe(false);
    expect(isWorthBuffering(null)).toBe(false);
    expect(isWorthBuffering("chunky")).toBe(false);
  });
});
