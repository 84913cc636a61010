/** What every built-in codec promises. A codec without an entry in the table fails the first test. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { builtInCodecs } from "../../src/codecs/index.js";
import { MetadataError } from "../../src/errors.js";
import { type CodecOption, type CodecPipeline, createCodecPipeline, init } from "../../src/index.js";
import {
  type DataType,
  dataTypeByName,
  type NumericDataTypeName,
  type TypedArray,
} from "../../src/metadata/data_type.js";
import { fromPlain } from "../../src/metadata/json.js";
import { parseNamed } from "../../src/metadata/validate.js";
import { jsonType, variableTypes } from "../../src/metadata/variable_types.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import {
  bytesOf,
  dataTypeNames,
  elements,
  flipped,
  shapeArbitrary,
  syncodecError,
  syncodecErrorIfAny,
} from "./support.js";

type Configuration = Readonly<Record<string, unknown>>;

interface Samples {
  /** The data types that the codec takes, all by default; the first one is that of the other tests. */
  readonly dataTypes?: readonly [NumericDataTypeName, ...NumericDataTypeName[]];
  /** Configurations that are legal for chunks of `shape`. */
  readonly good: (shape: readonly number[], dataType: NumericDataTypeName) => fc.Arbitrary<Configuration>;
  /** Whether elements may change when they are encoded for the first time. */
  readonly isLossy?: boolean;
  /** Configurations that no chunk of shape [2, 3] may have. */
  readonly bad: readonly Configuration[];
  /** The configuration of the corruption tests, for shape [2, 3]. */
  readonly small: Configuration;
  /**
   * Whether a changed bit of the encoded chunk is always reported (`all`), never gives other elements (`content`), is reported where it
   * belongs to a header (`header`) or in some other places (`some`), or never.
   */
  readonly detects: "all" | "content" | "header" | "some" | "nothing";
}

const sharding = (rest: Configuration = {}): Configuration => ({
  chunk_shape: [1, 3],
  codecs: ["bytes", "crc32c"],
  index_codecs: ["bytes", "crc32c"],
  ...rest,
});

/** The checksums whose place the configuration says. */
const located: Samples = {
  good: () => fc.constantFrom({}, { location: "start" }, { location: "end" }),
  bad: [{ location: "middle" }, { location: null }, { location: 0 }, { seed: 0 }],
  small: {},
  detects: "all",
};

