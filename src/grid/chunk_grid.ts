/**
 * Chunk grids: how the axes of an array are cut into chunks.
 *
 * An axis is cut into equal chunks without end, or into listed ones. Those are kept as runs of equal chunks and looked up by binary search over
 * the runs: a run of 10^15 chunks costs as much as one of 2.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/chunk-grids/regular-grid/index.html
 * https://github.com/zarr-developers/zarr-extensions/tree/main/chunk-grids/rectilinear
 */

/** `count` chunks of `length` elements, one after another. */
export type ChunkRun = readonly [length: number, count: number];

/**
 * Lengths of the chunks along one axis, as in `chunk_shapes` of a rectilinear grid: one number for equal chunks without end, or a list of
 * lengths and of runs `[length, count]`.
 */
export type ChunkLengths = number | readonly (number | ChunkRun)[];

/** The chunks along one axis, numbered from 0. Lengths count elements. */
export interface ChunkAxis {
  /** Runs of one chunk as a bare length, neighbours of one length joined. */
  readonly lengths: ChunkLengths;
  /** Each length that a chunk has, once. */
  readonly distinctLengths: readonly number[];
  /** Length of all chunks together: as long as the array can be here. `Infinity` for chunks without end. */
  readonly end: number;
  /** Number of the chunk that holds element `index`, which is less than `end`. */
  chunkAt(index: number): number;
  /** First element of a chunk; for the number after the last one, `end`. */
  startOf(chunk: number): number;
  /** Elements of a chunk, those beyond the array's edge included. */
  lengthOf(chunk: number): number;
  /** Number of chunks that hold the first `length` elements. */
  countOf(length: number): number;
}

class RegularAxis implements ChunkAxis {
  readonly lengths: number;

  constructor(length: number) {
    this.lengths = length;
  }

  get distinctLengths(): readonly number[] {
    return [this.lengths];
  }

  get end(): number {
    return Number.POSITIVE_INFINITY;
  }

  chunkAt(index: number): number {
    return Math.floor(index / this.lengths);
  }

  startOf(chunk: number): number {
    return chunk * this.lengths;
  }

  lengthOf(): number {
    return this.lengths;
  }

  countOf(length: number): number {
    return Math.ceil(length / this.lengths);
  }
}

class RunAxis implements ChunkAxis {
  readonly lengths: readonly (number | ChunkRun)[];
  readonly distinctLengths: readonly number[];
  readonly end: number;
  /** Per run: the length of its chunks, the number of the first one, and the first element of that. */
  readonly #lengths: number[] = [];
  readonly #chunks: number[] = [];
  readonly #starts: number[] = [];

  constructor(lengths: readonly (number | ChunkRun)[]) {
    const joined: [length: number, count: number][] = [];
    let chunks = 0;
    let end = 0;
    for (const item of lengths) {
      const [length, count] = typeof item === "number" ? [item, 1] : item;
      const last = joined.at(-1);
      if (last?.[0] === length) last[1] += count;
      else {
        joined.push([length, count]);
        this.#lengths.push(length);
        this.#chunks.push(chunks);
        this.#starts.push(end);
      }
      chunks += count;
      end += length * count;
    }
    this.lengths = joined.map(([length, count]) => (count === 1 ? length : [length, count]));
    this.distinctLengths = [...new Set(this.#lengths)];
    this.end = end;
  }

  chunkAt(index: number): number {
    const run = lastUpTo(this.#starts, index);
    return this.#chunks[run]! + Math.floor((index - this.#starts[run]!) / this.#lengths[run]!);
  }

  startOf(chunk: number): number {
    const run = lastUpTo(this.#chunks, chunk);
    return this.#starts[run]! + (chunk - this.#chunks[run]!) * this.#lengths[run]!;
  }

  lengthOf(chunk: number): number {
    return this.#lengths[lastUpTo(this.#chunks, chunk)]!;
  }

  countOf(length: number): number {
    return length === 0 ? 0 : this.chunkAt(length - 1) + 1;
  }
}

/** Place of the last of `values`, which ascend from 0, that is not greater than `limit`. */
function lastUpTo(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (values[middle]! <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function chunkAxis(lengths: ChunkLengths): ChunkAxis {
  return typeof lengths === "number" ? new RegularAxis(lengths) : new RunAxis(lengths);
}

/** How an array is cut into chunks: each axis by itself. */
export class ChunkGrid {
  readonly axes: readonly ChunkAxis[];
  /** Shape of every chunk, `undefined` if they differ. */
  readonly chunkShape: readonly number[] | undefined;
  /** Shape of the largest chunk. */
  readonly largestShape: readonly number[];

  /** @internal All lengths and counts must be integers >= 1, and no list empty. */
  constructor(lengths: readonly ChunkLengths[]) {
    this.axes = lengths.map(chunkAxis);
    this.largestShape = this.axes.map(({ distinctLengths }) => distinctLengths.reduce((a, b) => Math.max(a, b)));
    this.chunkShape = this.axes.every(({ distinctLengths }) => distinctLengths.length === 1)
      ? this.largestShape
      : undefined;
  }

  /** Chunks per axis of an array of `shape`. */
  countsOf(shape: readonly number[]): number[] {
    return this.axes.map((axis, d) => axis.countOf(shape[d]!));
  }
}
