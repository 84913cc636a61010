/** Nodes of Zarr v2: options of createArray, opening, listing, changing, deleting, consolidated metadata. */

import { beforeAll, describe, expect, test } from "vitest";
import {
  type AsyncStore,
  type CreateArrayOptions,
  createArray,
  createArraySync,
  createGroup,
  createGroupSync,
  type DataTypeName,
  type Group,
  init,
  LatencyStore,
  MemoryStore,
  open,
  openArray,
  openArraySync,
  openGroup,
  openGroupSync,
  openSync,
  registerCodec,
  slice,
  ZarrArray,
} from "../../src/index.js";
import { syncodecError } from "../codecs/support.js";
import { RecordingStore, summarize } from "../support/recording_store.js";

beforeAll(() => init());

type Documents = Map<string, Uint8Array>;

const small = { shape: [4], chunkShape: [2], dataType: "int32", zarrFormat: 2 } as const;
const textOf = (store: Documents, key: string): string => new TextDecoder().decode(store.get(key));
const documentOf = (store: Documents, key: string) => JSON.parse(textOf(store, key));
const put = (store: Documents, key: string, document: unknown) =>
  store.set(key, new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document)));

/** The document of an array made with `options`. */
function created(options: Partial<CreateArrayOptions<DataTypeName>>) {
  const store: Documents = new Map();
  createArraySync(store, { ...small, ...options });
  return documentOf(store, "/.zarray");
}

