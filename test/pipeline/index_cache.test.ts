/** The index cache by itself: versions, layouts, the bound in bytes. */

import { describe, expect, test } from "vitest";
import { codecsFromOptions } from "../../src/array_options.js";
import type { BoundShard } from "../../src/codecs/sharding_indexed.js";
import { ShardIndex } from "../../src/codecs/sharding_indexed.js";
import { dataTypeByName } from "../../src/metadata/data_type.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import { IndexCache, indexCacheOf } from "../../src/pipeline/index_cache.js";

function shardOf(chunkShape: readonly number[], indexLocation = "end"): BoundShard {
  const dataType = dataTypeByName("uint8");
  const configuration = {
    chunk_shape: chunkShape,
    codecs: ["bytes"],
    index_codecs: ["bytes"],
    index_location: indexLocation,
  };
  const codecs = codecsFromOptions({ codecs: [{ name: "sharding_indexed", configuration }] }, dataType);
  return bindCodecs(codecs, { shape: [8, 8], dataType, fillValue: dataType.defaultFill() }, { field: "codecs" }).shard!;
}

const shard = shardOf([4, 4]);
const indexFor = (of: BoundShard): ShardIndex =>
  new ShardIndex(of, new Uint8Array(of.chunkCount * 16).fill(255), undefined);

describe("an entry holds", () => {
  const cache = new IndexCache();
  cache.reserve(1000);
  const version = {};
  const index = indexFor(shard);
  cache.set("/c/0", version, index);

  test("for its version and layout, also of another array", () => {
    expect(cache.get("/c/0", version, shardOf([4, 4]))).toBe(index);
  });

  test.each([
    ["another key", "/c/1", version, shard],
    ["no version", "/c/0", undefined, shard],
    ["another version", "/c/0", {}, shard],
    ["another grid", "/c/0", version, shardOf([4, 8])],
    ["as many inner chunks, differently", "/c/0", version, shardOf([8, 2])],
    ["the index elsewhere", "/c/0", version, shardOf([4, 4], "start")],
  ])("not for %s", (_, key, other, layout) => {
    cache.set("/c/0", version, index);
    expect(cache.get(key, other, layout)).toBeUndefined();
  });
});

test("the least recently used go first, and an index that is too large is not kept", () => {
  const cache = new IndexCache();
  cache.reserve(3 * 64);
  const version = "1";
  for (const key of ["a", "b", "c"]) cache.set(key, version, indexFor(shard));
  expect(cache.byteLength).toBe(3 * 64);
  cache.get("a", version, shard);
  cache.set("d", version, indexFor(shard));
  expect(["a", "b", "c", "d"].map((key) => cache.get(key, version, shard) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
  cache.set("e", version, indexFor(shardOf([1, 1])));
  expect(cache.get("e", version, shardOf([1, 1]))).toBeUndefined();
  expect(cache.byteLength).toBe(3 * 64);
  cache.set("a", undefined, indexFor(shard));
  cache.delete("c");
  cache.delete("c");
  expect(cache.byteLength).toBe(64);
});

test("one per store", () => {
  const [a, b] = [{}, {}];
  expect(indexCacheOf(a, 1)).toBe(indexCacheOf(a, 2));
  expect(indexCacheOf(a, 1)).not.toBe(indexCacheOf(b, 1));
});
