/** Moving the elements of one array into another, in blocks. */

import { elementCount } from "../codecs/codec.js";
import { chunkCoordinates } from "../codecs/sharding_indexed.js";
import { type ChunkAxis, ChunkGrid, type ChunkLengths, type ChunkRun } from "../grid/chunk_grid.js";
import type { ZarrArray } from "../index.js";
import type { ArrayMetadata } from "../metadata/array_metadata.js";
import { formatJson } from "../metadata/json.js";
import { type Block, blockAt, readBlock, selectionOf } from "./blocks.js";
import type { StoredChunk } from "./stored_chunks.js";

/** Blocks have about this many bytes, or those of one stored chunk where that is more. */
const blockBytes = 64 * 2 ** 20;

/**
 * Largest shape of the blocks to copy: whole stored chunks (shards) of the copy, as many as cover a stored chunk of the source, so that neither side
 * is touched more often than it must; then as many more as fit.
 */
export function copyBlockShape(
  shape: readonly number[],
  sourceChunk: readonly number[],
  targetChunk: readonly number[],
  itemSize: number,
): number[] {
  const limit = Math.max(blockBytes, elementCount(sourceChunk) * itemSize, elementCount(targetChunk) * itemSize);
  const block = [...targetChunk];
  const growTo = (axis: number, length: number): void => {
    const unit = targetChunk[axis]!;
    const others = elementCount(block.with(axis, 1)) * itemSize;
    const most = Math.max(unit, Math.floor(limit / others / unit) * unit);
    block[axis] = Math.max(block[axis]!, Math.min(Math.ceil(length / unit) * unit, most));
  };
  for (let axis = shape.length - 1; axis >= 0; axis--) growTo(axis, Math.min(sourceChunk[axis]!, shape[axis]!));
  for (let axis = shape.length - 1; axis >= 0; axis--) growTo(axis, shape[axis]!);
  return block;
}

/** Joins neighbouring chunks of an axis to blocks, as many as fit in `length` elements, which is no less than the longest chunk. */
export function joinChunks({ lengths }: ChunkAxis, length: number): ChunkLengths {
  if (typeof lengths === "number") return length - (length % lengths);
  const blocks: ChunkRun[] = [];
  let begun = 0;
  for (const item of lengths) {
    const [chunk, count] = typeof item === "number" ? [item, 1] : item;
    const added = Math.min(count, Math.floor((length - begun) / chunk));
    begun += added * chunk;
    if (added === count) continue;
    blocks.push([begun, 1]);
    const perBlock = Math.floor(length / chunk);
    const full = Math.ceil((count - added) / perBlock) - 1;
    if (full > 0) blocks.push([perBlock * chunk, full]);
    begun = (count - added - full * perBlock) * chunk;
  }
  return [...blocks, [begun, 1]];
}

/** The blocks that hold anything but fill: those that a stored chunk of the source reaches into. In C order. */
function storedBlocks(
  { shape, chunkGrid }: ArrayMetadata,
  stored: readonly StoredChunk[],
  blocks: ChunkGrid,
  counts: readonly number[],
): number[] {
  const numbers = new Set<number>();
  for (const { coordinates } of stored) {
    const chunk = blockAt(coordinates, shape, chunkGrid);
    let reached = [0];
    for (const [axis, start] of chunk.start.entries()) {
      const first = blocks.axes[axis]!.chunkAt(start);
      const last = blocks.axes[axis]!.chunkAt(start + chunk.shape[axis]! - 1);
      const along = Array.from({ length: last - first + 1 }, (_, i) => first + i);
      reached = reached.flatMap((number) => along.map((block) => number * counts[axis]! + block));
    }
    for (const number of reached) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

export interface CopyPlan {
  /** Number of blocks. */
  readonly length: number;
  blocks(): Iterable<Block>;
}

/** The blocks to copy so that `target` gets all elements of `source`; `stored` are the source's chunks. */
export function planCopy(
  source: Pick<ZarrArray, "metadata">,
  target: Pick<ZarrArray, "metadata">,
  stored: readonly StoredChunk[],
): CopyPlan {
  const { metadata } = source;
  const { shape, chunkGrid, dataType, fillValue } = metadata;
  const { chunkGrid: targetGrid } = target.metadata;
  const largest = copyBlockShape(shape, chunkGrid.largestShape, targetGrid.largestShape, dataType.itemSize);
  const blocks = new ChunkGrid(targetGrid.axes.map((axis, d) => joinChunks(axis, largest[d]!)));
  const counts = blocks.countsOf(shape);
  const fillText = formatJson(dataType.formatFill(fillValue), 0);
  const sameFill = fillText === formatJson(target.metadata.dataType.formatFill(target.metadata.fillValue), 0);
  const numbers = sameFill ? storedBlocks(metadata, stored, blocks, counts) : { length: elementCount(counts) };
  return {
    length: numbers.length,
    *blocks() {
      for (let i = 0; i < numbers.length; i++) {
        yield blockAt(chunkCoordinates(counts, Array.isArray(numbers) ? numbers[i]! : i), shape, blocks);
      }
    },
  };
}

/** Copies one block. Returns its decoded bytes. */
export function copyBlock(source: ZarrArray, target: ZarrArray, block: Block): number {
  const chunk = readBlock(source, block);
  target.setSync(selectionOf(block), chunk);
  return elementCount(chunk.shape) * source.metadata.dataType.itemSize;
}
