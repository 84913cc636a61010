/**
 * Describes a dense shard to the kernels that take it whole: every inner chunk has a slot of the same size.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
 */

import type { Memory, Span } from "./memory.js";

/** A shard of inner chunks of fixed size, and the array that its elements come from or go to. Lists have one number per axis. */
export interface DenseShard {
  /** Bytes of an element. */
  readonly itemSize: number;
  /** Bytes of the units that are stored in reverse: 2, 4, 8 or 16, a divisor of the item size; 1 if none are. */
  readonly swapSize: number;
  /** Whether each slot ends in the crc32c of the bytes before it. */
  readonly checksum: boolean;
  /** Inner chunks. */
  readonly grid: readonly number[];
  /** Elements of an inner chunk. */
  readonly inner: readonly number[];
  /** Elements of the shard that lie in the array: 1 to grid * inner. */
  readonly extent: readonly number[];
  /** Bytes from one element to the next in the outer array. */
  readonly outerStrides: readonly number[];
  /** Bytes from one element to the next in a slot: those of a packed inner chunk, permuted if the codecs transpose it. */
  readonly slotStrides: readonly number[];
}

const wordLimit = 2 ** 31;
const checksumSize = 4;

/** Bytes of one slot. */
export function slotLength({ itemSize, checksum, inner }: Pick<DenseShard, "itemSize" | "checksum" | "inner">): number {
  return inner.reduce((bytes, length) => bytes * length, itemSize) + (checksum ? checksumSize : 0);
}

/**
 * Writes the layout that the kernels `decodeShard`, `encodeShard` and `patchSlots` take.
 * Throws a RangeError for a number that is no i32 of at least 0; the kernels check the rest.
 */
export function writeShardLayout(memory: Memory, shard: DenseShard): Span {
  const { itemSize, swapSize, checksum, grid, inner, extent, outerStrides, slotStrides } = shard;
  const numbers = [grid.length, itemSize, swapSize, checksum ? 1 : 0, slotLength(shard)];
  for (let axis = 0; axis < grid.length; axis++) {
    numbers.push(grid[axis]!, inner[axis]!, extent[axis]!, outerStrides[axis]!, slotStrides[axis]!);
  }
  const wrong = numbers.find((number) => !(number >= 0 && number < wordLimit && Number.isInteger(number)));
  if (wrong !== undefined)
    throw new RangeError(`the layout of a shard takes integers from 0 to 2^31 - 1, not ${wrong}`);
  const layout = memory.allocate(numbers.length * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(memory.bytes.buffer, layout.pointer, numbers.length).set(numbers);
  return layout;
}
