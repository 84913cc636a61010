/** What the build for browsers loads, and when: every test begins with nothing loaded. */

import { beforeEach, expect, test, vi } from "vitest";
import type * as Syncodec from "../../src/index.js";
import { requireBuild } from "../cli/support.js";

requireBuild();

let syncodec: typeof Syncodec;

beforeEach(async () => {
  vi.resetModules();
  syncodec = await import(new URL("../../dist/web/index.js", import.meta.url).href);
});

const codeOf = (body: () => unknown): string => {
  try {
    body();
    return "no error";
  } catch (error) {
    if (error instanceof syncodec.SyncodecError) return error.code;
    throw error;
  }
};

const shape = { shape: [64], chunkShape: [16] };
const bytes = new Uint8Array(64).fill(3);

test("synchronous calls say what is missing, and find it after init", async () => {
  const { createArray, createArraySync, init, MemoryStore, openArraySync, openGroupSync } = syncodec;
  const store = new MemoryStore();
  expect(codeOf(() => openArraySync(store))).toBe("CODEC_NOT_LOADED");
  expect(() => openArraySync(store)).toThrow("await init()");
  const created = await createArray(store, { ...shape, dataType: "uint8", path: "/async" });
  expect(created.getSync([3])).toBe(0);
  const create = (options: object) => () =>
    createArraySync(store, { ...shape, path: "/a", dataType: "uint8", overwrite: true, ...options });
  expect(codeOf(create({ compressors: ["gzip"] }))).toBe("CODEC_NOT_LOADED");
  expect(codeOf(create({ dataType: "string" }))).toBe("CODEC_NOT_LOADED");
  expect(codeOf(create({ zarrFormat: 2 }))).toBe("CODEC_NOT_LOADED");
  expect(codeOf(create({ compressors: ["gzap"] }))).toBe("UNKNOWN_CODEC");
  const array = create({ compressors: ["crc32c"] })();
  expect(codeOf(() => array.setSync(null, bytes))).toBe("CODEC_NOT_LOADED");
  expect(() => array.setSync(null, bytes)).toThrow("await init()");
  await init(["gzip"]);
  array.setSync(null, bytes);
  expect(array.getSync().data).toEqual(bytes);
  expect(codeOf(create({ compressors: ["gzip"] }))).toBe("no error");
  expect(codeOf(create({ dataType: "string", serializer: "vlen-utf8" }))).toBe("CODEC_NOT_LOADED");
  expect(codeOf(create({ zarrFormat: 2 }))).toBe("no error");
  await expect(init(["gzap"])).rejects.toMatchObject({ code: "UNKNOWN_CODEC" });
  await init();
  expect(codeOf(create({ dataType: "string", path: "/b" }))).toBe("no error");
  expect(openArraySync(store, { path: "/b" }).getSync([0])).toBe("");
  expect(openGroupSync(store).membersSync()).toHaveLength(3);
});

test("many inner chunks are read at once when that has become worth its loading, and as they were before", async () => {
  const { createArray, MemoryStore } = syncodec;
  const store = new MemoryStore();
  const options = { shape: [900], shardShape: [900], chunkShape: [1], dataType: "uint16", fillValue: 9 } as const;
  const data = Uint16Array.from({ length: 900 }, (_, i) => (i % 7 === 0 ? 9 : i));
  const compressors = ["crc32c"];
  await (await createArray(store, { ...options, compressors, path: "/dense" })).set(
    null,
    data.map((_, i) => i),
  );
  await (await createArray(store, { ...options, compressors, path: "/holes" })).set(null, data);
  await (await createArray(store, { ...options, compressors: ["gzip"], path: "/gzip" })).set(null, data);
  vi.resetModules();
  const fresh: typeof Syncodec = await import(new URL("../../dist/web/index.js", import.meta.url).href);
  const getters = {
    get: async (key: string) => store.getSync(key),
    getRange: async (key: string, range: Syncodec.ByteRange) => store.getSync(key, range),
  };
  for (let round = 0; round < 3; round++) {
    const dense = await (await fresh.openArray(getters, { path: "/dense" })).get();
    expect(dense.data).toEqual(data.map((_, i) => i));
    for (const path of ["/holes", "/gzip"])
      expect((await (await fresh.openArray(getters, { path })).get()).data).toEqual(data);
  }
});

test("asynchronous calls load codecs within shards within shards", async () => {
  const { createArray, MemoryStore, openArray } = syncodec;
  const store = new MemoryStore();
  const inner = {
    name: "sharding_indexed",
    configuration: {
      chunk_shape: [8],
      codecs: [{ name: "bytes" }, { name: "numcodecs.lz4", configuration: { acceleration: 1 } }],
      index_codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "crc32c" }],
    },
  };
  const array = await createArray(store, {
    ...shape,
    shardShape: [32],
    dataType: "uint8",
    filters: [{ name: "transpose", configuration: { order: [0] } }],
    serializer: inner,
  });
  await array.set(null, bytes);
  vi.resetModules();
  const fresh: typeof Syncodec = await import(new URL("../../dist/web/index.js", import.meta.url).href);
  expect(fresh.openArray).not.toBe(openArray);
  const opened = await fresh.openArray(new Map([...store.listSync("/")].map((key) => [key, store.getSync(key)!])));
  expect(opened.getSync([40])).toBe(3);
  expect((await opened.get()).data).toEqual(bytes);
});

test("members of any format, type and codec are opened asynchronously, also from consolidated metadata", async () => {
  const { createArray, createGroup, MemoryStore, openGroup } = syncodec;
  const store = new MemoryStore();
  await createGroup(store, { zarrFormat: 2 });
  await createArray(store, { ...shape, path: "/a", dataType: "uint8", zarrFormat: 2, compressors: ["blosc"] });
  await createArray(store, { ...shape, path: "/b", dataType: "string", zarrFormat: 2, filters: ["vlen-utf8"] });
  await (await openGroup(store)).consolidateMetadata();
  vi.resetModules();
  const fresh: typeof Syncodec = await import(new URL("../../dist/web/index.js", import.meta.url).href);
  const content = new Map([...store.listSync("/")].map((key) => [key, store.getSync(key)!]));
  expect(() => fresh.openGroupSync(content)).toThrow(expect.objectContaining({ code: "CODEC_NOT_LOADED" }));
  const members = await (await fresh.openGroup(content)).members();
  expect(members.map(({ path }) => path)).toEqual(["/a", "/b"]);
});

test("a codec of the user's takes the place of one that is not loaded", async () => {
  const { createCodecPipeline, init, registerCodec } = syncodec;
  const invert = (data: Uint8Array): Uint8Array => data.map((byte) => ~byte);
  const entry = {
    name: "zstd",
    kind: "bytes_to_bytes",
    fromConfig: () => ({ encodeSync: invert, decodeSync: invert }),
  } as const;
  expect(codeOf(() => registerCodec(entry))).toBe("INVALID_ARGUMENT");
  const remove = registerCodec(entry, { replace: true });
  const options = { shape: [64], dataType: "uint8", codecs: ["bytes", "zstd"] } as const;
  // The built-in one has the defaults of the configuration.
  expect(() => createCodecPipeline(options)).toThrow("The codec zstd is not loaded");
  await init(["zstd"]);
  const pipeline = createCodecPipeline(options);
  expect(await pipeline.encode(bytes)).toEqual(invert(bytes));
  remove();
  expect(createCodecPipeline(options).decodeSync((await createCodecPipeline(options).encode(bytes))!).data).toEqual(
    bytes,
  );
});
