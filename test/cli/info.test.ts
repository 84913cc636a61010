/** `syncodec info`: what is stored in a folder. */

import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { formatBytes, formatCodecs, formatGrid } from "../../src/cli/format.js";
import { ChunkGrid } from "../../src/grid/chunk_grid.js";
import { createArraySync, init, slice } from "../../src/index.js";
import { fromPlain, JsonNumber, parseJson } from "../../src/metadata/json.js";
import { parseNamed } from "../../src/metadata/validate.js";
import { LocalStore } from "../../src/node.js";
import { fixtureArrays, fixtures, syncodec, temporaryDirectory } from "./support.js";

const directory = temporaryDirectory();
beforeAll(() => init());

test("an array", async () => {
  const path = join(directory, "image");
  const array = createArraySync(new LocalStore(path), {
    shape: [1000, 700],
    chunkShape: [10, 50],
    shardShape: [100, 100],
    dataType: "int16",
    fillValue: -1,
    filters: [{ name: "transpose", configuration: { order: [1, 0] } }],
    serializer: { name: "bytes", configuration: { endian: "big" } },
    compressors: [{ name: "zstd", configuration: { level: 3, checksum: true } }, "crc32c"],
    dimensionNames: ["y", null],
    attributes: { id: 9223372036854775807n },
  });
  array.setSync([slice(0, 110), slice(0, 100)], 7);
  writeFileSync(join(path, "notes.txt"), "");
  const { status, stdout } = await syncodec("info", path);
  expect(status).toBe(0);
  expect(stdout.replace(/^(\s+stored +).*$/m, "$1…")).toMatchInlineSnapshot(`
    "image  array
      shape         [1000, 700]
      data type     int16
      chunk shape   [10, 50]
      shard shape   [100, 100]
      grid          [10, 7], 2 of 70 shards stored, 1 other key
      codecs        sharding_indexed([10, 50]: transpose(1, 0) → bytes(big) → zstd(3, checksum) → crc32c; index at end: bytes(little) → crc32c)
      fill value    -1
      dimensions    y, -
      attributes    {"id":9223372036854775807}
      uncompressed  1.3 MiB
      stored        …
    "
  `);
});

test("an array of chunks of different lengths", async () => {
  const path = join(directory, "rectilinear");
  const array = createArraySync(new LocalStore(path), {
    shape: [90, 12],
    shardGrid: [[20, [30, 2], 10], 12],
    chunkShape: [5, 4],
    dataType: "int16",
  });
  array.setSync([slice(15, 25), null], 7);
  const { stdout } = await syncodec("info", path);
  expect(stdout).toContain("\n  chunk shape   [5, 4]\n  shard shape   [[20, 30 × 2, 10], 12]\n");
  expect(stdout).toContain("\n  grid          [4, 1], 2 of 4 shards stored\n");
  const document = JSON.parse((await syncodec("info", path, "--json")).stdout);
  expect(document).toMatchObject({
    chunk_shape: [5, 4],
    chunk_shapes: null,
    shard_shape: null,
    shard_shapes: [[20, [30, 2], 10], 12],
    grid: [4, 1],
    chunks: 4,
    stored_chunks: 2,
  });
});

test("a group is a tree", async () => {
  const { stdout } = await syncodec("info", join(fixtures, "hierarchy"));
  expect(stdout).toMatchInlineSnapshot(`
    "hierarchy  group
    │ attributes    {"beyond double":9007199254740993,"uint64 max":18446744073709551615,"int64 min":-9223372036854775808,"more digits":123456789012345678901234567890,"nested":{"list":[1,1.5,-0.25,null,true,"µm   🔬"],"empty":{}}}
    ├── mask  array
    │     shape         [33]
    │     data type     bool
    │     chunk shape   [10]
    │     grid          [4], 2 of 4 chunks stored
    │     codecs        bytes
    │     fill value    false
    │     dimensions    time
    │     attributes    {"valid_max":9223372036854775808}
    │     uncompressed  33 B
    │     stored        20 B, ratio 1.65
    └── raw  group
        │ attributes    {"units":"counts"}
        ├── empty  group
        └── signal  array
              shape         [33]
              data type     int64
              chunk shape   [5]
              shard shape   [10]
              grid          [4], 4 of 4 shards stored
              codecs        sharding_indexed([5]: bytes(little) → zstd(3); index at end: bytes(little) → crc32c)
              fill value    0
              dimensions    time
              attributes    {"valid_max":9223372036854775808}
              uncompressed  264 B
              stored        371 B, ratio 0.71
    "
  `);
});

