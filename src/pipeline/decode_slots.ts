/**
 * The inner chunks of a shard that is in hand, one after another, with no object for each: 10,000 of 100 bytes cost 0.5 µs each besides their
 * codecs, as jobs of their own 2 µs. Where the first decoding step is a kernel and most of them are wanted, the shard goes into
 * linear memory once, as a whole.
 */

import { type Bytes, isSpan } from "../codecs/codec.js";
import { type BoundShard, checkSlot, type ShardIndex } from "../codecs/sharding_indexed.js";
import { withContext } from "../errors.js";
import { type Span, useMemory } from "../wasm/memory.js";
import { fillBox } from "./box.js";
import { contextOf, type Place, withPlace } from "./place.js";
import { type DecodeJob, decodeJob } from "./plan.js";
import { type ChunkSource, readBands, stagedBands } from "./staged_read.js";
import { decodeInto } from "./steps.js";
import type { Tile, Tiling } from "./tiling.js";

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

function decodeAll(job: DecodeSlotsJob, value: Uint8Array | Span): void {
  const { tiling } = job;
  const bands = stagedBands(tiling);
  const source = slotsIn(job, value);
  if (bands !== undefined) {
    readBands(bands, source);
    return;
  }
  const { inner } = job.shard;
  const { elements: target } = tiling.outer;
  for (const tile of tiling.tiles()) {
    try {
      const encoded = source.fetch(tile);
      const { box, outerOffset, chunkOffset } = tile;
      if (encoded === undefined) fillBox(box, target, outerOffset, inner.spec.fillValue);
      else decodeInto(inner, encoded, target, outerOffset, box, chunkOffset);
    } catch (error) {
      throw withContext(error, source.contextOf(tile));
    }
  }
}

/** As a {@link ChunkSource}, which needs no memory of its own. */
interface SlotSource extends ChunkSource {
  fetch(tile: Tile): Bytes | undefined;
}

function slotsIn({ key, shard, index }: DecodeSlotsJob, value: Uint8Array | Span): SlotSource {
  const { grid, inner } = shard;
  return {
    fetch({ number }) {
      const slot = index.slot(number);
      if (slot === undefined) return undefined;
      checkSlot(inner, slot);
      const { offset, length } = slot;
      return isSpan(value)
        ? { pointer: value.pointer + offset, byteLength: length }
        : value.subarray(offset, offset + length);
    },
    fill: ({ box, outerOffset }, target) => fillBox(box, target, outerOffset, inner.spec.fillValue),
    contextOf: ({ number }) => contextOf({ key, grid, number }),
  };
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
