/** Random arrays and random calls against a plain array in memory. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Chunk,
  type CreateArrayOptions,
  createArraySync,
  init,
  MemoryStore,
  type NumericDataTypeName,
  openArraySync,
  type Selection,
  slice,
  type ZarrArray,
} from "../../src/index.js";
import { dataTypeByName, type FixedDataType, type TypedArray } from "../../src/metadata/data_type.js";
import { elementsOf, generator, randomArray, selectionOf } from "../support/arbitraries.js";
import { plainAxes } from "../support/plain_axis.js";
import { bytesOf, hex, ReferenceArray, selectionShape } from "../support/reference_array.js";
import { chunkKeys, snapshot } from "../support/snapshot.js";

beforeAll(() => init());

function fillOf({ metadata }: ZarrArray<NumericDataTypeName>): Uint8Array {
  if (metadata.fillValue instanceof Uint8Array) return metadata.fillValue;
  throw new TypeError("these tests are about elements of fixed size");
}

function typed(dataType: FixedDataType, bytes: Uint8Array): TypedArray {
  return dataType.view(bytes.slice().buffer, 0, bytes.byteLength / dataType.itemSize);
}

function product(shape: readonly number[]): number {
  return shape.reduce((count, length) => count * length, 1);
}

function contiguous(shape: readonly number[]): number[] {
  return shape.map((_, axis) => product(shape.slice(axis + 1)));
}

/** Bytes of what a get returned: a chunk, or a scalar. */
function bytesOfResult(dataType: FixedDataType, result: unknown): Uint8Array {
  const isChunk = typeof result === "object" && result !== null && "data" in result;
  return isChunk && ArrayBuffer.isView(result.data) ? bytesOf(result.data) : dataType.encodeScalar(result);
}

