/** What the tests know about every built-in codec: configurations that are good, bad, and small. A new codec needs an entry here. */

import fc from "fast-check";
import { builtInCodecs } from "../../src/codecs/index.js";
import type { CodecOption } from "../../src/index.js";
import type { NumericDataTypeName } from "../../src/metadata/data_type.js";
import { dataTypeNames } from "../support/data_types.js";

export type Configuration = Readonly<Record<string, unknown>>;

export interface Samples {
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

/** By the codec's name. */
export const codecSamples: Readonly<Record<string, Samples>> = {
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
export function chainOf(name: string, configuration: Configuration): CodecOption[] {
  const { kind } = builtInCodecs.find((codec) => codec.name === name)!;
  const codec = { name, configuration };
  if (kind === "array_to_bytes") return [codec];
  return kind === "array_to_array" ? [codec, "bytes"] : ["bytes", codec];
}

export interface VariableSamples {
  readonly dataType: "string" | "bytes" | "json";
  readonly value: fc.Arbitrary<unknown>;
  readonly bad: readonly Configuration[];
}

/** Codecs of types of variable size. */
export const variableCodecSamples: Readonly<Record<string, VariableSamples>> = {
  "vlen-utf8": { dataType: "string", value: fc.string({ unit: "grapheme" }), bad: [{ encoding: "utf-8" }] },
  "vlen-bytes": { dataType: "bytes", value: fc.uint8Array({ maxLength: 12 }), bad: [{ level: 1 }] },
  "numcodecs.json2": {
    dataType: "json",
    // Integers beyond 2^53 come back as bigints.
    value: fc.jsonValue().filter((value) => !/-0|[0-9]{16}/.test(JSON.stringify(value))),
    bad: [{ encoding: "latin1" }, { ensure_ascii: 1 }, { sort: true }],
  },
};
