/** The commands on Zarr v2. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { convertFormat } from "../../src/cli/copy_format.js";
import {
  type CreateArrayOptions,
  createArraySync,
  createGroupSync,
  init,
  openArraySync,
  openGroupSync,
} from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { fixtureArraysV2, fixtures, syncodec, temporaryDirectory } from "./support.js";

beforeAll(() => init());
const directory = temporaryDirectory();
let directories = 0;
const newPath = (): string => join(directory, `v2-${directories++}`);
/** Python's word for what is no number becomes a string. */
const readDocument = (...path: string[]) =>
  JSON.parse(readFileSync(join(...path), "utf8").replace(/: NaN\b/g, ': "NaN"'));

async function copied(source: string, ...options: string[]): Promise<string> {
  const target = newPath();
  const { status, stderr } = await syncodec("copy", source, target, ...options);
  expect([status, stderr]).toEqual([0, ""]);
  return target;
}

async function dumped(path: string): Promise<string> {
  const { status, stdout, stderr } = await syncodec("dump", path);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

/** Directories named `name` with a small array of each of the given formats, filled with the format. */
function arrayOf(...formats: readonly (2 | 3)[]): string {
  const path = newPath();
  const stores = formats.map((zarrFormat) => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { shape: [1], chunkShape: [1], dataType: "int8", fillValue: zarrFormat, zarrFormat });
    return store;
  });
  const target = new LocalStore(path);
  for (const store of stores) for (const [key, value] of store) target.setSync(key, value);
  return path;
}

describe.each(fixtureArraysV2)("$path", ({ path, shape, dataType, head }) => {
  const source = join(fixtures, path);

  test("dump", async () => {
    const lines = (await dumped(source)).split("\n");
    expect(lines.slice(0, head.length)).toEqual(head);
    expect(lines).toHaveLength(shape.reduce((count, length) => count * length, 1) + 1);
  });

  test("info and verify", async () => {
    const { stdout } = await syncodec("info", source);
    expect(stdout).toContain(`\n  zarr format   2\n  shape         [${shape.join(", ")}]\n  data type     ${dataType}`);
    const { status, stdout: verified } = await syncodec("verify", source);
    expect([status, verified]).toEqual([0, expect.stringMatching(/^1 array, \d+ chunks?, 0 bad, /)]);
  });

  test("copy as it is", async () => {
    const target = await copied(source);
    expect(await dumped(target)).toBe(await dumped(source));
    const [copy, original] = [readDocument(target, ".zarray"), readDocument(source, ".zarray")];
    expect([copy.shape, copy.order]).toEqual([original.shape, shape.length > 1 ? original.order : "C"]);
    expect(copy.dimension_separator).toBe(original.dimension_separator ?? ".");
    expect(copy.fill_value === null).toBe(original.fill_value === null);
    const ids = ({ filters, compressor }: { filters?: { id: string }[]; compressor?: { id: string } }) =>
      [...(filters ?? []), ...(compressor ? [compressor] : [])].map(({ id }) => id);
    expect(ids(copy)).toEqual(ids(original));
    // Where filters change the byte order, or fields have one each, there is only that of the stored items in a copy.
    if (path.startsWith("v2/types/") && dataType !== "struct") expect(copy.dtype).toBe(original.dtype);
  });
});

const known = fixtureArraysV2.filter(({ dataType }) => dataType !== "json");

test.each(known)("copy $path to v3 and back", async ({ path, shape }) => {
  const source = join(fixtures, path);
  const v3 = await copied(source, "--zarr-format=3");
  expect(existsSync(join(v3, ".zarray"))).toBe(false);
  expect(readDocument(v3, "zarr.json").chunk_key_encoding.name).toBe("default");
  expect(await dumped(v3)).toBe(await dumped(source));
  const v2 = await copied(v3, "--zarr-format=2");
  expect(existsSync(join(v2, "zarr.json"))).toBe(false);
  expect(await dumped(v2)).toBe(await dumped(source));
  expect(readDocument(v2, ".zarray").order).toBe(shape.length > 1 ? readDocument(source, ".zarray").order : "C");
});

describe("dump", () => {
  test("zarr.json wins, version 2 can be asked for", async () => {
    const both = arrayOf(2, 3);
    expect(await dumped(both)).toBe("3\n");
    expect((await syncodec("dump", both, "--zarr_format=3")).stdout).toBe("3\n");
    expect((await syncodec("dump", "--zarr_format", "2", `--array_path=${both}`)).stdout).toBe("2\n");
  });

  test("only one format", async () => {
    expect(await dumped(arrayOf(2))).toBe("2\n");
    const missing = await syncodec("dump", arrayOf(2), "--zarr_format=3");
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining("No Zarr v3 node at /")]);
    const other = await syncodec("dump", arrayOf(3), "--zarr_format=2");
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining("No Zarr v2 node at /")]);
  });

  test("JSON objects cannot go to v3", async () => {
    const { status, stderr } = await syncodec(
      "copy",
      join(fixtures, "v2/documents/json2"),
      newPath(),
      "--zarr-format=3",
    );
    expect([status, stderr]).toEqual([1, expect.stringContaining('Unsupported data type "json"')]);
  });
});

