import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { epoch, lsn, nodeId, type NodeId } from "../../../shared/kernel/brand.ts";
import { formatBookmark } from "../../../shared/replication/bookmark.ts";
import {
  behindMs,
  failedBackoff,
  hasFailed,
  hasServed,
  readOrder,
  startRouting,
  wasBehind,
} from "../../../shared/replication/routing.ts";

const [b, c] = [nodeId("db-2"), nodeId("db-3")];
const replicas = [b, c];
const at = (position: number) => formatBookmark({ epoch: epoch(1), lsn: lsn(position) });

/** How often each replica is asked first in `reads` reads, with nothing learnt from them. */
function firstAsked(
  routing: ReturnType<typeof startRouting>,
  nodes: readonly NodeId[],
  reads: number,
  nowMs: number,
): Map<NodeId | undefined, number> {
  const asked = new Map<NodeId | undefined, number>();
  for (let read = 0; read < reads; read += 1) {
    const [first] = readOrder(routing, nodes, null, nowMs);
    asked.set(first, (asked.get(first) ?? 0) + 1);
  }
  return asked;
}

describe("reads go round robin", () => {
  test("so all replicas carry the same load, whatever their number", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), (count) => {
        const nodes = Array.from({ length: count }, (_, node) => nodeId(`db-${node}`));
        const asked = firstAsked(
          startRouting(() => 0),
          nodes,
          count * 10,
          0,
        );
        expect([...asked.values()]).toEqual(Array(count).fill(10));
      }),
    );
  });

  test("and where one does not serve, each of the others is asked, once", () => {
    const routing = startRouting(() => 0);
    expect(readOrder(routing, replicas, null, 0)).toEqual([b, c]);
    expect(readOrder(routing, replicas, null, 0)).toEqual([c, b]);
    expect(readOrder(routing, replicas, null, 0)).toEqual([b, c]);
  });

  test("and where one is passed over, the others share its load", () => {
    const nodes = [b, c, nodeId("db-4")];
    const routing = startRouting(() => 0);
    hasFailed(routing, b, 0, () => 1);
    const asked = Array.from({ length: 10 }, () => readOrder(routing, nodes, null, 1)[0]);
    expect(asked.filter((node) => node === c)).toHaveLength(5);
    expect(asked.filter((node) => node === b)).toHaveLength(0);
  });

  test("and begin anywhere, so that clients which start together do not all start at the same replica", () => {
    const first = (random: number) =>
      readOrder(
        startRouting(() => random),
        replicas,
        null,
        0,
      )[0];
    const starts = Array.from({ length: 1_000 }, (_, at) => first(at / 1_000));
    expect(starts.filter((start) => start === b).length).toBeGreaterThan(400);
    expect(starts.filter((start) => start === c).length).toBeGreaterThan(400);
  });

  test("without replicas there is nobody to ask but the primary", () => {
    expect(
      readOrder(
        startRouting(() => 0),
        [],
        null,
        0,
      ),
    ).toEqual([]);
  });

  test("a replica that left the configuration is not asked", () => {
    const routing = startRouting(() => 0);
    readOrder(routing, replicas, null, 0);
    expect(readOrder(routing, [b], null, 0)).toEqual([b]);
  });
});

describe("a replica that failed", () => {
  const failing = (failures: number, random: number) => {
    const routing = startRouting(() => 0);
    for (let failure = 0; failure < failures; failure += 1) hasFailed(routing, b, 1_000, () => random);
    return routing;
  };
  const avoidedAt = (routing: ReturnType<typeof startRouting>, nowMs: number) =>
    !readOrder(routing, replicas, null, nowMs).includes(b);

  test("is left alone, and the others carry its load", () => {
    const asked = firstAsked(failing(1, 0.5), replicas, 10, 1_001);
    expect(asked).toEqual(new Map([[c, 10]]));
  });

  test("is tried again after half the base and a drawn part of the schedule", () => {
    const routing = failing(1, 0.5);
    expect([avoidedAt(routing, 1_000), avoidedAt(routing, 1_499), avoidedAt(routing, 1_500)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("is left alone for longer with each failure, but never longer than the cap and half the base", () => {
    const awayMs = [1, 2, 3, 4, 5, 6, 50].map((failures) => {
      const routing = failing(failures, 1 - Number.EPSILON);
      return 1 + Array.from({ length: 12_000 }, (_, ms) => ms).findLastIndex((ms) => avoidedAt(routing, 1_000 + ms));
    });
    expect(awayMs).toEqual([749, 1_249, 2_249, 4_249, 8_249, 10_249, 10_249]);
    expect(Math.max(...awayMs)).toBeLessThanOrEqual(failedBackoff.capMs + failedBackoff.baseMs / 2);
  });

  test("is as good as any when it has served again, and its failures are forgotten", () => {
    const routing = failing(5, 0.9);
    hasServed(routing, b);
    expect(avoidedAt(routing, 1_000)).toBe(false);
    hasFailed(routing, b, 1_000, () => 0);
    expect(avoidedAt(routing, 1_000 + failedBackoff.baseMs / 2)).toBe(false);
  });

  test("is not asked even where no position is needed", () => {
    expect(readOrder(failing(1, 0.5), replicas, at(0), 1_001)).toEqual([c]);
  });
});

describe("a replica that was behind", () => {
  const routing = startRouting(() => 0);
  wasBehind(routing, b, at(5), 1_000);
  const asked = (position: number | null, nowMs: number) =>
    readOrder(routing, replicas, position === null ? null : at(position), nowMs).includes(b);

  test("is still asked for what it has", () => {
    expect([asked(null, 1_001), asked(4, 1_001), asked(5, 1_001)]).toEqual([true, true, true]);
  });

  test("is left alone for what it had not, for a while", () => {
    expect([asked(6, 1_001), asked(6, 999 + behindMs), asked(6, 1_000 + behindMs)]).toEqual([false, false, true]);
  });
});

test("with both replicas away there is the primary only, until one may be tried again", () => {
  const routing = startRouting(() => 0);
  for (const replica of replicas) hasFailed(routing, replica, 0, () => 0);
  expect(readOrder(routing, replicas, null, 1)).toEqual([]);
  expect(readOrder(routing, replicas, null, failedBackoff.baseMs / 2)).toHaveLength(2);
});
