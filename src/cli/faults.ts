/** Finding everything that is wrong with one stored chunk. */

import { elementCount } from "../codecs/codec.js";
import { SyncodecError, type ZarrArray } from "../index.js";
import { type Block, blocksOf, readBlock } from "./blocks.js";
import { innerShapes } from "./inner_shapes.js";

export interface Fault {
  /** Coordinates of the inner chunk in its shard, for each level of sharding; empty if the fault concerns the stored value as a whole. */
  readonly inner: readonly (readonly number[])[];
  readonly error: SyncodecError;
}

/** A shard above this many decoded bytes is read inner chunk by inner chunk. */
const wholeReadBytes = 256 * 2 ** 20;

/** Reads the stored chunk at `coordinates`. Where it is a shard that cannot be read, its inner chunks are read one by one. */
export function* chunkFaults(array: ZarrArray, coordinates: readonly number[]): Generator<Fault, void, void> {
  const { shape, chunkShape, codecs } = array.metadata;
  const start = coordinates.map((coordinate, axis) => coordinate * chunkShape[axis]!);
  const extent = start.map((from, axis) => Math.min(chunkShape[axis]!, shape[axis]! - from));
  yield* blockFaults(array, { start, shape: extent }, innerShapes(codecs), []);
}

function* blockFaults(
  array: ZarrArray,
  block: Block,
  levels: readonly (readonly number[])[],
  inner: Fault["inner"],
): Generator<Fault, void, void> {
  const [partShape, ...deeper] = levels;
  const bytes = elementCount(block.shape) * array.metadata.dataType.itemSize;
  if (partShape !== undefined && bytes > wholeReadBytes) {
    yield* partFaults(array, block, partShape, deeper, inner);
    return;
  }
  const error = tryRead(array, block);
  if (error === undefined) return;
  const whole: Fault = { inner: inner.length === 0 && error.chunk !== undefined ? [error.chunk] : inner, error };
  // Without an inner chunk in it, the error concerns the index, or the value before the shard in it is reached.
  if (partShape === undefined || error.chunk === undefined) {
    yield whole;
    return;
  }
  const faults = [...partFaults(array, block, partShape, deeper, inner)];
  yield* faults.length === 0 ? [whole] : faults;
}

function* partFaults(
  array: ZarrArray,
  block: Block,
  partShape: readonly number[],
  deeper: readonly (readonly number[])[],
  inner: Fault["inner"],
): Generator<Fault, void, void> {
  const faults: Fault[] = [];
  let parts = 0;
  for (const { start, shape } of blocksOf(block.shape, partShape)) {
    parts++;
    const place = start.map((from, axis) => from / partShape[axis]!);
    const part = { start: start.map((from, axis) => from + block.start[axis]!), shape };
    faults.push(...blockFaults(array, part, deeper, [...inner, place]));
  }
  const [first] = faults;
  // Messages name the inner chunk. When all are the same, it is the index that is bad, and not every inner chunk.
  const isIndex =
    parts > 1 && faults.length === parts && faults.every(({ error }) => error.message === first?.error.message);
  if (isIndex && first !== undefined) yield { inner, error: first.error };
  else yield* faults;
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
