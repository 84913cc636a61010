import { beforeAll, describe, expect, test } from "vitest";
import { createCodecPipeline, init, type NumericDataTypeName } from "../../src/index.js";
import { bytesOf, syncodecError } from "../codecs/support.js";

const little = [{ name: "bytes", configuration: { endian: "little" } }];
const matrix = createCodecPipeline({ shape: [2, 3], dataType: "uint16", codecs: [...little, "crc32c"] });
const data = Uint16Array.of(1, 2, 3, 4, 5, 6);

beforeAll(() => init());

describe("encodeSync", () => {
  test("gives fresh bytes each time and keeps none of the caller's", () => {
    const bare = createCodecPipeline({ shape: [6], dataType: "uint16", codecs: little });
    const own = data.slice();
    const first = bare.encodeSync(own)!;
    const second = bare.encodeSync(own)!;
    expect(first).toEqual(bytesOf(data));
    expect(first.buffer).not.toBe(second.buffer);
    expect(first.buffer).not.toBe(own.buffer);
    own[0] = 99;
    expect(first).toEqual(bytesOf(data));
    expect(first.buffer.byteLength).toBe(first.byteLength);
  });

  test("takes chunks of any stride", () => {
    const expected = matrix.encodeSync(data);
    const columns = Uint16Array.of(1, 4, 2, 5, 3, 6);
    expect(matrix.encodeSync({ data: columns, shape: [2, 3], stride: [1, 2] })).toEqual(expected);
    const padded = Uint16Array.of(1, 0, 2, 0, 3, 0, 0, 0, 4, 0, 5, 0, 6);
    expect(matrix.encodeSync({ data: padded, shape: [2, 3], stride: [8, 2] })).toEqual(expected);
    const broadcast = matrix.encodeSync({ data: Uint16Array.of(7, 8, 9), shape: [2, 3], stride: [0, 1] });
    expect(matrix.decodeSync(broadcast!).data).toEqual(Uint16Array.of(7, 8, 9, 7, 8, 9));
    const unaligned = new Uint16Array(new ArrayBuffer(20), 6, 6);
    unaligned.set(data);
    expect(matrix.encodeSync(unaligned)).toEqual(expected);
  });

  test("the empty rule compares bits; writeEmptyChunks turns it off", () => {
    const of = (dataType: NumericDataTypeName, fillValue: number | bigint | boolean | string) =>
      createCodecPipeline({ shape: [2], dataType, fillValue, codecs: ["bytes"] });
    expect(of("float32", 0).encodeSync(Float32Array.of(0, 0))).toBeUndefined();
    expect(of("float32", 0).encodeSync(Float32Array.of(0, -0))).toBeDefined();
    expect(of("float64", "NaN").encodeSync(Float64Array.of(Number.NaN, Number.NaN))).toBeUndefined();
    const other = new Float64Array(BigUint64Array.of(0x7ff8000000000001n, 0x7ff8000000000000n).buffer);
    expect(of("float64", "NaN").encodeSync(other)).toBeDefined();
    const same = new Float64Array(BigUint64Array.of(0x7ff8000000000001n, 0x7ff8000000000001n).buffer);
    expect(of("float64", "0x7ff8000000000001").encodeSync(same)).toBeUndefined();
    expect(of("int64", -5n).encodeSync(BigInt64Array.of(-5n, -5n))).toBeUndefined();
    expect(of("bool", true).encodeSync(Uint8Array.of(1, 1))).toBeUndefined();
    expect(of("uint8", 3).encodeSync(Uint8Array.of(3, 3), { writeEmptyChunks: true })).toEqual(Uint8Array.of(3, 3));
  });

  test("the empty rule holds in a shard at every level", () => {
    const sharding = {
      name: "sharding_indexed",
      configuration: { chunk_shape: [2], codecs: ["bytes"], index_codecs: ["bytes"] },
    };
    const pipeline = createCodecPipeline({ shape: [4], dataType: "uint8", fillValue: 9, codecs: [sharding] });
    expect(pipeline.encodeSync(Uint8Array.of(9, 9, 9, 9))).toBeUndefined();
    expect(pipeline.encodeSync(Uint8Array.of(9, 9, 1, 9))).toHaveLength(2 + 32);
    expect(pipeline.encodeSync(Uint8Array.of(9, 9, 9, 9), { writeEmptyChunks: true })).toHaveLength(4 + 32);
    expect(pipeline.decodeSync(pipeline.encodeSync(Uint8Array.of(9, 9, 1, 9))!).data).toEqual(
      Uint8Array.of(9, 9, 1, 9),
    );
  });

  test("refuses another type, shape, length or stride", () => {
    const encode = (value: unknown) => () => matrix.encodeSync(value as Uint16Array);
    expect(encode(Int16Array.from(data))).toThrow(
      new TypeError("Chunk must be a Uint16Array of uint16 elements or a chunk of one, not Int16Array"),
    );
    for (const value of [[1, 2, 3, 4, 5, 6], { data: [1], shape: [2, 3], stride: [3, 1] }, new DataView(data.buffer)])
      expect(encode(value)).toThrow(TypeError);
    expect(syncodecError(encode(data.subarray(1)))).toMatchObject({
      name: "ArgumentError",
      code: "INVALID_ARGUMENT",
      reason: "Chunk has the wrong number of elements",
      expected: 6,
      found: 5,
    });
    expect(syncodecError(encode({ data, shape: [3, 2], stride: [2, 1] })).message).toBe(
      "Chunk has the wrong shape (expected [2, 3]; found [3, 2])",
    );
    expect(syncodecError(encode({ data, shape: [2, 3], stride: [4, 1] })).expected).toBe("at least 7");
    for (const stride of [[3], [3, -1], [3, 0.5], [3, "1"]])
      expect(syncodecError(encode({ data, shape: [2, 3], stride })).code).toBe("INVALID_ARGUMENT");
  });
});

