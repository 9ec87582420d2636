import fc from "fast-check";
import { expect, it } from "vitest";
import { Heap, type Place, placeOf } from "../../../../shared/balance/algorithms/heap.ts";
import { modelServers } from "../../../support/model-pool.ts";

const size = 40;

/** The same as a heap, with an array that is always in order. */
class Model {
  readonly items: { readonly item: Place; readonly key: number }[] = [];

  has(item: Place): boolean {
    return this.items.some((each) => each.item === item);
  }

  add(item: Place, key: number): void {
    const after = this.items.findIndex((each) => each.key > key);
    this.items.splice(after === -1 ? this.items.length : after, 0, { item, key });
  }

  move(item: Place, key: number): void {
    this.remove(item);
    this.add(item, key);
  }

  remove(item: Place): void {
    const index = this.items.findIndex((each) => each.item === item);
    this.items.splice(index, 1);
  }
}

const keys = fc.oneof(fc.nat(3), fc.integer(), fc.double({ noNaN: true }));
const changes = fc.array(fc.record({ index: fc.nat(size - 1), key: keys, moves: fc.boolean() }), {
  minLength: 100,
  maxLength: 300,
  size: "max",
});
const some = fc.subarray(Array.from({ length: size }, (_, index) => index));

it("has its items in the order of their keys, and equal ones in that of their coming, whatever comes and goes", () => {
  fc.assert(
    fc.property(changes, some, (history, out) => {
      const items = modelServers(Array.from({ length: size }, () => 1)).map(placeOf);
      const [heap, model] = [new Heap<Place>(), new Model()];
      for (const { index, key, moves } of history) {
        const item = items[index] as Place;
        expect(heap.has(item)).toBe(model.has(item));
        for (const each of [heap, model]) {
          if (!each.has(item)) each.add(item, key);
          else if (moves) each.move(item, key);
          else each.remove(item);
        }
        expect(heap.first).toBe(model.items[0]?.item);
        const fit = model.items.find((each) => !out.includes(each.item.server.position));
        expect(heap.firstFit(({ position }) => out.includes(position))).toBe(fit?.item.server ?? null);
      }
    }),
    // To cut down such a long history takes minutes, and says little.
    { endOnFailure: true },
  );
});

it("gives a copy that goes on by itself, in the same order", () => {
  const [a, b, c] = modelServers([1, 1, 1]).map(placeOf) as [Place, Place, Place];
  const heap = new Heap<Place>();
  heap.add(a, 1);
  heap.add(b, 1);
  const copy = heap.copy();
  heap.remove(a);
  copy.add(c, 1);
  expect(heap.first).toBe(b);
  const names: string[] = [];
  for (let { first } = copy; first !== undefined; { first } = copy) {
    names.push(first.server.name);
    copy.remove(first);
  }
  expect(names).toEqual(["a", "b", "c"]);
});

it("looks at few when the first ones are out", () => {
  const heap = new Heap<Place>();
  const items = modelServers(Array.from({ length: 1000 }, () => 1)).map(placeOf);
  for (const item of items) heap.add(item, item.server.position);
  let looks = 0;
  const found = heap.firstFit(({ position }) => (looks++, position < 5));
  expect(found?.position).toBe(5);
  expect(looks).toBeLessThanOrEqual(2 * 5 + 1);
});