describe("hierarchies", () => {
  const source = join(fixtures, "v2/tree");

  test("info", async () => {
    const { stdout } = await syncodec("info", source);
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      "tree  group",
      "│ zarr format   2",
      '│ attributes    {"title":"tree","big":9223372036854775808}',
      "├── mask  array",
    ]);
    const { members, ...root } = JSON.parse((await syncodec("info", source, "--json")).stdout);
    expect(root).toMatchObject({ kind: "group", zarr_format: 2 });
    expect(members.map(({ path, zarr_format }: { path: string; zarr_format: number }) => [path, zarr_format])).toEqual([
      ["/mask", 2],
      ["/raw", 2],
    ]);
  });

  test("a fill value that is open", async () => {
    const { stdout } = await syncodec("info", join(fixtures, "v2/documents/null-fill"), "--json");
    expect(JSON.parse(stdout)).toMatchObject({ fill_value: null, data_type: "int16", zarr_format: 2 });
  });

  test("copy, to each format", async () => {
    for (const format of [2, 3] as const) {
      const target = await copied(source, `--zarr-format=${format}`);
      const group = openGroupSync(new LocalStore(target), { zarrFormat: format });
      expect(group.attributes).toEqual({ title: "tree", big: 9223372036854775808n });
      const kinds = group.membersSync().map(({ path, metadata }) => [path, metadata.zarrFormat]);
      expect(kinds).toEqual([
        ["/mask", format],
        ["/raw", format],
      ]);
      expect(await dumped(join(target, "raw/signal"))).toBe(await dumped(join(source, "raw/signal")));
      const array = openArraySync(new LocalStore(target), { path: "/mask" });
      expect([array.attributes, array.dimensionNames]).toEqual(
        format === 2 ? [{ _ARRAY_DIMENSIONS: ["time"] }, undefined] : [{}, ["time"]],
      );
    }
  });

  test("verify finds bad chunks, stray keys and what cannot be read", async () => {
    const path = await copied(source);
    writeFileSync(join(path, "raw/signal/0"), "short");
    writeFileSync(join(path, "raw/signal/9"), "");
    writeFileSync(join(path, "raw/signal/0.0"), "");
    writeFileSync(join(path, "mask/.zarray"), "{}");
    const { status, stdout } = await syncodec("verify", path);
    expect([status, stdout.split("\n")]).toEqual([
      1,
      [
        "unreadable  /mask  INVALID_METADATA  Invalid zarr_format in .zarray (expected 2; found nothing; key /mask/.zarray)",
        "warning  /raw/signal/0.0  not a chunk key of this array",
        "warning  /raw/signal/9  chunk outside of the array",
        expect.stringMatching(/^bad {2}\/raw\/signal\/0 {2}CORRUPT_DATA {2}/),
        expect.stringMatching(/^1 array, 3 chunks, 1 bad, 1 unreadable, 2 warnings/),
        "",
      ],
    ]);
  });

  test("a node of Zarr v2 can be replaced", async () => {
    const target = await copied(source);
    const { status } = await syncodec("copy", join(fixtures, "special/gzip-9"), target, "--overwrite");
    expect([status, existsSync(join(target, ".zgroup")), existsSync(join(target, "mask/.zarray"))]).toEqual([
      0,
      false,
      false,
    ]);
  });
});

