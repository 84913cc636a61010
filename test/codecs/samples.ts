/** What the tests know about every built-in codec: configurations that are good, bad, and small. A new codec needs an entry here. */

import fc from "fast-check";
import { builtInCodecs } from "../../src/codecs/index.js";
import type { CodecOption } from "../../src/index.js";

export type Configuration = Readonly<Record<string, unknown>>;

export interface Samples {
  /** Configurations that are legal for chunks of `shape`. */
  readonly good: (shape: readonly number[]) => fc.Arbitrary<Configuration>;
  /** Configurations that no chunk of shape [2, 3] may have. */
  readonly bad: readonly Configuration[];
  /** The configuration of the corruption tests, for shape [2, 3]. */
  readonly small: Configuration;
  /** Whether a changed byte of the encoded chunk is always reported (`all`), or never gives other elements (`content`). */
  readonly detects: "all" | "content" | "nothing";
}

const sharding = (rest: Configuration = {}): Configuration => ({
  chunk_shape: [1, 3],
  codecs: ["bytes", "crc32c"],
  index_codecs: ["bytes", "crc32c"],
  ...rest,
});

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
  crc32c: {
    good: () => fc.constant({}),
    bad: [{ location: "end" }, { seed: 0 }],
    small: {},
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
export function chainOf(name: string, configuration: Configuration): CodecOption[] {
  const { kind } = builtInCodecs.find((codec) => codec.name === name)!;
  const codec = { name, configuration };
  if (kind === "array_to_bytes") return [codec];
  return kind === "array_to_array" ? [codec, "bytes"] : ["bytes", codec];
}
