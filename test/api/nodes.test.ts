/** Creating, opening, changing and deleting arrays and groups. */

import { describe, expect, test } from "vitest";
import {
  type AsyncStore,
  createArray,
  createArraySync,
  createGroup,
  createGroupSync,
  Group,
  LatencyStore,
  MemoryStore,
  open,
  openArray,
  openArraySync,
  openGroup,
  openGroupSync,
  openSync,
  ZarrArray,
} from "../../src/index.js";
import { syncodecError, syncodecErrorIfAny } from "../codecs/support.js";

const small = { shape: [4], chunkShape: [2], dataType: "int32" } as const;

function documentOf(store: Map<string, Uint8Array>, key: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(store.get(key)));
}

const textOf = (store: Map<string, Uint8Array>, key: string) => new TextDecoder().decode(store.get(key));
const put = (store: Map<string, Uint8Array>, key: string, document: unknown) =>
  store.set(key, new TextEncoder().encode(JSON.stringify(document)));

describe("creating", () => {
  test("a node that exists is refused, and left as it is", () => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { ...small, path: "a" }).setSync(null, 1);
    const before = new Map(store);
    for (const create of [
      () => createArraySync(store, { ...small, path: "a" }),
      () => createGroupSync(store, { path: "/a" }),
    ])
      expect(syncodecError(create)).toMatchObject({
        name: "NodeError",
        code: "NODE_EXISTS",
        key: "/a/zarr.json",
        message: "A node exists at /a: pass overwrite: true to replace it (key /a/zarr.json)",
      });
    expect(store).toEqual(before);
  });

  test("overwrite deletes what was there, chunks and descendants, and nothing beside it", () => {
    const store = new Map<string, Uint8Array>();
    createGroupSync(store, { path: "a" });
    createArraySync(store, { ...small, path: "a/b" }).setSync(null, 1);
    createArraySync(store, { ...small, path: "ab" }).setSync(null, 2);
    createArraySync(store, { ...small, path: "a", overwrite: true });
    expect([...store.keys()].sort()).toEqual(["/a/zarr.json", "/ab/c/0", "/ab/c/1", "/ab/zarr.json", "/zarr.json"]);
    expect(openArraySync(store, { path: "a" }).getSync().data).toEqual(new Int32Array(4));
    createGroupSync(store, { path: "/", overwrite: true, attributes: { fresh: true } });
    expect([...store.keys()]).toEqual(["/zarr.json"]);
  });

  test("ancestors get group documents where they have none", () => {
    const store = new Map<string, Uint8Array>();
    createGroupSync(store, { path: "x", attributes: { kept: 1 } });
    createArraySync(store, { ...small, path: "/x/y/z/" });
    expect([...store.keys()].sort()).toEqual(["/x/y/z/zarr.json", "/x/y/zarr.json", "/x/zarr.json", "/zarr.json"]);
    expect(openGroupSync(store, { path: "x" }).attributes).toEqual({ kept: 1 });
    expect(documentOf(store, "/x/y/zarr.json")).toEqual({ zarr_format: 3, node_type: "group", attributes: {} });
  });

  test("an array holds no nodes", () => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { ...small, path: "a" });
    for (const path of ["a/b", "a/b/c"]) {
      for (const create of [() => createArraySync(store, { ...small, path }), () => createGroupSync(store, { path })])
        expect(syncodecError(create)).toMatchObject({ code: "NODE_EXISTS", key: "/a/zarr.json" });
    }
    expect(store.size).toBe(2);
  });

  test("nothing is written for options that make no array", () => {
    const store = new Map<string, Uint8Array>();
    const create = (options: Record<string, unknown>) => () =>
      createArraySync(store, { ...small, ...options } as never);
    const refused: [Record<string, unknown>, string][] = [
      [{ shape: [-1] }, "INVALID_METADATA"],
      [{ shape: [Number("1e400")] }, "INVALID_METADATA"],
      [{ shape: [2 ** 64] }, "INVALID_METADATA"],
      [{ shape: [4, 4] }, "INVALID_METADATA"],
      [{ chunkShape: [0] }, "INVALID_METADATA"],
      [{ chunkShape: [2 ** 40] }, "UNSUPPORTED"],
      [{ shardShape: [5] }, "INVALID_METADATA"],
      [{ dataType: "int4" }, "UNSUPPORTED"],
      [{ codecs: ["lzma"] }, "UNKNOWN_CODEC"],
      [{ codecs: [1] }, "INVALID_METADATA"],
      [{ codecs: [{ configuration: {} }] }, "INVALID_METADATA"],
      [{ filters: ["gzip"] }, "INVALID_METADATA"],
      [{ filters: ["bytes"] }, "INVALID_METADATA"],
      [{ compressors: ["transpose"] }, "INVALID_METADATA"],
      [{ serializer: "gzip" }, "INVALID_METADATA"],
      [{ indexLocation: "start" }, "INVALID_ARGUMENT"],
      [{ indexCodecs: ["bytes"] }, "INVALID_ARGUMENT"],
      [{ shardShape: [4], indexCodecs: ["bytes", "gzip"] }, "INVALID_METADATA"],
      [{ shardShape: [4], indexLocation: "middle" }, "INVALID_METADATA"],
      [{ dimensionNames: ["x", "y"] }, "INVALID_METADATA"],
      [{ dimensionNames: [1] }, "INVALID_ARGUMENT|INVALID_METADATA"],
      [{ chunkKeyEncoding: { name: "v4" } }, "UNSUPPORTED"],
      [{ chunkKeyEncoding: { name: "v2", separator: "-" } }, "INVALID_METADATA"],
      [{ fillValue: 2 ** 31 }, "INVALID_ARGUMENT"],
      [{ fillValue: "NaN" }, "INVALID_METADATA"],
      [{ attributes: { f: () => 1 } }, "INVALID_ARGUMENT"],
      [{ attributes: { n: Number.NaN } }, "INVALID_ARGUMENT"],
    ];
    for (const [options, code] of refused) {
      const error = syncodecErrorIfAny(create(options));
      expect([options, error?.code]).toEqual([options, expect.stringMatching(`^(${code})$`)]);
    }
    for (const options of [
      { shape: ["4"] },
      { shape: 4 },
      { chunkShape: undefined },
      { shardShape: "4" },
      { attributes: [1] },
      { fillValue: null },
    ])
      expect(create(options), JSON.stringify(options)).toThrow(TypeError);
    expect(store.size).toBe(0);
  });

  test("codecs, or filters, serializer and compressors, but not both", () => {
    for (const other of [{ filters: [] }, { serializer: "bytes" }, { compressors: [] }, { compressors: ["gzip"] }])
      expect(syncodecError(() => createArraySync(new Map(), { ...small, codecs: ["bytes"], ...other }))).toMatchObject({
        name: "ArgumentError",
        code: "INVALID_ARGUMENT",
        reason: "Pass either codecs, or filters, serializer and compressors",
      });
  });
});

