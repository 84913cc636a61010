/** What only writing needs of `sharding_indexed`: how slots are laid out, and what tells one index from another. */

import { type BoundStep, elementCount } from "../codecs/codec.js";
import { type BoundShard, chunkCoordinates, entrySize, type SubchunkWriteOrder } from "../codecs/sharding_indexed.js";
import { bulkKernels } from "../wasm/bulk_kernels.js";
import { crc32cOf } from "../wasm/checksum.js";
import { useMemory } from "../wasm/memory.js";

const isCrc32c = ({ name }: BoundStep): boolean => name === "crc32c";

/**
 * Bytes of the encoded index that tell it from another one by their CRC-32C: bytes and their own CRC-32C behind them have the same one, whatever
 * they are.
 */
export function guardedIndexSize({ index, indexSize }: BoundShard): number {
  const { byteSteps } = index;
  const others = byteSteps.findLastIndex((step) => !isCrc32c(step)) + 1;
  return indexSize - (byteSteps.length - others) * Uint32Array.BYTES_PER_ELEMENT;
}

/** CRC-32C of the first {@link guardedIndexSize} bytes of an encoded index that is known to be whole: what stands behind them, if anything does. */
export function indexChecksum(shard: BoundShard, encoded: Uint8Array): number {
  const guarded = guardedIndexSize(shard);
  if (guarded === encoded.byteLength) return crc32cOf(encoded);
  return new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength).getUint32(guarded, true);
}

/** Whether {@link guardedIndexSize} bytes of the encoded index are those of the decoded one. */
export function isIndexStoredPlain({ index }: BoundShard): boolean {
  return index.byteSteps.every(isCrc32c);
}

const orders = new WeakMap<readonly number[], Map<SubchunkWriteOrder, Uint32Array>>();

/** C-order chunk numbers in the order of their slots. Computed once per bound grid. */
export function slotOrder(grid: readonly number[], order: SubchunkWriteOrder): Uint32Array {
  const known = orders.get(grid) ?? new Map<SubchunkWriteOrder, Uint32Array>();
  orders.set(grid, known);
  const numbers = known.get(order) ?? computeOrder(grid, order);
  known.set(order, numbers);
  return numbers;
}

function computeOrder(grid: readonly number[], order: SubchunkWriteOrder): Uint32Array {
  const count = elementCount(grid);
  if (order === "morton") {
    return useMemory((memory) => {
      const shape = memory.allocate(grid.length * 4);
      new Uint32Array(memory.bytes.buffer, shape.pointer, grid.length).set(grid);
      const numbers = memory.allocate(count * 4);
      memory.kernelsOf(bulkKernels).mortonOrder(numbers.pointer, numbers.byteLength, grid.length, shape.pointer);
      return new Uint32Array(memory.bytes.buffer, numbers.pointer, count).slice();
    });
  }
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  if (order !== "colexicographic") return numbers;
  const reversedGrid = [...grid].reverse();
  const strides = new Array<number>(grid.length);
  let stride = 1;
  for (let axis = grid.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= grid[axis]!;
  }
  return numbers.map((i) =>
    chunkCoordinates(reversedGrid, i).reduce((sum, c, i) => sum + c * strides[grid.length - 1 - i]!, 0),
  );
}

/** A shard's slots before its index is encoded. */
export interface ShardLayout {
  /** Little-endian uint64 pairs in C order, ready for the index chain. */
  readonly index: Uint8Array;
  /** Offset of each slot in bytes; `undefined` for missing inner chunks. */
  readonly offsets: readonly (number | undefined)[];
  /** Bytes of the whole shard, index included. */
  readonly byteLength: number;
}

/**
 * Packs slots one after another in the order `order`. `lengths` has the bytes of each inner chunk by C-order number, -1 where missing.
 */
export function layoutShard(shard: BoundShard, lengths: Float64Array, order: Uint32Array): ShardLayout {
  const count = lengths.length;
  const base = shard.indexLocation === "start" ? shard.indexSize : 0;
  return useMemory((memory) => {
    const lengthsSpan = memory.write(new Uint8Array(lengths.buffer, lengths.byteOffset, lengths.byteLength));
    const orderSpan = memory.write(new Uint8Array(order.buffer, order.byteOffset, order.byteLength));
    const pairs = memory.allocate(count * entrySize);
    const end = memory
      .kernelsOf(bulkKernels)
      .encodeShardIndex(pairs.pointer, pairs.byteLength, lengthsSpan.pointer, orderSpan.pointer, count, base);
    const index = memory.read(pairs);
    const words = new DataView(index.buffer);
    const offsets = Array.from(lengths, (length, i) =>
      length < 0
        ? undefined
        : words.getUint32(i * entrySize, true) + words.getUint32(i * entrySize + 4, true) * 2 ** 32,
    );
    return { index, offsets, byteLength: shard.indexLocation === "start" ? end : end + shard.indexSize };
  });
}