describe("copy from one format to the other", () => {
  function arrayAt(options: Partial<CreateArrayOptions>): string {
    const path = newPath();
    const array = createArraySync(new LocalStore(path), {
      shape: [4, 6],
      chunkShape: [2, 3],
      dataType: "int16",
      ...options,
    });
    array.setSync(
      null,
      Int16Array.from({ length: 24 }, (_, i) => i - 5),
    );
    return path;
  }

  test("codecs", async () => {
    const blosc = { name: "blosc", configuration: { cname: "zstd", clevel: 1, shuffle: "bitshuffle" } };
    const source = arrayAt({ zarrFormat: 2, memoryLayout: "F", filters: ["delta", "crc32"], compressors: [blosc] });
    const v3 = await copied(source, "--zarr-format", "3");
    expect(readDocument(v3, "zarr.json").codecs).toEqual([
      { name: "transpose", configuration: { order: [1, 0] } },
      { name: "numcodecs.delta", configuration: { dtype: "<i2" } },
      { name: "bytes", configuration: { endian: "little" } },
      { name: "numcodecs.crc32", configuration: expect.anything() },
      { name: "blosc", configuration: { cname: "zstd", clevel: 1, shuffle: "bitshuffle", typesize: 2, blocksize: 0 } },
    ]);
    const { filters, compressor, order } = readDocument(await copied(v3, "--zarr-format", "2"), ".zarray");
    expect([order, filters, compressor]).toEqual([
      "F",
      readDocument(source, ".zarray").filters,
      readDocument(source, ".zarray").compressor,
    ]);
  });

  test("chunk keys", async () => {
    const encoding = async (options: Partial<CreateArrayOptions>, format: 2 | 3) =>
      openArraySync(new LocalStore(await copied(arrayAt(options), `--zarr-format=${format}`))).metadata
        .chunkKeyEncoding;
    expect(await encoding({ zarrFormat: 2 }, 3)).toEqual({ name: "default", separator: "/" });
    expect(await encoding({}, 2)).toEqual({ name: "v2", separator: "/" });
    expect(await encoding({ chunkKeyEncoding: { name: "default", separator: "." } }, 2)).toEqual({
      name: "v2",
      separator: ".",
    });
    expect(await encoding({ chunkKeyEncoding: { name: "v2" } }, 3)).toEqual({ name: "v2", separator: "." });
  });

  test("dimension names", async () => {
    const named = await copied(arrayAt({ dimensionNames: ["y", "x"], attributes: { n: 1 } }), "--zarr-format=2");
    expect(readDocument(named, ".zattrs")).toEqual({ n: 1, _ARRAY_DIMENSIONS: ["y", "x"] });
    const back = openArraySync(new LocalStore(await copied(named, "--zarr-format=3")));
    expect([back.dimensionNames, back.attributes]).toEqual([["y", "x"], { n: 1 }]);
    const wrong = arrayAt({ zarrFormat: 2, attributes: { _ARRAY_DIMENSIONS: ["x"] } });
    const kept = openArraySync(new LocalStore(await copied(wrong, "--zarr-format=3")));
    expect([kept.dimensionNames, kept.attributes]).toEqual([undefined, { _ARRAY_DIMENSIONS: ["x"] }]);
    for (const options of [
      { dimensionNames: ["y", null] },
      { dimensionNames: ["y", "x"], attributes: { _ARRAY_DIMENSIONS: 1 } },
    ]) {
      const { status, stderr } = await syncodec("copy", arrayAt(options), newPath(), "--zarr-format=2");
      expect([status, stderr]).toEqual([1, expect.stringContaining("Zarr v2 has no dimension names")]);
    }
  });

  test("attributes with Python's words", async () => {
    const path = newPath();
    createGroupSync(new LocalStore(path), {
      zarrFormat: 2,
      attributes: { missing: Number.NaN, list: [{ top: Infinity }] },
    });
    expect(openGroupSync(new LocalStore(await copied(path))).attributes).toEqual({
      missing: Number.NaN,
      list: [{ top: Infinity }],
    });
    expect(openGroupSync(new LocalStore(await copied(path, "--zarr-format=3"))).attributes).toEqual({
      missing: "NaN",
      list: [{ top: "Infinity" }],
    });
  });

  test("a fill value that is open", async () => {
    const source = arrayAt({ zarrFormat: 2, fillValue: null });
    expect(readDocument(await copied(source), ".zarray").fill_value).toBeNull();
    expect(readDocument(await copied(source, "--fill-value=3"), ".zarray").fill_value).toBe(3);
    expect(readDocument(await copied(source, "--zarr-format=3"), "zarr.json").fill_value).toBe(0);
  });

  test("into shards, and out of them", async () => {
    const source = arrayAt({ zarrFormat: 2, compressors: ["zlib"] });
    const sharded = await copied(source, "--zarr-format=3", "--shards=4,6");
    expect(openArraySync(new LocalStore(sharded)).shardShape).toEqual([4, 6]);
    expect(await dumped(sharded)).toBe(await dumped(source));
    const refused = await syncodec("copy", sharded, newPath(), "--zarr-format=2");
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("Zarr v2 has no shards")]);
    const plain = await copied(sharded, "--zarr-format=2", "--shards=none", "--compressors=zstd:3");
    expect(readDocument(plain, ".zarray")).toMatchObject({ chunks: [2, 3], compressor: { id: "zstd", level: 3 } });
    expect(await dumped(plain)).toBe(await dumped(source));
  });

  test("another format", async () => {
    expect(await syncodec("copy", "a", "b", "--zarr-format=4")).toMatchObject({
      status: 2,
      stderr: "syncodec: Option '--zarr-format' must be 2 or 3, not 4. Try: syncodec copy --help\n",
    });
  });

  test("convertFormat to the format that it has changes nothing", () => {
    const { metadata } = openArraySync(new LocalStore(arrayAt({ zarrFormat: 2 })));
    expect(convertFormat(metadata, 2)).toBe(metadata);
  });
});
