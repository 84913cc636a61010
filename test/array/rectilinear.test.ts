/** Chunks of different lengths: what creating, opening and writing such arrays has to itself. */

import { beforeAll, describe, expect, test } from "vitest";
import {
  type ChunkGridOption,
  type ChunkLengths,
  type CodecOption,
  createArray,
  createArraySync,
  init,
  MemoryStore,
  openArray,
  openArraySync,
  registerCodec,
  slice,
} from "../../src/index.js";
import { fromPlain } from "../../src/metadata/json.js";
import { syncodecError } from "../codecs/support.js";
import { chunkKeys, snapshot } from "../support/snapshot.js";

beforeAll(() => init());

const ascending = (count: number): Int16Array => Int16Array.from({ length: count }, (_, i) => i + 1);
const lengthsOf = (grid: { axes: readonly { lengths: ChunkLengths }[] } | undefined): unknown =>
  grid?.axes.map(({ lengths }) => lengths);

describe("creating", () => {
  const create = (chunkGrid: ChunkGridOption) =>
    createArraySync(new MemoryStore(), { shape: [10, 6], chunkGrid, dataType: "int16" });
  const gridOf = (chunkGrid: ChunkGridOption) => create(chunkGrid).metadata.document.get("chunk_grid");

  test("lengths per axis, or a grid as in zarr.json", () => {
    const chunk_shapes = [[2, [3, 2], 5], 4];
    const document = { name: "rectilinear", configuration: { kind: "inline", chunk_shapes } };
    expect(gridOf([[2, [3, 2], 5], 4])).toEqual(fromPlain(document));
    expect(gridOf(document)).toEqual(fromPlain(document));
  });

  test("equal chunks without end are a regular grid", () => {
    const regular = { name: "regular", configuration: { chunk_shape: [5, 4] } };
    expect(gridOf([5, 4])).toEqual(fromPlain(regular));
    expect(gridOf(regular)).toEqual(fromPlain(regular));
  });

  test.each([
    [[[2, 3], 4], "Invalid chunkGrid[0] (expected chunk lengths whose sum is at least 10, as shape says; found 5)"],
    [[[2, [3, 0], 5], 4], "Invalid chunkGrid[0][1][1] (expected an integer >= 1; found 0)"],
    [[10], "Invalid chunkGrid (expected length 2, the rank of shape; found 1)"],
    [["10", 4], 'Invalid chunkGrid[0] (expected an integer >= 1; found "10")'],
    [{ name: "hexagonal" }, 'Unsupported chunk grid "hexagonal": chunkGrid (expected "regular" or "rectilinear")'],
  ])("%j is refused", (chunkGrid, message) => {
    expect(syncodecError(() => create(chunkGrid as never)).message).toBe(message);
  });

  test("options that contradict one another", () => {
    const options = { shape: [4], dataType: "int8" } as const;
    const fails = (more: object): string =>
      syncodecError(() => createArraySync(new MemoryStore(), { ...options, ...more })).message;
    expect(fails({ chunkShape: [2], chunkGrid: [2] })).toBe("Pass either chunkShape or chunkGrid");
    expect(fails({ chunkShape: [2], shardShape: [2], shardGrid: [2] })).toBe("Pass either shardShape or shardGrid");
    expect(fails({ chunkGrid: [[4]], shardShape: [4] })).toBe(
      "Chunks within shards have one shape: pass chunkShape instead of chunkGrid",
    );
  });
});

describe("shapes and grids of an open array", () => {
  test("chunks that differ", () => {
    const store = new MemoryStore();
    createArraySync(store, { shape: [10, 6], chunkGrid: [[2, 3, 5], 4], dataType: "int16" });
    const array = openArraySync(store);
    expect(syncodecError(() => array.chunkShape)).toMatchObject({
      code: "UNSUPPORTED",
      message: "The chunks of this array have different shapes: use chunkGrid",
    });
    expect([array.shardShape, array.shardGrid]).toEqual([undefined, undefined]);
    expect(lengthsOf(array.chunkGrid)).toEqual([[2, 3, 5], 4]);
    const [rows] = array.chunkGrid.axes;
    expect([rows!.countOf(10), rows!.chunkAt(4), rows!.startOf(2), rows!.lengthOf(2)]).toEqual([3, 1, 5, 5]);
    expect(array.chunkGrid.countsOf(array.shape)).toEqual([3, 2]);
  });

  test("listed chunks of one length have a shape", () => {
    const array = createArraySync(new MemoryStore(), { shape: [10], chunkGrid: [[[5, 2]]], dataType: "int16" });
    expect(array.chunkShape).toEqual([5]);
  });

  test("shards that differ", () => {
    const store = new MemoryStore();
    const options = { shape: [10, 6], shardGrid: [[4, 2, 4], 6], chunkShape: [2, 3], dataType: "int16" } as const;
    createArraySync(store, options);
    const array = openArraySync(store);
    expect(array.chunkShape).toEqual([2, 3]);
    expect(lengthsOf(array.chunkGrid)).toEqual([2, 3]);
    expect(lengthsOf(array.shardGrid)).toEqual([[4, 2, 4], 6]);
    expect(syncodecError(() => array.shardShape).message).toBe(
      "The shards of this array have different shapes: use shardGrid",
    );
  });
});

