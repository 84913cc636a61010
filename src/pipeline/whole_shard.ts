/**
 * Whole shards by one kernel call: R2b, the bulk decode, and its mirror in W3. Inner chunks of fixed size whose chain is at most a transpose,
 * a byte swap and a crc32c need no JavaScript object each: a shard of 10,000 inner chunks of 100 bytes decodes at 9 ns an inner chunk
 * instead of 500.
 *
 * The kernel refuses whatever is not as expected (an inner chunk that is missing, of another length or corrupt); the shard then goes the
 * general way, which fills, or says exactly what is wrong.
 */

import { type Bytes, elementCount } from "../codecs/codec.js";
import type { DenseSlot } from "../codecs/dense.js";
import type { BoundShard } from "../codecs/sharding_indexed.js";
import { type AxisRange, type ChunkSelection, isPicks } from "../grid/selection.js";
import type { Place } from "./place.js";
import type { Outer } from "./tiling.js";

/** A whole shard between its bytes and the caller's array, which has its elements in natural order. */
export interface ShardJob extends Place {
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
export const byteLimit: number = 2 ** 29;

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
