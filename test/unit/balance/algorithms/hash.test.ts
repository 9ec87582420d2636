import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../../../shared/balance/algorithm.ts";
import { Hash } from "../../../../shared/balance/algorithms/hash.ts";
import { modelServers } from "../../../support/model-pool.ts";

const keyCount = 4000;
const addresses = Array.from({ length: keyCount }, (_, index) => `203.0.${index >> 8}.${index & 255}`);

function mapOf(servers: readonly Backend[], keys: readonly string[] = addresses, out = ""): (string | undefined)[] {
  const algorithm = new Hash();
  algorithm.update(servers);
  return keys.map((key) => algorithm.pick({ key, random: () => 0 }, ({ name }) => name === out)?.name);
}

const weightLists = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 2, maxLength: 50 });

describe("a key", () => {
  it("has the same server in every isolate, whatever came before, and the order of the pool does not matter", () => {
    const servers = modelServers([1, 2, 3, 4]);
    const before = new Hash();
    before.update(servers.slice(0, 2));
    before.update(servers);
    const first = addresses.map((key) => before.pick({ key, random: () => 0 }, () => false)?.name);
    expect(mapOf(servers)).toEqual(first);
    expect(mapOf(servers.toReversed())).toEqual(first);
  });

  it("goes to the next best server while its own is out, and comes back", () => {
    const servers = modelServers([1, 1, 1, 1]);
    const whole = mapOf(servers);
    expect(mapOf(servers, addresses, "b")).toEqual(mapOf(servers.filter(({ name }) => name !== "b")));
    expect(mapOf(servers)).toEqual(whole);
  });

  it("that is empty gives each server its turn", () => {
    expect(
      mapOf(modelServers([1, 1, 1]), ["", "x", "", "", ""])
        .toSpliced(1, 1)
        .join(""),
    ).toBe("abca");
  });
});

describe("a pool that changes", () => {
  it("moves just the keys of the server that goes or comes, by the share of its weight, from 2 to 50 servers", () => {
    fc.assert(
      fc.property(weightLists, fc.nat(), (weights, which) => {
        const servers = modelServers(weights);
        const { name, position } = servers[which % servers.length] as Backend;
        const all = mapOf(servers);
        const without = mapOf(servers.toSpliced(position, 1));
        let moved = 0;
        all.forEach((owner, index) => {
          if (owner === name) moved++;
          else expect(without[index]).toBe(owner);
        });
        const share = (weights[position] ?? 0) / weights.reduce((sum, weight) => sum + weight);
        expect(moved / keyCount).toBeGreaterThan(share - tolerance(share));
        expect(moved / keyCount).toBeLessThan(share + tolerance(share));
      }),
      { numRuns: 15 },
    );
  });

  it.each(Array.from({ length: 49 }, (_, index) => index + 2))(
    "moves about 1/n of the keys for one of %i servers",
    (size) => {
      const servers = modelServers(Array.from({ length: size }, () => 1));
      const [all, without] = [mapOf(servers), mapOf(servers.slice(1))];
      const moved = all.filter((owner, index) => owner !== without[index]).length / keyCount;
      expect(Math.abs(moved - 1 / size)).toBeLessThan(tolerance(1 / size));
    },
  );

  it("moves keys only to the server whose weight grows", () => {
    fc.assert(
      fc.property(weightLists, fc.integer({ min: 1, max: 256 }), (weights, more) => {
        const keys = addresses.slice(0, 500);
        const before = mapOf(modelServers(weights), keys);
        const after = mapOf(modelServers([(weights[0] ?? 0) + more, ...weights.slice(1)]), keys);
        after.forEach((owner, index) => expect([before[index], "a"]).toContain(owner));
      }),
      { numRuns: 20 },
    );
  });
});

describe("the spread", () => {
  /** Keys that are alike, as they come. */
  const kinds = {
    addresses,
    numbers: Array.from({ length: keyCount }, (_, index) => `${index}`),
    paths: Array.from({ length: keyCount }, (_, index) => `/posts/${index}/comments`),
    cookies: Array.from({ length: keyCount }, (_, index) =>
      ((index * 0x9e3779b1) >>> 0).toString(16).padStart(32, "0"),
    ),
    words: Array.from({ length: keyCount }, (_, index) => "x".repeat(1 + (index % 50)) + "é" + Math.floor(index / 50)),
  };

  it.each(Object.keys(kinds) as (keyof typeof kinds)[])("over ten servers is even for %s", (kind) => {
    const owners = mapOf(modelServers(Array.from({ length: 10 }, () => 1)), kinds[kind]);
    const expected = keyCount / 10;
    const counts = Map.groupBy(owners, (owner) => owner);
    const chiSquare = [...counts.values()].reduce((sum, { length }) => sum + (length - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(10);
    // 1 in 10,000 of such spreads by chance is worse, with nine degrees of freedom.
    expect(chiSquare).toBeLessThan(33.7);
  });
});

/** Four and a half standard deviations of a share of so many keys, and eight keys, for shares that are small. */
function tolerance(share: number): number {
  return 4.5 * Math.sqrt((share * (1 - share)) / keyCount) + 8 / keyCount;
}