describe("decodeSync", () => {
  const encoded = matrix.encodeSync(data)!;

  test("gives a chunk in C order over fresh memory", () => {
    const bare = createCodecPipeline({ shape: [2, 3], dataType: "uint16", codecs: little });
    const bytes = bytesOf(data);
    const chunk = bare.decodeSync(bytes);
    expect(chunk).toEqual({ data, shape: [2, 3], stride: [3, 1] });
    bytes.fill(0);
    expect(chunk.data).toEqual(data);
  });

  test("decodes into a typed array, and into a strided chunk around its guards", () => {
    const out = new Uint16Array(6);
    const chunk = matrix.decodeSync(encoded, { out });
    expect(chunk).toEqual({ data, shape: [2, 3], stride: [3, 1] });
    expect(chunk.data).toBe(out);
    const strided = { data: new Uint16Array(14).fill(0xa5a5), shape: [2, 3], stride: [1, 4] };
    expect(matrix.decodeSync(encoded, { out: strided })).toBe(strided);
    expect([...strided.data]).toEqual([1, 4, 0xa5a5, 0xa5a5, 2, 5, 0xa5a5, 0xa5a5, 3, 6, ...Array(4).fill(0xa5a5)]);
  });

  test("leaves out alone when the bytes are corrupt", () => {
    const out = new Uint16Array(6).fill(7);
    const damaged = encoded.slice();
    damaged[3]! ^= 1;
    expect(syncodecError(() => matrix.decodeSync(damaged, { out })).code).toBe("CHECKSUM_MISMATCH");
    expect(out).toEqual(new Uint16Array(6).fill(7));
  });

  test("refuses what is not bytes, and an out of another type or shape", () => {
    for (const value of [undefined, "abc", [1], encoded.buffer, Uint16Array.of(1)])
      expect(() => matrix.decodeSync(value as never)).toThrow(new TypeError("Encoded bytes must be a Uint8Array"));
    expect(() => matrix.decodeSync(encoded, { out: new Uint8Array(6) as never })).toThrow(/^out must be a Uint16Array/);
    expect(syncodecError(() => matrix.decodeSync(encoded, { out: new Uint16Array(5) })).message).toBe(
      "out has the wrong number of elements (expected 6; found 5)",
    );
  });

  test("a Buffer and a view at an odd address are bytes", () => {
    expect(matrix.decodeSync(Buffer.from(encoded)).data).toEqual(data);
    const odd = new Uint8Array(encoded.length + 1).subarray(1);
    odd.set(encoded);
    expect(matrix.decodeSync(odd).data).toEqual(data);
  });
});

