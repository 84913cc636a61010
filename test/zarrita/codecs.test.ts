/** Our codecs in zarrita's registry. */

import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as zarr from "zarrita";
import { builtInCodecs } from "../../src/codecs/index.js";
import { type CodecOption, createArraySync, init, openArraySync } from "../../src/index.js";
import { bytesCodecNames } from "../../src/zarrita/codecs.js";
import { get, registerCodecs } from "../../src/zarrita.js";
import { comparable, fixtureStore, openAs, openIn, RangeMap } from "./support.js";

let before: ReadonlyMap<string, unknown>;
const theirs = [...zarr.registry];

beforeAll(() => init());
beforeEach(() => {
  before = new Map(zarr.registry);
});
afterEach(() => {
  zarr.registry.clear();
  for (const [name, load] of theirs) zarr.registry.set(name, load);
});

const data = Int32Array.from({ length: 60 }, (_, i) => i * i);

function written(compressors: readonly CodecOption[], shardShape?: [number]): RangeMap {
  const store = new RangeMap();
  const layout = shardShape === undefined ? {} : { shardShape };
  createArraySync(store, {
    path: "a",
    shape: [60],
    chunkShape: [10],
    ...layout,
    dataType: "int32",
    compressors,
  }).setSync(null, data);
  return store;
}

test("names register only these", () => {
  expect(new Map(zarr.registry)).toEqual(before);
  registerCodecs(zarr.registry, ["crc32c"]);
  const changed = [...zarr.registry].filter(([name, load]) => before.get(name) !== load).map(([name]) => name);
  expect(changed).toEqual(["crc32c"]);
});

const chains: readonly CodecOption[][] = [
  ["crc32c"],
  ["gzip"],
  [{ name: "zstd", configuration: { level: 3, checksum: true } }],
  ["gzip", "crc32c"],
  ["crc32c", { name: "zstd", configuration: { level: 0, checksum: false } }, "crc32c"],
  [{ name: "blosc", configuration: { cname: "lz4", clevel: 5, shuffle: "shuffle", typesize: 4, blocksize: 0 } }],
];

describe.each(chains.map((chain) => [chain]))("%j", (chain) => {
  test("zarrita reads what we wrote, and writes what we read", async () => {
    registerCodecs(zarr.registry);
    const store = written(chain);
    const array = await openAs(store, "int32");
    expect((await zarr.get(array)).data).toEqual(data);
    await zarr.set(array, [zarr.slice(3, 25)], -5);
    const expected = data.map((value, i) => (i >= 3 && i < 25 ? -5 : value));
    expect(openArraySync(store, { path: "a" }).getSync().data).toEqual(expected);
  });

  test("also in shards", async () => {
    registerCodecs(zarr.registry);
    expect((await zarr.get(await openAs(written(chain, [30]), "int32"))).data).toEqual(data);
  });
});

test("a changed byte under crc32c is an error, which zarrita's own codec lets pass", async () => {
  const store = written(["crc32c"]);
  const value = store.get("/a/c/0")!.slice();
  value[0] = value[0]! ^ 1;
  store.set("/a/c/0", value);
  expect(await zarr.get(await openIn(store, "a"), [0])).toBe(1);
  registerCodecs(zarr.registry);
  await expect(zarr.get(await openIn(store, "a"), [0])).rejects.toMatchObject({
    name: "CodecPipelineError",
    codec: "crc32c",
    cause: { code: "CHECKSUM_MISMATCH" },
  });
});

test("what decodes to more than the chunk can be is refused", async () => {
  const store = written(["gzip"]);
  const other = new RangeMap();
  createArraySync(other, {
    shape: [10_000_000],
    chunkShape: [10_000_000],
    dataType: "uint8",
    compressors: ["gzip"],
  }).setSync(null, 1);
  store.set("/a/c/0", other.get("/c/0")!);
  registerCodecs(zarr.registry);
  await expect(zarr.get(await openIn(store, "a"), [0])).rejects.toMatchObject({ cause: { code: "CORRUPT_DATA" } });
});

test.each([
  "v2/filters/adler32",
  "v2/filters/crc32",
  "v2/filters/crc32c",
  "v2/filters/fletcher32",
  "v2/filters/jenkins",
])("%s: zarrita reads it with our codecs", async (path) => {
  const store = fixtureStore();
  await expect(openIn(store, path).then((array) => zarr.get(array))).rejects.toThrow("Unknown codec");
  registerCodecs(zarr.registry);
  const result = await zarr.get(await openIn(store, path));
  expect(comparable(result)).toEqual(comparable(await get(await openIn(store, path))));
});

test("the names are those of all built-in codecs for bytes", () => {
  const codecs = builtInCodecs.filter(({ kind }) => kind === "bytes_to_bytes");
  expect([...bytesCodecNames].sort()).toEqual(codecs.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]).sort());
});
