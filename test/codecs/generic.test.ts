/** What every built-in codec promises. A codec without an entry in the table fails the first test. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { builtInCodecs } from "../../src/codecs/index.js";
import { MetadataError } from "../../src/errors.js";
import { type CodecOption, createCodecPipeline, init } from "../../src/index.js";
import { type DataTypeName, dataTypeByName } from "../../src/metadata/data_type.js";
import { fromPlain } from "../../src/metadata/json.js";
import { parseNamed } from "../../src/metadata/validate.js";
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
  /** Configurations that are legal for chunks of `shape`. */
  readonly good: (shape: readonly number[]) => fc.Arbitrary<Configuration>;
  /** Configurations that no chunk of shape [2, 3] may have. */
  readonly bad: readonly Configuration[];
  /** The configuration of the corruption tests, for shape [2, 3]. */
  readonly small: Configuration;
  /**
   * Whether a changed bit of the encoded chunk is always reported (`all`), never gives other elements (`content`), is reported where it
   * belongs to a header (`header`), or never.
   */
  readonly detects: "all" | "content" | "header" | "nothing";
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
  readonly dataType: DataTypeName;
  readonly data: ReturnType<typeof bytesOf>;
  readonly configuration: Configuration;
}

function cases({ good }: Samples): fc.Arbitrary<Case> {
  return fc.tuple(shapeArbitrary, fc.constantFrom(...dataTypeNames)).chain(([shape, dataType]) =>
    fc.record({
      shape: fc.constant(shape),
      dataType: fc.constant(dataType),
      data: elements(
        dataType,
        shape.reduce((a, b) => a * b, 1),
      ).map(bytesOf),
      configuration: good(shape),
    }),
  );
}

beforeAll(() => init());

test("every built-in codec has an entry", () => {
  expect(Object.keys(table).sort()).toEqual(builtInCodecs.map(({ name }) => name).sort());
});

describe.each(Object.entries(table))("%s", (name, samples) => {
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
        expect(bytesOf(chunk.data)).toEqual(data);
        expect(chunk.shape).toEqual(shape);
      }),
      { numRuns: 150 },
    );
  });

  test.each(samples.bad.map((configuration) => [JSON.stringify(configuration), configuration] as const))(
    "refuses %s",
    (_, configuration) => {
      const error = syncodecError(() =>
        createCodecPipeline({ shape: [2, 3], dataType: "uint16", codecs: chainOf(name, configuration) }),
      );
      expect(error).toBeInstanceOf(MetadataError);
      expect(error.message).toMatch(/codecs\[[01]\]|Unknown codec/);
    },
  );

  describe("a damaged chunk", () => {
    const pipeline = () =>
      createCodecPipeline({ shape: [2, 3], dataType: "uint16", codecs: chainOf(name, samples.small) });
    const data = Uint16Array.of(1, 2, 3, 0xffff, 0, 0x1234);

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

function bound(pipeline: ReturnType<typeof createCodecPipeline<"uint16">>) {
  return {
    encodeSync: (data: Uint16Array): Uint8Array => pipeline.encodeSync(data)!,
    decodeSync: (bytes: Uint8Array) => pipeline.decodeSync(bytes),
  };
}
