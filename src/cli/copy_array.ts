/** Moving the elements of one array into another, in blocks. */

import { elementCount } from "../codecs/codec.js";
import type { ZarrArray } from "../index.js";
import { formatJson } from "../metadata/json.js";
import { type Block, blockAt, readBlock, selectionOf } from "./blocks.js";
import { gridShape, type StoredChunk } from "./stored_chunks.js";

/** Blocks have about this many bytes, or those of one stored chunk where that is more. */
const blockBytes = 64 * 2 ** 20;

/**
 * Shape of the blocks to copy: whole stored chunks (shards) of the copy, as many as cover a stored chunk of the source, so that neither side
 * is touched more often than it must; then as many more as fit.
 */
export function copyBlockShape(
  shape: readonly number[],
  sourceGrid: readonly number[],
  targetGrid: readonly number[],
  itemSize: number,
): number[] {
  const limit = Math.max(blockBytes, elementCount(sourceGrid) * itemSize, elementCount(targetGrid) * itemSize);
  const block = [...targetGrid];
  const growTo = (axis: number, length: number): void => {
    const unit = targetGrid[axis]!;
    const others = elementCount(block.with(axis, 1)) * itemSize;
    const most = Math.max(unit, Math.floor(limit / others / unit) * unit);
    block[axis] = Math.max(block[axis]!, Math.min(Math.ceil(length / unit) * unit, most));
  };
  for (let axis = shape.length - 1; axis >= 0; axis--) growTo(axis, Math.min(sourceGrid[axis]!, shape[axis]!));
  for (let axis = shape.length - 1; axis >= 0; axis--) growTo(axis, shape[axis]!);
  return block;
}

/** The blocks that hold anything but fill: those that a stored chunk of the source reaches into. In C order. */
function storedBlocks(
  { shape, chunkShape }: { shape: readonly number[]; chunkShape: readonly number[] },
  stored: readonly StoredChunk[],
  blockShape: readonly number[],
  grid: readonly number[],
): number[] {
  const numbers = new Set<number>();
  for (const { coordinates } of stored) {
    let reached = [0];
    for (const [axis, coordinate] of coordinates.entries()) {
      const start = coordinate * chunkShape[axis]!;
      const stop = Math.min(start + chunkShape[axis]!, shape[axis]!);
      const first = Math.floor(start / blockShape[axis]!);
      const last = Math.ceil(stop / blockShape[axis]!) - 1;
      const along = Array.from({ length: last - first + 1 }, (_, i) => first + i);
      reached = reached.flatMap((number) => along.map((block) => number * grid[axis]! + block));
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
  const { shape, chunkShape, dataType, fillValue } = metadata;
  const blockShape = copyBlockShape(shape, chunkShape, target.metadata.chunkShape, dataType.itemSize);
  const grid = gridShape({ shape, chunkShape: blockShape });
  const fillText = formatJson(dataType.formatFill(fillValue), 0);
  const sameFill = fillText === formatJson(target.metadata.dataType.formatFill(target.metadata.fillValue), 0);
  const numbers = sameFill ? storedBlocks(metadata, stored, blockShape, grid) : { length: elementCount(grid) };
  return {
    length: numbers.length,
    *blocks() {
      for (let i = 0; i < numbers.length; i++) {
        yield blockAt(Array.isArray(numbers) ? numbers[i]! : i, grid, shape, blockShape);
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