describe("the document", () => {
  const codecsOf = (options: Partial<Parameters<typeof createArraySync>[1]>) => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { ...small, ...options });
    return documentOf(store, "/zarr.json").codecs;
  };
  const bytes = { name: "bytes", configuration: { endian: "little" } };
  const gzip = { name: "gzip", configuration: { level: 5 } };
  const zstd = { name: "zstd", configuration: { level: 0, checksum: false } };

  test("records every default codec in full", () => {
    expect(codecsOf({})).toEqual([bytes]);
    expect(codecsOf({ dataType: "uint8" })).toEqual([{ name: "bytes" }]);
    expect(codecsOf({ compressors: ["zstd", "crc32c"] })).toEqual([bytes, zstd, { name: "crc32c" }]);
    expect(codecsOf({ codecs: ["bytes", "gzip"] })).toEqual([bytes, gzip]);
    expect(codecsOf({ codecs: ["bytes", { name: "zstd", configuration: { level: 3 } }] })).toEqual([
      bytes,
      { name: "zstd", configuration: { level: 3, checksum: false } },
    ]);
    expect(codecsOf({ codecs: ["crc32c"] })).toEqual([bytes, { name: "crc32c" }]);
    expect(codecsOf({ codecs: [] })).toEqual([bytes]);
    const transpose = { name: "transpose", configuration: { order: [0] } };
    const big = { name: "bytes", configuration: { endian: "big" } };
    expect(codecsOf({ filters: [transpose], serializer: big, compressors: [] })).toEqual([transpose, big]);
  });

  test("records a shard's inner and index codecs in full", () => {
    expect(codecsOf({ shardShape: [4], compressors: ["gzip"] })).toEqual([
      {
        name: "sharding_indexed",
        configuration: {
          chunk_shape: [2],
          codecs: [bytes, gzip],
          index_codecs: [bytes, { name: "crc32c" }],
          index_location: "end",
        },
      },
    ]);
    expect(codecsOf({ shardShape: [4], dataType: "uint8", indexLocation: "start", indexCodecs: ["bytes"] })).toEqual([
      {
        name: "sharding_indexed",
        configuration: {
          chunk_shape: [2],
          codecs: [{ name: "bytes" }],
          index_codecs: [bytes],
          index_location: "start",
        },
      },
    ]);
  });

  test("is complete", () => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, {
      shape: [4, 6],
      chunkShape: [2, 3],
      dataType: "float32",
      fillValue: Number.NaN,
      dimensionNames: ["y", null],
      attributes: { unit: "K" },
      chunkKeyEncoding: { name: "v2" },
    });
    expect(documentOf(store, "/zarr.json")).toEqual({
      zarr_format: 3,
      node_type: "array",
      shape: [4, 6],
      data_type: "float32",
      chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 3] } },
      chunk_key_encoding: { name: "v2", configuration: { separator: "." } },
      fill_value: "NaN",
      codecs: [bytes],
      attributes: { unit: "K" },
      dimension_names: ["y", null],
    });
  });

  test.each([
    ["default", undefined, "/c/1/0"],
    ["default", ".", "/c.1.0"],
    ["v2", undefined, "/1.0"],
    ["v2", "/", "/1/0"],
  ] as const)("chunk key encoding %s with separator %s", (name, separator, key) => {
    const store = new Map<string, Uint8Array>();
    const chunkKeyEncoding = separator === undefined ? { name } : { name, separator };
    const array = createArraySync(store, { shape: [4, 2], chunkShape: [2, 2], dataType: "int8", chunkKeyEncoding });
    array.setSync([2, 0], 1);
    expect([...store.keys()]).toEqual(["/zarr.json", key]);
    expect(openArraySync(store).getSync([2, 0])).toBe(1);
  });
});

