/**
 * The inner chunks of a shard that is in hand, one after another, with no object for each: 10,000 of 100 bytes cost 0.5 µs each besides their
 * codecs, as jobs of their own 2 µs. Where the first decoding step is a kernel and most of them are wanted, the shard goes into
 * linear memory once, as a whole.
 */

import { type Bytes, isSpan, type SpanDecoder } from "../codecs/codec.js";
import { type BoundShard, checkSlot, type ShardIndex } from "../codecs/sharding_indexed.js";
import { withContext } from "../errors.js";
import { type Memory, type Span, useMemory } from "../wasm/memory.js";
import { fillBox, isOneRun } from "./box.js";
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
  if (isKernel && tiling.count * 2 >= shard.chunkCount) {
    useMemory((memory) => decodeAll(job, memory.write(value), memory));
  } else decodeAll(job, value, undefined);
}

/** Decodes the inner chunk `encoded` that is all of a run at a byte offset of the caller's array, `false` if it did not; ends with `flush`. */
interface RunDecoder {
  decode(encoded: Span, outerOffset: number): boolean;
  flush(): void;
}

/** Chunks that follow one another in the caller's array are collected up to this many bytes; a chunk of more than an eighth is not worth it. */
const runLimit = 2 ** 16;

/**
 * Decodes small chunks to where one copy takes many of them to the caller's array; `undefined` if that is not possible. 100 bytes of zstd
 * take 0.3 µs each, with a copy and the checks of every step 0.5.
 */
function runDecoder({ shard, tiling }: DecodeSlotsJob, memory: Memory): RunDecoder | undefined {
  const { byteSteps, byteLength } = shard.inner;
  const [step] = byteSteps;
  const { elements } = tiling.outer;
  if (byteSteps.length !== 1 || step?.place !== "wasm" || byteLength * 8 > runLimit || Array.isArray(elements)) return;
  const decode: SpanDecoder | undefined = step.decodedSize.kind === "fixed" ? step.decoder?.(memory) : undefined;
  if (decode === undefined) return;
  const run = memory.allocate(runLimit);
  let start = 0;
  let filled = 0;
  const flush = (): void => {
    if (filled > 0) elements.set(memory.bytes.subarray(run.pointer, run.pointer + filled), start);
    filled = 0;
  };
  return {
    flush,
    decode(encoded, outerOffset) {
      if (start + filled !== outerOffset || filled + byteLength > runLimit) {
        flush();
        start = outerOffset;
      }
      if (!decode(encoded, { pointer: run.pointer + filled, byteLength })) return false;
      filled += byteLength;
      return true;
    },
  };
}

function decodeAll(job: DecodeSlotsJob, value: Uint8Array | Span, memory: Memory | undefined): void {
  const { tiling, shard } = job;
  const source = slotsIn(job, value);
  const bands = stagedBands(tiling);
  if (bands !== undefined) {
    readBands(bands, source);
    return;
  }
  const { inner } = shard;
  const { elements: target } = tiling.outer;
  const run = memory && runDecoder(job, memory);
  for (const tile of tiling.tiles()) {
    try {
      const encoded = source.fetch(tile);
      const { box, outerOffset, chunkOffset } = tile;
      if (encoded === undefined) fillBox(box, target, outerOffset, inner.spec.fillValue);
      else {
        const isRun = run !== undefined && isSpan(encoded) && isOneRun(box, inner.byteLength);
        if (!(isRun && run.decode(encoded, outerOffset)))
          decodeInto(inner, encoded, target, outerOffset, box, chunkOffset);
      }
    } catch (error) {
      throw withContext(error, source.contextOf(tile));
    }
  }
  run?.flush();
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