describe("createArray", () => {
  test("writes what zarr-python 3 writes", () => {
    const store: Documents = new Map();
    createArraySync(store, { ...small, path: "a/b" });
    expect([...store.keys()].sort()).toEqual(["/.zgroup", "/a/.zgroup", "/a/b/.zarray", "/a/b/.zattrs"]);
    expect(documentOf(store, "/a/.zgroup")).toEqual({ zarr_format: 2 });
    expect(textOf(store, "/a/b/.zattrs")).toBe("{}");
    expect(textOf(store, "/a/b/.zarray").replaceAll(/\s+/g, "")).toBe(
      '{"shape":[4],"chunks":[2],"dtype":"<i4","fill_value":0,"order":"C","filters":null,' +
        '"dimension_separator":".","compressor":null,"zarr_format":2}',
    );
  });

  test.each([
    ["bool", "|b1", false],
    ["int8", "|i1", 0],
    ["uint16", "<u2", 0],
    ["int64", "<i8", 0],
    ["float16", "<f2", 0],
    ["float64", "<f8", 0],
    ["complex64", "<c8", [0, 0]],
    ["string", "|O", ""],
    ["bytes", "|O", ""],
    ["json", "|O", null],
  ] as const)("%s is %s", (dataType, dtype, fill) => {
    expect(created({ dataType })).toMatchObject({ dtype, fill_value: fill });
  });

  test.each([
    ["null_terminated_bytes", { length_bytes: 3 }, "|S3", ""],
    ["raw_bytes", { length_bytes: 3 }, "|V3", "AAAA"],
    ["fixed_length_utf32", { length_bytes: 12 }, ">U3", ""],
    ["numpy.datetime64", { unit: "ms", scale_factor: 1 }, ">M8[ms]", 0],
    ["numpy.timedelta64", { unit: "generic", scale_factor: 1 }, ">m8", 0],
    ["struct", { fields: [{ name: "a", data_type: "int16" }] }, [["a", ">i2"]], "AAA="],
  ] as const)("%s, big-endian", (name, configuration, dtype, fill) => {
    const serializer = { name: "bytes", configuration: { endian: "big" } };
    expect(created({ dataType: { name, configuration }, serializer })).toMatchObject({ dtype, fill_value: fill });
  });

  test.each([
    [{ fillValue: null }, null],
    [{ fillValue: 7 }, 7],
    [{ dataType: "float32", fillValue: "NaN" }, "NaN"],
    [{ dataType: "float32", fillValue: Number.NEGATIVE_INFINITY }, "-Infinity"],
    [{ dataType: "complex64", fillValue: [1, Number.NaN] }, [1, "NaN"]],
    [{ dataType: "string", fillValue: "ü" }, "ü"],
    [{ dataType: "bytes", fillValue: Uint8Array.of(1) }, "AQ=="],
    [{ dataType: "json", fillValue: { a: [1] } }, { a: [1] }],
  ] as const)("fill value %j", (options, fill) => {
    expect(created(options as Partial<CreateArrayOptions<DataTypeName>>).fill_value).toEqual(fill);
  });

  test("separators and orders", () => {
    expect(created({ chunkKeyEncoding: { name: "v2" } }).dimension_separator).toBe(".");
    expect(created({ chunkKeyEncoding: { name: "v2", separator: "/" } }).dimension_separator).toBe("/");
    expect(created({ memoryLayout: "F" }).order).toBe("F");
    const store: Documents = new Map();
    const options = { ...small, shape: [3, 2], chunkShape: [3, 2], dataType: "uint8", memoryLayout: "F" } as const;
    createArraySync(store, options).setSync(null, Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect([...(store.get("/0.0") ?? [])]).toEqual([1, 3, 5, 2, 4, 6]);
  });

  const zlib = (level = 1) => ({ id: "zlib", level });

  test.each<[string, Partial<CreateArrayOptions<DataTypeName>>, unknown[] | null, unknown]>([
    ["a name of numcodecs", { compressors: ["zlib"] }, null, zlib()],
    ["with its prefix", { compressors: ["numcodecs.zlib"] }, null, zlib()],
    ["a codec of v3", { compressors: ["zstd"] }, null, { id: "zstd", level: 0 }],
    [
      "with a checksum",
      { compressors: [{ name: "zstd", configuration: { level: 3, checksum: true } }] },
      null,
      { id: "zstd", level: 3, checksum: true },
    ],
    [
      "its configuration",
      { compressors: [{ name: "blosc", configuration: { cname: "zstd", shuffle: "bitshuffle", typesize: 4 } }] },
      null,
      { id: "blosc", cname: "zstd", shuffle: 2, clevel: 5, blocksize: 0 },
    ],
    ["blosc", { compressors: ["blosc"] }, null, { id: "blosc", cname: "lz4", clevel: 5, shuffle: 1, blocksize: 0 }],
    ["filters of bytes", { filters: ["shuffle", "crc32"] }, [{ id: "shuffle", elementsize: 4 }, { id: "crc32" }], null],
    [
      "filters of arrays",
      { filters: ["delta", "crc32c"], compressors: ["gzip"] },
      [{ id: "delta", dtype: "<i4" }, { id: "crc32c" }],
      expect.objectContaining({ id: "gzip" }),
    ],
    [
      "filters that change the type",
      { filters: [{ name: "delta", configuration: { astype: "<i2" } }, "delta"] },
      [
        { id: "delta", dtype: "<i4", astype: "<i2" },
        { id: "delta", dtype: "<i2" },
      ],
      null,
    ],
    [
      "big-endian filters",
      {
        filters: [{ name: "delta", configuration: { dtype: ">i4", astype: "int16" } }],
        serializer: { name: "bytes", configuration: { endian: "big" } },
      },
      [{ id: "delta", dtype: ">i4", astype: ">i2" }],
      null,
    ],
    [
      "packbits, whose array is one of bytes",
      { dataType: "bool", filters: ["packbits", "delta"] },
      [{ id: "packbits" }, { id: "delta", dtype: "|u1" }],
      null,
    ],
    [
      "codecs, of which the last is the compressor",
      { codecs: ["bytes", "shuffle", "zlib"] },
      [{ id: "shuffle", elementsize: 4 }],
      zlib(),
    ],
    ["codecs without a compressor", { codecs: ["delta", "bytes"] }, [{ id: "delta", dtype: "<i4" }], null],
    ["strings", { dataType: "string", compressors: ["zlib"] }, [{ id: "vlen-utf8" }], zlib()],
    ["strings with a filter", { dataType: "string", filters: ["crc32"] }, [{ id: "vlen-utf8" }, { id: "crc32" }], null],
    [
      "the filter of objects as serializer",
      { dataType: "bytes", serializer: "vlen-bytes" },
      [{ id: "vlen-bytes" }],
      null,
    ],
    [
      "or as filter",
      { dataType: "string", filters: ["vlen-utf8", "crc32"] },
      [{ id: "vlen-utf8" }, { id: "crc32" }],
      null,
    ],
    ["any JSON", { dataType: "json" }, [{ id: "json2" }], null],
  ])("%s", (_, options, filters, compressor) => {
    const document = created(options);
    expect(document.filters).toEqual(filters);
    expect(document.compressor).toEqual(compressor);
  });

  test("a transpose of all axes is order F", () => {
    const transpose = { name: "transpose", configuration: { order: [2, 1, 0] } };
    const options = { shape: [2, 2, 2], chunkShape: [2, 2, 2] };
    expect(created({ ...options, codecs: [transpose, "bytes"] })).toMatchObject({ order: "F", filters: null });
    expect(created({ ...options, filters: [transpose, "delta"] }).order).toBe("F");
    for (const bad of [
      { codecs: [{ name: "transpose", configuration: { order: [1, 2, 0] } }, "bytes"] },
      { codecs: ["delta", transpose, "bytes"] },
      { codecs: [transpose, transpose, "bytes"] },
    ])
      expect(syncodecError(() => created({ ...options, ...bad })).message).toContain(
        "Unsupported transpose in Zarr v2",
      );
    expect(syncodecError(() => created({ ...options, filters: [transpose], memoryLayout: "C" })).message).toBe(
      "Pass either memoryLayout or the codec transpose",
    );
  });

  test.each<[Partial<CreateArrayOptions<DataTypeName>>, string]>([
    [{ shardShape: [4] }, "Zarr v2 has no shards"],
    [{ shardGrid: [[4]] }, "Zarr v2 has no shards"],
    [{ indexLocation: "end" }, "Zarr v2 has no shards"],
    [{ chunkGrid: [[1, 3]] }, "Zarr v2 has chunks of one shape: pass chunkShape instead of chunkGrid"],
    [{ codecs: [{ name: "sharding_indexed", configuration: { chunk_shape: [2] } }] }, "Zarr v2 has no shards"],
    [
      { dimensionNames: ["x"] },
      "Zarr v2 has no dimension names (expected none, or attributes by a convention of your own",
    ],
    [
      { chunkKeyEncoding: { name: "default" } },
      'Invalid chunkKeyEncoding for Zarr v2 (expected "v2"; found "default")',
    ],
    [{ compressors: ["zlib", "crc32"] }, "Zarr v2 has one compressor: pass the others as filters (found 2)"],
    [{ codecs: ["bytes"], compressors: [] }, "Pass either codecs, or filters, serializer and compressors"],
    [{ memoryLayout: "A" as "C" }, 'Invalid order in .zarray (expected "C" or "F"; found "A"'],
    [{ zarrFormat: 1 as 2 }, "Invalid option zarrFormat (expected 2 or 3; found 1)"],
    [{ zarrFormat: 3, memoryLayout: "F" }, "memoryLayout is only for zarrFormat 2"],
    [{ dataType: "bfloat16" }, "Unsupported data type bfloat16 in Zarr v2: dtype"],
    [{ dataType: "float32", fillValue: "0x7fc00001" }, "Unsupported fill value 0x7fc00001 in Zarr v2: fill_value"],
    [
      { filters: ["cast_value"] },
      'Unsupported codec "cast_value" in Zarr v2: filters[0].configuration (expected one of numcodecs',
    ],
    [{ serializer: { name: "bytes", configuration: { endian: "middle" } } }, "Invalid serializer.configuration.endian"],
    [{ compressors: ["bz2"] }, 'Unknown codec "numcodecs.bz2"'],
    [{ shape: [4.5] }, "Invalid shape[0] in .zarray (expected an integer >= 0; found 4.5"],
    [{ chunkShape: [2, 2] }, "Invalid chunks in .zarray (expected length 1, the rank of shape; found 2"],
    [{ path: "a/.b" }, 'Invalid path "/a/.b" in Zarr v2 (expected no segments beginning with a dot)'],
    [{ path: ".zarray" }, 'Invalid path ".zarray" (expected no segment ".zarray"'],
    [{ filters: ["shuffle", "delta"] }, 'Invalid filters: codec "numcodecs.delta" is out of place'],
    [
      { filters: [{ name: "delta", configuration: { dtype: ">i4" } }] },
      'Unsupported filter "delta" of big-endian items behind little-endian ones: filters[0]',
    ],
    [{ filters: [{ name: "delta", configuration: { dtype: "<i2" } }] }, "Invalid filters[0].dtype in .zarray"],
    [{ compressors: [{ name: "zlib", configuration: { level: 11 } }] }, "Invalid compressor.level in .zarray"],
  ])("refuses %j", (options, message) => {
    const store: Documents = new Map();
    expect(syncodecError(() => createArraySync(store, { ...small, ...options })).message).toContain(message);
    expect(store.size).toBe(0);
  });

  test("codecs that users registered, under an id or with its prefix", () => {
    const flipped = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 255);
    const fromConfig = () => ({ encodeSync: flipped, decodeSync: flipped });
    for (const name of ["flip", "numcodecs.flip"]) {
      const remove = registerCodec({ name, kind: "bytes_to_bytes", fromConfig });
      const store: Documents = new Map();
      createArraySync(store, { ...small, dataType: "uint8", compressors: ["flip"] }).setSync(null, 1);
      expect(documentOf(store, "/.zarray").compressor).toEqual({ id: "flip" });
      expect([...(store.get("/0") ?? [])]).toEqual([254, 254]);
      expect(openArraySync(store).getSync([0])).toBe(1);
      remove();
      expect(syncodecError(() => openArraySync(store)).message).toContain('Unknown codec "numcodecs.flip"');
    }
  });
});