describe("what is stored", () => {
  test("each chunk with its own full shape, also at the array's edge", () => {
    const store = new MemoryStore();
    createArraySync(store, { shape: [6], chunkGrid: [[1, 3, 4]], dataType: "uint8", fillValue: 9 }).setSync(
      null,
      Uint8Array.of(1, 2, 3, 4, 5, 6),
    );
    expect(snapshot(store)).toEqual({ "/c/0": "01", "/c/1": "020304", "/c/2": "05060909" });
  });

  test("a scalar makes different bytes of chunks that the array cuts off to one extent", () => {
    const store = new MemoryStore();
    createArraySync(store, { shape: [4], chunkGrid: [[2, 3]], dataType: "uint8" }).setSync(null, 7);
    expect(snapshot(store)).toEqual({ "/c/0": "0707", "/c/1": "070700" });
  });

  test.each([
    ["dense shards", []],
    ["compressed shards", [{ name: "gzip", configuration: { level: 1 } }]],
  ] as [string, CodecOption[]][])("a scalar in %s of different shapes", async (_, compressors) => {
    const store = new MemoryStore();
    const options = { shape: [8], shardGrid: [[4, 6]], chunkShape: [2], dataType: "int16", compressors } as const;
    createArraySync(store, options).setSync(null, 7);
    expect([...openArraySync(store).getSync().data]).toEqual(Array(8).fill(7));
    const later = await openArray<"int16">(store, { pipeline: "batched" });
    await later.set(null, 8);
    expect([...(await later.get()).data]).toEqual(Array(8).fill(8));
    expect(chunkKeys(store)).toEqual(["/c/0", "/c/1"]);
  });

  test("more chunks than can be counted cost what is touched of them", async () => {
    const store = new MemoryStore();
    const shape = [2 ** 52];
    const array = await createArray(store, { shape, chunkGrid: [[[1, 2 ** 51], 3, [2, 2 ** 51]]], dataType: "int16" });
    const around = [2 ** 51 - 1, 2 ** 51, 2 ** 51 + 2, 2 ** 51 + 3, 2 ** 52 - 1];
    array.setPointsSync([around], ascending(5));
    expect(chunkKeys(store)).toEqual(
      [2 ** 51 - 1, 2 ** 51, 2 ** 51 + 1, 2 ** 51 + 2 ** 50 - 1].map((chunk) => `/c/${chunk}`).sort(),
    );
    expect([...array.getPointsSync([around]).data]).toEqual([1, 2, 3, 4, 5]);
    const part = array.getSync([slice(2 ** 51 - 2, 2 ** 51 + 4)]);
    expect(typeof part === "object" && [...part.data]).toEqual([0, 1, 2, 0, 3, 4]);
  });

  test("more shapes than chains are kept for", () => {
    const lengths = Array.from({ length: 40 }, (_, i) => i + 1);
    const size = 820;
    const store = new MemoryStore();
    const array = createArraySync(store, { shape: [size, size], chunkGrid: [lengths, lengths], dataType: "int32" });
    const data = Int32Array.from({ length: size * size }, (_, i) => i + 1);
    array.setSync(null, data);
    expect(chunkKeys(store)).toHaveLength(1600);
    const read = openArraySync<"int32">(store).getSync().data;
    expect(read.every((value, i) => value === i + 1)).toBe(true);
  });
});

test("progress counts chunks of every shape", async () => {
  const array = createArraySync(new MemoryStore(), {
    shape: [9, 7],
    chunkGrid: [
      [2, 3, 4],
      [1, [3, 2]],
    ],
    dataType: "int8",
  });
  const reports: unknown[] = [];
  await array.set([null, slice(1, 7)], 1, { onProgress: (progress) => reports.push(progress) });
  await array.getPoints(
    [
      [0, 8, 1],
      [0, 6, 0],
    ],
    { onProgress: (progress) => reports.push(progress) },
  );
  expect(reports).toEqual([
    { completed: 6, total: 6 },
    { completed: 2, total: 2 },
  ]);
});

