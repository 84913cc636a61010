/** Reading shards of which every element is wanted, many inner chunks at once: the part of the read plan that is there for speed alone. */

import { type Bytes, elementCount } from "../codecs/codec.js";
import type { DenseSlot } from "../codecs/dense.js";
import type { BoundShard } from "../codecs/sharding_indexed.js";
import {
  type ChunkRead,
  cutShort,
  missing,
  newRead,
  type OpenedShard,
  outerOf,
  type ReadOptions,
  tilingOf,
} from "./chunk_read.js";
import { isContiguous, packedSlots, rowCountOf, rowsAtOnce } from "./decode_shard.js";
import type { DecodeSlotsJob } from "./decode_slots.js";
import type { Plan, Read } from "./plan.js";
import { type DecodeShardJob, wholeShardSlot } from "./whole_shard.js";

/** Reads the packed ones of the shards that are wanted whole; returns the others, and those in which something is wrong. */
export function* readPacked(
  opened: readonly OpenedShard[],
  options: ReadOptions,
): Plan<{ readonly spread: OpenedShard[]; readonly refused: OpenedShard[] }> {
  const spread: OpenedShard[] = [];
  const refused: OpenedShard[] = [];
  const reads: Read[] = [];
  const readers: OpenedShard[] = [];
  for (const each of opened) {
    const { item, shard } = each.shardRead;
    const { selection, extent } = item;
    const dense = wholeShardSlot(shard, selection, extent);
    const packed = dense && packedSlots(shard, dense, extent, each.index);
    if (dense === undefined || packed === undefined) spread.push(each);
    else if (isContiguous(shard, dense, extent, outerOf(item)) && !Array.isArray(item.target)) {
      const byteLength = elementCount(extent) * shard.spec.dataType.itemSize;
      if (each.value !== undefined)
        item.target.set(each.value.subarray(packed.start, packed.start + byteLength), item.targetOffset);
      else {
        const into = { target: item.target, offset: item.targetOffset, byteLength };
        reads.push(newRead(item.key, { offset: item.offset + packed.start, length: byteLength }, into));
        readers.push(each);
      }
    } else if (!(yield* readWindows(each, dense, packed))) refused.push(each);
  }
  if (reads.length === 0) return { spread, refused };
  yield { kind: "get", reads };
  reads.forEach(({ value, isInPlace, into }, i) => {
    const { item, shard } = readers[i]!.shardRead;
    if (isInPlace) return;
    if (value === undefined) missing(item, shard.spec, options);
    else if (value.byteLength !== into!.byteLength)
      throw cutShort(item, { offset: item.offset, length: into!.byteLength }, value.byteLength);
    else into!.target!.set(value, into!.offset);
  });
  return { spread, refused };
}

/** Decodes a packed shard in windows of rows of inner chunks; false if one of them is refused. */
function* readWindows(
  { shardRead: { item, shard }, value }: OpenedShard,
  dense: DenseSlot,
  { start, rowBytes }: { readonly start: number; readonly rowBytes: number },
): Plan<boolean> {
  const { key, extent } = item;
  const rows = rowCountOf(shard, extent);
  const step = rowsAtOnce(shard, extent);
  for (let firstRow = 0; firstRow < rows; firstRow += step) {
    const rowCount = Math.min(step, rows - firstRow);
    const offset = start + firstRow * rowBytes;
    const length = rowCount * rowBytes;
    let slots: Bytes | undefined = value?.subarray(offset, offset + length);
    if (slots === undefined) {
      const read = newRead(
        key,
        { offset: item.offset + offset, length },
        { target: undefined, offset: 0, byteLength: length },
      );
      yield { kind: "get", reads: [read] };
      slots = read.span ?? read.value;
    }
    if (slots === undefined || slots.byteLength !== length) return false;
    const job = shardJob(item, shard, dense, { value: slots, index: undefined, firstRow, rowCount });
    yield { kind: "transform", jobs: [job] };
    if (!job.isDone) return false;
  }
  return true;
}

/** Decodes shards that are wanted whole by one kernel call each; returns those that must be broken up. */
export function* decodeWhole(opened: readonly OpenedShard[]): Plan<readonly OpenedShard[]> {
  const jobs = opened.map(({ shardRead: { item, shard }, value, index }): DecodeShardJob | undefined => {
    const { selection, extent } = item;
    const dense = value && wholeShardSlot(shard, selection, extent);
    if (value === undefined || dense === undefined) return undefined;
    const rowCount = rowCountOf(shard, extent);
    return shardJob(item, shard, dense, { value, index: index.bytes, firstRow: 0, rowCount });
  });
  const wanted = jobs.filter((job) => job !== undefined);
  if (wanted.length === 0) return opened;
  yield { kind: "transform", jobs: wanted };
  return opened.filter((_, i) => !jobs[i]?.isDone);
}

/** A job that decodes rows of the shard `item` into its target. */
function shardJob(
  item: Omit<ChunkRead, "chain">,
  shard: BoundShard,
  dense: DenseSlot,
  { value, index, firstRow, rowCount }: Pick<DecodeShardJob, "value" | "index" | "firstRow" | "rowCount">,
): DecodeShardJob {
  const { key, grid, number, extent } = item;
  const outer = outerOf(item);
  const rows = { firstRow, rowCount };
  return { kind: "decode-shard", key, grid, number, shard, dense, extent, outer, value, index, ...rows, isDone: false };
}

/** Plain inner chunks of a shard in hand are decoded together. */
export function slotsJob({ shardRead, value, index }: OpenedShard): DecodeSlotsJob | undefined {
  const { item, shard } = shardRead;
  if (value === undefined || shard.inner.shard !== undefined) return undefined;
  const { key, grid, number } = item;
  return { kind: "decode-slots", key, grid, number, shard, value, index, tiling: tilingOf(shardRead) };
}