describe("a fill value of null", () => {
  const options = { ...small, fillValue: null } as const;

  test("reads as zero", () => {
    const array = createArraySync(new Map(), options);
    expect(array.fillValue).toBe(0);
    expect(array.metadata.hasNullFill).toBe(true);
    expect(array.getSync().data).toEqual(new Int32Array(4));
    expect(createArraySync(new Map(), { ...options, dataType: "string" }).getSync([0])).toBe("");
  });

  test("an empty chunk is stored, and is not deleted", async () => {
    const store: Documents = new Map();
    const array = createArraySync(store, options);
    array.setSync([slice(0, 2)], 0);
    expect([...store.keys()]).toEqual(["/.zarray", "/.zattrs", "/0"]);
    array.setSync([slice(2, 4)], 1);
    array.setSync([slice(2, 4)], 0);
    expect(store.has("/1")).toBe(true);
    const again = await openArray(store, { writeEmptyChunks: false, pipeline: "batched" });
    await again.set(null, 0);
    expect([store.has("/0"), store.has("/1")]).toEqual([true, true]);
    array.resizeSync([2]);
    expect(store.has("/1")).toBe(false);
  });

  test("with any other, an empty chunk goes", () => {
    const store: Documents = new Map();
    const array = createArraySync(store, small);
    array.setSync(null, 1);
    array.setSync(null, 0);
    expect([...store.keys()]).toEqual(["/.zarray", "/.zattrs"]);
  });
});

