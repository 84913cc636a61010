/**
 * Whole shards by one kernel call: R2b, the bulk decode, and its mirror in W3. Inner chunks of fixed size whose chain is at most a transpose,
 * a byte swap and a crc32c need no JavaScript object each: a shard of 10,000 inner chunks of 100 bytes decodes at 9 ns an inner chunk
 * instead of 500.
 *
 * The kernel refuses whatever is not as expected (an inner chunk that is missing, of another length or corrupt); the shard then goes the
 * general way, which fills, or says exactly what is wrong.
 */

import { type Bytes, byteStrides, elementCount, isSpan, lengthOf } from "../codecs/codec.js";
import type { DenseSlot } from "../codecs/dense.js";
import { type BoundShard, entrySize, indexOffset, type ShardIndex } from "../codecs/sharding_indexed.js";
import { type AxisRange, type ChunkSelection, isPicks } from "../grid/selection.js";
import { type Memory, type Span, useMemory } from "../wasm/memory.js";
import { writeShardLayout } from "../wasm/shard_layout.js";
import { fillElements, gatherBox, scatterBox, stridedBox } from "./box.js";
import type { Place } from "./place.js";
import type { Outer } from "./tiling.js";

/** A whole shard between its bytes and the caller's array, which has its elements in natural order. */
interface ShardJob extends Place {
  readonly shard: BoundShard;
  readonly dense: DenseSlot;
  /** Part of the shard that lies in the array. */
  readonly extent: readonly number[];
  readonly outer: Outer;
}

export interface DecodeShardJob extends ShardJob {
  readonly kind: "decode-shard";
  /** The stored shard, or, of a packed one, the slots of the rows of inner chunks that are to be decoded. */
  readonly value: Bytes;
  /** The decoded index; `undefined` if the shard is packed. */
  readonly index: Uint8Array | undefined;
  /** Rows of inner chunks along the first axis. */
  readonly firstRow: number;
  readonly rowCount: number;
  /** Result: false if the shard must go the general way. */
  isDone: boolean;
}

export interface EncodeShardJob extends ShardJob {
  readonly kind: "encode-shard";
  /** C-order chunk numbers in the order of their slots. */
  readonly order: Uint32Array;
  readonly skipEmpty: boolean;
  /** Result: the shard with room for its index, and the index to be encoded; `undefined` if the shard is empty. */
  result: { readonly bytes: Uint8Array; readonly index: Uint8Array } | undefined;
}

/** Merges a region of the caller's array into slots that stay where they are. */
export interface PatchSlotsJob extends ShardJob {
  readonly kind: "patch-slots";
  /** The region, in the shard's own coordinates. */
  readonly region: readonly AxisRange[];
  /** The inner chunks that the region touches, each once, and what is stored of those that it does not cover. */
  readonly slots: readonly { readonly number: number; readonly existing: Uint8Array | undefined }[];
  readonly skipEmpty: boolean;
  /** Result: the new slots one after another; `undefined` if they must go the general way. */
  result: Uint8Array | undefined;
}

/** Shards above this many bytes go the general way, in windows. */
const byteLimit = 2 ** 29;
/** Rows of inner chunks are decoded in pieces of about this many bytes, which stay in the processor's cache. */
const windowBytes = 2 ** 18;
/** An inner chunk that begins with this many bytes of fill values may be empty. */
const emptyProbe = 64;

/**
 * The shard's slot if a selection of it can be read or written whole: every element once, in natural order. The kernels read no shard of a
 * single inner chunk, which decoding by itself reads as fast.
 */
export function wholeShardSlot(
  { dense, chunkCount, spec }: BoundShard,
  selection: ChunkSelection,
  extent: readonly number[],
  leastChunks = 2,
): DenseSlot | undefined {
  if (dense === undefined || chunkCount < leastChunks || "places" in selection) return undefined;
  const bytes = Math.max(elementCount(spec.shape) * spec.dataType.itemSize, chunkCount * dense.byteLength);
  if (bytes === 0 || bytes > byteLimit) return undefined;
  const isWhole = selection.every(
    (axis, d) =>
      !isPicks(axis) && axis.start === 0 && axis.count === extent[d] && (axis.step === 1 || axis.count === 1),
  );
  return isWhole ? dense : undefined;
}

