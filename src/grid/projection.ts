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
    projections.push({ chunk, first, selection: { start: index - chunk * chunkLength, step, count: last - first } });
    first = last;
  }
  return projections;
}

/** One projection per axis for every chunk that the selection touches, in C order. The array that is yielded is reused. */
export function* projectChunks(
  axes: readonly (readonly AxisProjection[])[],
): Generator<readonly AxisProjection[], void, void> {
  if (axes.some(({ length }) => length === 0)) return;
  const position = new Array<number>(axes.length).fill(0);
  const current = axes.map((projections) => projections[0]!);
  for (;;) {
    yield current;
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const projections = axes[axis]!;
      if (++position[axis]! < projections.length) {
        current[axis] = projections[position[axis]!]!;
        break;
      }
      position[axis] = 0;
      current[axis] = projections[0]!;
    }
    if (axis < 0) return;
  }
}

/** C-order number of the chunk that `projections` name in a grid of `grid` chunks. */
export function chunkNumber(projections: readonly AxisProjection[], grid: readonly number[]): number {
  let number = 0;
  for (let axis = 0; axis < grid.length; axis++) number = number * grid[axis]! + projections[axis]!.chunk;
  return number;
}

/** The selection of everything in `shape`. */
export function selectAll(shape: readonly number[]): AxisSelection[] {
  return shape.map((count) => ({ start: 0, step: 1, count }));
}

/** Whether the selection takes every element of `extent`, the part of a chunk that lies in the array. */
export function coversExtent(axes: readonly AxisSelection[], extent: readonly number[]): boolean {
  return axes.every(({ step, count }, axis) => count === extent[axis] && (step === 1 || count === 1));
}

/** The part of chunk `chunk` that lies within `extent`, per axis. */
export function chunkExtent(
  projections: readonly AxisProjection[],
  chunkShape: readonly number[],
  extent: readonly number[],
): number[] {
  return chunkShape.map((length, axis) => Math.min(length, extent[axis]! - projections[axis]!.chunk * length));
}
