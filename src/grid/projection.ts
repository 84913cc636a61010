/**
 * Projection of a selection onto the chunks of a grid. The same arithmetic serves an array and its chunks, and a shard and its inner chunks.
 */

import type { ChunkAxis } from "./chunk_grid.js";
import {
  type AxisPicks,
  type AxisRange,
  type AxisSelection,
  isPicks,
  newIndices,
  type PointSelection,
} from "./selection.js";

/** What a selection takes from one chunk along one axis: elements counted from the chunk's start. */
export type AxisProjection = AxisSelection & ChunkPlace;

interface ChunkPlace {
  /** Chunk coordinate. */
  readonly chunk: number;
  /** The chunk's first element. */
  readonly origin: number;
  /** Place within the result of the first element taken; picks know their places themselves, so that theirs is 0. */
  readonly first: number;
}

/** Splits `selection` at the borders of chunks; chunks without a selected element are left out. */
export function projectAxis(selection: AxisSelection, axis: ChunkAxis): AxisProjection[] {
  return isPicks(selection) ? projectPicks(selection, axis) : projectRange(selection, axis);
}

function projectRange({ start, step, count }: AxisRange, axis: ChunkAxis): AxisProjection[] {
  const projections: AxisProjection[] = [];
  for (let first = 0; first < count; ) {
    const index = start + first * step;
    const chunk = axis.chunkAt(index);
    const origin = axis.startOf(chunk);
    const last = Math.min(count, Math.ceil((origin + axis.lengthOf(chunk) - start) / step));
    projections.push({ chunk, origin, first, start: index - origin, step, count: last - first });
    first = last;
  }
  return projections;
}

/** Numbers `0 … values.length - 1` grouped by the chunk that `chunkOf` gives, chunks in ascending order, numbers within one in theirs. */
function groupByChunk(count: number, chunkOf: (i: number) => number): [chunk: number, members: number[]][] {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const chunk = chunkOf(i);
    const members = groups.get(chunk);
    if (members === undefined) groups.set(chunk, [i]);
    else members.push(i);
  }
  return [...groups].sort(([a], [b]) => a - b);
}

/** The indices that `members` have within their chunk; a shard may be longer than what an int32 counts. */
function indicesInChunk(
  members: readonly number[],
  indices: ArrayLike<number>,
  origin: number,
  chunkLength: number,
): AxisPicks["indices"] {
  const inChunk = newIndices(members.length, chunkLength);
  members.forEach((i, position) => {
    inChunk[position] = indices[i]! - origin;
  });
  return inChunk;
}

function projectPicks({ indices, places, count }: AxisPicks, axis: ChunkAxis): AxisProjection[] {
  return groupByChunk(count, (i) => axis.chunkAt(indices[i]!)).map(([chunk, members]) => {
    const origin = axis.startOf(chunk);
    return {
      chunk,
      origin,
      first: 0,
      indices: indicesInChunk(members, indices, origin, axis.lengthOf(chunk)),
      places: Float64Array.from(members, (i) => places[i]!),
      count: members.length,
    };
  });
}

/** The points that lie in one chunk. */
export interface PointProjection {
  /** C-order number of the chunk in the grid. */
  readonly number: number;
  readonly coordinates: readonly number[];
  /** The chunk's first element. */
  readonly origin: readonly number[];
  readonly selection: PointSelection;
}

/** Groups points by chunk, each chunk once. `grid` has the number of chunks per axis. */
export function projectPoints(
  { coordinates, places }: PointSelection,
  axes: readonly ChunkAxis[],
  grid: readonly number[],
): PointProjection[] {
  const chunkOf = (i: number, axis: number): number => axes[axis]!.chunkAt(coordinates[axis]![i]!);
  const numberOf = (i: number): number => grid.reduce((number, length, axis) => number * length + chunkOf(i, axis), 0);
  return groupByChunk(places.length, numberOf).map(([number, members]) => {
    const chunk = grid.map((_, axis) => chunkOf(members[0]!, axis));
    const origin = chunk.map((c, axis) => axes[axis]!.startOf(c));
    return {
      number,
      coordinates: chunk,
      origin,
      selection: {
        coordinates: chunk.map((c, axis) =>
          indicesInChunk(members, coordinates[axis]!, origin[axis]!, axes[axis]!.lengthOf(c)),
        ),
        places: Float64Array.from(members, (i) => places[i]!),
      },
    };
  });
}

/** The selection of everything in `shape`. */
export function selectAll(shape: readonly number[]): AxisRange[] {
  return shape.map((count) => ({ start: 0, step: 1, count }));
}

/** The part of a chunk that begins at `origin` that lies within `extent`, per axis: `chunkShape` itself where that is all of it. */
export function chunkExtent(
  origin: readonly number[],
  chunkShape: readonly number[],
  extent: readonly number[],
): readonly number[] {
  const rest = (axis: number): number => extent[axis]! - origin[axis]!;
  if (chunkShape.every((length, axis) => length <= rest(axis))) return chunkShape;
  return chunkShape.map((length, axis) => Math.min(length, rest(axis)));
}
