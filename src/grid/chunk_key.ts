/**
 * Chunk key encodings: the name under which a chunk is stored, and back.
 *
 * `default` writes `c/0/1` (or `c.0.1`), `v2` writes `0.1` (or `0/1`); a rank-0 array has the one key `c`, or `0`.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/chunk-key-encodings/default/index.html
 */

export interface ChunkKeyEncoding {
  readonly name: "default" | "v2";
  readonly separator: "/" | ".";
}

/** The key of the chunk at `coordinates` (one non-negative integer per axis), relative to its array and without a leading `/`. */
export function encodeChunkKey(encoding: ChunkKeyEncoding, coordinates: ArrayLike<number>): string {
  const { separator } = encoding;
  const rank = coordinates.length;
  if (encoding.name === "default") {
    let key = "c";
    for (let axis = 0; axis < rank; axis++) key += separator + coordinates[axis];
    return key;
  }
  if (rank === 0) return "0";
  let key = `${coordinates[0]}`;
  for (let axis = 1; axis < rank; axis++) key += separator + coordinates[axis];
  return key;
}

/**
 * The coordinates that `key` names in an array of the given rank, or `undefined` when {@link encodeChunkKey} never writes such a key
 * (missing prefix, other separator, leading zeros, signs, wrong rank, a coordinate beyond 2^53 - 1).
 */
export function parseChunkKey(encoding: ChunkKeyEncoding, rank: number, key: string): number[] | undefined {
  if (rank === 0) return key === (encoding.name === "default" ? "c" : "0") ? [] : undefined;
  const parts = key.split(encoding.separator, rank + 2);
  if (encoding.name === "default" && parts.shift() !== "c") return undefined;
  if (parts.length !== rank) return undefined;
  const coordinates: number[] = [];
  for (const part of parts) {
    if (!/^(?:0|[1-9][0-9]{0,15})$/.test(part)) return undefined;
    const coordinate = Number(part);
    if (!Number.isSafeInteger(coordinate)) return undefined;
    coordinates.push(coordinate);
  }
  return coordinates;
}
