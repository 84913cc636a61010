/**
 * Projection of a selection onto the chunks of a regular grid. The same arithmetic serves an array and its chunks, and a shard and its inner
 * chunks.
 */

import {
  type AxisPicks,
  type AxisRange,
  type AxisSelection,
  isPicks,
  newIndices,
  type PointSelection,
} from "./selection.js";

/** What a selection takes from one chunk along one axis. */
export interface AxisProjection {
  /** Chunk coordinate. */
  readonly chunk: number;
  /** Place within the result of the first element taken; picks know their places themselves, so that theirs is 0. */
  readonly first: number;
  /** Elements taken, counted from the chunk's start. */
  readonly selection: AxisSelection;
}

/** Splits `selection` at multiples of `chunkLength`; chunks without a selected element are left out. */
export function projectAxis(selection: AxisSelection, chunkLength: number): AxisProjection[] {
  return isPicks(selection) ? projectPicks(selection, chunkLength) : projectRange(selection, chunkLength);
}

function projectRange({ start, step, count }: AxisRange, chunkLength: number): AxisProjection[] {
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
  chunk: number,
  chunkLength: number,
): AxisPicks["indices"] {
  const inChunk = newIndices(members.length, chunkLength);
  members.forEach((i, position) => {
    inChunk[position] = indices[i]! - chunk * chunkLength;
  });
  return inChunk;
}

function projectPicks({ indices, places, count }: AxisPicks, chunkLength: number): AxisProjection[] {
  return groupByChunk(count, (i) => Math.floor(indices[i]! / chunkLength)).map(([chunk, members]) => ({
    chunk,
    first: 0,
    selection: {
      indices: indicesInChunk(members, indices, chunk, chunkLength),
      places: Float64Array.from(members, (i) => places[i]!),
      count: members.length,
    },
  }));
}

/** The points that lie in one chunk. */
export interface PointProjection {
  /** C-order number of the chunk in the grid. */
  readonly number: number;
  readonly coordinates: readonly number[];
  readonly selection: PointSelection;
}

/** Groups points by chunk, each chunk once. */
export function projectPoints(
  { coordinates, places }: PointSelection,
  chunkShape: readonly number[],
  grid: readonly number[],
): PointProjection[] {
  const chunkOf = (i: number, axis: number): number => Math.floor(coordinates[axis]![i]! / chunkShape[axis]!);
  const numberOf = (i: number): number => grid.reduce((number, length, axis) => number * length + chunkOf(i, axis), 0);
  return groupByChunk(places.length, numberOf).map(([number, members]) => {
    const chunk = grid.map((_, axis) => chunkOf(members[0]!, axis));
    return {
      number,
      coordinates: chunk,
      selection: {
        coordinates: chunk.map((c, axis) => indicesInChunk(members, coordinates[axis]!, c, chunkShape[axis]!)),
        places: Float64Array.from(members, (i) => places[i]!),
      },
    };
  });
}

/** The selection of everything in `shape`. */
export function selectAll(shape: readonly number[]): AxisRange[] {
  return shape.map((count) => ({ start: 0, step: 1, count }));
}

/** The part of the chunk at `coordinates` that lies within `extent`, per axis: `chunkShape` itself where that is all of it. */
export function chunkExtent(
  coordinates: readonly number[],
  chunkShape: readonly number[],
  extent: readonly number[],
): readonly number[] {
  const rest = (axis: number): number => extent[axis]! - coordinates[axis]! * chunkShape[axis]!;
  if (chunkShape.every((length, axis) => length <= rest(axis))) return chunkShape;
  return chunkShape.map((length, axis) => Math.min(length, rest(axis)));
}
