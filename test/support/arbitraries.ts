/** Random arrays, chains, selections and elements for fast-check. */

import fc from "fast-check";
import {
  type ChunkLengths,
  type CodecOption,
  type CreateArrayOptions,
  type IndexLocation,
  type NumericDataTypeName,
  type Selection,
  slice,
} from "../../src/index.js";
import type { Scalar } from "../../src/metadata/data_type.js";
import { numericTypes } from "../../src/metadata/numeric_types.js";

const rankOf: fc.Arbitrary<number> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constant(1) },
  { weight: 5, arbitrary: fc.constant(2) },
  { weight: 4, arbitrary: fc.constant(3) },
  { weight: 1, arbitrary: fc.constant(4) },
);

function lengths(rank: number, max: number): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max }), { minLength: rank, maxLength: rank });
}

export const dataTypeName: fc.Arbitrary<NumericDataTypeName> = fc.constantFrom(...numericTypes.map(({ name }) => name));

export function fillValueOf(dataType: NumericDataTypeName): fc.Arbitrary<Scalar | undefined> {
  if (dataType === "bool") return fc.constantFrom(undefined, true);
  if (dataType.startsWith("float")) {
    const bits = { float16: "0x7e01", float32: "0x7fc00001", float64: "0x7ff8000000000001" }[dataType as "float32"];
    return fc.constantFrom(undefined, -0, 1.5, "NaN", "-Infinity", bits);
  }
  return fc.constantFrom(undefined, dataType.endsWith("64") ? 7n : 7);
}

export const indexLocation: fc.Arbitrary<IndexLocation> = fc.constantFrom("start", "end");

function bytes(endian: "little" | "big"): CodecOption {
  return { name: "bytes", configuration: { endian } };
}

export const indexCodecs: fc.Arbitrary<CodecOption[]> = fc.constantFrom(
  [bytes("little"), "crc32c"],
  [bytes("little")],
  [bytes("big"), "crc32c"],
  [bytes("big")],
);

const gzip: CodecOption = { name: "gzip", configuration: { level: 1 } };
const zstd: CodecOption = { name: "zstd", configuration: { level: 1, checksum: false } };
const zstdChecked: CodecOption = { name: "zstd", configuration: { level: 0, checksum: true } };

export const compressors: fc.Arbitrary<CodecOption[]> = fc.constantFrom(
  [],
  [],
  ["crc32c"],
  [gzip],
  [zstd],
  [zstdChecked, "crc32c"],
  [gzip, "crc32c"],
  ["crc32c", gzip],
  ["crc32c", zstd, "crc32c"],
);

/** A permutation of the axes; every one of rank 3 and 4 comes up, also those that are not their own inverse. */
export function axisOrder(rank: number): fc.Arbitrary<number[]> {
  const axes = [...Array(rank).keys()];
  return fc.shuffledSubarray(axes, { minLength: rank, maxLength: rank });
}

function transposes(rank: number): fc.Arbitrary<number[][]> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[][]>([]) },
    { weight: 2, arbitrary: axisOrder(rank).map((order) => [order]) },
    { weight: 1, arbitrary: fc.array(axisOrder(rank), { minLength: 2, maxLength: 2 }) },
  );
}

function transposeCodec(order: readonly number[]): CodecOption {
  return { name: "transpose", configuration: { order } };
}

/** The shape that transposes in these orders, one after another, turn into `encoded`. */
function beforeTransposes(encoded: readonly number[], orders: readonly (readonly number[])[]): number[] {
  return orders.reduceRight<number[]>(
    (shape, order) => shape.map((_, axis) => shape[order.indexOf(axis)]!),
    [...encoded],
  );
}

