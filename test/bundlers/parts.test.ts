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
  const { createArraySync, init, MemoryStore, openArraySync, openGroupSync } = syncodec;
  const store = new MemoryStore();
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
  expect(openGroupSync(store).membersSync()).toHaveLength(2);
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
