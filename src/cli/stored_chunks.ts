/** The keys that a store holds for an array. */

import { parseChunkKey } from "../grid/chunk_key.js";
import type { ZarrArray } from "../index.js";
import { documentNames, joinKey } from "../metadata/node_path.js";
import type { LocalStore } from "../node.js";

export interface StoredChunk {
  readonly key: string;
  readonly coordinates: readonly number[];
  /** Bytes of the stored value. */
  readonly byteLength: number;
}

export interface StoredKeys {
  /** The array's chunks (shards), in C order of their coordinates. */
  readonly chunks: readonly StoredChunk[];
  /** Bytes of all chunks. */
  readonly byteLength: number;
  /** Keys that belong to nothing. */
  readonly strays: readonly { readonly key: string; readonly reason: string }[];
}

export function listStoredKeys(array: ZarrArray, store: LocalStore): StoredKeys {
  const { chunkKeyEncoding, chunkGrid, shape } = array.metadata;
  const counts = chunkGrid.countsOf(shape);
  const prefix = joinKey(array.path, "");
  const chunks: StoredChunk[] = [];
  const strays: StoredKeys["strays"][number][] = [];
  let total = 0;
  for (const key of store.listSync(prefix)) {
    const name = key.slice(prefix.length);
    const coordinates = parseChunkKey(chunkKeyEncoding, shape.length, name);
    if (coordinates === undefined) {
      // Documents of Zarr v2 may stand beside those of v3.
      if (!documentNames.includes(name)) strays.push({ key, reason: "not a chunk key of this array" });
    } else if (coordinates.some((coordinate, axis) => coordinate >= counts[axis]!)) {
      strays.push({ key, reason: "chunk outside of the array" });
    } else {
      const byteLength = store.sizeSync(key) ?? 0;
      total += byteLength;
      chunks.push({ key, coordinates, byteLength });
    }
  }
  chunks.sort((a, b) => compareCoordinates(a.coordinates, b.coordinates));
  strays.sort((a, b) => (a.key < b.key ? -1 : 1));
  return { chunks, strays, byteLength: total };
}

function compareCoordinates(a: readonly number[], b: readonly number[]): number {
  const axis = a.findIndex((coordinate, axis) => coordinate !== b[axis]);
  return axis < 0 ? 0 : a[axis]! - b[axis]!;
}
