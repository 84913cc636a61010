/** Random options of arrays: small ones mostly, in every layout. */

import type {
  ChunkLengths,
  CodecOption,
  CreateArrayOptions,
  NumericDataTypeName,
  RuntimeOptions,
} from "../../src/index.js";
import type { Scalar } from "../../src/metadata/data_type.js";
import { type PlainAxis, plainAxis } from "../support/plain_axis.js";
import { product } from "./plain_array.js";
import type { Random } from "./random.js";

const dataTypes: readonly NumericDataTypeName[] = [
  "bool",
  ...(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] as const),
  ...(["float16", "float32", "float64"] as const),
];

const gzip: CodecOption = { name: "gzip", configuration: { level: 1 } };
const zstd: CodecOption = { name: "zstd", configuration: { level: 1, checksum: true } };
const compressors: readonly CodecOption[][] = [[gzip], [zstd], [gzip, "crc32c"], ["crc32c", zstd]];
const indexCodecs: readonly CodecOption[][] = [
  [bytes("little"), "crc32c"],
  [bytes("little")],
  [bytes("big"), "crc32c"],
  [bytes("big")],
];

/** A random array, and the limits within which it may grow. */
export interface ArrayPlan {
  readonly options: CreateArrayOptions<NumericDataTypeName>;
  readonly maximalCount: number;
  /** Per axis: about how long chunks are, and how long the array can be. */
  readonly typical: readonly number[];
  readonly limits: readonly number[];
  /** Grids of the stored chunks, of the inner chunks in those, and so on down to a chain that begins with a transpose. */
  readonly levels: readonly (readonly PlainAxis[])[];
  /** Whether there are inner chunks below those. */
  readonly hasMoreLevels: boolean;
}

interface Chain {
  /** What the chain encodes. */
  readonly chunkShape: number[];
  /** What the lengths of other chunks of the chain must be multiples of. */
  readonly unit: number[];
  readonly codecs: CodecOption[];
  readonly levels: readonly (readonly number[])[];
}

function bytes(endian: "little" | "big"): CodecOption {
  return { name: "bytes", configuration: { endian } };
}

/** Puts `count` transposes before a chain. */
function transposed(random: Random, { chunkShape, unit, codecs, levels }: Chain, count: number): Chain {
  for (let i = 0; i < count; i++) {
    const order = random.shuffled(chunkShape.map((_, axis) => axis));
    const toDecoded = (encoded: number[]): number[] => encoded.map((_, axis) => encoded[order.indexOf(axis)]!);
    chunkShape = toDecoded(chunkShape);
    unit = toDecoded(unit);
    codecs = [{ name: "transpose", configuration: { order } }, ...codecs];
  }
  // Behind a transpose, a shard is written as a whole, unless the transpose moves nothing.
  return { chunkShape, unit, codecs, levels: count === 0 ? levels : [chunkShape] };
}

function plainChain(random: Random, chunkShape: number[]): Chain {
  const after = random.weighted({ nothing: 5, checksum: 4, compressor: 4 });
  const outer = { nothing: [], checksum: ["crc32c"], compressor: random.pick(compressors) }[after];
  const codecs = [bytes(random.pick(["little", "little", "big"] as const)), ...outer];
  const chain = { chunkShape, unit: chunkShape.map(() => 1), codecs, levels: [chunkShape] };
  return transposed(random, chain, random.chance(0.7) ? 0 : random.integer(1, 2));
}

function shardChain(random: Random, inner: Chain, factors: readonly number[]): Chain {
  const configuration = {
    chunk_shape: inner.chunkShape,
    codecs: inner.codecs,
    index_codecs: random.pick(indexCodecs),
    index_location: random.pick(["start", "end"]),
  };
  const outer: readonly CodecOption[] = random.chance(0.85) ? [] : random.pick([["crc32c"], ...compressors]);
  const chunkShape = inner.chunkShape.map((length, axis) => length * factors[axis]!);
  const codecs = [{ name: "sharding_indexed", configuration }, ...outer];
  const chain = { chunkShape, unit: inner.chunkShape, codecs, levels: [chunkShape, ...inner.levels] };
  return transposed(random, chain, random.chance(0.85) ? 0 : random.integer(1, 2));
}

/** Lengths of chunks about as long as `length`, multiples of `unit`; sometimes more chunks than the array can ever reach. */
function listedLengths(random: Random, length: number, unit: number): ChunkLengths {
  const most = Math.ceil((1.5 * length) / unit);
  const item = (): number | [number, number] => {
    const each = random.integer(1, most) * unit;
    return random.chance(0.7) ? each : [each, random.integer(1, 3)];
  };
  const list = Array.from({ length: random.integer(1, 4) }, item);
  return random.chance(0.2) ? [...list, [random.integer(1, most) * unit, 10 ** 9]] : list;
}

/** Strings as in `zarr.json`: a NaN with a payload among them. */
function fillValueOf(random: Random, dataType: NumericDataTypeName): Scalar | undefined {
  if (dataType === "bool") return random.pick([undefined, true]);
  if (!dataType.startsWith("float")) return random.pick([undefined, dataType.endsWith("64") ? 7n : 7]);
  const payload = { float16: "0x7e01", float32: "0xffc00001", float64: "0x7ff8000000000001" }[dataType as "float32"];
  return random.pick([undefined, -0, 1.5, "NaN", "-Infinity", payload]);
}