const table: Readonly<Record<string, Samples>> = {
  bytes: {
    good: () => fc.constantFrom({}, { endian: "little" }, { endian: "big" }),
    bad: [{ endian: "middle" }, { endian: 1 }, { endian: null }, { endian: ["big"] }, { order: "big" }],
    small: { endian: "big" },
    detects: "nothing",
  },
  transpose: {
    good: ({ length }) =>
      fc
        .shuffledSubarray([...Array(length).keys()], { minLength: length, maxLength: length })
        .map((order) => ({ order })),
    bad: [
      {},
      { order: "C" },
      { order: [0] },
      { order: [0, 0] },
      { order: [0, 2] },
      { order: [1, 2, 0] },
      { order: [-1, 0] },
      { order: [0.5, 1] },
      { order: ["0", "1"] },
      { order: [1, 0], axes: 2 },
    ],
    small: { order: [1, 0] },
    detects: "nothing",
  },
  gzip: {
    good: () => fc.constantFrom({}, ...[0, 1, 5, 9].map((level) => ({ level }))),
    bad: [{ level: -1 }, { level: 10 }, { level: 1.5 }, { level: "5" }, { level: true }, { level: null }, { l: 5 }],
    small: { level: 5 },
    detects: "content",
  },
  "numcodecs.gzip": {
    good: () => fc.constantFrom({}, ...[-1, 0, 1, 9].map((level) => ({ level }))),
    bad: [{ level: -2 }, { level: 10 }, { level: 1.5 }, { level: "5" }, { id: "gzip" }],
    small: { level: 1 },
    detects: "content",
  },
  zlib: {
    good: () => fc.constantFrom({}, ...[-1, 0, 1, 6, 9].map((level) => ({ level }))),
    bad: [{ level: -2 }, { level: 10 }, { level: 1.5 }, { level: "5" }, { level: true }, { level: null }, { l: 5 }],
    small: { level: 6 },
    detects: "content",
  },
  zstd: {
    good: () =>
      fc.constantFrom(
        {},
        { level: 0, checksum: true },
        { level: -5, checksum: false },
        { level: 1 },
        { level: 9, checksum: true },
        { checksum: true },
      ),
    bad: [
      { level: 23 },
      { level: -131073 },
      { level: 0.5 },
      { level: "0" },
      { checksum: 1 },
      { checksum: "true" },
      { checksum: null },
      { level: 1, windowLog: 10 },
    ],
    small: { level: 3, checksum: true },
    detects: "content",
  },
  "numcodecs.zstd": {
    good: () => fc.constantFrom({}, { level: 0, checksum: false }, { level: 100 }, { level: -200_000, checksum: true }),
    bad: [{ level: 2 ** 31 }, { level: -(2 ** 31) - 1 }, { level: 0.5 }, { checksum: 1 }, { id: "zstd" }],
    small: { level: 1, checksum: true },
    detects: "content",
  },
  crc32c: {
    good: () => fc.constant({}),
    bad: [{ location: "end" }, { seed: 0 }],
    small: {},
    detects: "all",
  },
  blosc: {
    good: () =>
      fc.oneof(
        fc.constant({}),
        fc.record(
          {
            cname: fc.constantFrom("blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"),
            clevel: fc.integer({ min: 0, max: 9 }),
            shuffle: fc.constantFrom("noshuffle", "shuffle", "bitshuffle"),
            typesize: fc.constantFrom(1, 2, 3, 4, 8, 16, 17, 255, 256, 1000),
            blocksize: fc.constantFrom(0, 1, 128, 200, 4096),
          },
          { requiredKeys: ["typesize"] },
        ),
      ),
    bad: [
      { cname: "lzma" },
      { cname: 1 },
      { clevel: 10 },
      { clevel: -1 },
      { clevel: "5" },
      { shuffle: 1 },
      { shuffle: "auto" },
      { shuffle: "shuffle", typesize: 0 },
      { typesize: "4" },
      { typesize: null },
      { blocksize: -1 },
      { blocksize: 2 ** 31 },
      { blocksize: 1.5 },
      { threads: 4 },
    ],
    small: { cname: "lz4", clevel: 5, shuffle: "shuffle", typesize: 2, blocksize: 0 },
    detects: "header",
  },
  "numcodecs.blosc": {
    good: () =>
      fc.record(
        {
          cname: fc.constantFrom("blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"),
          clevel: fc.integer({ min: 0, max: 9 }),
          shuffle: fc.constantFrom(-1, 0, 1, 2),
          typesize: fc.constantFrom(1, 2, 3, 4, 8, 16, 17, 255, 256, 1000),
          blocksize: fc.constantFrom(0, 1, 128, 200, 4096),
        },
        { requiredKeys: [] },
      ),
    bad: [
      { cname: "LZ4" },
      { clevel: 11 },
      { shuffle: "shuffle" },
      { shuffle: 3 },
      { shuffle: -2 },
      { typesize: 0 },
      { blocksize: "0" },
      { id: "blosc" },
    ],
    small: { cname: "zstd", shuffle: -1 },
    detects: "header",
  },
  "numcodecs.shuffle": {
    good: () => fc.constantFrom({}, { elementsize: 1 }),
    bad: [
      { elementsize: 0 },
      { elementsize: -4 },
      { elementsize: 2.5 },
      { elementsize: "4" },
      { elementsize: 5 },
      { elementsize: 13 },
      { itemsize: 4 },
    ],
    small: { elementsize: 3 },
    detects: "nothing",
  },
  "numcodecs.crc32": located,
  "numcodecs.adler32": located,
  "numcodecs.crc32c": located,
  "numcodecs.fletcher32": {
    good: () => fc.constant({}),
    bad: [{ location: "end" }, { id: "fletcher32" }],
    small: {},
    detects: "all",
  },
  "numcodecs.jenkins_lookup3": {
    good: () =>
      fc.constantFrom({}, { initval: 0, prefix: null }, { initval: 2 ** 32 - 1 }, { prefix: [] }, { prefix: [0, 255] }),
    bad: [
      { initval: -1 },
      { initval: 2 ** 32 },
      { initval: 0.5 },
      { initval: null },
      { prefix: "ab" },
      { prefix: [256] },
      { prefix: ["a"] },
      { location: "end" },
    ],
    small: { initval: 7 },
    detects: "all",
  },
  "numcodecs.lz4": {
    good: () => fc.constantFrom({}, ...[1, 10, 65537, 0, -1].map((acceleration) => ({ acceleration }))),
    bad: [
      { acceleration: "1" },
      { acceleration: 1.5 },
      { acceleration: null },
      { acceleration: true },
      { acceleration: 2 ** 31 },
      { level: 1 },
    ],
    small: { acceleration: 1 },
    detects: "header",
  },
  sharding_indexed: {
    good: (shape) =>
      fc.record({
        chunk_shape: fc.tuple(...shape.map((n) => fc.constantFrom(...divisors(n)))),
        codecs: fc.constantFrom(["bytes"], [{ name: "bytes", configuration: { endian: "big" } }, "crc32c"], [
          { name: "bytes" },
          { name: "zstd", configuration: { level: 1 } },
        ] as CodecOption[]),
        index_codecs: fc.constantFrom<CodecOption[]>(
          ["bytes", "crc32c"],
          [{ name: "bytes", configuration: { endian: "big" } }],
        ),
        index_location: fc.constantFrom("start", "end"),
      }),
    bad: [
      {},
      sharding({ chunk_shape: [1] }),
      sharding({ chunk_shape: [2, 2] }),
      sharding({ chunk_shape: [4, 3] }),
      sharding({ chunk_shape: [0, 3] }),
      sharding({ chunk_shape: [1, -3] }),
      sharding({ chunk_shape: [1, 1.5] }),
      sharding({ chunk_shape: "1,3" }),
      sharding({ codecs: "bytes" }),
      sharding({ codecs: ["bytes", "nonesuch"] }),
      sharding({ codecs: [{ name: "gzip", configuration: { level: 10 } }] }),
      sharding({ index_codecs: ["bytes", "gzip"] }),
      sharding({ index_codecs: ["bytes", { name: "zstd" }] }),
      sharding({ index_codecs: undefined }),
      sharding({ index_location: "middle" }),
      sharding({ index_location: 0 }),
      sharding({ order: "morton" }),
    ].map((configuration) =>
      Object.fromEntries(Object.entries(configuration).filter(([, value]) => value !== undefined)),
    ),
    small: sharding(),
    detects: "all",
  },
  reshape: {
    good: (shape) =>
      fc.constantFrom(
        { shape: [-1] },
        { shape: [[...shape.keys()]] },
        { shape: [...shape.map((_, axis) => [axis]), 1] },
        { shape: [1, ...shape] },
        { shape: [...shape.slice(0, -1), -1, 1] },
      ),
    bad: [
      {},
      { shape: 6 },
      { shape: [] },
      { shape: [6, -1, -1] },
      { shape: [5] },
      { shape: [4, -1] },
      { shape: [0] },
      { shape: [6.5] },
      { shape: ["6"] },
      { shape: [[0], [0]] },
      { shape: [[1], [0]] },
      { shape: [[0, 2]] },
      { shape: [[0]] },
      { shape: [3, [0]] },
      { shape: [[-1], 3] },
      { shape: Array(33).fill(1) },
      { shape: [6], order: "C" },
    ],
    small: { shape: [3, 2] },
    detects: "nothing",
  },
  packbits: {
    dataTypes: ["uint16", ...dataTypeNames],
    good: () =>
      fc.constantFrom({}, ...["none", "first_byte", "last_byte"].map((padding_encoding) => ({ padding_encoding }))),
    bad: [
      { padding_encoding: "start_byte" },
      { padding_encoding: null },
      { first_bit: -1 },
      { first_bit: 16 },
      { last_bit: 16 },
      { first_bit: 4, last_bit: 3 },
      { first_bit: "1" },
      { last_bit: 1.5 },
      { start_bit: 0 },
    ],
    small: { first_bit: 0, last_bit: 14, padding_encoding: "first_byte" },
    detects: "some",
  },
  cast_value: {
    dataTypes: ["uint8", "int8", "uint16", "int16"],
    good: () => fc.constantFrom({ data_type: "int32" }, { data_type: "float32" }, { data_type: { name: "float64" } }),
    bad: [
      {},
      { data_type: "bool" },
      { data_type: "int128" },
      { data_type: 4 },
      { data_type: "uint8", rounding: "up" },
      { data_type: "uint8", rounding: null },
      { data_type: "uint8", out_of_range: "error" },
      { data_type: "float32", out_of_range: "wrap" },
      { data_type: "uint8", scalar_map: [] },
      { data_type: "uint8", scalar_map: { both: [] } },
      { data_type: "uint8", scalar_map: { encode: {} } },
      { data_type: "uint8", scalar_map: { encode: [[1]] } },
      { data_type: "uint8", scalar_map: { encode: [[1, 256]] } },
      { data_type: "uint8", scalar_map: { decode: [["NaN", 1]] } },
      { data_type: "uint8", scalar_map: { encode: [[0, 1]] } },
      { data_type: "uint8", rounds: "even" },
    ],
    small: { data_type: "int32" },
    detects: "some",
  },
  scale_offset: {
    dataTypes: ["int32", "int64", "uint32", "uint64"],
    good: (_, dataType) => fc.constantFrom({}, ...(dataType.startsWith("int") ? [] : [{ offset: 0, scale: 1 }])),
    bad: [
      { scale: 0 },
      { scale: 0.5 },
      { scale: "0" },
      { scale: null },
      { offset: 1.5 },
      { offset: 2 ** 31 },
      { offset: 1 - 2 ** 31, scale: 2 },
      { offset: 1, scale: 1, shift: 0 },
    ],
    small: { offset: 1, scale: 1 },
    detects: "some",
  },
  bitround: {
    dataTypes: [
      "uint16",
      "int8",
      "int16",
      "int32",
      "int64",
      "uint8",
      "uint32",
      "uint64",
      "float16",
      "float32",
      "float64",
    ],
    isLossy: true,
    good: () => fc.integer({ min: 1, max: 64 }).map((keepbits) => ({ keepbits })),
    bad: [{}, { keepbits: 0 }, { keepbits: -1 }, { keepbits: 1.5 }, { keepbits: "3" }, { keepbits: 3, bits: 1 }],
    small: { keepbits: 15 },
    detects: "nothing",
  },
  "numcodecs.astype": {
    dataTypes: ["uint16", "bool", "int8", "int16", "uint8"],
    good: () =>
      fc.constantFrom(
        { encode_dtype: "<i4" },
        { encode_dtype: "float64" },
        { encode_dtype: "<f4", decode_dtype: null },
      ),
    bad: [
      {},
      { encode_dtype: null },
      { encode_dtype: 4 },
      { encode_dtype: "<M8[s]" },
      { encode_dtype: "i3" },
      { encode_dtype: ">i4" },
      { encode_dtype: "<i4", decode_dtype: "<i2" },
      { encode_dtype: "<i4", decode_dtype: ">u2" },
      { encode_dtype: "<i4", dtype: "<u2" },
    ],
    small: { encode_dtype: "<i4" },
    detects: "nothing",
  },
  "numcodecs.delta": {
    dataTypes: ["uint16", "bool", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"],
    good: () => fc.constantFrom({}, { dtype: null, astype: null }, { astype: "<u8" }, { astype: "int64" }),
    bad: [
      { dtype: "<i2" },
      { dtype: ">u2" },
      { dtype: 2 },
      { astype: "|O" },
      { astype: ">i8" },
      { dtype: "<u2", astype: "<u2", order: 2 },
    ],
    small: { dtype: "<u2", astype: "<u2" },
    detects: "nothing",
  },
  "numcodecs.fixedscaleoffset": {
    dataTypes: ["uint16", "int8", "int16", "uint8"],
    good: () => fc.constantFrom({ offset: 3, scale: 1, astype: "<f8" }, { offset: 0.5, scale: 2, astype: "float64" }),
    bad: [
      {},
      { offset: 1 },
      { scale: 1 },
      { offset: 1, scale: 0 },
      { offset: "1", scale: 1 },
      { offset: 1, scale: null },
      { offset: -1, scale: 1 },
      { offset: 1, scale: 65536 },
      { offset: 1, scale: 1, dtype: "<f4" },
      { offset: 1, scale: 1, dtype: ">u2" },
      { offset: 1, scale: 1, astype: ">u2" },
      { offset: 1, scale: 1, astype: "<U4" },
      { offset: 1, scale: 1, digits: 3 },
    ],
    small: { offset: 1, scale: 1 },
    detects: "nothing",
  },
  "numcodecs.quantize": {
    dataTypes: ["float32", "float16", "float64"],
    isLossy: true,
    good: () => fc.integer({ min: -5, max: 30 }).map((digits) => ({ digits })),
    bad: [
      {},
      { digits: 1.5 },
      { digits: "2" },
      { digits: 308 },
      { digits: -309 },
      { digits: 2, dtype: "<f8" },
      { digits: 2, dtype: ">f4" },
      { digits: 2, astype: "<i4" },
      { digits: 2, scale: 4 },
    ],
    small: { digits: 3 },
    detects: "nothing",
  },
  "numcodecs.packbits": {
    dataTypes: ["bool"],
    good: () => fc.constant({}),
    bad: [{ bitorder: "little" }],
    small: {},
    detects: "some",
  },
};

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0);
}

