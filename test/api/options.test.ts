/** Options of open arrays, synchronous calls that cannot be, loading, and what errors look like. */

import { afterEach, describe, expect, test, vi } from "vitest";
import {
  ArgumentError,
  type AsyncStore,
  createArray,
  createArraySync,
  createGroupSync,
  DataError,
  LatencyStore,
  MemoryStore,
  MetadataError,
  NodeError,
  openArray,
  openArraySync,
  openGroupSync,
  RuntimeError,
  SyncodecError,
  slice,
} from "../../src/index.js";
import { syncodecError } from "../codecs/support.js";
import { bareHost } from "../support/bare_host.js";

const small = { shape: [4], chunkShape: [2], dataType: "int32" } as const;

describe("runtime options", () => {
  const store = new MemoryStore();
  createArraySync(store, small);

  test.each([
    [{ pipeline: "async" }, 'Invalid option pipeline (expected "sync" or "batched"; found async)'],
    [{ pipeline: null }, 'Invalid option pipeline (expected "sync" or "batched"; found null)'],
    [{ concurrency: 0 }, "Invalid option concurrency (expected an integer of at least 1; found 0)"],
    [{ concurrency: Number.NaN }, "Invalid option concurrency (expected an integer of at least 1; found NaN)"],
    [{ concurrency: "4" }, "Invalid option concurrency (expected an integer of at least 1; found 4)"],
    [
      { coalesce: { maxGapBytes: -1 } },
      "Invalid option coalesce.maxGapBytes (expected an integer of at least 0; found -1)",
    ],
    [
      { coalesce: { maxBytes: 0.5 } },
      "Invalid option coalesce.maxBytes (expected an integer of at least 1; found 0.5)",
    ],
    [{ subchunkWriteOrder: "hilbert" }, /^Invalid option subchunkWriteOrder \(expected "morton" or /],
  ])("%j is refused", async (options, message) => {
    const open = () => openArraySync(store, options as never);
    expect(syncodecError(open)).toMatchObject({ name: "ArgumentError", code: "INVALID_ARGUMENT" });
    expect(open).toThrow(message);
    expect(() => createArraySync(new Map(), { ...small, ...options } as never)).toThrow(message);
    await expect(openArray(store, options as never)).rejects.toThrow(message);
  });

  test("a refused option leaves nothing in the store", () => {
    const map = new Map<string, Uint8Array>();
    syncodecError(() => createArraySync(map, { ...small, concurrency: 0 }));
    expect(map.size).toBe(0);
  });

  test("writeEmptyChunks and readMissingChunks", () => {
    const map = new Map<string, Uint8Array>();
    createArraySync(map, { ...small, writeEmptyChunks: true }).setSync([slice(2)], 0);
    expect(map.has("/c/0")).toBe(true);
    openArraySync(map).setSync([slice(2)], 0);
    expect(map.has("/c/0")).toBe(false);
    const strict = openArraySync(map, { readMissingChunks: false });
    expect(syncodecError(() => strict.getSync())).toMatchObject({
      name: "DataError",
      code: "MISSING_CHUNK",
      key: "/c/0",
    });
    expect(openArraySync(map).getSync().data).toEqual(new Int32Array(4));
  });

  test.each(["morton", "lexicographic", "colexicographic", "unordered"] as const)(
    "subchunkWriteOrder %s is read back",
    (subchunkWriteOrder) => {
      const map = new Map<string, Uint8Array>();
      const shape = [4, 6];
      const data = Int32Array.from({ length: 24 }, (_, i) => i + 1);
      const options = { shape, shardShape: shape, chunkShape: [2, 2], dataType: "int32", subchunkWriteOrder } as const;
      createArraySync(map, options).setSync(null, data);
      expect(openArraySync(map).getSync().data).toEqual(data);
    },
  );

  test.each([undefined, null, 5, "path", {}, { get: 1 }])("%o is no store", (value) => {
    expect(() => openArraySync(value as never)).toThrow(
      new TypeError("A store must be an object with get, or with getSync, setSync and deleteSync, or a Map"),
    );
  });
});

describe("synchronous calls", () => {
  const newAsync = async () => {
    const store = new LatencyStore(new MemoryStore());
    const array = await createArray(store, small);
    await array.set(null, Int32Array.of(1, 2, 3, 4));
    return { store, array };
  };

  test("on an asynchronous store throw NOT_SYNCHRONOUS, and get works", async () => {
    const { store, array } = await newAsync();
    for (const call of [
      () => array.getSync(),
      () => array.setSync(null, 1),
      () => array.setAttributesSync({}),
      () => array.deleteSync(),
      () => openArraySync(store),
      () => openGroupSync(store),
      () => createArraySync(store, { ...small, path: "b" }),
      () => createGroupSync(store, { path: "b" }),
    ])
      expect(syncodecError(call)).toMatchObject({
        name: "RuntimeError",
        code: "NOT_SYNCHRONOUS",
        message: "The store can only answer asynchronously: use the functions without Sync in their name",
      });
    expect((await array.get()).data).toEqual(Int32Array.of(1, 2, 3, 4));
  });

  test('pipeline: "sync" needs a synchronous store, at open', async () => {
    const { store } = await newAsync();
    await expect(openArray(store, { pipeline: "sync" })).rejects.toMatchObject({ code: "NOT_SYNCHRONOUS" });
    await expect(createArray(store, { ...small, path: "b", pipeline: "sync" })).rejects.toMatchObject({
      code: "NOT_SYNCHRONOUS",
    });
    await expect(openArray(store, { path: "b" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    const local = new MemoryStore();
    const array = await createArray(local, { ...small, pipeline: "sync" });
    await array.set(null, 3);
    expect((await array.get()).data).toEqual(new Int32Array(4).fill(3));
  });

  test("a store with both surfaces is synchronous; one with a read-only asynchronous surface cannot be written", async () => {
    const map = new Map<string, Uint8Array>();
    createArraySync(map, small).setSync(null, 7);
    const readOnly: AsyncStore = { get: (key) => map.get(key) };
    const array = await openArray(readOnly);
    expect((await array.get([0])) as number).toBe(7);
    await expect(array.set(null, 1)).rejects.toMatchObject({
      name: "RuntimeError",
      code: "STORE_ERROR",
      message: "Store has no set: it is read-only (key /c/0)",
    });
  });

  test("what a store throws becomes a STORE_ERROR with the key and the cause; an abort stays an abort", async () => {
    const failure = new Error("disk on fire");
    const map = new Map<string, Uint8Array>();
    createArraySync(map, small).setSync(null, 7);
    const store: AsyncStore = {
      get: (key) => {
        if (key === "/c/1") throw failure;
        return map.get(key);
      },
    };
    const array = await openArray(store);
    await expect(array.get()).rejects.toMatchObject({
      code: "STORE_ERROR",
      key: "/c/1",
      cause: failure,
      message: "Store failed to read: disk on fire (key /c/1)",
    });
    const abort = new AbortController();
    abort.abort();
    await expect(array.get(null, { signal: abort.signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("loading", () => {
  afterEach(() => {
    vi.doUnmock("../../src/platform.js");
    vi.resetModules();
  });

  async function unloaded(): Promise<typeof import("../../src/index.js")> {
    vi.resetModules();
    vi.doMock("../../src/platform.js", () => bareHost);
    return import("../../src/index.js");
  }

  const data = Uint8Array.from({ length: 64 }, (_, i) => i & 3);

  test("a synchronous write before init throws CODEC_NOT_LOADED, which names it; after it, it works", async () => {
    const library = await unloaded();
    const options = { shape: [64], chunkShape: [64], dataType: "uint8", compressors: ["zstd"] } as const;
    const array = library.createArraySync(new Map(), options);
    let error: unknown;
    try {
      array.setSync(null, data);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({
      name: "RuntimeError",
      code: "CODEC_NOT_LOADED",
      codec: "zstd",
      key: "/c/0",
      reason:
        'The zstd encoder is not loaded: `await init()` or `await init(["zstd"])` once, before synchronous calls that write',
    });
    await library.init(["gzip"]);
    expect(() => array.setSync(null, data)).toThrow(/await init\(\)/);
    await library.init(["zstd"]);
    array.setSync(null, data);
    expect(array.getSync().data).toEqual(data);
  });

  test("synchronous reads need nothing loaded", async () => {
    const library = await unloaded();
    const options = { shape: [64], chunkShape: [64], dataType: "uint8", compressors: ["zstd"] } as const;
    const store = new Map();
    await (await library.createArray(store, options)).set(null, data);
    const fresh = await unloaded();
    const array = fresh.openArraySync(store);
    expect(array.getSync().data).toEqual(data);
    expect(() => array.setSync(null, data)).toThrow(expect.objectContaining({ code: "CODEC_NOT_LOADED" }));
  });

  test("asynchronous calls load what they need by themselves", async () => {
    const library = await unloaded();
    const options = { shape: [64], chunkShape: [64], dataType: "uint8", compressors: ["zstd"] } as const;
    const array = await library.createArray(new Map(), options);
    await array.set(null, data);
    expect((await array.get()).data).toEqual(data);
    const fresh = await unloaded();
    const pipeline = fresh.createCodecPipeline({ shape: [64], dataType: "uint8", codecs: ["bytes", "zstd"] });
    expect((await pipeline.decode((await pipeline.encode(data))!)).data).toEqual(data);
    // The WebAssembly library is one for both copies; the second must not take it from the first.
    array.setSync(null, data.toReversed());
    expect(array.getSync().data).toEqual(data.toReversed());
  });

  test("init refuses unknown names, and may be called twice", async () => {
    const library = await unloaded();
    await expect(library.init(["zstd", "lzma"])).rejects.toMatchObject({ code: "UNKNOWN_CODEC" });
    await library.init();
    await library.init();
  });
});

describe("errors", () => {
  const store = new Map<string, Uint8Array>();
  createArraySync(store, { ...small, path: "a", codecs: ["bytes", "crc32c"] });
  const cases: readonly (readonly [string, string, () => unknown, new (...args: never[]) => SyncodecError])[] = [
    ["MetadataError", "UNKNOWN_CODEC", () => createArraySync(new Map(), { ...small, codecs: ["no"] }), MetadataError],
    ["NodeError", "NODE_NOT_FOUND", () => openArraySync(store, { path: "b" }), NodeError],
    ["ArgumentError", "INVALID_SELECTION", () => openArraySync(store, { path: "a" }).getSync([9]), ArgumentError],
    ["RuntimeError", "NOT_SYNCHRONOUS", () => openArraySync(new LatencyStore(store)), RuntimeError],
    [
      "DataError",
      "CORRUPT_DATA",
      () => {
        store.set("/a/c/1", new Uint8Array(3));
        openArraySync(store, { path: "a" }).getSync();
      },
      DataError,
    ],
  ];

  test.each(cases)("%s %s", (name, code, call, Class) => {
    const error = syncodecError(call);
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(SyncodecError);
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code]).toEqual([name, code]);
    expect(error.message.startsWith(error.reason)).toBe(true);
    expect(String(error)).toBe(`${name}: ${error.message}`);
    expect(error.stack).toContain(name);
  });

  test("fields are there where they say something, and only there", () => {
    store.set("/a/c/1", new Uint8Array(3));
    const error = syncodecError(() => openArraySync(store, { path: "a" }).getSync([3]));
    expect(error.message).toBe(
      "Encoded chunk has the wrong length (expected 12 bytes; found 3 bytes; codec crc32c; key /a/c/1)",
    );
    expect(Object.keys(error).sort()).toEqual(["code", "codec", "expected", "found", "key", "name", "reason"]);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: "CORRUPT_DATA", key: "/a/c/1", codec: "crc32c" });
  });
});