/** What stands around the array-to-bytes codec. */
function surroundings(rank: number): fc.Arbitrary<{ orders: number[][]; outer: CodecOption[] }> {
  const noOrders = fc.constant<number[][]>([]);
  const noCodecs = fc.constant<CodecOption[]>([]);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ orders: noOrders, outer: noCodecs }) },
    { weight: 1, arbitrary: fc.record({ orders: noOrders, outer: compressors }) },
    { weight: 1, arbitrary: fc.record({ orders: transposes(rank), outer: noCodecs }) },
    { weight: 1, arbitrary: fc.record({ orders: transposes(rank), outer: compressors }) },
  );
}

export interface Chain {
  /** Elements per axis of what the chain encodes. */
  readonly chunkShape: number[];
  /** What the lengths of other chunks of the chain must be multiples of. */
  readonly unit: number[];
  readonly codecs: CodecOption[];
}

/** A chain over `factors.length` levels of shards: plain chunks encode `innermost` elements per axis, and each level multiplies them. */
export function chain(innermost: readonly number[], factors: readonly (readonly number[])[]): fc.Arbitrary<Chain> {
  const rank = innermost.length;
  const [factor, ...rest] = factors;
  if (factor === undefined) {
    const endian = fc.constantFrom("little" as const, "big" as const);
    return fc.record({ orders: transposes(rank), endian, outer: compressors }).map(({ orders, endian, outer }) => ({
      chunkShape: beforeTransposes(innermost, orders),
      unit: innermost.map(() => 1),
      codecs: [...orders.map(transposeCodec), bytes(endian), ...outer],
    }));
  }
  return chain(innermost, rest).chain(({ chunkShape, codecs }) =>
    fc
      .record({ around: surroundings(rank), index_codecs: indexCodecs, index_location: indexLocation })
      .map(({ around, ...index }) => {
        const shardShape = chunkShape.map((length, axis) => length * factor[axis]!);
        const shard = { name: "sharding_indexed", configuration: { chunk_shape: chunkShape, codecs, ...index } };
        return {
          chunkShape: beforeTransposes(shardShape, around.orders),
          unit: beforeTransposes(chunkShape, around.orders),
          codecs: [...around.orders.map(transposeCodec), shard, ...around.outer],
        };
      }),
  );
}

/** Lengths of chunks along an axis, multiples of `unit`: in runs or not, and sometimes more chunks than any array has. */
function listedLengths(unit: number): fc.Arbitrary<ChunkLengths> {
  const length = fc.integer({ min: 1, max: 3 }).map((factor) => factor * unit);
  const run = fc.tuple(length, fc.integer({ min: 1, max: 3 }));
  const items = fc.array(fc.oneof({ weight: 3, arbitrary: length }, run), { minLength: 1, maxLength: 4 });
  const endless = length.map((each): [number, number] => [each, 10 ** 12]);
  return fc.oneof(
    { weight: 5, arbitrary: items },
    { weight: 1, arbitrary: fc.tuple(items, endless).map(([list, last]) => [...list, last]) },
  );
}

/** A length that the axis may have in the array: up to the end of its chunks, often less. */
function axisLength(lengths: ChunkLengths, rank: number): fc.Arbitrary<number> {
  const most = rank > 2 ? 6 : 14;
  const regular = (length: number): fc.Arbitrary<number> =>
    fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: 1, max: Math.min(2 * length + 1, most) }) },
      { weight: 1, arbitrary: fc.constantFrom(0, 1, length) },
    );
  if (typeof lengths === "number") return regular(lengths);
  const end = lengths.reduce<number>((sum, item) => sum + (typeof item === "number" ? item : item[0] * item[1]), 0);
  return fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: Math.min(end, most) }) },
    { weight: 6, arbitrary: fc.constant(Math.min(end, most)) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1) },
  );
}

/** One shape for all chunks, or a rectilinear grid of a few lengths. */
function chunksOf({ chunkShape, unit }: Chain): fc.Arbitrary<ChunkLengths[]> {
  const listed = chunkShape.map((length, axis) =>
    fc.oneof({ weight: 2, arbitrary: listedLengths(unit[axis]!) }, { weight: 1, arbitrary: fc.constant(length) }),
  );
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<ChunkLengths[]>(chunkShape) },
    { weight: 2, arbitrary: fc.tuple(...listed) },
  );
}