/** The shortest chain that has the codec in it. */
function chainOf(name: string, configuration: Configuration): CodecOption[] {
  const { kind } = builtInCodecs.find((codec) => codec.name === name)!;
  const codec = { name, configuration };
  if (kind === "array_to_bytes") return [codec];
  return kind === "array_to_array" ? [codec, "bytes"] : ["bytes", codec];
}

interface Case {
  readonly shape: readonly number[];
  readonly dataType: NumericDataTypeName;
  readonly data: ReturnType<typeof bytesOf>;
  readonly configuration: Configuration;
}

function cases({ good, dataTypes }: Samples): fc.Arbitrary<Case> {
  return fc.tuple(shapeArbitrary, fc.constantFrom(...(dataTypes ?? dataTypeNames))).chain(([shape, dataType]) =>
    fc.record({
      shape: fc.constant(shape),
      dataType: fc.constant(dataType),
      data: elements(
        dataType,
        shape.reduce((a, b) => a * b, 1),
      ).map(bytesOf),
      configuration: good(shape, dataType),
    }),
  );
}

beforeAll(() => init());

interface VariableSamples {
  readonly dataType: "string" | "bytes" | "json";
  readonly value: fc.Arbitrary<unknown>;
  readonly bad: readonly Configuration[];
}

/** Codecs of types of variable size. */
const variableTable: Readonly<Record<string, VariableSamples>> = {
  "vlen-utf8": { dataType: "string", value: fc.string({ unit: "grapheme" }), bad: [{ encoding: "utf-8" }] },
  "vlen-bytes": { dataType: "bytes", value: fc.uint8Array({ maxLength: 12 }), bad: [{ level: 1 }] },
  "numcodecs.json2": {
    dataType: "json",
    // Integers beyond 2^53 come back as bigints.
    value: fc.jsonValue().filter((value) => !/-0|[0-9]{16}/.test(JSON.stringify(value))),
    bad: [{ encoding: "latin1" }, { ensure_ascii: 1 }, { sort: true }],
  },
};

