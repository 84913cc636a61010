/** Which reads go straight into the caller's array, which into linear memory, and which take the store's own bytes. */

import { beforeAll, describe, expect, test } from "vitest";
import {
  type ByteRange,
  type Chunk,
  type CreateArrayOptions,
  createArraySync,
  init,
  MemoryStore,
  openArraySync,
  registerCodec,
  type Selection,
  slice,
} from "../../src/index.js";
import { sliceRange } from "../../src/stores/range.js";
import type { SyncStore } from "../../src/stores/store.js";
import { currentMemory } from "../../src/wasm/memory.js";

beforeAll(() => init());

/** Has no more than a store needs besides `readIntoSync`, and notes where each read went: `get`, `heap` or `linear`, with the offset and length of the range. */
class NotingReader implements SyncStore {
  readonly #store: MemoryStore;
  log: string[] = [];

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  #note(kind: string, range: ByteRange | undefined): void {
    if (range !== undefined && "suffixLength" in range) return;
    this.log.push(range === undefined ? kind : `${kind} ${range.offset}+${range.length}`);
  }

  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    if (!key.endsWith("zarr.json")) this.#note("get", range);
    return this.#store.getSync(key, range);
  }

  setSync(key: string, value: Uint8Array): void {
    this.#store.setSync(key, value);
  }

  deleteSync(key: string): void {
    this.#store.deleteSync(key);
  }

  readIntoSync(key: string, range: ByteRange | undefined, target: Uint8Array): number | undefined {
    this.#note(target.buffer === currentMemory().bytes.buffer ? "linear" : "heap", range);
    const value = this.#store.getSync(key);
    if (value === undefined) return undefined;
    const bytes = sliceRange(value, range);
    if (bytes.byteLength <= target.byteLength) target.set(bytes);
    return bytes.byteLength;
  }
}

const data = Uint16Array.from({ length: 8 }, (_, i) => i + 1);

function readsOf(options: Partial<CreateArrayOptions<"uint16">>, selection: Selection): string[] {
  const store = new MemoryStore();
  const whole = { shape: [8], chunkShape: [4], dataType: "uint16", ...options } as const;
  createArraySync(store, whole).setSync(null, data);
  const reader = new NotingReader(store);
  const expected = openArraySync(store).getSync(selection) as Chunk;
  const result = openArraySync(reader).getSync(selection) as Chunk;
  expect(result).toEqual(expected);
  return reader.log;
}

registerCodec({
  name: "test.heap",
  kind: "bytes_to_bytes",
  fromConfig: () => ({ encodeSync: (bytes) => bytes, decodeSync: (bytes) => bytes }),
});

const big = { name: "bytes", configuration: { endian: "big" } } as const;
const sharded = {
  shardShape: [8],
  chunkShape: [4],
  subchunkWriteOrder: "lexicographic",
  indexCodecs: ["bytes"],
} as const;

describe("chunks", () => {
  test.each<[string, Partial<CreateArrayOptions<"uint16">>, Selection, string[]]>([
    ["unchanged and whole: into the array", {}, null, ["heap", "heap"]],
    ["unchanged and whole, one of them", {}, [slice(4, 8)], ["heap"]],
    ["unchanged, in part: the store's bytes", {}, [slice(0, 3)], ["get"]],
    ["unchanged, with a step: the store's bytes", {}, [slice(0, 4, 2)], ["get"]],
    ["swapped: into linear memory", { codecs: [big] }, [slice(0, 3)], ["linear"]],
    ["with a checksum: into linear memory", { compressors: ["crc32c"] }, null, ["linear", "linear"]],
    ["of unknown size: the store's bytes", { compressors: ["gzip", "crc32c"] }, null, ["get", "get"]],
    ["whose first step runs on the heap: the store's bytes", { compressors: ["test.heap"] }, null, ["get", "get"]],
  ])("%s", (_, options, selection, log) => {
    expect(readsOf(options, selection)).toEqual(log);
  });

  test("a value of the wrong length is named, not taken", () => {
    const store = new MemoryStore();
    createArraySync(store, { shape: [4], chunkShape: [4], dataType: "uint16" }).setSync(null, 7);
    for (const byteLength of [0, 6, 10]) {
      store.setSync("/c/0", new Uint8Array(byteLength));
      const array = openArraySync(new NotingReader(store));
      expect(() => array.getSync()).toThrow(expect.objectContaining({ code: "CORRUPT_DATA", key: "/c/0" }));
    }
  });
});

describe("inner chunks of a shard that is read in part", () => {
  test.each<[string, Partial<CreateArrayOptions<"uint16">>, Selection, string[]]>([
    ["unchanged and whole: into the array", sharded, [slice(4, 8)], ["heap 8+8"]],
    ["unchanged, in part: the store's bytes", sharded, [slice(4, 6)], ["get 8+8"]],
    ["with a checksum: into linear memory", { ...sharded, compressors: ["crc32c"] }, [slice(4, 6)], ["linear 12+12"]],
    ["compressed: into linear memory", { ...sharded, compressors: ["zstd"] }, [slice(0, 2)], ["linear"]],
    ["whose first step runs on the heap", { ...sharded, compressors: ["test.heap"] }, [slice(0, 2)], ["get"]],
  ])("%s", (_, options, selection, log) => {
    expect(
      readsOf(options, selection).map((entry, i) => (log[i]!.includes(" ") ? entry : entry.split(" ")[0])),
    ).toEqual(log);
  });

  test("a compressed slot has a known length: into linear memory", () => {
    const [entry] = readsOf({ ...sharded, compressors: ["gzip", "crc32c"] }, [slice(0, 2)]);
    expect(entry).toMatch(/^linear 0\+\d+$/);
  });
});