/** Options of a random array; `chunkShape` or `chunkGrid` is what one key stores. */
export const randomArray: fc.Arbitrary<CreateArrayOptions<NumericDataTypeName>> = fc
  .tuple(rankOf, fc.integer({ min: 0, max: 2 }), dataTypeName)
  .chain(([rank, depth, dataType]) => {
    const maxInner = rank > 2 ? 2 : 3;
    const factors = fc.array(lengths(rank, rank > 2 ? 2 : 3), { minLength: depth, maxLength: depth });
    return fc
      .tuple(lengths(rank, maxInner), factors)
      .chain(([inner, levels]) => chain(inner, levels))
      .chain((each) => fc.tuple(fc.constant(each), chunksOf(each)))
      .chain(([{ codecs }, chunkGrid]) => {
        const shape = fc.tuple(...chunkGrid.map((axis) => axisLength(axis, rank)));
        const isRegular = chunkGrid.every((axis) => typeof axis === "number");
        return fc
          .record({ shape, fillValue: fillValueOf(dataType), writeEmptyChunks: fc.boolean() })
          .map(({ fillValue, ...rest }) => ({
            ...rest,
            ...(isRegular ? { chunkShape: chunkGrid } : { chunkGrid }),
            codecs,
            dataType,
            ...(fillValue === undefined ? {} : { fillValue }),
          }));
      });
  });

type SelectionEntry = NonNullable<Selection>[number];

function entryOf(length: number): fc.Arbitrary<SelectionEntry> {
  const bound = fc.option(fc.integer({ min: -length - 1, max: length + 1 }), { freq: 4 });
  const step = fc.constantFrom(null, 1, 1, 2, 3);
  const range = fc.tuple(bound, bound, step).map(([start, stop, step]) => slice(start, stop, step));
  const mask = fc.array(fc.boolean(), { minLength: Math.max(1, length), maxLength: Math.max(1, length) });
  const whole = { weight: 3, arbitrary: fc.constant(null) };
  if (length === 0) return fc.oneof(whole, range);
  const index = fc.integer({ min: -length, max: length - 1 });
  const indices = fc.array(index, { maxLength: length + 2 });
  return fc.oneof(
    whole,
    { weight: 4, arbitrary: range },
    { weight: 3, arbitrary: index },
    { weight: 1, arbitrary: fc.oneof(indices, mask) },
  );
}

/** A selection of an array of `shape`: numbers (also negative), slices with steps, null, arrays of indices or booleans, and fewer entries than axes. */
export function selectionOf(shape: readonly number[]): fc.Arbitrary<Selection> {
  const entries = fc.tuple(...shape.map(entryOf));
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 6, arbitrary: entries },
    { weight: 1, arbitrary: fc.tuple(entries, fc.nat(shape.length)).map(([all, count]) => all.slice(0, count)) },
  );
}

/** Bytes of `count` elements; every kind of element is there, and often runs of `fillValue`. */
export function elementsOf(
  dataType: NumericDataTypeName,
  fillValue: Uint8Array,
  count: number,
  seed: number,
): Uint8Array {
  const { byteLength: size } = fillValue;
  const bytes = new Uint8Array(count * size);
  const random = generator(seed);
  const kind = random() % 4;
  for (let i = 0; i < count; i++) {
    const isFill = kind === 0 || (kind === 1 && random() % 4 !== 0);
    for (let b = 0; b < size; b++)
      bytes[i * size + b] = isFill ? fillValue[b]! : random() & (dataType === "bool" ? 1 : 255);
  }
  return bytes;
}

/** Pseudo-random 24-bit integers, the same for the same seed. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