describe("codecs", () => {
  test("inner chunks must divide every shard, which shows when the array is opened", () => {
    const create = (lengths: ChunkLengths, order: number[]) => () =>
      createArraySync(new MemoryStore(), {
        shape: [12, 4],
        chunkGrid: [lengths, 4],
        dataType: "int16",
        codecs: [
          { name: "transpose", configuration: { order } },
          {
            name: "sharding_indexed",
            configuration: { chunk_shape: [2, 4], codecs: ["bytes"], index_codecs: ["bytes"] },
          },
        ],
      });
    expect(create([2, 4, 6], [0, 1])).not.toThrow();
    expect(create([[4, 2], 8], [1, 0])).not.toThrow();
    expect(syncodecError(create([6, 3, 4], [0, 1])).message).toMatch(
      /expected a shape that divides the shard's \[3, 4\]/,
    );
    expect(syncodecError(create([4, 6, 4], [1, 0])).message).toMatch(
      /expected a shape that divides the shard's \[4, 6\]/,
    );
  });

  test("of very many lengths, a bad one shows when it comes up", () => {
    const lengths = [...Array.from({ length: 1100 }, (_, i) => 2 * i + 2), 3];
    const end = lengths.reduce((sum, length) => sum + length, 0);
    const array = createArraySync(new MemoryStore(), {
      shape: [end],
      shardGrid: [lengths],
      chunkShape: [2],
      dataType: "int8",
    });
    expect(array.getSync([end - 4])).toBe(0);
    expect(syncodecError(() => array.getSync([end - 1])).message).toMatch(/a shape that divides the shard's \[3\]/);
  });

  test("a chunk that is too large is refused when the array is opened", () => {
    const create = () =>
      createArraySync(new MemoryStore(), {
        shape: [10, 10],
        chunkGrid: [
          [10, 2 ** 20],
          [[1, 10], 2 ** 12],
        ],
        dataType: "int8",
      });
    expect(syncodecError(create)).toMatchObject({ code: "UNSUPPORTED", reason: "Chunk is too large", found: 2 ** 32 });
  });

  test("those of an open array stay what they were, for chunks of every shape", () => {
    const plus = (n: number) => ({
      name: "test.plus",
      kind: "bytes_to_bytes" as const,
      fromConfig: () => ({
        encodeSync: (bytes: Uint8Array) => bytes.map((byte) => byte + n),
        decodeSync: (bytes: Uint8Array) => bytes.map((byte) => byte - n),
        computeEncodedSize: (size: number) => size,
      }),
    });
    const store = new MemoryStore();
    const remove = registerCodec(plus(1));
    const array = createArraySync(store, {
      shape: [6],
      chunkGrid: [[1, 3, 2]],
      dataType: "uint8",
      compressors: ["test.plus"],
    });
    remove();
    array.setSync([slice(0, 1)], 1);
    const removeOther = registerCodec(plus(100));
    array.setSync([slice(1, 6)], 1);
    removeOther();
    expect(snapshot(store)).toEqual({ "/c/0": "02", "/c/1": "020202", "/c/2": "0202" });
    expect([...array.getSync().data]).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe("growing", () => {
  test("up to the end of the chunks, and not beyond", async () => {
    const store = new MemoryStore();
    const array = createArraySync(store, { shape: [3, 2], chunkGrid: [[2, 3], 2], dataType: "int16" });
    array.setSync(null, ascending(6));
    array.appendSync({ data: ascending(4), shape: [2, 2], stride: [2, 1] });
    await array.append({ data: ascending(15), shape: [5, 3], stride: [3, 1] }, 1);
    expect(array.shape).toEqual([5, 5]);
    const before = snapshot(store);
    const message = "Shape reaches beyond the chunks of axis 0 (expected at most 5; found 6)";
    expect(() => array.resizeSync([6, 5])).toThrow(message);
    await expect(array.resize([6, 0])).rejects.toThrow(message);
    expect(() => array.appendSync({ data: ascending(5), shape: [1, 5], stride: [5, 1] })).toThrow(message);
    expect(snapshot(store)).toEqual(before);
    expect(openArraySync(store).shape).toEqual([5, 5]);
  });
});