test("a member that cannot be read does not hide the others", async () => {
  const path = join(directory, "damaged");
  cpSync(join(fixtures, "hierarchy"), path, { recursive: true });
  writeFileSync(join(path, "mask/zarr.json"), "{");
  const { status, stdout } = await syncodec("info", path);
  expect(status).toBe(0);
  expect(stdout).toContain("├── mask  unreadable: Invalid JSON (");
  expect(stdout).toContain("signal  array");
});

test("names cannot steer the terminal", async () => {
  const path = join(directory, "escape");
  createArraySync(new LocalStore(path), {
    shape: [1],
    chunkShape: [1],
    dataType: "int8",
    dimensionNames: ["a\u001b[2J\nb"],
    attributes: { "\u001b": "\u001b" },
  });
  const { stdout } = await syncodec("info", path);
  expect(stdout).toContain("\n  dimensions    a [2J b\n");
  expect(stdout).not.toContain("\u001b");
});

test.each(fixtureArrays)("$path", async ({ path, shape, dataType }) => {
  const { stdout } = await syncodec("info", join(fixtures, path));
  expect(stdout).toContain(`\n  shape         [${shape.join(", ")}]\n  data type     ${dataType}\n`);
});

describe("--json", () => {
  const readJson = async (path: string): Promise<Map<string, unknown>> => {
    const { status, stdout } = await syncodec("info", path, "--json");
    expect(status).toBe(0);
    const document = parseJson(stdout);
    if (!(document instanceof Map)) throw new TypeError("not an object");
    return document;
  };

  test("numbers keep every digit", async () => {
    const document = await readJson(join(fixtures, "hierarchy"));
    expect(document.get("kind")).toBe("group");
    expect(document.get("attributes")).toEqual(
      expect.objectContaining(new Map([["more digits", new JsonNumber("123456789012345678901234567890")]])),
    );
  });

  test("an array", async () => {
    const document = JSON.parse((await syncodec("info", join(fixtures, "real/mni152.ome.zarr/1"), "--json")).stdout);
    expect(document).toMatchObject({
      path: "/",
      kind: "array",
      shape: [95, 117, 99],
      data_type: "uint8",
      chunk_shape: [32, 32, 32],
      chunk_shapes: null,
      shard_shape: [96, 96, 96],
      shard_shapes: null,
      grid: [1, 2, 2],
      chunks: 4,
      stored_chunks: 2,
      codecs: [{ name: "sharding_indexed" }],
      fill_value: 0,
      dimension_names: ["z", "y", "x"],
      uncompressed_bytes: 95 * 117 * 99,
    });
    expect(document.ratio).toBe(document.uncompressed_bytes / document.stored_bytes);
  });

  test("of a group has its members", async () => {
    const document = JSON.parse((await syncodec("info", join(fixtures, "hierarchy"), "--json")).stdout);
    expect(document.members.map(({ path }: { path: string }) => path)).toEqual(["/mask", "/raw"]);
    expect(document.members[1].members).toHaveLength(2);
  });
});

describe("format", () => {
  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1024 ** 2 - 1, "1.0 MiB"],
    [123.4 * 1024 ** 2, "123.4 MiB"],
    [3 * 1024 ** 4, "3.0 TiB"],
  ])("%d bytes", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test("grids", () => {
    expect(formatGrid(new ChunkGrid([10, 20]))).toBe("[10, 20]");
    expect(formatGrid(new ChunkGrid([[1, 1, 2], 20, [[3, 2]]]))).toBe("[[1 × 2, 2], 20, [3 × 2]]");
    const many = Array.from({ length: 1000 }, (_, i) => i + 1);
    expect(formatGrid(new ChunkGrid([many]))).toBe(`[[${many.slice(0, 20).join(", ")}, …]]`);
  });

  test("codecs", () => {
    const chain = [
      { name: "transpose", configuration: { order: [2, 0, 1] } },
      { name: "bytes", configuration: { endian: "big" } },
      { name: "zstd", configuration: { level: 3, checksum: false } },
      { name: "blosc", configuration: { cname: "lz4", typesize: 2 } },
      "crc32c",
    ];
    const sharding = {
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [4],
        codecs: [chain[1], { name: "sharding_indexed", configuration: {} }],
        index_codecs: ["bytes"],
      },
    };
    const format = (list: unknown[]): string =>
      formatCodecs(list.map((item) => parseNamed(fromPlain(item), { field: "" })));
    expect(format(chain)).toBe("transpose(2, 0, 1) → bytes(big) → zstd(3) → blosc(lz4, typesize 2) → crc32c");
    expect(format([sharding])).toBe(
      "sharding_indexed([4]: bytes(big) → sharding_indexed(?: none; index at end: none); index at end: bytes)",
    );
  });
});
