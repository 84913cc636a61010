/** Where in the store a chunk is, for the errors that concern it. */

import { chunkCoordinates } from "../codecs/sharding_indexed.js";
import { withContext } from "../errors.js";

/** Where in the store some bytes belong. */
export interface Place {
  readonly key: string;
  /** Inner chunks per axis of the shard that holds the chunk; `undefined` for a stored chunk. */
  readonly grid: readonly number[] | undefined;
  /** C-order number of the chunk in `grid`. */
  readonly number: number;
}

/** The place as an error names it. */
export function contextOf({ key, grid, number }: Place): { key?: string; chunk?: readonly number[] } {
  // A chunk that is in no store has no key.
  const stored = key === "" ? {} : { key };
  return grid === undefined ? stored : { ...stored, chunk: chunkCoordinates(grid, number) };
}

/** Runs `body`; an error that escapes it names `place`. */
export function withPlace<T>(body: () => T, place: Place): T {
  try {
    return body();
  } catch (error) {
    throw withContext(error, contextOf(place));
  }
}
