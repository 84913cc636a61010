/** Shards as other writers may lay them out: slots in any order, with gaps, and several inner chunks in one range. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createArraySync,
  type IndexLocation,
  MemoryStore,
  type NumericDataTypeName,
  openArraySync,
  slice,
} from "../../src/index.js";
import { generator, indexLocation, selectionOf } from "../support/arbitraries.js";
import { bytesOf, hex, ReferenceArray, selectedNumbers, selectionShape } from "../support/reference_array.js";

/** Eight inner chunks of four uint16, no codecs: each slot is 8 bytes; the index is 128 bytes without a checksum. */
const count = 8;
const slotLength = 8;
const indexSize = count * 16;
const options = {
  shape: [4, 8],
  shardShape: [4, 8],
  chunkShape: [2, 2],
  dataType: "uint16",
  fillValue: 9,
  indexCodecs: ["bytes"],
} as const;

interface Placement {
  readonly location: IndexLocation;
  /** Inner chunks in the order of their slots, and the unused bytes before each. */
  readonly order: readonly number[];
  readonly gaps: readonly number[];
  readonly seed: number;
}

const placement: fc.Arbitrary<Placement> = fc.record({
  location: indexLocation,
  order: fc.shuffledSubarray([...Array(count).keys()], { minLength: 1 }),
  gaps: fc.array(fc.nat(5), { minLength: count, maxLength: count }),
  seed: fc.nat(),
});

/** Puts a shard into the store as `placement` says, and the same elements into a plain array. */
function place({ location, order, gaps, seed }: Placement) {
  const store = new MemoryStore();
  const array = createArraySync(store, { ...options, indexLocation: location });
  const reference = new ReferenceArray(options.shape, array.metadata.fillValue);
  const base = location === "start" ? indexSize : 0;
  const random = generator(seed);
  const data: number[] = [];
  const index = new BigUint64Array(2 * count).fill(2n ** 64n - 1n);
  order.forEach((number, i) => {
    for (let gap = 0; gap < gaps[i]!; gap++) data.push(0xee);
    index.set([BigInt(base + data.length), BigInt(slotLength)], 2 * number);
    const bytes = Uint8Array.from({ length: slotLength }, () => random() & 255);
    data.push(...bytes);
    const [row, column] = [2 * Math.floor(number / 4), 2 * (number % 4)];
    reference.set([slice(row, row + 2), slice(column, column + 2)], bytes);
  });
  const parts = [bytesOf(index), Uint8Array.from(data)];
  store.setSync("/c/0/0", new Uint8Array(Buffer.concat(location === "start" ? parts : parts.reverse())));
  return { store, reference };
}

/** Inner chunks in the order of their slots. */
function slotOrder(store: MemoryStore, location: IndexLocation): number[] {
  const value = store.getSync("/c/0/0")!.slice();
  const offset = location === "start" ? 0 : value.byteLength - indexSize;
  const index = new BigUint64Array(value.slice(offset, offset + indexSize).buffer);
  return [...Array(count).keys()]
    .filter((number) => index[2 * number]! < 2n ** 63n)
    .sort((a, b) => Number(index[2 * a]! - index[2 * b]!));
}

describe("slots in any order, with gaps", () => {
  test("are read, whole and in part", () => {
    fc.assert(
      fc.property(placement, selectionOf(options.shape), (placement, selection) => {
        const { store, reference } = place(placement);
        const array = openArraySync<"uint16">(store);
        expect(hex(bytesOf(array.getSync().data))).toBe(hex(reference.bytes));
        const part = array.getSync(selection);
        const bytes = typeof part === "object" ? bytesOf(part.data) : bytesOf(Uint16Array.of(part));
        expect(hex(bytes)).toBe(hex(reference.get(selection)));
      }),
      { numRuns: 300 },
    );
  });

  test("keep their order through rewrites", () => {
    fc.assert(
      fc.property(placement, selectionOf(options.shape), fc.nat(), (placement, selection, seed) => {
        const { store, reference } = place(placement);
        const array = openArraySync<"uint16">(store, { patch: false });
        const length = selectionShape(selection, options.shape).reduce((product, length) => product * length, 1);
        const random = generator(seed);
        const values = Uint16Array.from({ length }, () => 10 + (random() & 255));
        array.setSync(selection, values);
        reference.set(selection, bytesOf(values));
        expect(hex(bytesOf(openArraySync<NumericDataTypeName>(store).getSync().data))).toBe(hex(reference.bytes));
        const isCovered = new Set(selectedNumbers(selection, options.shape)).size === 32;
        if (isCovered) return;
        const kept = slotOrder(store, placement.location).filter((number) => placement.order.includes(number));
        expect(kept).toEqual(placement.order);
      }),
      { numRuns: 300 },
    );
  });
});

test.each<IndexLocation>(["start", "end"])(
  "inner chunks in one range are read alike, and a write to one leaves the other (index at the %s)",
  (location) => {
    const { store } = place({ location, order: [0, 1, 2], gaps: Array(count).fill(0), seed: 1 });
    const value = store.getSync("/c/0/0")!;
    const index = value.subarray(location === "start" ? 0 : value.byteLength - indexSize);
    index.copyWithin(16, 0, 16);
    const array = openArraySync<"uint16">(store);
    const read = () => array.getSync([slice(0, 2), slice(0, 4)]);
    const before = read();
    if (typeof before !== "object") throw new Error("expected a chunk");
    const [a, b, , , c, d] = before.data;
    expect([...before.data]).toEqual([a, b, a, b, c, d, c, d]);
    array.setSync([0, 2], 77);
    expect(read()).toMatchObject({ data: Uint16Array.of(a!, b!, 77, b!, c!, d!, c!, d!) });
  },
);