describe("opening", () => {
  test("v3 wins, either can be asked for", async () => {
    const store: Documents = new Map();
    createArraySync(store, { ...small, fillValue: 2 });
    const v2 = new Map(store);
    const v3: Documents = new Map();
    createArraySync(v3, { ...small, zarrFormat: 3, fillValue: 3 });
    const both = new Map([...v2, ...v3]);
    expect(openArraySync(both).fillValue).toBe(3);
    expect(openArraySync(both, { zarrFormat: 3 }).fillValue).toBe(3);
    expect(openArraySync(both, { zarrFormat: 2 }).fillValue).toBe(2);
    expect((await openArray(both, { zarrFormat: 2 })).fillValue).toBe(2);
    expect((await open(v2)) instanceof ZarrArray).toBe(true);
    expect(syncodecError(() => openArraySync(v2, { zarrFormat: 3 })).message).toBe(
      "No Zarr v3 node at / (expected zarr.json under /)",
    );
    expect(syncodecError(() => openSync(v3, { zarrFormat: 2 })).message).toBe(
      "No Zarr v2 node at / (expected .zarray or .zgroup under /)",
    );
    expect(syncodecError(() => openSync(new Map(), { path: "a" })).message).toBe(
      "No Zarr node at /a (expected zarr.json, .zarray or .zgroup under /a/)",
    );
    expect(syncodecError(() => openSync(v3, { zarrFormat: 4 as 3 })).message).toContain("Invalid option zarrFormat");
  });

  test("takes one request for v3, and another for v2", () => {
    const store = new RecordingStore();
    createArraySync(store, { ...small, path: "v2" });
    createArraySync(store, { ...small, path: "v3", zarrFormat: 3 });
    store.take();
    openArraySync(store, { path: "v3" });
    expect(summarize(store.take())).toEqual(["get /v3/zarr.json"]);
    openArraySync(store, { path: "v2", zarrFormat: 2 });
    const documents = [".zarray", ".zgroup", ".zattrs", ".zmetadata"].map((name) => `get /v2/${name}`);
    expect(summarize(store.take())).toEqual(documents);
    openArraySync(store, { path: "v2" });
    expect(summarize(store.take())).toEqual(["get /v2/zarr.json", ...documents]);
  });

  test("documents with Python's words", () => {
    const store: Documents = new Map();
    createArraySync(store, { ...small, dataType: "float32" });
    put(store, "/.zarray", textOf(store, "/.zarray").replace('"fill_value": 0', '"fill_value": NaN'));
    put(store, "/.zattrs", '{"missing": NaN, "range": [-Infinity, Infinity]}');
    const array = openArraySync(store);
    expect(array.fillValue).toBe(Number.NaN);
    expect(array.attributes).toEqual({ missing: Number.NaN, range: [-Infinity, Infinity] });
    array.setAttributesSync({ ...array.attributes, more: 1 });
    expect(textOf(store, "/.zattrs").replaceAll(/\s+/g, "")).toBe(
      '{"missing":NaN,"range":[-Infinity,Infinity],"more":1}',
    );
    array.resizeSync([5]);
    expect(textOf(store, "/.zarray")).toContain('"fill_value": NaN');
    const v3 = createArraySync(new Map(), { ...small, zarrFormat: 3 });
    expect(() => v3.setAttributesSync({ a: Number.NaN })).toThrow("a finite number");
  });

  test("an error names its document", () => {
    const store: Documents = new Map();
    createArraySync(store, { ...small, path: "a" });
    put(store, "/a/.zattrs", "{");
    expect(syncodecError(() => openArraySync(store, { path: "a" })).key).toBe("/a/.zattrs");
    put(store, "/a/.zattrs", "{}");
    put(store, "/a/.zarray", { ...documentOf(store, "/a/.zarray"), compressor: { id: "lzma" } });
    expect(syncodecError(() => openArraySync(store, { path: "a" }))).toMatchObject({
      code: "UNKNOWN_CODEC",
      key: "/a/.zarray",
      message: expect.stringContaining('Unknown codec "numcodecs.lzma"'),
    });
  });
});

