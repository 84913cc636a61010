/** Rectangular pieces of an array, small enough to be held in memory. */

import { newChunk } from "../chunk.js";
import { elementCount } from "../codecs/codec.js";
import { chunkCoordinates } from "../codecs/sharding_indexed.js";
import type { ChunkGrid } from "../grid/chunk_grid.js";
import { type Chunk, type Selection, slice, type ZarrArray } from "../index.js";

export interface Block {
  readonly start: readonly number[];
  readonly shape: readonly number[];
}

/** The blocks that `grid` cuts an array of `shape` into, clipped at its edges, in C order. */
export function* blocksOf(shape: readonly number[], grid: ChunkGrid): Generator<Block, void, void> {
  const counts = grid.countsOf(shape);
  const total = elementCount(counts);
  for (let number = 0; number < total; number++) yield blockAt(chunkCoordinates(counts, number), shape, grid);
}

/** The part of an array of `shape` that the chunk at `coordinates` of `grid` holds. */
export function blockAt(coordinates: readonly number[], shape: readonly number[], { axes }: ChunkGrid): Block {
  const start = coordinates.map((chunk, axis) => axes[axis]!.startOf(chunk));
  return {
    start,
    shape: start.map((from, axis) => Math.min(axes[axis]!.lengthOf(coordinates[axis]!), shape[axis]! - from)),
  };
}

/** `null` on rank 0, where an empty selection would give a scalar. */
export function selectionOf({ start, shape }: Block): Selection {
  return start.length === 0 ? null : start.map((from, axis) => slice(from, from + shape[axis]!));
}

export function readBlock(array: ZarrArray, block: Block): Chunk {
  const out = newChunk(array.metadata.dataType, block.shape);
  array.getSync(selectionOf(block), { out });
  return out;
}

const slabBytes = 16 * 2 ** 20;
/** A slab may be this large if that spares decoding its chunks again for the next one. */
const stretchedSlabBytes = 64 * 2 ** 20;

/**
 * The shape of blocks that follow one another in C order of the array's elements: one index on the outer axes, a run on one axis, all of the
 * inner axes. Some 16 MiB, at most 64. The run ends at borders of `units` if that is possible, the first of them by preference: the shapes of
 * chunks, which otherwise are decoded more than once.
 */
export function slabShape(shape: readonly number[], units: readonly (readonly number[])[], itemSize: number): number[] {
  const slab = shape.map(() => 1);
  let bytes = itemSize;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    if (bytes * length <= slabBytes) {
      slab[axis] = Math.max(1, length);
      bytes *= slab[axis]!;
      continue;
    }
    slab[axis] = runLength(
      Math.floor(slabBytes / bytes),
      Math.floor(stretchedSlabBytes / bytes),
      units.map((unit) => unit[axis]!),
    );
    break;
  }
  return slab;
}

function runLength(preferred: number, maximum: number, units: readonly number[]): number {
  for (const limit of [preferred, maximum]) {
    for (const unit of units) if (unit <= limit) return limit - (limit % unit);
  }
  return maximum;
}
