/** Chunks along an axis in the plainest form: one length for all, or the length of each. */

import type { ChunkLengths } from "../../src/index.js";

export type PlainAxis = number | readonly number[];

/** Expands runs; of very long ones only what no test reaches the end of. */
export function plainAxis(lengths: ChunkLengths): PlainAxis {
  if (typeof lengths === "number") return lengths;
  return lengths.flatMap((item) =>
    typeof item === "number" ? [item] : new Array<number>(Math.min(item[1], 10_000)).fill(item[0]),
  );
}

export function plainAxes({
  chunkShape,
  chunkGrid,
}: {
  readonly chunkShape?: readonly number[];
  readonly chunkGrid?: unknown;
}): PlainAxis[] {
  if (chunkShape !== undefined) return [...chunkShape];
  if (!Array.isArray(chunkGrid)) throw new TypeError("not chunk lengths per axis");
  return chunkGrid.map(plainAxis);
}

/** Elements of a chunk. */
export function lengthOf(axis: PlainAxis, chunk: number): number {
  return typeof axis === "number" ? axis : axis[chunk]!;
}

/** The first element of a chunk. */
export function startOf(axis: PlainAxis, chunk: number): number {
  return typeof axis === "number" ? chunk * axis : axis.slice(0, chunk).reduce((sum, length) => sum + length, 0);
}

/** The chunk that holds an element. */
export function chunkAt(axis: PlainAxis, index: number): number {
  if (typeof axis === "number") return Math.floor(index / axis);
  let chunk = 0;
  for (let end = axis[0]!; end <= index; end += axis[chunk]!) chunk++;
  return chunk;
}

/** Number of the chunks that hold the first `length` elements. */
export function countOf(axis: PlainAxis, length: number): number {
  return length === 0 ? 0 : chunkAt(axis, length - 1) + 1;
}
