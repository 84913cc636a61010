/**
 * Projection of a selection onto the chunks of a regular grid. The same arithmetic serves an array and its chunks, and a shard and its inner
 * chunks.
 */

import type { AxisSelection } from "./selection.js";

/** What a selection takes from one chunk along one axis. */
export interface AxisProjection {
  /** Chunk coordinate. */
  readonly chunk: number;
  /** Index within the selection of the first element taken. */
  readonly first: number;
  /** Elements taken, counted from the chunk's start. */
  readonly selection: AxisSelection;
}

/** Splits `selection` at multiples of `chunkLength`; chunks without a selected element are left out. */
export function projectAxis({ start, step, count }: AxisSelection, chunkLength: number): AxisProjection[] {
  const projections: AxisProjection[] = [];
  for (let first = 0; first < count; ) {
    const index = start + first * step;
    const chunk = Math.floor(index / chunkLength);
    const last = Math.min(count, Math.ceil(((chunk + 1) * chunkLength - start) / step));
    projections.push({
      chunk,
      first,
      selection: { start: index - chunk * chunkLength, step, count: last - first },
    });
    first = last;
  }
  return projections;
}

/** The selection of everything in `shape`. */
export function selectAll(shape: readonly number[]): AxisSelection[] {
  return shape.map((count) => ({ start: 0, step: 1, count }));
}

/** The part of the chunk at `projections` that lies within `extent`, per axis: `chunkShape` itself where that is all of it. */
export function chunkExtent(
  projections: readonly AxisProjection[],
  chunkShape: readonly number[],
  extent: readonly number[],
): readonly number[] {
  const rest = (axis: number): number => extent[axis]! - projections[axis]!.chunk * chunkShape[axis]!;
  if (chunkShape.every((length, axis) => length <= rest(axis))) return chunkShape;
  return chunkShape.map((length, axis) => Math.min(length, rest(axis)));
}
