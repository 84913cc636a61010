/**
 * What W6, the append patch, makes of a shard: the slots that change are put behind its end. With the index at the end, a new one follows
 * them, so that no byte of the old shard changes; with the index at the start, that is overwritten.
 */

import type { BoundShard, ShardIndex, Slot } from "../codecs/sharding_indexed.js";
import type { PatchWrite } from "../stores/store.js";

/** An encoded inner chunk; `undefined` = missing. */
export interface NewSlot {
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
}

/** A shard with appended slots, whose index is still to be written. */
export interface Appended {
  readonly slots: readonly PatchWrite[];
  readonly index: ShardIndex;
  /** Where the index goes. */
  readonly indexAt: number;
  /** Bytes of the whole shard. */
  readonly byteLength: number;
}

/** Whether a shard that holds so many bytes of slots leaves at most the share `threshold` unused. */
function isCompact({ indexSize }: BoundShard, slotBytes: number, byteLength: number, threshold: number): boolean {
  return byteLength - indexSize - slotBytes <= threshold * byteLength;
}

/** Bytes of the shard after `slotBytes` bytes of slots were appended to one of `byteLength` bytes. */
function appendedLength({ indexLocation, indexSize }: BoundShard, byteLength: number, slotBytes: number): number {
  return byteLength + slotBytes + (indexLocation === "end" ? indexSize : 0);
}

/** Whether slots may be appended, as far as can be told before they are encoded: as if each kept its size. */
export function mayAppend(
  shard: BoundShard,
  index: ShardIndex,
  slots: readonly (Slot | undefined)[],
  threshold: number,
): boolean {
  const { shardLength, slotBytes } = index;
  if (shardLength === undefined) return false;
  const replaced = slots.reduce((sum, slot) => sum + (slot?.length ?? 0), 0);
  return isCompact(shard, slotBytes, appendedLength(shard, shardLength, replaced), threshold);
}

/** Appends slots; `undefined` if too much of the shard would be unused. No slots of `index` share bytes. */
export function appendSlots(
  shard: BoundShard,
  index: ShardIndex,
  changed: readonly NewSlot[],
  threshold: number,
): Appended | undefined {
  const { shardLength } = index;
  if (shardLength === undefined) return undefined;
  const places = new Map<number, Slot | undefined>();
  const slots: PatchWrite[] = [];
  let offset = shardLength;
  for (const { number, bytes } of changed) {
    places.set(number, bytes && { offset, length: bytes.byteLength });
    if (bytes === undefined) continue;
    slots.push({ offset, bytes });
    offset += bytes.byteLength;
  }
  const byteLength = appendedLength(shard, shardLength, offset - shardLength);
  const next = index.withSlots(places, byteLength);
  if (!isCompact(shard, next.slotBytes, byteLength, threshold)) return undefined;
  return { slots, index: next, indexAt: shard.indexLocation === "start" ? 0 : offset, byteLength };
}