describe.each(Object.entries(variableTable))("%s", (name, { dataType: typeName, value, bad }) => {
  const dataType = variableTypes.find((type) => type.name === typeName) ?? jsonType;
  const bind = (shape: readonly number[], configuration: Configuration, type: DataType = dataType) =>
    bindCodecs(
      [parseNamed(fromPlain({ name, configuration }), { field: "" })],
      { shape, dataType: type, fillValue: type.defaultFill() },
      { field: "codecs" },
    );
  const stepOf = (shape: readonly number[]) => {
    const [step] = bind(shape, {}).byteSteps;
    if (step?.place !== "serial") throw new TypeError("not a serial codec");
    return step;
  };
  const arrays = shapeArbitrary.chain((shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return fc.record({ shape: fc.constant(shape), values: fc.array(value, { minLength: count, maxLength: count }) });
  });

  test("decodes what it encodes", () => {
    fc.assert(
      fc.property(arrays, ({ shape, values }) => {
        const { encode, decode } = stepOf(shape);
        const encoded = encode(values);
        const skewed = new Uint8Array(encoded.byteLength + 3).subarray(1, encoded.byteLength + 1);
        skewed.set(encoded);
        expect(decode(skewed)).toEqual(values);
      }),
    );
  });

  test("any damage is an error or the right number of elements", () => {
    fc.assert(
      fc.property(arrays, fc.nat(), fc.nat(), ({ shape, values }, bit, cut) => {
        const { encode, decode } = stepOf(shape);
        const encoded = encode(values);
        for (const damaged of [
          flipped(encoded, bit % (8 * encoded.length)),
          encoded.subarray(0, cut % encoded.length),
          Uint8Array.of(...encoded, cut & 255),
        ]) {
          const error = syncodecErrorIfAny(() => expect(decode(damaged)).toHaveLength(values.length));
          if (error !== undefined) expect(error.code).toBe("CORRUPT_DATA");
        }
      }),
    );
  });

  test.each(bad.map((configuration) => [JSON.stringify(configuration), configuration] as const))(
    "refuses %s",
    (_, configuration) => {
      expect(syncodecError(() => bind([2], configuration))).toBeInstanceOf(MetadataError);
    },
  );

  test("refuses other data types", () => {
    expect(syncodecError(() => bind([2], {}, dataTypeByName("int32"))).code).toBe("UNSUPPORTED");
  });
});

