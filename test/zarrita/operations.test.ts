/** `get` and `set` against zarrita's own, over random arrays and selections, and where zarrita has nothing to compare with. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileSystemStore } from "@zarrita/storage";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import * as zarr from "zarrita";
import {
  type CreateArrayOptions,
  createArray,
  createArraySync,
  init,
  openArraySync,
  openGroupSync,
} from "../../src/index.js";
import { get, set, syncodecArray, withSyncodec } from "../../src/zarrita.js";
import { startServer } from "../support/http_server.js";
import { comparable, openAs, openIn, RangeMap } from "./support.js";

beforeAll(() => init());

test("the types are zarrita's", () => {
  expectTypeOf(get).toEqualTypeOf<typeof zarr.get>();
  expectTypeOf(set).toEqualTypeOf<typeof zarr.set>();
});

const dataTypes = ["bool", "int8", "uint16", "int32", "int64", "uint64", "float32", "float64", "string"] as const;
type Name = (typeof dataTypes)[number];

function element(dataType: Name, i: number): boolean | number | bigint | string {
  if (dataType === "bool") return i % 3 === 0;
  if (dataType === "string") return i % 5 === 0 ? "" : `é${i}`;
  if (dataType.endsWith("64") && dataType !== "float64") return BigInt(i) * 1000003n;
  return dataType.startsWith("float") ? i / 4 : i % 120;
}

const codecChains: readonly zarr.CodecMetadata[][] = [
  [],
  [{ name: "transpose", configuration: { order: [1, 0] } }],
  [{ name: "bytes", configuration: { endian: "big" } }],
  [
    { name: "transpose", configuration: { order: [1, 0] } },
    { name: "bytes", configuration: { endian: "little" } },
    { name: "zstd", configuration: { level: 1, checksum: false } },
  ],
];

/** zarrita refuses selections without elements; else any. Bounds may be negative, and steps up to 3. */
function axisEntry(length: number): fc.Arbitrary<null | number | zarr.Slice> {
  return fc.oneof(
    fc.constant(null),
    fc.integer({ min: -length, max: length - 1 }),
    fc
      .tuple(fc.nat(length - 1), fc.nat(length - 1), fc.integer({ min: 1, max: 3 }), fc.boolean())
      .map(([a, b, step, negative]) => {
        const start = Math.min(a, b);
        return zarr.slice(negative ? start - length : start, Math.max(a, b) + 1, step);
      }),
  );
}

interface Case {
  readonly dataType: Name;
  readonly shape: [number, number];
  readonly chunkShape: [number, number];
  readonly codecs: zarr.CodecMetadata[];
  readonly selection: (null | number | zarr.Slice)[];
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    dataType: fc.constantFrom(...dataTypes),
    shape: fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
    chunkShape: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    codecs: fc.constantFrom(...codecChains),
  })
  // zarrita 0.7.5 reads bool as false where the chain has the byte order "big", which is none to elements of one byte.
  .filter(({ dataType, codecs }) => dataType !== "bool" || codecs[0]?.name !== "bytes")
  .chain((each) =>
    fc.tuple(axisEntry(each.shape[0]), axisEntry(each.shape[1])).map((selection) => ({ ...each, selection })),
  );

/** The chain with vlen-utf8 where there is no string of bytes; zarrita does not write it, so we do. */
function optionsOf({ dataType, shape, chunkShape, codecs }: Case): CreateArrayOptions {
  const isText = dataType === "string";
  const withoutBytes = codecs.filter(({ name }) => name !== "bytes");
  const first = withoutBytes.findIndex(({ name }) => name === "zstd");
  const texts = withoutBytes.toSpliced(first < 0 ? withoutBytes.length : first, 0, {
    name: "vlen-utf8",
    configuration: {},
  });
  return { path: "a", shape, chunkShape, dataType, codecs: isText ? texts : [...codecs] };
}

function filled(options: Case): RangeMap {
  const store = new RangeMap();
  const array = createArraySync(store, optionsOf(options));
  const [rows, columns] = options.shape;
  const half = Math.ceil(rows / 2);
  for (let row = 0; row < half; row++)
    for (let column = 0; column < columns; column++)
      array.setSync([row, column], element(options.dataType, row * columns + column));
  return store;
}

const small: Case = { dataType: "int32", shape: [4, 4], chunkShape: [2, 2], codecs: [], selection: [] };