describe("changes", () => {
  test("touch one document each, and keep what they do not know", () => {
    const store: Documents = new Map();
    createArraySync(store, { ...small, attributes: { old: 1 } }).setSync(null, 3);
    put(store, "/.zarray", { ...documentOf(store, "/.zarray"), note: { by: "another" } });
    const array = openArraySync(store);
    const before = new Map(store);
    array.setAttributesSync({ fresh: 2 });
    expect(documentOf(store, "/.zattrs")).toEqual({ fresh: 2 });
    expect(store.get("/.zarray")).toBe(before.get("/.zarray"));
    const attributes = store.get("/.zattrs");
    array.resizeSync([5]);
    expect(documentOf(store, "/.zarray")).toEqual({ ...documentOf(before, "/.zarray"), shape: [5] });
    expect(store.get("/.zattrs")).toBe(attributes);
    array.appendSync({ data: Int32Array.of(7), shape: [1], stride: [1] });
    expect([...openArraySync<"int32">(store).getSync().data]).toEqual([3, 3, 3, 3, 0, 7]);
    expect(array.attributes).toEqual({ fresh: 2 });
  });

  test("overwriting removes the documents of either format", () => {
    const store: Documents = new Map();
    createGroupSync(store, { path: "a", zarrFormat: 2, attributes: { n: 1 } });
    createArraySync(store, { ...small, path: "a/b" }).setSync(null, 1);
    expect(syncodecError(() => createArraySync(store, { ...small, path: "a", zarrFormat: 3 }))).toMatchObject({
      code: "NODE_EXISTS",
      key: "/a/.zgroup",
    });
    createArraySync(store, { ...small, path: "a", zarrFormat: 3, overwrite: true });
    expect([...store.keys()].sort()).toEqual(["/.zgroup", "/a/zarr.json"]);
    expect(syncodecError(() => createGroupSync(store, { path: "a", zarrFormat: 2 })).code).toBe("NODE_EXISTS");
    createArraySync(store, { ...small, path: "a", overwrite: true });
    expect([...store.keys()].sort()).toEqual(["/.zgroup", "/a/.zarray", "/a/.zattrs"]);
  });

  test("nothing below an array of either format", () => {
    const store: Documents = new Map();
    createArraySync(store, { ...small, path: "a" });
    for (const zarrFormat of [2, 3] as const)
      expect(syncodecError(() => createGroupSync(store, { path: "a/b", zarrFormat }))).toMatchObject({
        code: "NODE_EXISTS",
        key: "/a/.zarray",
        message: expect.stringContaining("/a is an array and cannot contain /a/b"),
      });
  });

  test("groups of the other format are parents too, and stay as they are", () => {
    const store: Documents = new Map();
    createGroupSync(store, { path: "v3", attributes: { n: 3 } });
    createArraySync(store, { ...small, path: "v3/x/y" });
    createGroupSync(store, { path: "v2", zarrFormat: 2, attributes: { n: 2 } });
    createArraySync(store, { ...small, path: "v2/z", zarrFormat: 3 });
    expect([...store.keys()].sort()).toEqual([
      "/v2/.zattrs",
      "/v2/.zgroup",
      "/v2/z/zarr.json",
      "/v3/x/.zgroup",
      "/v3/x/y/.zarray",
      "/v3/x/y/.zattrs",
      "/v3/zarr.json",
      "/zarr.json",
    ]);
  });

  test("deleting takes the documents first", () => {
    const store = new RecordingStore();
    const array = createArraySync(store, { ...small, path: "a" });
    array.setSync(null, 1);
    store.take();
    array.deleteSync();
    const deleted = summarize(store.take()).filter((request) => request.startsWith("delete"));
    expect(deleted[0]).toBe("delete /a/.zarray");
    expect(deleted.slice(1).sort()).toEqual(["delete /a/.zattrs", "delete /a/0", "delete /a/1"]);
  });

  test("the asynchronous functions do the same on any store", async () => {
    for (const store of [new Map<string, Uint8Array>(), new MemoryStore(), new LatencyStore(new Map())]) {
      const array = await createArray(store, { ...small, path: "g/a", attributes: { n: 1n } });
      await array.set(null, Int32Array.of(1, 2, 3, 4));
      await expect(createArray(store, { ...small, path: "g/a" })).rejects.toMatchObject({ code: "NODE_EXISTS" });
      expect((await (await openArray(store, { path: "g/a" })).get()).data).toEqual(Int32Array.of(1, 2, 3, 4));
      const group = await openGroup(store, { path: "g" });
      expect((await group.members()).map(({ path }) => path)).toEqual(["/g/a"]);
      await group.setAttributes({ a: [1, null] });
      expect((await openGroup(store, { path: "g", zarrFormat: 2 })).attributes).toEqual({ a: [1, null] });
      await group.consolidateMetadata();
      expect((await (await openGroup(store, { path: "g" })).members()).map(({ path }) => path)).toEqual(["/g/a"]);
      await createGroup(store, { path: "g", zarrFormat: 2, overwrite: true });
      expect(await (await openGroup(store, { path: "g" })).members()).toEqual([]);
      await group.delete();
      await expect(openGroup(store, { path: "g" })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    }
  });
});

describe("members", () => {
  test("of both formats alike, of one if the group was opened with it", () => {
    const store: Documents = new Map();
    createGroupSync(store, { zarrFormat: 2 });
    createArraySync(store, { ...small, path: "a", chunkKeyEncoding: { name: "v2", separator: "/" } }).setSync(null, 1);
    createGroupSync(store, { path: "b", zarrFormat: 2, attributes: { n: 1 } });
    createArraySync(store, { ...small, path: "b/deep" });
    createArraySync(store, { ...small, path: "c", zarrFormat: 3 });
    createArraySync(store, { ...small, path: "both", fillValue: 2 });
    put(store, "/both/zarr.json", textOf(store, "/c/zarr.json"));
    put(store, "/.hidden/.zarray", textOf(store, "/a/.zarray"));
    put(store, "/loose/.zattrs", "{}");
    const listed = (group: Group) =>
      group.membersSync().map((member) => [member.path, member.constructor.name, member.metadata.zarrFormat]);
    expect(listed(openGroupSync(store))).toEqual([
      ["/a", "ZarrArray", 2],
      ["/b", "Group", 2],
      ["/both", "ZarrArray", 3],
      ["/c", "ZarrArray", 3],
    ]);
    const own = openGroupSync(store, { zarrFormat: 2 });
    expect(listed(own)).toEqual([
      ["/a", "ZarrArray", 2],
      ["/b", "Group", 2],
      ["/both", "ZarrArray", 2],
    ]);
    const inner = own.membersSync()[1] as Group;
    expect([inner.attributes, listed(inner)]).toEqual([{ n: 1 }, [["/b/deep", "ZarrArray", 2]]]);
  });
});

describe.each([2, 3] as const)("consolidated metadata of Zarr v%i", (zarrFormat) => {
  function tree(): Documents {
    const store: Documents = new Map();
    createGroupSync(store, { zarrFormat, attributes: { title: "root" } });
    createArraySync(store, { ...small, zarrFormat, path: "a/b/c", attributes: { n: 1 } }).setSync(null, 5);
    createArraySync(store, { ...small, zarrFormat, path: "x" });
    createGroupSync(store, { zarrFormat, path: "a/empty" });
    return store;
  }
  const paths = async (group: Group) => (await group.members()).map(({ path }) => path);
  const unlisted = (store: Documents): AsyncStore => ({ get: (key) => store.get(key) });

  test("gives all members without a listing, to any depth", async () => {
    const store = tree();
    const group = openGroupSync(store);
    group.consolidateMetadataSync();
    for (const root of [group, await openGroup(unlisted(store))]) {
      expect(root.attributes).toEqual({ title: "root" });
      expect(await paths(root)).toEqual(["/a", "/x"]);
      const a = (await root.members())[0] as Group;
      expect(await paths(a)).toEqual(["/a/b", "/a/empty"]);
      const [b, empty] = (await a.members()) as Group[];
      expect(await paths(b!)).toEqual(["/a/b/c"]);
      expect(await paths(empty!)).toEqual([]);
      const c = (await b!.members())[0] as ZarrArray;
      expect([c.attributes, (await c.get([3])) as unknown]).toEqual([{ n: 1 }, 5]);
    }
  });

  test("of a group below the root", async () => {
    const store = tree();
    openGroupSync(store, { path: "a" }).consolidateMetadataSync();
    expect(await paths(await openGroup(unlisted(store), { path: "a" }))).toEqual(["/a/b", "/a/empty"]);
    await expect(openGroup(unlisted(store)).then(paths)).rejects.toThrow("no consolidated metadata");
  });

  test("is not kept up to date, and replaced by the next one", () => {
    const store = tree();
    const group = openGroupSync(store);
    group.consolidateMetadataSync();
    createArraySync(store, { ...small, zarrFormat, path: "later" });
    expect(openGroupSync(store).membersSync()).toHaveLength(2);
    group.setAttributesSync({ title: "changed" });
    expect(openGroupSync(store).attributes).toEqual({ title: "changed" });
    expect(openGroupSync(store).membersSync()).toHaveLength(2);
    group.consolidateMetadataSync();
    expect(openGroupSync(store).membersSync()).toHaveLength(3);
    expect(openGroupSync(store).attributes).toEqual({ title: "changed" });
  });

  test("leaves out the other format, and what lies below an array", () => {
    const store = tree();
    createArraySync(store, { ...small, zarrFormat: zarrFormat === 2 ? 3 : 2, path: "other" });
    const [document] = zarrFormat === 2 ? [".zarray"] : ["zarr.json"];
    put(store, `/x/inside/${document}`, textOf(store, `/x/${document}`));
    const group = openGroupSync(store);
    group.consolidateMetadataSync();
    expect([...(group.metadata.consolidated?.keys() ?? [])]).toEqual(["/a", "/x", "/a/b", "/a/empty", "/a/b/c"]);
  });

  test("an array that cannot be read is copied like the others", () => {
    const store = tree();
    const key = zarrFormat === 2 ? "/x/.zarray" : "/x/zarr.json";
    put(store, key, textOf(store, key).replace(/"(<i4|int32)"/, '"strange"'));
    const group = openGroupSync(store);
    group.consolidateMetadataSync();
    expect(group.metadata.consolidated?.has("/x")).toBe(true);
    expect(syncodecError(() => group.membersSync()).message).toContain('"strange"');
  });

  test("attributes of a member do not write that it has no members", async () => {
    const store = tree();
    const group = openGroupSync(store);
    group.consolidateMetadataSync();
    const a = group.membersSync()[0] as Group;
    a.setAttributesSync({ n: 7 });
    const later = openGroupSync(store, { path: "a" });
    expect([later.attributes, await paths(later)]).toEqual([{ n: 7 }, ["/a/b", "/a/empty"]]);
  });

  test("needs a store that lists", async () => {
    const store = tree();
    const group = await openGroup(unlisted(store));
    await expect(group.consolidateMetadata()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "Cannot consolidate /: the store cannot list its keys",
    });
  });
});