/** A chunk of `shape` whose elements lie in any axis order, with gaps; the gaps hold `gapByte`. */
function stridedChunk(
  dataType: FixedDataType,
  shape: readonly number[],
  bytes: Uint8Array,
  seed: number,
  gapByte: number,
) {
  const random = generator(seed);
  const order = shape.map((_, axis) => axis);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random() % (i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const stride = shape.map(() => 0);
  let extent = 1 + (random() % 3);
  for (const axis of order) {
    stride[axis] = extent;
    extent = extent * Math.max(1, shape[axis]!) + (random() % 2);
  }
  const { itemSize } = dataType;
  const lead = (random() % 3) * itemSize;
  const buffer = new ArrayBuffer(lead + extent * itemSize);
  const all = new Uint8Array(buffer).fill(gapByte);
  const positions = Array.from({ length: product(shape) }, (_, number) => {
    let rest = number;
    let position = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += (rest % shape[axis]!) * stride[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return lead + position * itemSize;
  });
  positions.forEach((position, i) => {
    all.set(bytes.subarray(i * itemSize, (i + 1) * itemSize), position);
  });
  const chunk = { data: dataType.view(buffer, lead, extent), shape: [...shape], stride } as Chunk<NumericDataTypeName>;
  return { chunk, all, positions };
}

interface Call {
  readonly kind: "set" | "setScalar" | "setStrided" | "get" | "getOut" | "getStrided" | "reopen";
  readonly selection: Selection;
  readonly seed: number;
}

function callsOn(shape: readonly number[]): fc.Arbitrary<Call[]> {
  const kind = fc.constantFrom<Call["kind"]>(
    "set",
    "set",
    "setScalar",
    "setStrided",
    "get",
    "get",
    "getOut",
    "getStrided",
    "reopen",
  );
  return fc.array(fc.record({ kind, selection: selectionOf(shape), seed: fc.nat() }), { minLength: 1, maxLength: 8 });
}

const arrayAndCalls = randomArray.chain((options) =>
  fc.record({ options: fc.constant(options), calls: callsOn(options.shape) }),
);

/** Carries out one call on the array and on the reference, and compares what they give. */
function carryOut(
  array: ZarrArray<NumericDataTypeName>,
  reference: ReferenceArray,
  { kind, selection, seed }: Call,
): void {
  const dataType = dataTypeByName(array.dataType);
  const shape = selectionShape(selection, array.shape);
  const count = product(shape);
  const elements = elementsOf(array.dataType, reference.fillValue, count, seed);
  switch (kind) {
    case "set": {
      const source = typed(dataType, elements);
      array.setSync(selection, source as Uint8Array);
      expect(hex(bytesOf(source)), "the source after set").toBe(hex(elements));
      reference.set(selection, elements);
      bytesOf(source).fill(0x5a);
      return;
    }
    case "setScalar": {
      const element = elementsOf(array.dataType, reference.fillValue, 1, seed);
      const value = dataType.decodeScalar(element) as number;
      array.setSync(selection, value);
      // A NaN loses its payload on the way through a JavaScript number.
      reference.set(selection, dataType.encodeScalar(value));
      return;
    }
    case "setStrided": {
      const { chunk, all } = stridedChunk(dataType, shape, elements, seed, 0xa5);
      const before = all.slice();
      array.setSync(selection, chunk);
      expect(hex(all), "the source after set").toBe(hex(before));
      reference.set(selection, elements);
      return;
    }
    case "get": {
      const result = array.getSync(selection);
      const expected = reference.get(selection);
      if (typeof result !== "object") {
        expect(result).toEqual(dataType.decodeScalar(expected));
        return;
      }
      expect([result.shape, result.stride]).toEqual([shape, contiguous(shape)]);
      expect(hex(bytesOf(result.data))).toBe(hex(expected));
      bytesOf(result.data).fill(0x5a);
      return;
    }
    case "getOut": {
      const out = typed(dataType, elements);
      array.getSync(selection, { out: out as Uint8Array });
      expect(hex(bytesOf(out))).toBe(hex(reference.get(selection)));
      return;
    }
    case "getStrided": {
      const { chunk, all, positions } = stridedChunk(dataType, shape, elements, seed, 0xa5);
      const expected = all.slice();
      const bytes = reference.get(selection);
      const { itemSize } = dataType;
      positions.forEach((position, i) => {
        expected.set(bytes.subarray(i * itemSize, (i + 1) * itemSize), position);
      });
      array.getSync(selection, { out: chunk });
      expect(hex(all), "out and the gaps in it").toBe(hex(expected));
      return;
    }
  }
}

function create(options: CreateArrayOptions<NumericDataTypeName>): {
  store: MemoryStore;
  array: ZarrArray<NumericDataTypeName>;
  reference: ReferenceArray;
} {
  const store = new MemoryStore();
  const array: ZarrArray<NumericDataTypeName> = createArraySync(store, options);
  return { store, array, reference: new ReferenceArray(options.shape, fillOf(array)) };
}

describe("random arrays", () => {
  test("equal the reference through any sequence of calls", () => {
    fc.assert(
      fc.property(arrayAndCalls, ({ options, calls }) => {
        const { store, array, reference } = create(options);
        let current = array;
        for (const call of calls) {
          if (call.kind === "reopen") current = openArraySync<NumericDataTypeName>(store, options);
          else carryOut(current, reference, call);
        }
        const whole = openArraySync<NumericDataTypeName>(store).getSync();
        expect(hex(bytesOf(whole.data))).toBe(hex(reference.bytes));
        expect(chunkKeys(store)).toEqual(reference.keys(plainAxes(options), options.writeEmptyChunks ?? false));
      }),
      { numRuns: 1500 },
    );
  });

  test("the batched driver stores the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(arrayAndCalls, async ({ options, calls }) => {
        const sync = create(options);
        const batchedStore = new MemoryStore();
        const batched: ZarrArray<NumericDataTypeName> = createArraySync(batchedStore, { ...options });
        const later = openArraySync<NumericDataTypeName>(batchedStore, { ...options, pipeline: "batched" });
        for (const { kind, selection, seed } of calls) {
          const dataType = dataTypeByName(batched.dataType);
          if (kind.startsWith("set")) {
            const count = product(selectionShape(selection, options.shape));
            const elements = typed(dataType, elementsOf(batched.dataType, sync.reference.fillValue, count, seed));
            sync.array.setSync(selection, elements as Uint8Array);
            await later.set(selection, elements as Uint8Array);
          } else {
            const expected = bytesOfResult(dataType, sync.array.getSync(selection));
            expect(bytesOfResult(dataType, await later.get(selection))).toEqual(expected);
          }
        }
        expect(snapshot(batchedStore)).toEqual(snapshot(sync.store));
      }),
      { numRuns: 300 },
    );
  });

  test("read the same with any coalescing, from views at any alignment, and after the store's values moved", () => {
    const options = randomArray.chain((options) =>
      fc.record({ options: fc.constant(options), selection: selectionOf(options.shape), seed: fc.nat() }),
    );
    fc.assert(
      fc.property(options, ({ options, selection, seed }) => {
        const { store, array, reference } = create(options);
        const elements = elementsOf(array.dataType, reference.fillValue, product(options.shape), seed);
        const dataType = dataTypeByName(array.dataType);
        array.setSync(null, typed(dataType, elements) as Uint8Array);
        const moved = new MemoryStore(
          [...store.listSync("/")].map((key, i) => {
            const value = store.getSync(key)!;
            const lead = 1 + ((seed + i) % 7);
            const buffer = new Uint8Array(lead + value.byteLength + 3).fill(0xee);
            buffer.set(value, lead);
            return [key, buffer.subarray(lead, lead + value.byteLength)] as const;
          }),
        );
        const expected = bytesOfResult(dataType, array.getSync(selection));
        for (const coalesce of [
          { maxGapBytes: 0 },
          { maxGapBytes: 0, maxBytes: 1 },
          { maxGapBytes: 3 },
          { maxGapBytes: 2 ** 30, maxBytes: 2 ** 31 },
        ]) {
          const single = openArraySync<NumericDataTypeName>(moved, { coalesce });
          expect(bytesOfResult(dataType, single.getSync(selection)), JSON.stringify(coalesce)).toEqual(expected);
        }
        const before = snapshot(moved);
        const count = product(selectionShape(selection, options.shape));
        const part = elementsOf(array.dataType, reference.fillValue, count, seed + 1);
        array.setSync(selection, typed(dataType, part) as Uint8Array);
        openArraySync<NumericDataTypeName>(moved, options).setSync(selection, typed(dataType, part) as Uint8Array);
        expect(snapshot(moved)).toEqual(snapshot(store));
        expect(Object.keys(before).every((key) => key.startsWith("/c"))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});

const layouts: readonly (readonly [
  string,
  Pick<CreateArrayOptions<NumericDataTypeName>, "shape" | "chunkShape" | "shardShape">,
])[] = [
  ["unsharded", { shape: [12], chunkShape: [4] }],
  ["one chunk", { shape: [12], chunkShape: [12] }],
  ["sharded", { shape: [12], chunkShape: [2], shardShape: [6] }],
];

describe.each(layouts)("ownership, %s", (_, layout) => {
  const ascending = Float64Array.from({ length: 12 }, (_, i) => i);

  test("changing a result changes no later read", () => {
    const array = createArraySync(new MemoryStore(), { ...layout, dataType: "float64" });
    array.setSync(null, ascending);
    array.getSync().data.fill(-1);
    const part = array.getSync([slice(4, 8)]);
    if (typeof part === "object") part.data.fill(-1);
    expect(array.getSync().data).toEqual(ascending);
  });

  test("changing the source after set changes no later read", () => {
    const array = createArraySync(new MemoryStore(), { ...layout, dataType: "float64" });
    const source = ascending.slice();
    array.setSync(null, source);
    source.fill(-1);
    array.setSync([slice(4, 8)], source.subarray(4, 8));
    source.fill(-2);
    expect([...array.getSync().data]).toEqual([0, 1, 2, 3, -1, -1, -1, -1, 8, 9, 10, 11]);
  });

  test("equal values of different keys are not one value", () => {
    const store = new MemoryStore();
    const array = createArraySync(store, { ...layout, dataType: "float64" });
    array.setSync(null, 7);
    const buffers = chunkKeys(store).map((key) => store.getSync(key)!.buffer);
    expect(new Set(buffers).size).toBe(buffers.length);
  });

  test("takes and fills shared memory", () => {
    const array = createArraySync(new MemoryStore(), {
      ...layout,
      dataType: "float64",
      compressors: ["gzip", "crc32c"],
    });
    const shared = new Float64Array(new SharedArrayBuffer(96));
    shared.set(ascending);
    array.setSync(null, shared);
    array.setSync([slice(1, 3)], shared.subarray(1, 3));
    const result = array.getSync(null, { useSharedArrayBuffer: true });
    expect(result.data.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([...result.data]).toEqual([...ascending]);
  });
});

test("transposes that move no bytes still turn the axes of the shard behind them", () => {
  const shard = {
    name: "sharding_indexed",
    configuration: { chunk_shape: [2, 1], codecs: ["bytes"], index_codecs: ["bytes"] },
  };
  const codecs = [{ name: "transpose", configuration: { order: [1, 0] } }, shard];
  const array = createArraySync(new MemoryStore(), { shape: [2, 4], chunkShape: [1, 4], dataType: "int8", codecs });
  const values = Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  array.setSync(null, values);
  array.setSync([1, slice(1, 4, 2)], 9);
  expect([...array.getSync().data]).toEqual([1, 2, 3, 4, 5, 9, 7, 9]);
  expect(array.getSync([0, 2])).toBe(3);
});

test("equal values of different keys are not one value, also as buffers of node:zlib", () => {
  const store = new MemoryStore();
  const compressors = [{ name: "gzip", configuration: { level: 0 } }];
  const array = createArraySync(store, { shape: [200_000], chunkShape: [50_000], dataType: "int8", compressors });
  array.setSync(null, 7);
  const buffers = chunkKeys(store).map((key) => store.getSync(key)!.buffer);
  expect(new Set(buffers).size).toBe(4);
});

describe.each(layouts)("the empty rule, %s", (_, layout) => {
  test("deletes keys when a scalar fill covers them", () => {
    const store = new MemoryStore();
    const array = createArraySync(store, { ...layout, dataType: "int16", fillValue: 3 });
    array.setSync(null, 4);
    expect(chunkKeys(store)).not.toEqual([]);
    array.setSync([slice(0, 7)], 3);
    array.setSync([slice(7, 12)], Int16Array.of(3, 3, 3, 3, 3));
    expect(chunkKeys(store)).toEqual([]);
    expect([...array.getSync().data]).toEqual(Array(12).fill(3));
  });

  test("compares NaN by its bits", () => {
    const store = new MemoryStore();
    const array = createArraySync(store, { ...layout, dataType: "float32", fillValue: "0x7fc00001" });
    const bits = new Uint32Array(12).fill(0x7fc00001);
    array.setSync(null, new Float32Array(bits.buffer));
    expect(chunkKeys(store)).toEqual([]);
    array.setSync(null, Number.NaN);
    expect(chunkKeys(store)).not.toEqual([]);
    array.setSync(null, new Float32Array(bits.buffer));
    expect(chunkKeys(store)).toEqual([]);
  });

  test.each([
    [0, -0],
    [-0, 0],
  ])("a fill value of %d does not elide %d", (fillValue, value) => {
    const store = new MemoryStore();
    const array = createArraySync(store, { ...layout, dataType: "float64", fillValue });
    array.setSync(null, fillValue);
    expect(chunkKeys(store)).toEqual([]);
    array.setSync(null, value);
    expect(chunkKeys(store)).not.toEqual([]);
    for (const element of openArraySync<NumericDataTypeName>(store).getSync().data) expect(element).toBe(value);
  });
});
