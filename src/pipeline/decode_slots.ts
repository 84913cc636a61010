/**
 * The inner chunks of a shard that is in hand, one after another, with no object for each: 10,000 of 100 bytes cost 0.5 µs each besides their
 * codecs, as jobs of their own 2 µs. Where the first decoding step is a kernel and most of them are wanted, the shard goes into
 * linear memory once, as a whole.
 */

import { isSpan } from "../codecs/codec.js";
import { type BoundShard, checkSlot, type ShardIndex } from "../codecs/sharding_indexed.js";
import { withContext } from "../errors.js";
import { type Span, useMemory } from "../wasm/memory.js";
import { fillBox } from "./box.js";
import { contextOf, type Place, withPlace } from "./place.js";
import { type DecodeJob, decodeJob } from "./plan.js";
import { decodeInto } from "./steps.js";
import type { Tiling } from "./tiling.js";

/** Decodes the inner chunks under a selection into the caller's array; missing ones are filled. */
export interface DecodeSlotsJob extends Place {
  readonly kind: "decode-slots";
  readonly shard: BoundShard;
  /** The whole stored shard. */
  readonly value: Uint8Array;
  readonly index: ShardIndex;
  readonly tiling: Tiling;
}

/** Shards above this many stored bytes are not copied into linear memory as a whole. */
const copyLimit = 2 ** 26;

/** Runs the job; the inner chunks' steps are all synchronous. */
export function decodeSlots(job: DecodeSlotsJob): void {
  const { value, shard, tiling } = job;
  const isKernel = shard.inner.byteSteps.at(-1)?.place === "wasm" && value.byteLength <= copyLimit;
  if (isKernel && tiling.count * 2 >= shard.chunkCount) useMemory((memory) => decodeAll(job, memory.write(value)));
  else decodeAll(job, value);
}

function decodeAll({ key, shard, index, tiling }: DecodeSlotsJob, value: Uint8Array | Span): void {
  const { grid, inner } = shard;
  const { elements: target } = tiling.outer;
  for (const { number, box, outerOffset, chunkOffset } of tiling.tiles()) {
    try {
      const slot = index.slot(number);
      if (slot === undefined) fillBox(box, target, outerOffset, inner.spec.fillValue);
      else {
        checkSlot(inner, slot);
        const { offset, length } = slot;
        const encoded = isSpan(value)
          ? { pointer: value.pointer + offset, byteLength: length }
          : value.subarray(offset, offset + length);
        decodeInto(inner, encoded, target, outerOffset, box, chunkOffset);
      }
    } catch (error) {
      throw withContext(error, contextOf({ key, grid, number }));
    }
  }
}

/** The same as one job for each inner chunk that is there; the missing ones are filled at once. */
export function slotJobs({ key, shard, index, tiling, value }: DecodeSlotsJob): DecodeJob[] {
  const { grid, inner } = shard;
  const { elements: target } = tiling.outer;
  const jobs: DecodeJob[] = [];
  for (const { number, box, outerOffset: targetOffset, chunkOffset } of tiling.tiles()) {
    const place = { key, grid, number };
    const slot = withPlace(() => index.slot(number), place);
    if (slot === undefined) {
      fillBox(box, target, targetOffset, inner.spec.fillValue);
      continue;
    }
    withPlace(() => checkSlot(inner, slot), place);
    const scatter = { target, box, targetOffset, chunkOffset };
    jobs.push(decodeJob(place, inner.byteSteps, value, inner.byteLength, scatter, slot.offset, slot.length));
  }
  return jobs;
}