describe("fill values", () => {
  test.each([
    ["float64", undefined, 0, 0],
    ["float64", "NaN", Number.NaN, "NaN"],
    ["float64", Number.NaN, Number.NaN, "NaN"],
    ["float32", "-Infinity", Number.NEGATIVE_INFINITY, "-Infinity"],
    ["float32", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, "Infinity"],
    ["float32", "0x7fc00001", Number.NaN, "0x7fc00001"],
    ["float32", 0.1, Math.fround(0.1), 0.1],
    ["float64", -0, -0, -0],
    ["float16", 1.5, 1.5, 1.5],
    ["bool", undefined, false, false],
    ["bool", true, true, true],
    ["int8", -128, -128, -128],
    ["int64", undefined, 0n, 0],
    ["int64", -1, -1n, -1],
  ] as const)("%s %s", (dataType, fillValue, expected, json) => {
    const store = new Map<string, Uint8Array>();
    const options = { shape: [2], chunkShape: [2], dataType } as const;
    createArraySync(store, fillValue === undefined ? options : { ...options, fillValue });
    expect(documentOf(store, "/zarr.json").fill_value).toBe(json);
    const array = openArraySync(store);
    expect(array.fillValue).toBe(expected);
    expect(array.getSync([1])).toBe(expected);
  });

  test("64-bit integers keep every digit", () => {
    for (const [dataType, fillValue] of [
      ["int64", -9223372036854775808n],
      ["uint64", 18446744073709551615n],
      ["int64", 9007199254740993n],
    ] as const) {
      const store = new Map<string, Uint8Array>();
      createArraySync(store, { shape: [2], chunkShape: [2], dataType, fillValue });
      expect(textOf(store, "/zarr.json")).toContain(`"fill_value": ${fillValue},`);
      expect(openArraySync(store).getSync([0])).toBe(fillValue);
    }
  });
});

