import fc from "fast-check";
import { expect, test } from "vitest";

import { LruMap } from "../../../shared/kernel/lru.ts";

test("the entry that was not used for longest is forgotten first, and a look counts as use", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.get("a");
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([1, undefined, 3]);
});

test("setting an entry anew replaces its value and counts as use", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 10);
  map.set("c", 3);
  expect([map.size, map.get("a"), map.get("b")]).toEqual([2, 10, undefined]);
});

test("it never holds more than its capacity, and answers as a plain list of recent entries would", () => {
  const use = fc.record({ key: fc.integer({ min: 0, max: 6 }), set: fc.option(fc.integer(), { nil: undefined }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(use, { maxLength: 60 }), (capacity, uses) => {
      const map = new LruMap<number, number>(capacity);
      let recent: (readonly [number, number])[] = [];
      for (const { key, set } of uses) {
        const found = recent.find(([other]) => other === key);
        if (set === undefined) expect(map.get(key)).toBe(found?.[1]);
        else map.set(key, set);
        const value = set ?? found?.[1];
        if (value === undefined) continue;
        recent = [...recent.filter(([other]) => other !== key), [key, value] as const].slice(-capacity);
        expect(map.size).toBe(recent.length);
      }
    }),
  );
});

test("cleared, it knows nothing", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.clear();
  expect([map.size, map.get("a")]).toEqual([0, undefined]);
});

test("entries have weights: as many go as a new one needs room for", () => {
  const map = new LruMap<string, string>(10, (text) => text.length);
  map.set("a", "1234");
  map.set("b", "1234");
  map.set("c", "12");
  expect(map.weight).toBe(10);
  map.set("d", "12345");
  expect([map.get("a"), map.get("b"), map.get("c"), map.get("d")]).toEqual([undefined, undefined, "12", "12345"]);
  map.set("d", "1");
  expect([map.size, map.weight]).toEqual([2, 3]);
  map.clear();
  expect([map.size, map.weight]).toEqual([0, 0]);
});

test("an entry that is heavier than all may be together is not kept", () => {
  const map = new LruMap<string, string>(3, (text) => text.length);
  map.set("a", "1");
  map.set("b", "1234");
  expect([map.size, map.weight, map.get("b")]).toEqual([0, 0, undefined]);
});
