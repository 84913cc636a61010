/** `syncodec copy`: the same elements in another layout. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { copyBlockShape, joinChunks } from "../../src/cli/copy_array.js";
import { formatCodecs } from "../../src/cli/format.js";
import { chunkAxis } from "../../src/grid/chunk_grid.js";
import {
  createArraySync,
  createGroupSync,
  init,
  type NumericDataTypeName,
  openArraySync,
  openGroupSync,
  slice,
  type ZarrArray,
} from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { builtSyncodec, fixtureArrays, fixtures, requireBuild, syncodec, temporaryDirectory } from "./support.js";

requireBuild();
beforeAll(() => init());
const directory = temporaryDirectory();
let directories = 0;
const newPath = (): string => join(directory, `copy-${directories++}`);

const openAt = (path: string): ZarrArray<NumericDataTypeName> =>
  openArraySync<NumericDataTypeName>(new LocalStore(path));

async function copied(source: string, ...options: string[]): Promise<ZarrArray<NumericDataTypeName>> {
  return openAt(await copiedPath(source, ...options));
}

async function copiedPath(source: string, ...options: string[]): Promise<string> {
  const target = newPath();
  const { status, stdout, stderr } = await syncodec("copy", source, target, ...options);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^\d+ arrays?, read .*, wrote .*, ratio .* of .*, [0-9.]+ s\n$/);
  return target;
}

function expectSame(copy: ZarrArray<NumericDataTypeName>, source: ZarrArray<NumericDataTypeName>): void {
  const [a, b] = [copy.getSync().data, source.getSync().data].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  expect(Buffer.compare(a!, b!)).toBe(0);
  expect(copy.metadata.attributes).toEqual(source.metadata.attributes);
  expect(copy.metadata.dimensionNames).toEqual(source.metadata.dimensionNames);
}

describe.each(fixtureArrays)("$path", ({ path, shape }) => {
  const source = join(fixtures, path);

  test("as it is", async () => {
    const copy = await copied(source);
    const original = openAt(source);
    expectSame(copy, original);
    expect(copy.metadata.document.get("chunk_grid")).toEqual(original.metadata.document.get("chunk_grid"));
    expect(copy.metadata.codecs.map(({ name }) => name)).toEqual(original.metadata.codecs.map(({ name }) => name));
    expect(copy.metadata.fillValue).toEqual(original.metadata.fillValue);
    expect(copy.metadata.chunkKeyEncoding).toEqual(original.metadata.chunkKeyEncoding);
  });

  test("without shards", async () => {
    const copy = await copied(source, "--shards=none");
    expect(copy.shardShape).toBeUndefined();
    expectSame(copy, openAt(source));
  });

  test("with other compressors", async () => {
    const copy = await copied(source, "--compressors=zstd:1,crc32c");
    expect(formatCodecs(copy.metadata.codecs)).toContain("→ zstd(1) → crc32c");
    expectSame(copy, openAt(source));
  });

  test.runIf(shape.length > 0)("in other shards", async () => {
    const chunks = shape.map((length, axis) => Math.max(axis + 2, Math.ceil(length / 7)));
    const shards = chunks.map((length, axis) => length * (3 - (axis % 2)));
    const copy = await copied(source, `--chunks=${chunks}`, `--shards=${shards}`, "--codecs=gzip:1");
    expect([copy.shardShape, copy.chunkShape]).toEqual([shards, chunks]);
    expectSame(copy, openAt(source));
  });
});

describe("layout", () => {
  const source = newPath();
  beforeAll(() => {
    const array = createArraySync(new LocalStore(source), {
      shape: [30, 20],
      chunkShape: [5, 4],
      shardShape: [15, 8],
      dataType: "int64",
      fillValue: -9223372036854775808n,
      filters: [{ name: "transpose", configuration: { order: [1, 0] } }],
      compressors: ["gzip"],
      dimensionNames: ["y", "x"],
      attributes: { id: 9007199254740993n, scale: 0.5 },
    });
    array.setSync(
      null,
      BigInt64Array.from({ length: 600 }, (_, i) => BigInt(i) * 9007199254740993n),
    );
  });
  const codecNames = ({ metadata }: ZarrArray<NumericDataTypeName>): string[] =>
    metadata.codecs.map(({ name }) => name);
  const innerCodecs = ({ metadata }: ZarrArray<NumericDataTypeName>): unknown => {
    const { codecs } = JSON.parse(readDocument(metadata)).codecs[0].configuration;
    return codecs.map(({ name, configuration = {} }: { name: string; configuration?: object }) => [
      name,
      ...Object.values(configuration),
    ]);
  };
  const readDocument = ({ codecs }: ZarrArray<NumericDataTypeName>["metadata"]): string =>
    JSON.stringify({ codecs: codecs.map(({ name, configuration }) => ({ name, configuration })) }, (_, value) =>
      value instanceof Map ? Object.fromEntries(value) : value,
    );

  test("attributes, dimension names and fill value keep every digit", async () => {
    const copy = await copied(source);
    expect(copy.attributes).toEqual({ id: 9007199254740993n, scale: 0.5 });
    expect(copy.dimensionNames).toEqual(["y", "x"]);
    expect(copy.fillValue).toBe(-9223372036854775808n);
  });

  test("numbers in attributes stay as they were written", async () => {
    const path = newPath();
    mkdirSync(path);
    const document = readFileSync(join(source, "zarr.json"), "utf8");
    writeFileSync(join(path, "zarr.json"), document.replace('"scale": 0.5', '"scale": 5.00e-1'));
    const copy = await copiedPath(path);
    expect(readFileSync(join(copy, "zarr.json"), "utf8")).toContain('"scale": 5.00e-1');
  });

  test("only the chunks", async () => {
    const copy = await copied(source, "--chunks", "3,2");
    expect([copy.shardShape, copy.chunkShape]).toEqual([
      [15, 8],
      [3, 2],
    ]);
    expectSame(copy, openAt(source));
  });

  test("compressors alone leave filters and serializer", async () => {
    expect(innerCodecs(await copied(source, "--compressors", "zstd:5"))).toEqual([
      ["transpose", expect.anything()],
      ["bytes", "little"],
      ["zstd", expect.anything(), false],
    ]);
  });

  test("the serializer, the filters, all codecs", async () => {
    const swapped = await copied(source, "--serializer", "bytes:big", "--filters", "none", "--compressors", "none");
    expect(innerCodecs(swapped)).toEqual([["bytes", "big"]]);
    expectSame(swapped, openAt(source));
    const json = '[{"name": "bytes", "configuration": {"endian": "big"}}, "crc32c"]';
    const given = await copied(source, "--codecs", json);
    expect(innerCodecs(given)).toEqual([["bytes", "big"], ["crc32c"]]);
    expectSame(given, openAt(source));
  });

  test("the index's place", async () => {
    const copy = await copied(source, "--index-location", "start");
    expect(readDocument(copy.metadata)).toContain('"index_location":"start"');
    expectSame(copy, openAt(source));
  });

  test("a whole chain with shards in it", async () => {
    const json = JSON.stringify([
      {
        name: "sharding_indexed",
        configuration: { chunk_shape: [2, 4], codecs: ["bytes"], index_codecs: ["bytes", "crc32c"] },
      },
      "crc32c",
    ]);
    const copy = await copied(source, "--codecs", json, "--chunks", "10,8");
    expect(codecNames(copy)).toEqual(["sharding_indexed", "crc32c"]);
    expect(copy.shardShape).toEqual([10, 8]);
    expectSame(copy, openAt(source));
  });

  test("another fill value leaves the elements as they are", async () => {
    const path = newPath();
    createArraySync(new LocalStore(path), { shape: [10], chunkShape: [4], dataType: "float32", fillValue: 1.5 });
    for (const [text, value] of [
      ["NaN", NaN],
      ["-2.5", -2.5],
      ["0", 0],
      ["Infinity", Infinity],
    ] as const) {
      const copy = await copied(path, `--fill-value=${text}`);
      expect(copy.fillValue).toBe(value);
      expect(copy.getSync().data).toEqual(new Float32Array(10).fill(1.5));
    }
  });

  test("a larger array goes through in blocks", async () => {
    const path = newPath();
    const array = createArraySync(new LocalStore(path), {
      shape: [5000, 3000],
      chunkShape: [500, 400],
      dataType: "float64",
    });
    const values = new Float64Array(15_000_000);
    for (let i = 0; i < values.length; i += 997) values[i] = i;
    array.setSync(null, values);
    const copy = await copied(path, "--chunks", "100,100", "--shards", "1000,1000", "--compressors", "zstd:1");
    expectSame(copy, array);
  });

  test("a sparse array costs what is stored in it", async () => {
    const path = newPath();
    const array = createArraySync(new LocalStore(path), {
      shape: [2 ** 20, 2 ** 20],
      chunkShape: [64, 64],
      dataType: "int8",
    });
    array.setSync([2 ** 20 - 1, 2 ** 19], 5);
    const copy = await copied(path, "--chunks", "100,100");
    expect(copy.getSync([2 ** 20 - 1, 2 ** 19])).toBe(5);
  });

  test("blocks are whole chunks of the copy and stay small", () => {
    const length = fc.integer({ min: 1, max: 400 });
    const shapes = fc.integer({ min: 0, max: 4 }).chain((rank) => {
      const lengths = fc.array(length, { minLength: rank, maxLength: rank });
      return fc.tuple(lengths, lengths, lengths);
    });
    const product = (shape: number[]): number => shape.reduce((n, length) => n * length, 1);
    fc.assert(
      fc.property(shapes, ([shape, source, target]) => {
        const block = copyBlockShape(shape, source, target, 8);
        expect(block.every((length, axis) => length % target[axis]! === 0)).toBe(true);
        const limit = Math.max(64 * 2 ** 20, 8 * product(source), 8 * product(target));
        expect(8 * product(block)).toBeLessThanOrEqual(limit);
      }),
    );
    expect(copyBlockShape([10_000, 10_000], [1000, 1000], [64, 64], 8)).toEqual([1024, 8192]);
  });
});

describe("grids of different lengths", () => {
  const source = newPath();
  beforeAll(() => {
    const array = createArraySync(new LocalStore(source), {
      shape: [30, 20],
      chunkGrid: [
        [4, 10, 2, [6, 3]],
        [[7, 2], 8],
      ],
      dataType: "int32",
      compressors: ["gzip"],
    });
    array.setSync([slice(3, 25), slice(5, 12)], 7);
  });
  const lengths = ({ metadata }: ZarrArray<NumericDataTypeName>): unknown =>
    metadata.chunkGrid.axes.map((axis) => axis.lengths);

  test("stay as they are", async () => {
    const copy = await copied(source, "--compressors", "crc32c");
    expect(lengths(copy)).toEqual([
      [4, 10, 2, [6, 3]],
      [[7, 2], 8],
    ]);
    expectSame(copy, openAt(source));
  });

  test("become chunks or shards of one shape", async () => {
    const copy = await copied(source, "--chunks", "3,4", "--shards", "9,8");
    expect([copy.shardShape, copy.chunkShape]).toEqual([
      [9, 8],
      [3, 4],
    ]);
    expectSame(copy, openAt(source));
    expectSame(await copied(source, "--chunks", "3,4"), openAt(source));
  });

  test("of shards stay, and the chunks in them change", async () => {
    const path = newPath();
    const options = { shape: [20], shardGrid: [[8, 4, 12]], chunkShape: [4], dataType: "int16" } as const;
    createArraySync(new LocalStore(path), options).setSync(null, 5);
    const copy = await copied(path, "--chunks", "2");
    expect([lengths(copy), copy.chunkShape]).toEqual([[[8, 4, 12]], [2]]);
    expectSame(copy, openAt(path));
    expect((await copied(path, "--shards", "none")).chunkShape).toEqual([4]);
    const { status, stderr } = await syncodec("copy", path, newPath(), "--chunks", "8");
    expect([status, stderr]).toEqual([1, expect.stringContaining("chunks that divide [[8, 4, 12]]; found [8]")]);
  });

  test("say no chunk shape for shards", async () => {
    const { status, stderr } = await syncodec("copy", source, newPath(), "--shards", "8,8");
    expect([status, stderr]).toEqual([1, expect.stringContaining("--shards needs --chunks")]);
  });

  test("a sparse array costs what is stored in it", async () => {
    const path = newPath();
    const array = createArraySync(new LocalStore(path), {
      shape: [2 ** 49],
      chunkGrid: [[5000, [3000, 2 ** 36], [9000, 2 ** 36]]],
      dataType: "int8",
    });
    array.setPointsSync([[2 ** 48, 2 ** 49 - 1]], Int8Array.of(3, 4));
    const copy = await copied(path);
    expect([...copy.getPointsSync([[2 ** 48, 2 ** 49 - 1]]).data]).toEqual([3, 4]);
  });

  test("blocks join whole chunks, as many as fit", () => {
    const run = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 6 }), fc.integer({ min: 9, max: 100 }), (runs, length) => {
        const axis = chunkAxis(runs);
        const blocks = chunkAxis(joinChunks(axis, length));
        expect(blocks.end).toBe(axis.end);
        for (let block = 0; blocks.startOf(block) < blocks.end; block++) {
          const [start, stop] = [blocks.startOf(block), blocks.startOf(block + 1)];
          const next = axis.chunkAt(stop);
          expect(axis.startOf(axis.chunkAt(start))).toBe(start);
          expect(stop - start).toBeLessThanOrEqual(length);
          if (stop < axis.end) expect(stop - start + axis.lengthOf(next)).toBeGreaterThan(length);
        }
      }),
    );
    expect(joinChunks(chunkAxis(4), 30)).toBe(28);
    expect(chunkAxis(joinChunks(chunkAxis([[1, 2 ** 52], 3]), 10)).lengths).toEqual([[10, 450359962737049], 9]);
  });
});

describe("groups", () => {
  test("recursively", async () => {
    const source = join(fixtures, "hierarchy");
    const target = newPath();
    expect(await syncodec("copy", source, target, "--compressors", "gzip:1")).toMatchObject({ status: 0 });
    const group = openGroupSync(new LocalStore(target));
    expect(group.metadata.attributes).toEqual(openGroupSync(new LocalStore(source)).metadata.attributes);
    expect(existsSync(join(target, "raw/empty/zarr.json"))).toBe(true);
    for (const path of ["mask", "raw/signal"]) expectSame(openAt(join(target, path)), openAt(join(source, path)));
  });

  test("shapes apply to the arrays of their rank", async () => {
    const source = newPath();
    const store = new LocalStore(source);
    createGroupSync(store);
    createArraySync(store, { path: "plane", shape: [8, 8], chunkShape: [8, 8], dataType: "int8" });
    createArraySync(store, { path: "line", shape: [8], chunkShape: [8], dataType: "int8" });
    const target = newPath();
    await syncodec("copy", source, target, "--chunks", "2,2", "--shards", "4,4");
    expect(openAt(join(target, "plane")).shardShape).toEqual([4, 4]);
    expect(openAt(join(target, "line")).chunkShape).toEqual([8]);
  });

  test("--path puts the copy into a hierarchy", async () => {
    const target = newPath();
    const { status } = await syncodec("copy", join(fixtures, "special/gzip-9"), target, "--path", "a/b");
    expect(status).toBe(0);
    const store = new LocalStore(target);
    expectSame(openArraySync<NumericDataTypeName>(store, { path: "a/b" }), openAt(join(fixtures, "special/gzip-9")));
    expect(openGroupSync(store, { path: "a" }).membersSync()).toHaveLength(1);
  });

  test("an unreadable member stops it before anything is written", async () => {
    const source = newPath();
    createGroupSync(new LocalStore(source));
    mkdirSync(join(source, "bad"));
    writeFileSync(join(source, "bad/zarr.json"), "{}");
    const target = newPath();
    expect(await syncodec("copy", source, target)).toMatchObject({ status: 1, stdout: "" });
    expect(existsSync(target)).toBe(false);
  });
});

describe("destinations", () => {
  const source = join(fixtures, "special/gzip-9");

  test("an existing one is refused, or replaced", async () => {
    const target = newPath();
    createArraySync(new LocalStore(target), { shape: [4], chunkShape: [1], dataType: "int8" }).setSync(null, 1);
    const refused = await syncodec("copy", source, target);
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toMatch(/exists and is not empty: --overwrite replaces it \[NODE_EXISTS\]\n$/);
    expect(existsSync(join(target, "c/3"))).toBe(true);
    expect((await syncodec("copy", source, target, "--overwrite")).status).toBe(0);
    expectSame(openAt(target), openAt(source));
  });

  test("what is no node is never replaced", async () => {
    const target = newPath();
    mkdirSync(target);
    writeFileSync(join(target, "thesis.txt"), "");
    const { status, stderr } = await syncodec("copy", source, target, "--overwrite");
    expect([status, existsSync(join(target, "thesis.txt"))]).toEqual([1, true]);
    expect(stderr).toContain("is no Zarr node");
  });

  test("source and destination may not contain one another", async () => {
    const target = newPath();
    await syncodec("copy", join(fixtures, "hierarchy"), target);
    for (const [from, to] of [
      [target, target],
      [target, join(target, "copy")],
      [join(target, "raw"), target],
    ] as const) {
      const { status, stderr } = await syncodec("copy", from, to, "--overwrite");
      expect(status).toBe(1);
      expect(stderr).toContain("one contains the other");
    }
    expect(existsSync(join(target, "raw/signal/zarr.json"))).toBe(true);
  });

  test("nothing is replaced when the new layout is wrong", async () => {
    const target = newPath();
    await syncodec("copy", join(fixtures, "hierarchy"), target);
    const { status } = await syncodec("copy", source, target, "--overwrite", "--compressors", "lzma");
    expect([status, existsSync(join(target, "raw/signal/zarr.json"))]).toEqual([1, true]);
  });
});

test.each([
  [["--compressors", "lzma"], /^syncodec: Unknown codec "lzma" \(expected one of bytes, .*\) \[UNKNOWN_CODEC\]\n$/],
  [["--chunks", "4,4"], /^syncodec: No array of the source has as many axes as --chunks or --shards \(expected 2\)/],
  [
    ["--chunks", "7", "--shards", "10"],
    /^syncodec: Chunks must divide shards \(expected chunks that divide \[10\]; found \[7\]; key \/zarr\.json\)/,
  ],
  [["--index-location", "start"], /^syncodec: --index-location needs shards/],
  [["--compressors", "crc32c,bytes"], /^syncodec: Invalid codecs: codec "bytes" is out of place/],
  [["--compressors", '[{"name": "zstd", "configuration": {"levl": 3}}]'], /^syncodec: Unknown field codecs.*levl/],
  [["--codecs", "[1"], /^syncodec: Invalid JSON/],
  [["--fill-value", "1e400"], /^syncodec: Invalid --fill-value/],
])("an impossible layout %j: one line and status 1", async (options, message) => {
  const target = newPath();
  const { status, stdout, stderr } = await syncodec("copy", join(fixtures, "special/gzip-9"), target, ...options);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd()).not.toContain("\n");
  expect(existsSync(target)).toBe(false);
});

test.each([
  [["--chunks", "0"], "takes positive integers"],
  [["--chunks", "4x4"], "takes positive integers"],
  [["--chunks", "4", "--shards", "8,8"], "the same number of axes"],
  [["--codecs", "gzip", "--compressors", "gzip"], "Pass either '--codecs'"],
  [["--compressors", "zstd:fast"], "must be an integer"],
  [["--compressors", "crc32c:1"], "write the codec's configuration as JSON"],
  [["--serializer", "bytes,bytes"], "exactly one codec"],
  [["--index-location", "middle"], "must be start or end"],
  [["--fill-value", "null"], "must be a number"],
])("a wrong option %j: one line and status 2", async (options, message) => {
  const { status, stdout, stderr } = await syncodec("copy", join(fixtures, "special/gzip-9"), newPath(), ...options);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/Try: syncodec copy --help\n$/);
});

test("as a program", () => {
  const target = newPath();
  const source = join(fixtures, "special/gzip-9");
  expect(builtSyncodec("copy", source, target, "--compressors", "zstd:3")).toMatchObject({ status: 0, stderr: "" });
  expectSame(openAt(target), openAt(source));
});
