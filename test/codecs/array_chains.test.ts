/**
 * Array codecs in whole chains: what follows a codec is bound to the data type, shape and fill value that it makes
 * (https://github.com/zarr-developers/zarr-python/issues/3937 was a codec bound to the array's).
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CodecOption, createArray, createCodecPipeline, MemoryStore } from "../../src/index.js";
import { dataTypeByName, type NumericDataTypeName, type Scalar } from "../../src/metadata/data_type.js";
import { bytesOf, elements, fromHex, syncodecError } from "./support.js";

const big: CodecOption = { name: "bytes", configuration: { endian: "big" } };
const codec = (name: string, configuration: Readonly<Record<string, unknown>> = {}): CodecOption => ({
  name,
  configuration,
});

describe("bytes after a codec that changes the data type", () => {
  test.each<[NumericDataTypeName, CodecOption, string]>([
    ["uint8", codec("cast_value", { data_type: "int32" }), "00000001 000000ff"],
    ["uint8", codec("numcodecs.astype", { encode_dtype: "<u2" }), "0001 00ff"],
    ["uint8", codec("numcodecs.delta", { astype: "<i4" }), "00000001 000000fe"],
    [
      "uint8",
      codec("numcodecs.fixedscaleoffset", { offset: 1, scale: 1, astype: "<f8" }),
      "0000000000000000 406fc00000000000",
    ],
    ["float64", codec("numcodecs.quantize", { digits: 1, astype: "<f4" }), "3f800000 437f0000"],
    ["uint64", codec("cast_value", { data_type: "uint8" }), "01 ff"],
    ["int16", codec("scale_offset", { offset: -1, scale: 2 }), "0004 0200"],
  ])("%s through %j", (dataType, first, stored) => {
    const type = dataTypeByName(dataType);
    const value = (n: number): Scalar => (dataType === "uint64" ? BigInt(n) : n);
    const data = type.allocate(2);
    [1, 255].forEach((n, i) => {
      new Uint8Array(data.buffer).set(type.encodeScalar(value(n)), i * type.itemSize);
    });
    const pipeline = createCodecPipeline({ shape: [2], dataType, codecs: [first, big] });
    const encoded = pipeline.encodeSync(data)!;
    expect(encoded).toEqual(fromHex(stored));
    expect(pipeline.computeEncodedSize()).toBe(encoded.length);
    expect(bytesOf(pipeline.decodeSync(encoded).data)).toEqual(bytesOf(data));
    const checked = createCodecPipeline({ shape: [2], dataType, codecs: [first, big, "crc32c", "gzip", "crc32c"] });
    expect(bytesOf(checked.decodeSync(checked.encodeSync(data)!).data)).toEqual(bytesOf(data));
  });

  test("the pair that stands for numcodecs.fixedscaleoffset", () => {
    const pair = [codec("scale_offset", { offset: 10, scale: 0.5 }), codec("cast_value", { data_type: "uint8" })];
    const pipeline = createCodecPipeline({
      shape: [3],
      dataType: "float32",
      fillValue: 10,
      codecs: [...pair, "bytes"],
    });
    const encoded = pipeline.encodeSync(Float32Array.of(10, 12, 20))!;
    expect([...encoded]).toEqual([0, 1, 5]);
    expect(pipeline.decodeSync(encoded).data).toEqual(Float32Array.of(10, 12, 20));
    const legacy = codec("numcodecs.fixedscaleoffset", { offset: 10, scale: 0.5, astype: "|u1" });
    const old = createCodecPipeline({ shape: [3], dataType: "float32", codecs: [legacy, "bytes"] });
    expect(old.encodeSync(Float32Array.of(10, 12, 20))).toEqual(encoded);
  });

  test("a codec that does not take the type that reaches it is refused", () => {
    const bits = codec("numcodecs.packbits");
    const bind = (...codecs: CodecOption[]) => createCodecPipeline({ shape: [16], dataType: "bool", codecs });
    expect(bind(bits, codec("numcodecs.delta", { dtype: "|u1" }), "bytes").computeEncodedSize()).toBe(3);
    expect(syncodecError(() => bind(bits, codec("numcodecs.delta", { dtype: "|b1" }))).expected).toBe(
      "the data type that reaches the codec, uint8",
    );
    expect(syncodecError(() => bind(bits, bits)).code).toBe("UNSUPPORTED");
    expect(
      syncodecError(() =>
        bind(codec("numcodecs.astype", { encode_dtype: "<f4" }), codec("cast_value", { data_type: "bool" })),
      ).code,
    ).toBe("UNSUPPORTED");
  });

  test("a codec that changes the shape: a transpose of packed bits has one axis", () => {
    const codecs = [codec("numcodecs.packbits"), codec("transpose", { order: [0] }), "bytes"];
    const pipeline = createCodecPipeline({ shape: [3, 5], dataType: "bool", codecs });
    const data = Uint8Array.from({ length: 15 }, (_, i) => i & 1);
    expect(pipeline.decodeSync(pipeline.encodeSync(data)!).data).toEqual(data);
  });
});

test.each<[string, CodecOption]>([
  ["cast_value", codec("cast_value", { data_type: "int32" })],
  ["scale_offset", codec("scale_offset", { offset: 0, scale: -1 })],
  ["numcodecs.astype", codec("numcodecs.astype", { encode_dtype: "<f8" })],
  ["numcodecs.fixedscaleoffset", codec("numcodecs.fixedscaleoffset", { offset: 1, scale: 1, astype: "<i4" })],
  ["numcodecs.delta", codec("numcodecs.delta", { astype: "<i4" })],
  ["bitround", codec("bitround", { keepbits: 15 })],
  ["packbits", codec("packbits", { last_bit: 15, padding_encoding: "first_byte" })],
])("%s takes chunks of any length, element by element", (_, each) => {
  const length = 3 * 2 ** 16 + 5;
  const data = Int16Array.from({ length }, (_, i) => (i * 7919) % 30000);
  const encode = (part: Int16Array) =>
    createCodecPipeline({ shape: [part.length], dataType: "int16", codecs: [each] }).encodeSync(part)!;
  const encoded = encode(data);
  const pipeline = createCodecPipeline({ shape: [length], dataType: "int16", codecs: [each] });
  expect(Buffer.compare(bytesOf(pipeline.decodeSync(encoded).data), bytesOf(data))).toBe(0);
  expect(encoded.subarray(0, 40)).toEqual(encode(data.slice(0, 20)).subarray(0, 40));
});

const filters: readonly CodecOption[][] = [
  [codec("numcodecs.delta", { astype: "<i8" })],
  [codec("cast_value", { data_type: "int64" }), codec("numcodecs.delta")],
  [codec("numcodecs.astype", { encode_dtype: "<f8" }), codec("transpose", { order: [1, 0] })],
  [codec("reshape", { shape: [-1] }), codec("numcodecs.delta")],
  [
    codec("numcodecs.fixedscaleoffset", { offset: 7, scale: 1, astype: "<f4" }),
    codec("numcodecs.bitround", { keepbits: 23 }),
  ],
  [codec("scale_offset"), codec("cast_value", { data_type: "float32" })],
];
const serializers: readonly CodecOption[][] = [
  ["bytes"],
  [big, "crc32c"],
  [codec("packbits", { padding_encoding: "last_byte" })],
];

test("chains give back what they were given", () => {
  const chains = fc.tuple(fc.constantFrom(...filters), fc.constantFrom(...serializers));
  fc.assert(
    fc.property(
      chains,
      fc.constantFrom<NumericDataTypeName>("uint8", "int8", "int16", "uint16"),
      fc.nat(),
      ([filter, rest], dataType, seed) => {
        const [data] = fc.sample(elements(dataType, 12), { numRuns: 1, seed });
        const pipeline = createCodecPipeline({ shape: [3, 4], dataType, codecs: [...filter, ...rest] });
        const encoded = pipeline.encodeSync(data!, { writeEmptyChunks: true })!;
        expect(encoded.length).toBe(pipeline.computeEncodedSize());
        expect(bytesOf(pipeline.decodeSync(encoded).data)).toEqual(bytesOf(data!));
      },
    ),
  );
});

describe("shards", () => {
  const inner = (codecs: readonly CodecOption[]): CodecOption =>
    codec("sharding_indexed", { chunk_shape: [2, 2], codecs, index_codecs: ["bytes", "crc32c"] });

  test.each(filters.slice(0, 4).map((filter) => [JSON.stringify(filter), filter] as const))(
    "of filtered inner chunks are written and patched in parts: %s",
    (_, filter) => {
      const store = new MemoryStore();
      const shape = [4, 6];
      const make = (patch: boolean, path: string) =>
        createArray(store, {
          path,
          shape,
          chunkShape: shape,
          dataType: "int16",
          fillValue: 3,
          codecs: [inner([...filter, big, "crc32c"])],
          patch,
        });
      return Promise.all([make(true, "/patched"), make(false, "/rewritten")]).then(([patched, rewritten]) => {
        for (const array of [patched, rewritten]) {
          array.setSync(
            null,
            Int16Array.from({ length: 24 }, (_, i) => i * 100 - 900),
          );
          array.setSync([1, null], 7);
          array.setSync(
            [
              { start: 2, stop: 4, step: 1 },
              { start: 2, stop: 6, step: 1 },
            ],
            3,
          );
          array.setSync([3, 5], -32768);
        }
        const expected = Int16Array.from({ length: 24 }, (_, i) => i * 100 - 900);
        expected.fill(7, 6, 12);
        for (const row of [2, 3]) expected.fill(3, row * 6 + 2, row * 6 + 6);
        expected[23] = -32768;
        expect(patched.getSync().data).toEqual(expected);
        expect(rewritten.getSync().data).toEqual(expected);
      });
    },
  );

  test.each<[string, NumericDataTypeName, Scalar, CodecOption[]]>([
    ["cast_value", "float32", 5, [codec("cast_value", { data_type: "int32" })]],
    ["cast_value to less", "float64", 5, [codec("cast_value", { data_type: "int16" })]],
    ["cast_value to more", "int8", -5, [codec("cast_value", { data_type: "float64" })]],
    [
      "two casts and a transpose",
      "int32",
      9,
      [
        codec("cast_value", { data_type: "int8" }),
        codec("transpose", { order: [1, 0] }),
        codec("transpose", { order: [1, 0] }),
        codec("cast_value", { data_type: "uint16", out_of_range: "clamp" }),
      ],
    ],
    ["scale_offset", "int32", 100, [codec("scale_offset", { offset: 90, scale: 3 })]],
    [
      "both",
      "float32",
      10,
      [
        codec("scale_offset", { offset: 10, scale: 2 }),
        codec("cast_value", { data_type: "uint8", out_of_range: "clamp" }),
      ],
    ],
    [
      "numcodecs.fixedscaleoffset",
      "float64",
      5.5,
      [codec("numcodecs.fixedscaleoffset", { offset: 1, scale: 2, astype: "<i2" })],
    ],
    ["numcodecs.astype", "int8", -7, [codec("numcodecs.astype", { encode_dtype: "<f4" })]],
    ["numcodecs.quantize", "float64", 0.5, [codec("numcodecs.quantize", { digits: 1 })]],
    ["bitround", "float32", 0.5, [codec("bitround", { keepbits: 2 })]],
  ])("after %s: missing inner chunks read as the fill value", async (_, dataType, fillValue, filter) => {
    const store = new MemoryStore();
    const array = await createArray(store, {
      shape: [4, 6],
      chunkShape: [4, 6],
      dataType,
      fillValue,
      codecs: [...filter, inner(["bytes"])],
    });
    array.setSync([0, 0], 12);
    const stored = store.getSync("/c/0/0")!;
    expect(stored.length).toBeLessThan(24 * 8 + 6 * 16 + 4);
    const { data } = array.getSync();
    expect(data[0]).toBe(12);
    const type = dataTypeByName(dataType);
    const fill = type.decodeScalar(type.encodeScalar(fillValue));
    expect([...data].slice(1).every((value) => value === fill)).toBe(true);
    expect(array.getSync([3, 5])).toBe(fill);
  });

  test("after a reshape of axes of length 1, selections are those of the array", async () => {
    const store = new MemoryStore();
    const flat = codec("sharding_indexed", { chunk_shape: [2], codecs: ["bytes"], index_codecs: ["bytes", "crc32c"] });
    const array = await createArray(store, {
      shape: [6, 1],
      chunkShape: [6, 1],
      dataType: "uint16",
      codecs: [codec("reshape", { shape: [[0]] }), flat],
    });
    array.setSync(null, Uint16Array.of(1, 2, 3, 4, 5, 6));
    array.setSync([4, 0], 50);
    expect(array.getSync([{ start: 3, stop: 6, step: 1 }, 0])).toMatchObject({
      data: Uint16Array.of(4, 50, 6),
      shape: [3],
    });
    expect(array.getSync([1, 0])).toBe(2);
  });

  test("an index of 64-bit integers may be cast and packed: its size is fixed", async () => {
    const store = new MemoryStore();
    const index = [codec("numcodecs.delta"), codec("packbits", { padding_encoding: "first_byte" }), "crc32c"];
    const sharding = codec("sharding_indexed", { chunk_shape: [2, 2], codecs: ["bytes"], index_codecs: index });
    const array = await createArray(store, {
      shape: [4, 4],
      chunkShape: [4, 4],
      dataType: "uint8",
      codecs: [sharding],
    });
    const data = Uint8Array.from({ length: 16 }, (_, i) => i);
    array.setSync(null, data);
    expect(store.getSync("/c/0/0")!.length).toBe(16 + 1 + 4 * 16 + 4);
    expect(array.getSync().data).toEqual(data);
  });
});