describe("get", () => {
  test("gives what zarrita gives", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (each) => {
        const array = await openIn(filled(each), "a");
        const theirs = comparable(await zarr.get(array, each.selection));
        expect(comparable(await get(array, each.selection))).toEqual(theirs);
        expect(comparable(await zarr.get(withSyncodec(array), each.selection))).toEqual(theirs);
      }),
      { numRuns: 150 },
    );
  });

  test("gives shared memory where it is asked for", async () => {
    const texts = new RangeMap();
    for (const name of ["fixed_length_utf32", "null_terminated_bytes"] as const) {
      const dataType = { name, configuration: { length_bytes: 8 } };
      createArraySync(texts, { path: name, zarrFormat: 2, shape: [5], chunkShape: [2], dataType });
    }
    const arrays = [
      await openIn(filled(small), "a"),
      await openIn(filled({ ...small, dataType: "bool" }), "a"),
      await openIn(texts, "null_terminated_bytes"),
      await openIn(texts, "fixed_length_utf32"),
    ];
    for (const array of arrays) {
      for (const from of [array, withSyncodec(array)]) {
        const { data } = await zarr.get(from, null, { useSharedArrayBuffer: true });
        expect("buffer" in data && data.buffer).toBeInstanceOf(SharedArrayBuffer);
      }
      const { data } = await get(array, null, { useSharedArrayBuffer: true });
      expect("buffer" in data && data.buffer).toBeInstanceOf(SharedArrayBuffer);
      const chunk = await withSyncodec(array).getChunk([...array.shape].fill(0), {}, { useSharedArrayBuffer: true });
      expect("buffer" in chunk.data && chunk.data.buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  test("stops at either signal", async () => {
    const array = await openIn(filled({ ...small, dataType: "int8" }), "a");
    const signal = AbortSignal.abort();
    await expect(get(array, null, { signal })).rejects.toMatchObject({ name: "AbortError" });
    await expect(get(array, null, { opts: { signal } })).rejects.toMatchObject({ name: "AbortError" });
    await expect(get(array, null, { signal: new AbortController().signal, opts: { signal } })).rejects.toThrow();
    await expect(set(array, null, 1, { signal })).rejects.toMatchObject({ name: "AbortError" });
  });

  test("reads through zarrita where another extension decides what chunks hold", async () => {
    const array = await openIn(filled(small), "a");
    const negated = zarr.defineArrayExtension((inner) => ({
      async getChunk(coordinates: number[]) {
        const { data, ...form } = await inner.getChunk(coordinates);
        return { ...form, data: Int32Array.from(data as Int32Array, (each) => -each) };
      },
    }))(array);
    expect(await get(array, [1, 1])).toBe(5);
    expect(await get(negated, [1, 1])).toBe(-5);
    expect(await get(negated)).toMatchObject({ shape: [4, 4] });
    expect(() => withSyncodec(negated)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("refuses an array that has changed since zarrita opened it", async () => {
    const store = filled(small);
    const array = await openIn(store, "a");
    const known = await openIn(store, "a");
    expect(await get(known, [1, 1])).toBe(5);
    openArraySync(store, { path: "a" }).resizeSync([8, 4]);
    await expect(get(array)).rejects.toMatchObject({
      code: "NODE_NOT_FOUND",
      expected: "[4, 4] in chunks of [2, 2]",
      found: "[8, 4] in chunks of [2, 2]",
      key: "/a",
    });
    // Nothing is kept of a failure; and an array that was opened before stays as it is.
    openArraySync(store, { path: "a" }).resizeSync([4, 4]);
    expect(await get(array, [1, 1])).toBe(5);
    expect(await get(known, [1, 1])).toBe(5);
  });

  test("gives empty results for selections without elements, which zarrita refuses", async () => {
    const array = await openIn(filled(small), "a");
    await expect(zarr.get(array, [zarr.slice(2, 2), null])).rejects.toThrow();
    expect(await get(array, [zarr.slice(2, 2), null])).toMatchObject({ data: new Int32Array(), shape: [0, 4] });
  });
});

describe("set", () => {
  test("leaves what zarrita leaves, for elements and for chunks", async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async (each, isScalar) => {
        // zarrita does not encode texts.
        fc.pre(each.dataType !== "string");
        const stores = [filled(each), filled(each)] as const;
        const source = await openIn(filled({ ...each, codecs: [] }), "a");
        const value = isScalar ? element(each.dataType, 7) : await zarr.get(source, each.selection);
        for (const [i, write] of [zarr.set, set].entries()) {
          const array = await openIn(stores[i]!, "a");
          await write(array, each.selection, value);
        }
        const [theirs, ours] = await Promise.all(
          stores.map(async (store) => comparable(await zarr.get(await openIn(store, "a")))),
        );
        expect(ours).toEqual(theirs);
        // Empty chunks are stored, as zarrita stores them; it also stores chunks over which a slice steps.
        expect([...stores[0].keys()]).toEqual(expect.arrayContaining([...stores[1].keys()]));
      }),
      { numRuns: 100 },
    );
  });

  test("writes shards, which zarrita reads", async () => {
    const store = new RangeMap();
    createArraySync(store, {
      path: "a",
      shape: [20, 20],
      chunkShape: [2, 5],
      shardShape: [10, 10],
      dataType: "int16",
      compressors: ["gzip"],
    });
    const array = await openAs(store, "int16");
    await expect(zarr.set(array, null, 1)).rejects.toThrow();
    const data = Int16Array.from({ length: 400 }, (_, i) => i);
    await set(array, null, { data, shape: [20, 20], stride: [20, 1] });
    await set(array, [zarr.slice(3, 7), 4], -1);
    const expected = data.map((value, i) => (i % 20 === 4 && i >= 60 && i < 140 ? -1 : value));
    expect((await zarr.get(array)).data).toEqual(expected);
    expect((await get(array)).data).toEqual(expected);
  });

  test.each(["fixed_length_utf32", "null_terminated_bytes"] as const)(
    "takes zarrita's %s of Zarr v2",
    async (dataType) => {
      const isText = dataType === "fixed_length_utf32";
      const store = new RangeMap();
      const configuration = { length_bytes: isText ? 16 : 4 };
      createArraySync(store, {
        path: "a",
        zarrFormat: 2,
        shape: [5],
        chunkShape: [2],
        dataType: { name: dataType, configuration },
      });
      const array = await openAs<zarr.DataType>(store, isText ? "v2:U4" : "v2:S4");
      await set(array, null, "né");
      const data = isText
        ? new zarr.UnicodeStringArray(4, ["aé", "", "b"])
        : new zarr.ByteStringArray(4, ["aé", "", "b"]);
      await set(array, [zarr.slice(1, 4)], { data, shape: [3], stride: [1] });
      const expected = ["né", "aé", "", "b", "né"];
      for (const read of [zarr.get, get]) {
        const whole = await read(array);
        expect([...whole.data]).toEqual(expected);
        expect(whole.data).toBeInstanceOf(isText ? zarr.UnicodeStringArray : zarr.ByteStringArray);
        expect(await read(array, [1])).toBe("aé");
      }
    },
  );

  test("reads and writes what zarrita created without a fill value, which is null then", async () => {
    for (const dtype of ["uint8", "int64", "float32", "bool"] as const) {
      const store = new RangeMap();
      const array = await zarr.create(zarr.root(store), { shape: [4], chunkShape: [2], dtype });
      const zero = dtype === "bool" ? false : dtype === "int64" ? 0n : 0;
      expect([...(await get(array)).data]).toEqual([zero, zero, zero, zero]);
      await set(array, null, zero);
      expect([...store.keys()].sort()).toEqual(["/c/0", "/c/1", "/zarr.json"]);
      expect(comparable(await zarr.get(array))).toEqual(comparable(await get(array)));
    }
  });
});

/** Each with what zarrita 0.7.5 makes of it. Elements are their numbers in a 5 × 7 array of uint8. */
describe("where zarrita gives wrong elements without an error", () => {
  const numbers = Uint8Array.from({ length: 35 }, (_, i) => i);

  async function numbered(): Promise<zarr.Array<"uint8", RangeMap>> {
    const array = await zarr.create(zarr.root(new RangeMap()), { shape: [5, 7], chunkShape: [2, 3], dtype: "uint8" });
    await zarr.set(array, null, { data: numbers, shape: [5, 7], stride: [7, 1] });
    return array;
  }

  test("selections with fewer entries than axes take the other axes whole", async () => {
    const array = await numbered();
    expect(await zarr.get(array, [2])).toBe(0);
    expect(await get(array, [2])).toMatchObject({ data: numbers.subarray(14, 21), shape: [7] });
    expect(await zarr.get(array, [zarr.slice(1, 2)])).toMatchObject({ data: Uint8Array.of(0), shape: [1] });
    expect(await get(array, [zarr.slice(1, 2)])).toMatchObject({ data: numbers.subarray(7, 14), shape: [1, 7] });
  });

  test("indices and bounds that are no integers are refused", async () => {
    const array = await numbered();
    expect(await zarr.get(array, [1.5, 0])).toBe(7);
    for (const entry of [1.5, zarr.slice(0.5, 2)])
      await expect(get(array, [entry, 0])).rejects.toMatchObject({ code: "INVALID_SELECTION" });
  });

  test.each([300, 1.5, -1])("%d is no uint8", async (value) => {
    const array = await numbered();
    await zarr.set(array, [0, 0], value);
    expect(await zarr.get(array, [0, 0])).not.toBe(value);
    await expect(set(array, [0, 0], value)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("a chunk of another shape is refused", async () => {
    const array = await numbered();
    const value = { data: new Uint8Array(7).fill(99), shape: [1, 7], stride: [7, 1] };
    await zarr.set(array, [0, null], value);
    expect([...(await zarr.get(array, [0, null])).data]).not.toEqual([...value.data]);
    await expect(set(array, [0, null], value)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", expected: "[7]" });
  });

  test("stored chunks of the wrong length are refused", async () => {
    const array = await numbered();
    array.store.set("/c/0/0", Uint8Array.of(9));
    expect((await zarr.get(array)).shape).toEqual([5, 7]);
    await expect(get(array)).rejects.toMatchObject({ code: "CORRUPT_DATA", key: "/c/0/0", expected: "6 bytes" });
  });

  test("characters beyond U+FFFF are one entry", async () => {
    const store = new RangeMap();
    const dataType = { name: "fixed_length_utf32", configuration: { length_bytes: 8 } } as const;
    createArraySync(store, { path: "a", zarrFormat: 2, shape: [1], chunkShape: [1], dataType });
    const array = await openAs<zarr.DataType>(store, "v2:U2");
    await zarr.set(array, null, "😀b");
    expect(await zarr.get(array, [0])).not.toBe("😀b");
    await set(array, null, "😀b");
    expect(await zarr.get(array, [0])).toBe("😀b");
    expect(await get(array, [0])).toBe("😀b");
  });

  test("bool behind a byte order is what was stored", async () => {
    const store = filled({
      ...small,
      dataType: "bool",
      codecs: [{ name: "bytes", configuration: { endian: "big" } }],
    });
    const array = await openIn(store, "a");
    expect(await zarr.get(array, [0, 0])).toBe(false);
    expect(await get(array, [0, 0])).toBe(true);
  });
});

test("options of the first call that opens an array hold for get and set", async () => {
  const store = filled(small);
  const array = await openAs(store, "int32");
  const ours = await syncodecArray(array, { writeEmptyChunks: false });
  expect(await syncodecArray(withSyncodec(array))).toBe(ours);
  await set(array, null, 0);
  expect([...store.keys()].filter((key) => key.includes("/c/"))).toEqual([]);
});

describe("stores of zarrita", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "syncodec-zarrita-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("FileSystemStore is read and written, in shards too", async () => {
    const store = new FileSystemStore(folder);
    await createArray(store, { path: "a", shape: [20], chunkShape: [2], shardShape: [10], dataType: "int32" });
    const array = await zarr.open(zarr.root(store).resolve("a"), { kind: "array" });
    await set(array, [zarr.slice(3, 15)], 9);
    const { data } = await get(array);
    expect([...data]).toEqual(Array.from({ length: 20 }, (_, i) => (i >= 3 && i < 15 ? 9 : 0)));
    expect(comparable(await zarr.get(array))).toEqual(comparable(await get(array)));
  });

  test("stores with extensions are read through them", async () => {
    const server = await startServer(filled(small));
    const cache = new Map<string, Uint8Array | undefined>();
    const store = await zarr.extendStore(
      new zarr.FetchStore(server.url),
      (inner) => zarr.withByteCaching(inner, { cache }),
      (inner) => zarr.withRangeCoalescing(inner),
    );
    const array = await openIn(store, "a");
    expect(comparable(await get(array))).toEqual(comparable(await zarr.get(array)));
    const { length } = server.log;
    await get(array);
    expect(server.log).toHaveLength(length);
    await server.close();
  });

  test("arrays of a group with consolidated metadata open from there", async () => {
    const map = filled(small);
    openGroupSync(map).consolidateMetadataSync();
    map.delete("/a/zarr.json");
    const server = await startServer(map);
    const store = await zarr.withConsolidatedMetadata(new zarr.FetchStore(server.url), { format: "v3" });
    expect(await get(await openIn(store, "a"), [1, 1])).toBe(5);
    await server.close();
  });
});