test("every built-in codec has an entry", () => {
  expect([...Object.keys(table), ...Object.keys(variableTable)].sort()).toEqual(
    builtInCodecs.map(({ name }) => name).sort(),
  );
});

describe.each(Object.entries(table))("%s", (name, samples) => {
  const smallType = samples.dataTypes?.[0] ?? "uint16";

  test("decodes what it encodes, within its size bound, and changes no input", () => {
    fc.assert(
      fc.property(cases(samples), ({ shape, dataType, data, configuration }) => {
        const type = dataTypeByName(dataType);
        const array = type.view(data.slice().buffer, 0, data.byteLength / type.itemSize);
        const codecs = chainOf(name, configuration);
        const pipeline = createCodecPipeline({ shape, dataType, codecs });
        expect(pipeline.isSync).toBe(true);
        const encoded = pipeline.encodeSync(array, { writeEmptyChunks: true })!;
        expect(bytesOf(array)).toEqual(data);

        const chain = bindCodecs(
          codecs.map((option) => parseNamed(fromPlain(option), { field: "" })),
          { shape, dataType: type, fillValue: type.defaultFill() },
          { field: "codecs" },
        );
        const size = chain.encodedSize;
        if (size.kind === "fixed") expect(encoded.byteLength).toBe(size.bytes);
        if (size.kind === "bounded") expect(encoded.byteLength).toBeLessThanOrEqual(size.bytes);
        expect(pipeline.computeEncodedSize()).toBe(size.kind === "fixed" ? size.bytes : undefined);

        // At an odd address, as a part of something larger.
        const skewed = new Uint8Array(encoded.byteLength + 3).subarray(1, encoded.byteLength + 1);
        skewed.set(encoded);
        const chunk = pipeline.decodeSync(skewed);
        expect(skewed).toEqual(encoded);
        expect(chunk.shape).toEqual(shape);
        if (samples.isLossy) expect(pipeline.encodeSync(chunk.data, { writeEmptyChunks: true })).toEqual(encoded);
        else expect(bytesOf(chunk.data)).toEqual(data);
      }),
      { numRuns: 150 },
    );
  });

  test.each(samples.bad.map((configuration) => [JSON.stringify(configuration), configuration] as const))(
    "refuses %s",
    (_, configuration) => {
      const error = syncodecError(() =>
        createCodecPipeline({ shape: [2, 3], dataType: smallType, codecs: chainOf(name, configuration) }),
      );
      expect(error).toBeInstanceOf(MetadataError);
      expect(error.message).toMatch(/codecs\[[01]\]|Unknown codec/);
    },
  );

  describe("a damaged chunk", () => {
    const pipeline = () =>
      createCodecPipeline({ shape: [2, 3], dataType: smallType, codecs: chainOf(name, samples.small) });
    const data = smallData(smallType);

    test("cut at every byte is an error", () => {
      const { encodeSync, decodeSync } = bound(pipeline());
      const encoded = encodeSync(data);
      for (let length = 0; length < encoded.byteLength; length++) {
        expect(syncodecError(() => decodeSync(encoded.subarray(0, length))).code).toMatch(/CORRUPT|CHECKSUM|INDEX/);
        expect(decodeSync(encoded).data).toEqual(data);
      }
    });

    test("with a byte more never gives other elements", () => {
      const { encodeSync, decodeSync } = bound(pipeline());
      const encoded = encodeSync(data);
      for (const extra of [0, 1, 0x1f, 0xff]) {
        const longer = Uint8Array.of(...encoded, extra);
        if (syncodecErrorIfAny(() => decodeSync(longer)) === undefined) expect(decodeSync(longer).data).toEqual(data);
      }
    });

    test("with any bit flipped is an error, or elements that no checksum protects", () => {
      const { encodeSync, decodeSync } = bound(pipeline());
      const encoded = encodeSync(data);
      let reported = 0;
      for (let bit = 0; bit < encoded.byteLength * 8; bit++) {
        const damaged = flipped(encoded, bit);
        if (syncodecErrorIfAny(() => decodeSync(damaged)) !== undefined) reported++;
        else {
          const chunk = decodeSync(damaged);
          expect([chunk.shape, chunk.data.length]).toEqual([[2, 3], 6]);
          if (samples.detects === "content") expect(chunk.data).toEqual(data);
        }
        expect(decodeSync(encoded).data).toEqual(data);
      }
      if (samples.detects === "all") expect(reported).toBe(encoded.byteLength * 8);
      if (samples.detects === "nothing") expect(reported).toBe(0);
      if (samples.detects === "header") expect(reported).toBeGreaterThan(encoded.byteLength);
    });
  });
});

/** Six elements that every codec keeps. */
function smallData(dataType: NumericDataTypeName): TypedArray {
  const type = dataTypeByName(dataType);
  const data = type.allocate(6);
  const bytes = new Uint8Array(data.buffer);
  const values =
    dataType === "bool" ? [1, 0, 1, 1, 0, 1] : dataType.startsWith("float") ? [1, 2, 3, -64, 0, 0.5] : undefined;
  (values ?? [1, 2, 3, 2 ** (type.itemSize * 8 - 1) - 1, 0, 0x12]).forEach((value, i) => {
    bytes.set(type.encodeScalar(value), i * type.itemSize);
  });
  return data;
}

function bound(pipeline: CodecPipeline) {
  return {
    encodeSync: (data: TypedArray): Uint8Array => pipeline.encodeSync(data)!,
    decodeSync: (bytes: Uint8Array) => pipeline.decodeSync(bytes),
  };
}
