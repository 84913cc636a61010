/** Decoding of whole shards by one kernel call each: see whole_shard.ts. */

import { byteStrides, elementCount, isSpan, lengthOf } from "../codecs/codec.js";
import type { DenseSlot } from "../codecs/dense.js";
import { type BoundShard, entrySize, indexOffset, type ShardIndex } from "../codecs/sharding_indexed.js";
import { bulkKernels } from "../wasm/bulk_kernels.js";
import { type Memory, type Span, useMemory } from "../wasm/memory.js";
import { writeShardLayout } from "../wasm/shard_layout.js";
import { scatterBox, stridedBox } from "./box.js";
import type { Outer } from "./tiling.js";
import type { DecodeShardJob, ShardJob } from "./whole_shard.js";

/** Rows of inner chunks are decoded in pieces of about this many bytes, which stay in the processor's cache. */
const windowBytes = 2 ** 18;

/** Describes the shard to its kernels. */
export function layoutOf(memory: Memory, { shard, dense, extent }: ShardJob): Span {
  const { shape, dataType } = shard.inner.spec;
  const { itemSize } = dataType;
  const { swapSize, checksum, strides: slotStrides } = dense;
  const outerStrides = byteStrides(extent, itemSize);
  return writeShardLayout(memory, {
    itemSize,
    swapSize,
    checksum,
    grid: shard.grid,
    inner: shape,
    extent,
    outerStrides,
    slotStrides,
  });
}

/** Rows of inner chunks along the first axis that have elements in the array. */
export function rowCountOf({ inner }: BoundShard, extent: readonly number[]): number {
  return Math.ceil((extent[0] ?? 1) / (inner.spec.shape[0] ?? 1));
}

/** How the slots of a packed shard lie, if it is packed: their first byte, and how many a row has. */
export function packedSlots(
  shard: BoundShard,
  dense: DenseSlot,
  extent: readonly number[],
  index: ShardIndex,
): { readonly start: number; readonly rowBytes: number } | undefined {
  const perRow = elementCount(shard.grid.slice(1));
  const start = packedStart(index, rowCountOf(shard, extent) * perRow, dense.byteLength);
  return start === undefined ? undefined : { start, rowBytes: perRow * dense.byteLength };
}

/**
 * First byte of the first `count` slots by number, if each has `length` bytes and they lie one after another in the shard, outside of its
 * index; else `undefined`.
 */
function packedStart(index: ShardIndex, count: number, length: number): number | undefined {
  const known = index.packed;
  if (known?.count === count && known.length === length) return known.start;
  const start = findPacked(index, count, length);
  index.packed = { count, length, start };
  return start;
}

function findPacked(index: ShardIndex, count: number, length: number): number | undefined {
  const { shardLength } = index;
  if (shardLength === undefined) return undefined;
  const start = useMemory((memory) => {
    const entries = memory.write(index.bytes.subarray(0, count * entrySize));
    return memory.kernelsOf(bulkKernels).packedStart(entries.pointer, entries.byteLength / entrySize, length);
  });
  const end = start + count * length;
  return start < 0 || end > shardLength || index.reachesIndex(start, end) ? undefined : start;
}

/** Whether the slots of a packed shard, as they lie there, are the elements of the caller's array. */
export function isContiguous(
  { grid, inner }: BoundShard,
  { swapSize, checksum, strides }: DenseSlot,
  extent: readonly number[],
  outer: Outer,
): boolean {
  const { shape, dataType } = inner.spec;
  const { itemSize } = dataType;
  const natural = byteStrides(shape, itemSize);
  const packed = byteStrides(extent, itemSize);
  return (
    swapSize === 1 &&
    !checksum &&
    strides.every((stride, axis) => stride === natural[axis] || shape[axis] === 1) &&
    packed.every((stride, axis) => stride === outer.strides[axis] || extent[axis] === 1) &&
    grid.every((count, axis) => axis === 0 || (count === 1 && extent[axis] === shape[axis]))
  );
}

/** Rows of inner chunks that are decoded at once: so many that their slots and elements stay in the processor's cache. */
export function rowsAtOnce({ inner }: BoundShard, extent: readonly number[]): number {
  const { shape, dataType } = inner.spec;
  const rowBytes = (shape[0] ?? 1) * elementCount(extent.slice(1)) * dataType.itemSize;
  return Math.max(1, Math.floor(windowBytes / rowBytes));
}

/** Decodes rows of a shard; `isDone` stays false where the kernel refused. */
export function decodeShard(job: DecodeShardJob): void {
  const { shard, extent, outer, value, index, firstRow, rowCount } = job;
  const { shape, dataType } = shard.inner.spec;
  const { itemSize } = dataType;
  const rowLength = shape[0] ?? 1;
  const rowBytes = rowLength * elementCount(extent.slice(1)) * itemSize;
  const step = index === undefined ? rowCount : rowsAtOnce(shard, extent);
  const region = index === undefined ? 0 : indexOffset(shard, lengthOf(value));
  const strides = byteStrides(extent, itemSize);
  job.isDone = useMemory((memory) => {
    const layout = layoutOf(memory, job);
    const src = isSpan(value) ? value : memory.write(value);
    const pairs = index === undefined ? nowhere : memory.write(index);
    const dst = memory.allocate(Math.min(rowCount, step) * rowBytes);
    const end = firstRow + rowCount;
    for (let row = firstRow; row < end; row += step) {
      const count = Math.min(step, end - row);
      const placed = memory
        .kernelsOf(bulkKernels)
        .decodeShard(
          dst.pointer,
          dst.byteLength,
          src.pointer,
          src.byteLength,
          pairs.pointer,
          pairs.byteLength,
          region,
          index === undefined ? 0 : shard.indexSize,
          layout.pointer,
          row,
          count,
        );
      if (placed < 0) return false;
      const first = row * rowLength;
      const part = extent.map((length, axis) => (axis === 0 ? Math.min(count * rowLength, length - first) : length));
      const box = stridedBox(part, outer.strides, strides, itemSize);
      scatterBox(box, outer.elements, outer.offset + first * (outer.strides[0] ?? 0), memory.bytes, dst.pointer);
    }
    return true;
  });
}

const nowhere: Span = { pointer: 0, byteLength: 0 };