describe("opening", () => {
  test("nothing there, or a node of the other kind", async () => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { ...small, path: "a" });
    expect(syncodecError(() => openArraySync(store, { path: "b" }))).toMatchObject({
      name: "NodeError",
      code: "NODE_NOT_FOUND",
    });
    expect(syncodecError(() => openSync(new Map())).message).toContain("No Zarr node at /");
    expect(syncodecError(() => openGroupSync(store, { path: "a" })).message).toBe(
      "The node at /a is not a group (expected group; found array)",
    );
    expect(syncodecError(() => openArraySync(store)).message).toBe(
      "The node at / is not an array (expected array; found group)",
    );
    await expect(openArray(store, { path: "b" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await expect(openGroup(store, { path: "a" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await expect(open(store, { path: "b" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
  });

  test("gives what there is", async () => {
    const store = new Map<string, Uint8Array>();
    const options = { ...small, path: "a", attributes: { n: 1 }, dimensionNames: ["x"], fillValue: 7 };
    createArraySync(store, options);
    for (const node of [openSync(store, { path: "a" }), await open(store, { path: "/a/" })]) {
      expect(node).toBeInstanceOf(ZarrArray);
      expect(node).toMatchObject({
        path: "/a",
        shape: [4],
        chunkShape: [2],
        shardShape: undefined,
        dataType: "int32",
        fillValue: 7,
        attributes: { n: 1 },
        dimensionNames: ["x"],
      });
      expect(node.store).toBe(store);
    }
    for (const node of [openSync(store), await open(store)]) expect(node).toBeInstanceOf(Group);
    const sharded = createArraySync(new Map(), { ...small, shardShape: [4] });
    expect([sharded.shardShape, sharded.chunkShape, sharded.dimensionNames]).toEqual([[4], [2], undefined]);
  });

  test("a broken document is an error that names its key", () => {
    const store = new Map<string, Uint8Array>();
    const broken = (text: string) => {
      store.set("/a/zarr.json", new TextEncoder().encode(text));
      return syncodecError(() => openSync(store, { path: "a" }));
    };
    createArraySync(store, { ...small, path: "a" });
    const text = textOf(store, "/a/zarr.json");
    for (const document of [
      "",
      "{",
      "[]",
      "null",
      "{}",
      `${text}x`,
      text.replace("[\n    4\n  ]", '["4"]'),
      text.replace('"int32"', '"int33"'),
    ])
      expect(broken(document)).toMatchObject({ name: "MetadataError", key: "/a/zarr.json" });
    expect(broken(text.replace('"name": "bytes"', '"name": "lzma"'))).toMatchObject({
      code: "UNKNOWN_CODEC",
      key: "/a/zarr.json",
    });
    expect(broken(text.replace('"little"', '"middle"')).message).toBe(
      'Invalid codecs[0].configuration.endian in zarr.json (expected "little" or "big"; found "middle"; key /a/zarr.json)',
    );
    store.set("/a/zarr.json", new TextEncoder().encode(text));
    expect(openArraySync(store, { path: "a" }).shape).toEqual([4]);
  });

  test("the asynchronous functions do the same on any store", async () => {
    for (const store of [new Map<string, Uint8Array>(), new MemoryStore(), new LatencyStore(new Map())]) {
      const array = await createArray(store, { ...small, path: "g/a", attributes: { n: 1n } });
      await array.set(null, Int32Array.of(1, 2, 3, 4));
      await expect(createArray(store, { ...small, path: "g/a" })).rejects.toMatchObject({ code: "NODE_EXISTS" });
      await expect(createGroup(store, { path: "g" })).rejects.toMatchObject({ code: "NODE_EXISTS" });
      expect((await (await openArray(store, { path: "g/a" })).get()).data).toEqual(Int32Array.of(1, 2, 3, 4));
      const group = await openGroup(store, { path: "g" });
      expect((await group.members()).map(({ path }) => path)).toEqual(["/g/a"]);
      await group.setAttributes({ a: [1, null] });
      expect((await openGroup(store, { path: "g" })).attributes).toEqual({ a: [1, null] });
      await createArray(store, { ...small, path: "g/a", overwrite: true });
      expect((await (await openArray(store, { path: "g/a" })).get()).data).toEqual(new Int32Array(4));
      await group.delete();
      await expect(openGroup(store, { path: "g" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
      await expect(openArray(store, { path: "g/a" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    }
  });
});

describe("attributes", () => {
  const attributes = {
    big: 9007199254740993n,
    bigger: 2n ** 70n,
    negative: -(2n ** 63n),
    nested: { list: [1, 2.5, "x", null, true, { deep: 18446744073709551615n }] },
    "": 0,
    ["__proto__"]: { polluted: true },
    constructor: "c",
    toString: "t",
    unicode: "ä\u2028😀",
  };

  test("round trip, also large integers and names of Object.prototype", () => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { ...small, path: "a", attributes });
    createGroupSync(store, { path: "g", attributes });
    for (const node of [openSync(store, { path: "a" }), openSync(store, { path: "g" })]) {
      expect(node.attributes).toEqual(attributes);
      expect(Object.keys(node.attributes)).toEqual(Object.keys(attributes));
    }
    expect(textOf(store, "/a/zarr.json")).toContain("9007199254740993");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("setAttributes replaces them and keeps every other field of the document", async () => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { ...small, attributes: { old: 1 }, dimensionNames: ["x"], fillValue: 3 }).setSync([0], 5);
    const document = { ...documentOf(store, "/zarr.json"), extra: { must_understand: false, keep: [1] } };
    put(store, "/zarr.json", document);
    const array = openArraySync(store);
    array.setAttributesSync(attributes);
    expect(array.attributes).toEqual(attributes);
    const { attributes: _, ...rest } = document as Record<string, unknown>;
    expect(documentOf(store, "/zarr.json")).toMatchObject(rest);
    await array.setAttributes({ last: true });
    expect(documentOf(store, "/zarr.json")).toEqual({ ...document, attributes: { last: true } });
    expect(openArraySync(store).getSync([0])).toBe(5);
    expect(() => array.setAttributesSync([1] as never)).toThrow(new TypeError("attributes must be an object"));
    expect(syncodecError(() => array.setAttributesSync({ a: { b: undefined } })).message).toContain('value["a"]["b"]');
    expect(openArraySync(store).attributes).toEqual({ last: true });
  });

  test("what an array gives out is not what it keeps", () => {
    const own = { list: [1] };
    const array = createArraySync(new Map(), { ...small, attributes: own });
    own.list.push(2);
    (array.attributes.list as number[]).push(3);
    expect(array.attributes).toEqual({ list: [1] });
  });
});

describe("deleting", () => {
  test("an array, a group with all in it, and again", () => {
    const store = new Map<string, Uint8Array>();
    const array = createArraySync(store, { ...small, path: "g/a" });
    array.setSync(null, 1);
    createArraySync(store, { ...small, path: "g/b" }).setSync(null, 1);
    array.deleteSync();
    expect([...store.keys()].some((key) => key.startsWith("/g/a/"))).toBe(false);
    array.deleteSync();
    openGroupSync(store, { path: "g" }).deleteSync();
    expect([...store.keys()]).toEqual(["/zarr.json"]);
    openGroupSync(store).deleteSync();
    expect(store.size).toBe(0);
  });

  test("needs a store that lists", async () => {
    const map = new Map<string, Uint8Array>();
    createArraySync(map, small);
    const store: AsyncStore = {
      get: (key) => map.get(key),
      set: (key, value) => void map.set(key, value),
      delete: (key) => map.delete(key),
    };
    const array = await openArray(store);
    await expect(array.delete()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "Cannot delete /: the store cannot list its keys",
    });
    await expect(createArray(store, { ...small, overwrite: true })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(map.has("/zarr.json")).toBe(true);
  });
});

describe("members", () => {
  test("are listed from the store, direct ones only, in order", () => {
    const store = new Map<string, Uint8Array>();
    for (const path of ["g/b", "g/a/deep", "g/ä"]) createArraySync(store, { ...small, path });
    createArraySync(store, { ...small, path: "gg" });
    store.set("/g/b/c/0", new Uint8Array(8));
    store.set("/g/loose", new Uint8Array(1));
    const members = openGroupSync(store, { path: "g" }).membersSync();
    expect(members.map((member) => [member.path, member.constructor.name])).toEqual([
      ["/g/a", "Group"],
      ["/g/b", "ZarrArray"],
      ["/g/ä", "ZarrArray"],
    ]);
    expect(
      openGroupSync(store)
        .membersSync()
        .map(({ path }) => path),
    ).toEqual(["/g", "/gg"]);
    expect(createGroupSync(new Map()).membersSync()).toEqual([]);
  });

  const consolidatedGroup = (store: Map<string, Uint8Array>) => {
    const array = documentOf(store, "/a/zarr.json");
    put(store, "/zarr.json", {
      zarr_format: 3,
      node_type: "group",
      attributes: {},
      consolidated_metadata: {
        kind: "inline",
        must_understand: false,
        metadata: { a: array, g: { zarr_format: 3, node_type: "group" }, "g/b": array },
      },
    });
  };

  test("come from consolidated metadata, also where the store cannot list", async () => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { ...small, path: "a" }).setSync(null, 4);
    createArraySync(store, { ...small, path: "unlisted" });
    consolidatedGroup(store);
    const paths = ["/a", "/g"];
    const members = openGroupSync(store).membersSync();
    expect(members.map(({ path }) => path)).toEqual(paths);
    expect((members[0] as ZarrArray).getSync([0])).toBe(4);
    const readOnly: AsyncStore = { get: (key) => store.get(key) };
    expect((await (await openGroup(readOnly)).members()).map(({ path }) => path)).toEqual(paths);
  });

  test("need one or the other", async () => {
    const store = new Map<string, Uint8Array>();
    createGroupSync(store);
    const readOnly: AsyncStore = { get: (key) => store.get(key) };
    const group = await openGroup(readOnly);
    await expect(group.members()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("the store cannot list its keys and the group has no consolidated metadata"),
    });
  });

  test("attributes of a group keep its consolidated metadata", () => {
    const store = new Map<string, Uint8Array>();
    createArraySync(store, { ...small, path: "a" });
    consolidatedGroup(store);
    openGroupSync(store).setAttributesSync({ a: 1 });
    expect(openGroupSync(store).membersSync()).toHaveLength(2);
  });
});