/** The options that may change when an array is opened again. */
export function runtimeOptions(random: Random): RuntimeOptions {
  return {
    writeEmptyChunks: random.chance(0.3),
    patch: random.chance(0.75),
    subchunkWriteOrder: random.pick(["morton", "lexicographic", "colexicographic", "unordered"]),
    concurrency: random.pick([1, 3, 256]),
    ...(random.chance(0.3)
      ? { coalesce: random.pick([{ maxGapBytes: 0 }, { maxGapBytes: 0, maxBytes: 1 }, { maxGapBytes: 2 ** 30 }]) }
      : {}),
  };
}

const filtersV2: readonly CodecOption[][] = [[], [], ["shuffle"], ["crc32"], ["shuffle", "adler32"], [gzip]];
const compressorsV2: readonly CodecOption[][] = [[], [], ["zlib"], ["lz4"], ["blosc"], ["zstd"], ["crc32c"]];

/** A filter from which every element comes back to the bit. */
function filterFor(random: Random, dataType: NumericDataTypeName): CodecOption[] {
  if (random.chance(0.6) || dataType.startsWith("float")) return [];
  return dataType === "bool" ? ["packbits"] : ["delta"];
}

/** Zarr v2 has no shards, and no NaN with a payload; its fill value may be open. */
function randomArrayV2(random: Random): ArrayPlan {
  const rank = Number(random.weighted({ 0: 1, 1: 4, 2: 6, 3: 4 }));
  const chunkShape = Array.from({ length: rank }, () => random.integer(1, rank > 2 ? 4 : 8));
  const maximalCount = 3000;
  const shape = chunkShape.map((length) => (random.chance(0.05) ? 0 : random.integer(1, 3 * length)));
  const dataType = random.pick(dataTypes);
  const fillValue = random.pick([undefined, null, fillValueOf(random, dataType)]);
  return {
    maximalCount,
    typical: chunkShape,
    limits: chunkShape.map(() => Number.POSITIVE_INFINITY),
    levels: [chunkShape],
    hasMoreLevels: false,
    options: {
      zarrFormat: 2,
      path: random.pick(["/", "/node", "/deep/node"]),
      shape,
      chunkShape,
      dataType,
      memoryLayout: random.pick(["C", "F"]),
      filters: [...filterFor(random, dataType), ...random.pick(filtersV2)],
      serializer: bytes(random.pick(["little", "big"])),
      compressors: random.pick(compressorsV2),
      ...(fillValue === undefined || String(fillValue).startsWith("0x") ? {} : { fillValue }),
      ...(random.chance(0.5) ? {} : { chunkKeyEncoding: { name: "v2", separator: "/" } }),
      ...runtimeOptions(random),
    },
  };
}

export function randomArray(random: Random): ArrayPlan {
  if (random.chance(0.15)) return randomArrayV2(random);
  const rank = Number(random.weighted({ 0: 1, 1: 8, 2: 9, 3: 7, 4: 3 }));
  const isLarge = rank > 0 && random.chance(0.015);
  const axes = [...Array(rank).keys()];
  const largest = isLarge ? ([1, 2000, 40, 14, 6] as const)[rank]! : rank > 2 ? 2 : 4;
  const inner = plainChain(
    random,
    axes.map(() => random.integer(isLarge ? Math.ceil(largest / 2) : 1, largest)),
  );
  const depth = Number(random.weighted({ 0: 5, 1: 4, 2: 1 }));
  let chain = inner;
  for (let level = 0; level < depth; level++) {
    const factors = axes.map(() => random.integer(1, rank > 2 ? 2 : 4));
    chain = shardChain(random, chain, factors);
  }
  const { chunkShape, unit, codecs, levels } = chain;
  const maximalCount = isLarge ? 1_000_000 : 3000;
  const chunkGrid = random.chance(0.65)
    ? undefined
    : chunkShape.map((length, axis) => (random.chance(0.3) ? length : listedLengths(random, length, unit[axis]!)));
  const limits = chunkShape.map((_, axis) => endOf(chunkGrid?.[axis] ?? 1));
  const shape = chunkShape.map((length, axis) => {
    const any = random.chance(0.05) ? random.pick([0, 1, length]) : random.integer(1, Math.ceil(2.4 * length));
    return Math.min(any, limits[axis]!);
  });
  shrinkTo(shape, maximalCount);
  const dataType = random.pick(dataTypes);
  const fillValue = fillValueOf(random, dataType);
  const name = random.pick(["default", "v2"] as const);
  return {
    maximalCount,
    typical: chunkShape,
    limits,
    levels: [chunkGrid?.map(plainAxis) ?? chunkShape, ...levels.slice(1)],
    hasMoreLevels: levels.length <= depth,
    options: {
      path: random.pick(["/", "/node", "/deep/node"]),
      shape,
      ...(chunkGrid === undefined ? { chunkShape } : { chunkGrid }),
      codecs,
      dataType,
      ...(fillValue === undefined ? {} : { fillValue }),
      ...(random.chance(0.7) ? {} : { chunkKeyEncoding: { name, separator: random.pick(["/", "."] as const) } }),
      ...runtimeOptions(random),
    },
  };
}

function endOf(lengths: ChunkLengths): number {
  if (typeof lengths === "number") return Number.POSITIVE_INFINITY;
  return lengths.reduce<number>((end, item) => end + (typeof item === "number" ? item : item[0] * item[1]), 0);
}

/** Makes the longest axes shorter until no more than `maximalCount` elements are left. */
export function shrinkTo(shape: number[], maximalCount: number): void {
  while (product(shape) > maximalCount) {
    const axis = shape.indexOf(Math.max(...shape));
    shape[axis] = Math.floor(shape[axis]! * 0.8);
  }
}