test("encode and decode promise what the synchronous methods give", async () => {
  for (const codecs of [["bytes"], ["bytes", "gzip"], ["bytes", "zstd", "crc32c"]]) {
    const pipeline = createCodecPipeline({ shape: [2, 3], dataType: "uint16", codecs });
    const encoded = await pipeline.encode(data);
    expect(encoded).toEqual(pipeline.encodeSync(data));
    expect(await pipeline.decode(encoded!)).toEqual({ data, shape: [2, 3], stride: [3, 1] });
    const out = new Uint16Array(6);
    expect((await pipeline.decode(encoded!, { out })).data).toBe(out);
    expect(await pipeline.encode(new Uint16Array(6))).toBeUndefined();
    expect(await pipeline.encode(new Uint16Array(6), { writeEmptyChunks: true })).toBeDefined();
    await expect(pipeline.decode(encoded!.subarray(1))).rejects.toMatchObject({ name: "DataError" });
    await expect(pipeline.encode(new Uint16Array(5))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  }
});

test("computeEncodedSize is the bytes of every chunk, or undefined", () => {
  const size = (codecs: Parameters<typeof createCodecPipeline>[0]["codecs"]) =>
    createCodecPipeline({ shape: [4, 6], dataType: "float32", codecs }).computeEncodedSize();
  expect(size(["bytes"])).toBe(96);
  expect(size([{ name: "transpose", configuration: { order: [1, 0] } }, "bytes", "crc32c"])).toBe(100);
  expect(size(["bytes", "gzip"])).toBeUndefined();
  expect(size(["bytes", "zstd", "crc32c"])).toBeUndefined();
});

test("isSync says whether every codec can run synchronously", () => {
  expect(matrix.isSync).toBe(true);
});

describe("createCodecPipeline", () => {
  test("of rank 0 and of no elements", () => {
    const scalar = createCodecPipeline({ shape: [], dataType: "int32", codecs: ["bytes"] });
    expect(scalar.decodeSync(scalar.encodeSync(Int32Array.of(-7))!)).toEqual({
      data: Int32Array.of(-7),
      shape: [],
      stride: [],
    });
    const none = createCodecPipeline({ shape: [0, 3], dataType: "int32", codecs: ["bytes", "crc32c"] });
    const encoded = none.encodeSync(new Int32Array(0), { writeEmptyChunks: true })!;
    expect(none.decodeSync(encoded)).toEqual({ data: new Int32Array(0), shape: [0, 3], stride: [3, 1] });
  });

  test("serializer may be left out, the order of kinds may not be wrong", () => {
    const create = (...codecs: string[]) => createCodecPipeline({ shape: [6], dataType: "uint16", codecs });
    expect(create().encodeSync(data)).toEqual(bytesOf(data));
    expect(create("crc32c").computeEncodedSize()).toBe(16);
    expect(syncodecError(() => create("crc32c", "bytes")).message).toBe(
      'Invalid codecs: codec "crc32c" is out of place, an array-to-bytes codec must stand before it',
    );
    expect(syncodecError(() => create("bytes", "bytes")).code).toBe("INVALID_METADATA");
  });

  test.each(["lzma", "bz2", "__proto__", "constructor", "toString", "numcodecs.zfpy"])(
    "unknown codec %s is named",
    (name) => {
      const error = syncodecError(() => createCodecPipeline({ shape: [2], dataType: "uint8", codecs: [name] }));
      expect(error).toMatchObject({ name: "MetadataError", code: "UNKNOWN_CODEC" });
      expect(error.message).toMatch(new RegExp(`^Unknown codec "${name}" \\(expected one of bytes, `));
    },
  );

  test("refuses bad shapes, data types and fill values", () => {
    const create = (options: Record<string, unknown>) => () =>
      createCodecPipeline({ shape: [2], dataType: "uint8", codecs: [], ...options } as never);
    for (const shape of [[-1], [1.5], [Number.NaN], [Number("1e400")], [2 ** 53], [2 ** 30, 2 ** 30]])
      expect(syncodecError(create({ shape })).code).toBe("INVALID_METADATA");
    expect(syncodecError(create({ shape: [2 ** 32] })).code).toBe("UNSUPPORTED");
    expect(syncodecError(create({ shape: Array(33).fill(1) })).code).toBe("INVALID_METADATA");
    for (const shape of [["2"], 2, "2", null, undefined, [true], [2n]]) expect(create({ shape })).toThrow(TypeError);
    for (const dataType of ["int4", "complex", "__proto__", "Uint8"])
      expect(syncodecError(create({ dataType })).code).toBe("UNSUPPORTED");
    for (const fillValue of [256, -1, 0.5, Number.NaN])
      expect(syncodecError(create({ fillValue })).code).toBe("INVALID_ARGUMENT");
    expect(syncodecError(create({ fillValue: "NaN" })).code).toBe("INVALID_METADATA");
    expect(create({ fillValue: null })).toThrow(TypeError);
  });
});
