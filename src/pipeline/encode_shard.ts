/** Encoding and patching of whole shards by one kernel call each: see whole_shard.ts. */

import { byteStrides, elementCount } from "../codecs/codec.js";
import type { DenseSlot } from "../codecs/dense.js";
import { type BoundShard, entrySize } from "../codecs/sharding_indexed.js";
import { type AxisRange, type ChunkSelection, isPicks } from "../grid/selection.js";
import { bulkKernels } from "../wasm/bulk_kernels.js";
import { type Memory, useMemory } from "../wasm/memory.js";
import { fillElements, gatherBox, stridedBox } from "./box.js";
import { isContiguous, layoutOf } from "./decode_shard.js";
import { byteLimit, type EncodeShardJob, type PatchSlotsJob } from "./whole_shard.js";

/** An inner chunk that begins with this many bytes of fill values may be empty. */
const emptyProbe = 64;

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
    const end = memory
      .kernelsOf(bulkKernels)
      .encodeShard(
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
    const written = memory
      .kernelsOf(bulkKernels)
      .patchSlots(
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