test("what consolidateMetadata writes", () => {
  const v2: Documents = new Map();
  createArraySync(v2, { ...small, path: "g/a", attributes: { n: 1 } });
  const own = documentOf(v2, "/g/a/.zarray");
  openGroupSync(v2).consolidateMetadataSync();
  expect(documentOf(v2, "/.zmetadata")).toEqual({
    metadata: {
      ".zgroup": { zarr_format: 2 },
      ".zattrs": {},
      "g/.zgroup": { zarr_format: 2 },
      "g/a/.zarray": own,
      "g/a/.zattrs": { n: 1 },
    },
    zarr_consolidated_format: 1,
  });
  expect(textOf(v2, "/.zmetadata")).not.toContain("\n");
  const v3: Documents = new Map();
  createArraySync(v3, { ...small, zarrFormat: 3, path: "g/a" });
  const array = documentOf(v3, "/g/a/zarr.json");
  const none = { kind: "inline", must_understand: false, metadata: {} };
  openGroupSync(v3).consolidateMetadataSync();
  expect(documentOf(v3, "/zarr.json")).toEqual({
    zarr_format: 3,
    node_type: "group",
    attributes: {},
    consolidated_metadata: {
      kind: "inline",
      must_understand: false,
      metadata: {
        g: { zarr_format: 3, node_type: "group", attributes: {}, consolidated_metadata: none },
        "g/a": array,
      },
    },
  });
});
