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

/** Keys of chunks with numbers below this are kept, once they are made: some 50 bytes each. */
const keptKeys = 4096;

/** The keys of an array's chunks in its store, which begin with `prefix`. */
export class ChunkKeys {
  readonly #prefix: string;
  readonly #encoding: ChunkKeyEncoding;
  readonly #kept: (string | undefined)[] = [];

  constructor(prefix: string, encoding: ChunkKeyEncoding) {
    this.#prefix = prefix;
    this.#encoding = encoding;
  }

  /** The key of the chunk at `coordinates`. */
  at(coordinates: ArrayLike<number>): string {
    return this.#prefix + encodeChunkKey(this.#encoding, coordinates);
  }

  /**
   * The key of the chunk at `coordinates`, which has the C-order number `number` among the array's chunks. A key that was looked up before
   * has its hash: reading 1000 chunks of 1000 bytes from memory takes 150 µs instead of 210.
   */
  of(number: number, coordinates: ArrayLike<number>): string {
    const kept = this.#kept;
    if (number >= keptKeys) return this.at(coordinates);
    while (kept.length <= number) kept.push(undefined);
    const key = kept[number] ?? this.at(coordinates);
    kept[number] = key;
    return key;
  }
}
