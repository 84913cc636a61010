/** Codecs that users register, synchronous and not, anywhere in a chain; and those of numcodecs.js. */

import { afterEach, describe, expect, test } from "vitest";
import {
  type CodecChunk,
  type CodecEntry,
  createArray,
  createArraySync,
  createCodecPipeline,
  type DataTypeOption,
  MemoryStore,
  openArray,
  openArraySync,
  registerCodec,
  slice,
  type ZarrArray,
} from "../../src/index.js";
import { fromNumcodecs } from "../../src/numcodecs.js";

const removals: (() => void)[] = [];
const register = (entry: CodecEntry, options?: { replace: boolean }): void =>
  void removals.push(registerCodec(entry, options));
afterEach(() => {
  for (const remove of removals.splice(0).reverse()) remove();
});

const invert = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);
const addOne = ({ data, shape, stride }: CodecChunk, step: number): CodecChunk => ({
  data: Int16Array.from(data as Int16Array, (value) => value + step),
  shape,
  stride,
});

const asyncBytes: CodecEntry = {
  name: "test.invert_later",
  kind: "bytes_to_bytes",
  fromConfig: () => ({
    encode: async (bytes) => invert(bytes),
    decode: async (bytes) => invert(bytes),
    computeEncodedSize: (bytes) => bytes,
  }),
};
const syncBytes: CodecEntry = {
  name: "test.invert",
  kind: "bytes_to_bytes",
  fromConfig: () => ({ encodeSync: invert, decodeSync: invert, computeEncodedSize: (bytes) => bytes }),
};
const syncArray: CodecEntry = {
  name: "test.add",
  kind: "array_to_array",
  fromConfig: (configuration) => {
    const step = (configuration as { step: number }).step;
    return { encodeSync: (chunk) => addOne(chunk, step), decodeSync: (chunk) => addOne(chunk, -step) };
  },
};
const asyncSerializer: CodecEntry = {
  name: "test.serializer",
  kind: "array_to_bytes",
  fromConfig: (_, { dataType, shape }) => ({
    encode: async ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    async decode(bytes) {
      expect(dataType).toBe("int16");
      return { data: new Int16Array(bytes.slice().buffer), shape: [...shape!], stride: [shape![1]!, 1] };
    },
  }),
};

const data = Int16Array.from({ length: 60 }, (_, i) => i * 7 - 100);

const asyncIdentity: CodecEntry = {
  name: "test.identity",
  kind: "array_to_array",
  fromConfig: () => ({
    encode: async ({ data, shape, stride }) => ({ data: data.slice(), shape, stride }),
    decode: async (chunk) => chunk,
  }),
};

test("elements of several entries come as they are; what has no typed array is refused", async () => {
  register(asyncIdentity);
  const create = (dataType: DataTypeOption) =>
    createArray(new MemoryStore(), { shape: [3], chunkShape: [2], dataType, filters: ["test.identity"] });
  const array = (await create("complex64")) as ZarrArray<"complex64">;
  await array.set(null, Float32Array.of(1, 2, 3, 4, 5, 6));
  expect((await array.get()).data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  const fields = [{ name: "x", data_type: "int8" }];
  for (const option of [
    { name: "struct", configuration: { fields } },
    { name: "fixed_length_utf32", configuration: { length_bytes: 4 } },
  ] as const) {
    await expect(create(option)).rejects.toThrow(`Unsupported data type ${option.name} for codec "test.identity"`);
  }
});

test("a synchronous codec makes a synchronous chain", () => {
  register(syncBytes);
  register(syncArray);
  const store = new MemoryStore();
  const codecs = [{ name: "test.add", configuration: { step: 3 } }, "bytes", "test.invert", "crc32c"];
  const array = createArraySync(store, { shape: [6, 10], chunkShape: [4, 4], dataType: "int16", codecs });
  array.setSync(null, data);
  array.setSync([2, slice(1, 9, 3)], -1);
  const expected = data.slice();
  for (const column of [1, 4, 7]) expected[2 * 10 + column] = -1;
  expect(openArraySync(store).getSync().data).toEqual(expected);
  expect(createCodecPipeline({ shape: [4], dataType: "int16", codecs }).isSync).toBe(true);
});

describe.each([
  ["bytes-to-bytes, unsharded", { compressors: ["test.invert_later", "crc32c"] }],
  ["array-to-bytes, unsharded", { serializer: "test.serializer" }],
  ["in the inner chain", { shardShape: [4, 6], compressors: ["gzip", "test.invert_later"] }],
  ["in the index chain", { shardShape: [4, 6], indexCodecs: ["bytes", "test.invert_later", "crc32c"] }],
] as const)("an asynchronous codec %s", (_, layout) => {
  test("falls to the batched driver, and says so to synchronous calls", async () => {
    register(asyncBytes);
    register(asyncSerializer);
    const store = new MemoryStore();
    const array = await createArray(store, { shape: [6, 10], chunkShape: [2, 3], dataType: "int16", ...layout });
    await array.set(null, data);
    await array.set([slice(1, 5), 4], 9);
    const expected = data.slice();
    for (const row of [1, 2, 3, 4]) expected[row * 10 + 4] = 9;
    const reopened = await openArray(store);
    expect((await reopened.get()).data).toEqual(expected);
    expect(await reopened.get([3, 4])).toBe(9);
    expect(() => reopened.getSync()).toThrow(expect.objectContaining({ code: "NOT_SYNCHRONOUS" }));
  });
});

test("a failing codec is an error about the data, with the place", async () => {
  register({
    ...asyncBytes,
    fromConfig: () => ({
      encode: async (bytes: Uint8Array) => bytes,
      decode: () => Promise.reject(new Error("broken")),
    }),
  });
  const array = await createArray(new MemoryStore(), {
    shape: [4],
    chunkShape: [2],
    dataType: "int16",
    compressors: ["test.invert_later"],
  });
  await array.set(null, 5);
  await expect(array.get()).rejects.toMatchObject({ code: "CORRUPT_DATA", codec: "test.invert_later", key: "/c/0" });
});

test("names are taken once, and given back", () => {
  register(syncBytes);
  expect(() => registerCodec(syncBytes)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(() => registerCodec({ ...syncBytes, name: "gzip" })).toThrow(/exists/);
  const remove = registerCodec({ ...syncBytes, name: "gzip" }, { replace: true });
  const pipeline = createCodecPipeline({ shape: [2], dataType: "uint8", codecs: ["bytes", "gzip"] });
  expect(pipeline.encodeSync(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(254, 253));
  remove();
  expect(
    createCodecPipeline({ shape: [2], dataType: "uint8", codecs: ["bytes", "gzip"] }).encodeSync(Uint8Array.of(1, 2))!
      .length,
  ).toBeGreaterThan(18);
});

test("blosc of numcodecs.js, in place of the built-in one", async () => {
  register(
    fromNumcodecs("blosc", () => import("numcodecs/blosc")),
    { replace: true },
  );
  const store = new MemoryStore();
  const configuration = { cname: "lz4", clevel: 5, shuffle: "shuffle", typesize: 2, blocksize: 0 };
  const array = await createArray(store, {
    shape: [60],
    chunkShape: [25],
    dataType: "int16",
    compressors: [{ name: "blosc", configuration }],
  });
  await array.set(null, data);
  expect((await (await openArray(store)).get()).data).toEqual(data);
});
