/** Finding everything that is wrong with one stored chunk. */

import { elementCount } from "../codecs/codec.js";
import { SyncodecError, type ZarrArray } from "../index.js";
import { type Block, blockAt, readBlock } from "./blocks.js";
import { innerShapes } from "./inner_shapes.js";

export interface Fault {
  /** Coordinates of the inner chunk in its shard, for each level of sharding; empty if the fault concerns the stored value as a whole. */
  readonly inner: readonly (readonly number[])[];
  readonly error: SyncodecError;
}

/** Larger shards are never read in one piece. Decoded bytes. */
const wholeReadBytes = 256 * 2 ** 20;

/** A shard whose inner chunks are looked at one by one. */
interface Level {
  /** First element of the shard in the array. */
  readonly origin: readonly number[];
  readonly chunkShape: readonly number[];
  /** Shapes of the inner chunks further in. */
  readonly deeper: readonly (readonly number[])[];
  /** Where the shard itself is. */
  readonly inner: Fault["inner"];
}

/** Reads the stored chunk at `coordinates`. Where it is a shard that cannot be read, its bad inner chunks are searched for. */
export function* chunkFaults(array: ZarrArray, coordinates: readonly number[]): Generator<Fault, void, void> {
  const { shape, chunkGrid, codecs } = array.metadata;
  yield* blockFaults(array, blockAt(coordinates, shape, chunkGrid), innerShapes(codecs), []);
}

function* blockFaults(
  array: ZarrArray,
  block: Block,
  levels: readonly (readonly number[])[],
  inner: Fault["inner"],
): Generator<Fault, void, void> {
  const [chunkShape, ...deeper] = levels;
  const level = chunkShape && { origin: block.start, chunkShape, deeper, inner };
  if (level !== undefined && isLarge(array, block)) {
    yield* shardFaults(array, block, level);
    return;
  }
  const error = tryRead(array, block);
  if (error === undefined) return;
  // Without an inner chunk in it, the error is about the index, or the codecs around the shard.
  const faults = level === undefined || error.chunk === undefined ? [] : [...shardFaults(array, block, level)];
  if (faults.length > 0) yield* faults;
  else yield { inner: inner.length === 0 && error.chunk !== undefined ? [error.chunk] : inner, error };
}

function shardFaults(array: ZarrArray, block: Block, level: Level): Fault[] {
  const faults = [...searchFaults(array, block, level)];
  const chunkCount = elementCount(chunksOf(block, level));
  const [first] = faults;
  // Messages name the inner chunk. When all are the same, the index is bad, and not every inner chunk.
  const isIndex =
    chunkCount > 1 &&
    faults.length === chunkCount &&
    faults.every(({ error }) => error.message === first?.error.message);
  return isIndex && first !== undefined ? [{ inner: level.inner, error: first.error }] : faults;
}

/** Halves the block until single inner chunks are left; each read costs a read of the index, so that trying all of them would take long. */
function* searchFaults(array: ZarrArray, block: Block, level: Level): Generator<Fault, void, void> {
  const { origin, chunkShape, deeper, inner } = level;
  const chunks = chunksOf(block, level);
  const most = Math.max(1, ...chunks);
  if (most === 1) {
    const place = block.start.map((from, axis) => (from - origin[axis]!) / chunkShape[axis]!);
    yield* blockFaults(array, block, deeper, [...inner, place]);
    return;
  }
  const axis = chunks.indexOf(most);
  const length = Math.floor(most / 2) * chunkShape[axis]!;
  const { start, shape } = block;
  const first = { start, shape: shape.with(axis, length) };
  const second = { start: start.with(axis, start[axis]! + length), shape: shape.with(axis, shape[axis]! - length) };
  for (const half of [first, second]) {
    if (isLarge(array, half) || tryRead(array, half) !== undefined) yield* searchFaults(array, half, level);
  }
}

/** Inner chunks per axis that the block holds. */
function chunksOf({ shape }: Block, { chunkShape }: Level): number[] {
  return shape.map((length, axis) => Math.ceil(length / chunkShape[axis]!));
}

function isLarge({ metadata }: ZarrArray, { shape }: Block): boolean {
  return elementCount(shape) * metadata.dataType.itemSize > wholeReadBytes;
}

function tryRead(array: ZarrArray, block: Block): SyncodecError | undefined {
  try {
    readBlock(array, block);
    return undefined;
  } catch (error) {
    if (error instanceof SyncodecError) return error;
    throw error;
  }
}