/** How `count` slots of the shard lie, if `selection` can be merged into them by one kernel call. */
export function patchableSlots(
  { dense, spec }: BoundShard,
  selection: ChunkSelection,
  count: number,
): { readonly dense: DenseSlot; readonly region: readonly AxisRange[] } | undefined {
  if (dense === undefined || "places" in selection || count * dense.byteLength > byteLimit) return undefined;
  // The kernel counts elements and bytes of the whole shard in 31 bits.
  if (elementCount(spec.shape) * spec.dataType.itemSize >= 2 ** 31) return undefined;
  const region = selection.filter((axis): axis is AxisRange => !isPicks(axis));
  return region.length === selection.length ? { dense, region } : undefined;
}

function layoutOf(memory: Memory, { shard, dense, extent }: ShardJob): Span {
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
  const start = index.packedAt(rowCountOf(shard, extent) * perRow, dense.byteLength);
  return start === undefined ? undefined : { start, rowBytes: perRow * dense.byteLength };
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
      const placed = memory.kernels.decodeShard(
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

/** Encodes a shard. */
export function encodeShard(job: EncodeShardJob): void {
  const { shard, dense, extent, outer, order, skipEmpty } = job;
  const given = contiguousElements(job);
  if (given !== undefined) {
    job.result = copyShard(job, given);
    return;
  }
  const { itemSize } = shard.spec.dataType;
  const { chunkCount, indexSize, indexLocation } = shard;
  const base = indexLocation === "start" ? indexSize : 0;
  job.result = useMemory((memory) => {
    const layout = layoutOf(memory, job);
    const src = memory.allocate(elementCount(extent) * itemSize);
    const box = stridedBox(extent, outer.strides, byteStrides(extent, itemSize), itemSize);
    const fill = memory.write(dense.fillValue);
    const numbers = memory.write(new Uint8Array(order.buffer, order.byteOffset, order.byteLength));
    const pairs = memory.allocate(chunkCount * entrySize);
    const dst = memory.allocate(base + chunkCount * dense.byteLength);
    gatherBox(box, memory.bytes, src.pointer, outer.elements, outer.offset);
    const end = memory.kernels.encodeShard(
      dst.pointer,
      dst.byteLength,
      base,
      src.pointer,
      src.byteLength,
      pairs.pointer,
      pairs.byteLength,
      numbers.pointer,
      fill.pointer,
      skipEmpty ? 1 : 0,
      layout.pointer,
    );
    if (end < 0) throw new RangeError("the shard kernel refused its arguments");
    if (end === base) return undefined;
    const byteLength = indexLocation === "start" ? end : end + indexSize;
    const bytes = new Uint8Array(byteLength);
    bytes.set(memory.bytes.subarray(dst.pointer + base, dst.pointer + end), base);
    return { bytes, index: memory.read(pairs) };
  });
}

/** What is to be stored, if that is the caller's elements as they lie there, and surely no inner chunk of them is empty. */
function contiguousElements({ shard, dense, extent, outer, skipEmpty }: EncodeShardJob): Uint8Array | undefined {
  const { elements, offset } = outer;
  if (Array.isArray(elements) || !isContiguous(shard, dense, extent, outer)) return undefined;
  const given = elements.subarray(offset, offset + elementCount(extent) * shard.spec.dataType.itemSize);
  if (!skipEmpty) return given;
  const { byteLength } = given;
  const { byteLength: step, fillValue } = dense;
  // Asked here: 2 ns instead of the 25 of a call.
  const first = fillValue[0];
  for (let start = 0; start < byteLength; start += step) {
    if (given[start] === first && mayBeEmpty(given, start, Math.min(start + step, byteLength), fillValue))
      return undefined;
  }
  return given;
}

/** Whether the bytes from `start` to before `end`, or the first of them, are those of fill values: the kernel looks at the others faster. */
function mayBeEmpty(bytes: Uint8Array, start: number, end: number, fillValue: Uint8Array): boolean {
  const stop = Math.min(end, start + emptyProbe);
  for (let i = start, place = 0; i < stop; i++) {
    if (bytes[i] !== fillValue[place]) return false;
    place = place + 1 === fillValue.byteLength ? 0 : place + 1;
  }
  return true;
}

/**
 * A shard of `given`, whose bytes are those of the slots: copied once, and not through linear memory: a shard of 100 MB takes 65 ms
 * instead of 89 to 143, of which 60 are the allocation and the copy. Along one axis, every order of slots is that of their numbers.
 */
function copyShard({ shard, dense }: EncodeShardJob, given: Uint8Array): NonNullable<EncodeShardJob["result"]> {
  const { chunkCount, indexSize, indexLocation } = shard;
  const base = indexLocation === "start" ? indexSize : 0;
  const count = Math.ceil(given.byteLength / dense.byteLength);
  const end = base + count * dense.byteLength;
  const bytes = new Uint8Array(indexLocation === "start" ? end : end + indexSize);
  bytes.set(given, base);
  const filled = base + given.byteLength;
  if (filled < end) fillElements(bytes.subarray(filled, end), dense.fillValue);
  // Lower and upper halves of offset and length; all ones for missing inner chunks.
  const words = new Uint32Array((chunkCount * entrySize) / Uint32Array.BYTES_PER_ELEMENT).fill(0xffff_ffff);
  for (let chunk = 0, word = 0, offset = base; chunk < count; chunk++, offset += dense.byteLength) {
    words[word++] = offset;
    words[word++] = offset / 2 ** 32;
    words[word++] = dense.byteLength;
    words[word++] = 0;
  }
  return { bytes, index: new Uint8Array(words.buffer) };
}

/** Merges the region into the slots, swaps, and renews checksums. The kernel refuses a slot whose stored checksum is wrong. */
export function patchSlots(job: PatchSlotsJob): void {
  const { shard, dense, outer, region, slots, skipEmpty } = job;
  const { itemSize } = shard.spec.dataType;
  const counts = region.map(({ count }) => count);
  job.result = useMemory((memory) => {
    const layout = layoutOf(memory, job);
    const dst = memory.allocate(slots.length * dense.byteLength);
    const src = memory.allocate(elementCount(counts) * itemSize);
    const numbers = memory.allocate(slots.length * Uint32Array.BYTES_PER_ELEMENT);
    const partial = memory.allocate(slots.length);
    const triples = memory.allocate(region.length * 3 * Int32Array.BYTES_PER_ELEMENT);
    const fill = memory.write(dense.fillValue);
    const { bytes } = memory;
    slots.forEach(({ existing }, i) => {
      if (existing !== undefined) bytes.set(existing, dst.pointer + i * dense.byteLength);
      bytes[partial.pointer + i] = existing === undefined ? 0 : 1;
    });
    new Uint32Array(bytes.buffer, numbers.pointer, slots.length).set(slots.map(({ number }) => number));
    const words = region.flatMap(({ start, step, count }) => [start, step, count]);
    new Int32Array(bytes.buffer, triples.pointer, words.length).set(words);
    gatherBox(
      stridedBox(counts, outer.strides, byteStrides(counts, itemSize), itemSize),
      bytes,
      src.pointer,
      outer.elements,
      outer.offset,
    );
    const written = memory.kernels.patchSlots(
      dst.pointer,
      dst.byteLength,
      src.pointer,
      src.byteLength,
      numbers.pointer,
      slots.length,
      partial.pointer,
      triples.pointer,
      fill.pointer,
      layout.pointer,
    );
    if (written < 0) return undefined;
    return skipEmpty &&
      slots.some((_, i) => beginsLikeFill(memory, dst.pointer + i * dense.byteLength, fill.pointer, job))
      ? undefined
      : memory.read(dst);
  });
}

/** Whether a slot may have become empty, which only the general way decides: its first element equals the fill value. */
function beginsLikeFill(memory: Memory, slot: number, fill: number, { shard, dense }: PatchSlotsJob): boolean {
  const { bytes } = memory;
  const { itemSize } = shard.spec.dataType;
  const { swapSize } = dense;
  for (let i = 0; i < itemSize; i++) {
    const stored = swapSize === 1 ? i : i - (i % swapSize) + swapSize - 1 - (i % swapSize);
    if (bytes[slot + stored] !== bytes[fill + i]) return false;
  }
  return true;
}
