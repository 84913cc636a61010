/**
 * The read plan: from stored keys to the caller's array. Paths R1 (whole chunk), R2 (whole shard) and R3 (part of a shard), nested to any
 * depth, are one worklist: chunks that hold shards are opened level by level, until only plain chunks are left; those are then fetched in
 * windows and decoded straight into the target.
 *
 * A chunk comes from its stored key, from a range of it, or from bytes in hand; nothing below distinguishes nested from outer shards.
 */

import { type BoundChain, byteStrides } from "../codecs/codec.js";
import { type BoundShard, indexOffset, indexRange, ShardIndex, type Slot } from "../codecs/sharding_indexed.js";
import { DataError, withContext } from "../errors.js";
import {
  type AxisProjection,
  chunkExtent,
  chunkNumber,
  coversExtent,
  projectAxis,
  projectChunks,
  selectAll,
} from "../grid/projection.js";
import type { AxisSelection } from "../grid/selection.js";
import type { ByteRange } from "../stores/store.js";
import { type Box, fillBox, isOneRun, prepareBox } from "./box.js";
import type { DecodeJob, Job, Place, Plan, Read } from "./plan.js";

/** The array that receives elements. Offset and strides in bytes; one stride per axis of the selection. */
export interface Target {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** One chunk to read: a batch item, or what a shard breaks up into. */
export interface ChunkRead {
  readonly chain: BoundChain;
  readonly place: Place;
  /** The encoded chunk, if it is in hand; else it is read from the store. */
  readonly source: Uint8Array | undefined;
  /** The part of the stored value that holds the chunk; `undefined` = all of it. */
  readonly range: (Slot & ByteRange) | undefined;
  /** Part of the chunk that lies in the array. */
  readonly extent: readonly number[];
  readonly axes: readonly AxisSelection[];
  readonly target: Target;
}

export interface ReadOptions {
  /** Whether a missing store key reads as the fill value (the default) or is an error. Missing inner chunks always read as fill. */
  readonly readMissingChunks: boolean;
}

/** Leaves are fetched in windows of at most this many encoded bytes. */
const windowBytes = 64 * 2 ** 20;
/** A shard above this many decoded bytes is never fetched in one piece. */
const wholeShardBytes = 256 * 2 ** 20;

/** A shard without anything around it, on its way to being broken up. */
interface ShardRead {
  readonly item: Omit<ChunkRead, "chain">;
  readonly shard: BoundShard;
}

function newRead(key: string, range: ByteRange | undefined, into?: Uint8Array): Read {
  return { key, range, into, value: undefined, byteLength: undefined };
}

export function* readPlan(items: readonly ChunkRead[], options: ReadOptions): Plan {
  const leaves: ChunkRead[] = [];
  const finishers: DecodeJob[] = [];
  for (let level = items; level.length > 0; ) {
    const shards: ShardRead[] = [];
    const wrapped: ChunkRead[] = [];
    for (const item of level) {
      const { chain } = item;
      if (chain.shard === undefined) leaves.push(item);
      else if (chain.arraySteps.length + chain.byteSteps.length === 0) shards.push({ item, shard: chain.shard });
      else wrapped.push(item);
    }
    const next: ChunkRead[] = [];
    if (wrapped.length > 0) shards.push(...(yield* unwrap(wrapped, finishers, options)));
    if (shards.length > 0) yield* openShards(shards, next, options);
    level = next;
  }
  yield* readLeaves(leaves, options);
  // Innermost first: a transposed shard inside a transposed shard must be whole before the outer one is put in order.
  for (const job of finishers.reverse()) yield { kind: "transform", jobs: [job] };
}

function missing(item: Omit<ChunkRead, "chain">, chain: { spec: BoundChain["spec"] }, options: ReadOptions): void {
  if (!options.readMissingChunks) {
    throw new DataError("MISSING_CHUNK", "Chunk is missing from the store", { key: item.place.key });
  }
  fillTarget(item, chain.spec);
}

function fillTarget(
  { axes, target }: Pick<ChunkRead, "axes" | "target">,
  { dataType, fillValue }: BoundChain["spec"],
): void {
  const shape = axes.map(({ count }) => count);
  fillBox(prepareBox(shape, target.strides, target.strides, dataType.itemSize), target.bytes, target.offset, fillValue);
}

/** Undoes the codecs that stand around a shard, which takes the whole value. */
function* unwrap(items: readonly ChunkRead[], finishers: DecodeJob[], options: ReadOptions): Plan<ShardRead[]> {
  const values = yield* fetch(items);
  const present = items.filter((item, i) => {
    if (values[i] !== undefined) return true;
    missing(item, item.chain, options);
    return false;
  });
  const jobs = present.map((item): DecodeJob => {
    const input = values[items.indexOf(item)]!;
    return {
      kind: "decode",
      place: item.place,
      steps: item.chain.byteSteps,
      input,
      decodedLength: undefined,
      scatter: undefined,
      result: undefined,
    };
  });
  yield { kind: "transform", jobs };
  return present.map((item, i) => {
    const { chain } = item;
    const { shard, arraySteps } = chain;
    const source = jobs[i]!.result!;
    const inHand = { ...item, source, range: undefined };
    if (arraySteps.length === 0) return { item: inHand, shard: shard! };
    const { shape, dataType } = shard!.spec;
    const whole = new Uint8Array(chain.byteLength);
    finishers.push({
      kind: "decode",
      place: item.place,
      steps: arraySteps,
      input: whole,
      decodedLength: chain.byteLength,
      scatter: scatterOf(item, chain),
      result: undefined,
    });
    const target = { bytes: whole, offset: 0, strides: byteStrides(shape, dataType.itemSize) };
    return { item: { ...inHand, extent: shape, axes: selectAll(shape), target }, shard: shard! };
  });
}

/** The encoded bytes of every item: in hand, or read whole. */
function* fetch(items: readonly Omit<ChunkRead, "chain">[]): Plan<(Uint8Array | undefined)[]> {
  const reads = items.map(({ source, place, range }) => (source === undefined ? newRead(place.key, range) : undefined));
  const wanted = reads.filter((read) => read !== undefined);
  if (wanted.length > 0) yield { kind: "get", reads: wanted };
  return items.map(({ source }, i) => source ?? reads[i]!.value);
}

/** Reads the indexes of `shards` (with all the data, where every inner chunk is wanted) and adds the inner chunks wanted to `next`. */
function* openShards(shards: readonly ShardRead[], next: ChunkRead[], options: ReadOptions): Plan<void> {
  const projections = shards.map(({ item, shard }) =>
    item.axes.map((axis, d) => projectAxis(axis, shard.inner.spec.shape[d]!)),
  );
  const wholes = shards.map(
    ({ item, shard }, i) => item.source !== undefined || touchesAll(item, shard, projections[i]!),
  );
  const partial = shards.filter((_, i) => !wholes[i]);
  // Index and data of one shard must come from one version of it.
  if (partial.length > 0)
    yield { kind: "lock", mode: "shared", keys: [...new Set(partial.map(({ item }) => item.place.key))] };
  const reads = shards.map(({ item, shard }, i): Read | undefined => {
    if (item.source !== undefined) return undefined;
    return newRead(item.place.key, wholes[i] ? item.range : indexRangeWithin(shard, item.range));
  });
  const wanted = reads.filter((read) => read !== undefined);
  if (wanted.length > 0) yield { kind: "get", reads: wanted };

  const opened: {
    shardRead: ShardRead;
    axes: AxisProjection[][];
    value: Uint8Array | undefined;
    byteLength: number | undefined;
    job: DecodeJob;
  }[] = [];
  shards.forEach((shardRead, i) => {
    const { item, shard } = shardRead;
    const value = item.source ?? reads[i]!.value;
    if (value === undefined) {
      missing(item, shard, options);
      return;
    }
    const whole = wholes[i]!;
    const byteLength = whole ? value.byteLength : (item.range?.length ?? reads[i]!.byteLength);
    const job = indexJob(shard, item.place, whole ? indexBytes(shard, value, item.place) : value);
    opened.push({ shardRead, axes: projections[i]!, value: whole ? value : undefined, byteLength, job });
  });
  yield { kind: "transform", jobs: opened.map(({ job }) => job) };
  for (const { shardRead, axes, value, byteLength, job } of opened) {
    const index = new ShardIndex(shardRead.shard, job.result!, byteLength);
    breakUp(shardRead, axes, value, index, next);
  }
}

/** Whether the selection touches every inner chunk that lies in the array. */
function touchesAll(
  { extent }: Pick<ChunkRead, "extent">,
  { inner, decodedSize }: BoundShard,
  projections: AxisProjection[][],
): boolean {
  if (decodedSize.kind === "fixed" && decodedSize.bytes > wholeShardBytes) return false;
  return projections.every(({ length }, axis) => length === Math.ceil(extent[axis]! / inner.spec.shape[axis]!));
}

/** The range of the index of a shard that itself is a range of a stored value. */
function indexRangeWithin(shard: BoundShard, range: Slot | undefined): ByteRange {
  const inner = indexRange(shard);
  if (range === undefined) return inner;
  if ("suffixLength" in inner)
    return {
      offset: range.offset + Math.max(0, range.length - inner.suffixLength),
      length: Math.min(inner.suffixLength, range.length),
    };
  return { offset: range.offset + inner.offset, length: Math.min(inner.length, range.length) };
}

/** The encoded index of a whole shard. */
export function indexBytes(shard: BoundShard, value: Uint8Array, place: Place): Uint8Array {
  if (value.byteLength < shard.indexSize) {
    throw new DataError("INVALID_SHARD_INDEX", "Shard is shorter than its index", {
      ...place,
      expected: `at least ${shard.indexSize} bytes`,
      found: value.byteLength,
      codec: "sharding_indexed",
    });
  }
  const offset = indexOffset(shard, value.byteLength);
  return value.subarray(offset, offset + shard.indexSize);
}

export function indexJob(shard: BoundShard, place: Place, input: Uint8Array): DecodeJob {
  return {
    kind: "decode",
    place,
    steps: shard.index.byteSteps,
    input,
    decodedLength: shard.index.byteLength,
    scatter: undefined,
    result: undefined,
  };
}

/** Adds one item for every inner chunk that the selection touches; missing ones are filled at once. */
function breakUp(
  { item, shard }: ShardRead,
  axes: AxisProjection[][],
  value: Uint8Array | undefined,
  index: ShardIndex,
  next: ChunkRead[],
): void {
  const { inner, grid } = shard;
  const { target, range } = item;
  for (const projections of projectChunks(axes)) {
    const slot = withPlace(() => index.slot(chunkNumber(projections, grid)), item.place);
    const part = {
      axes: projections.map(({ selection }) => selection),
      target: { ...target, offset: targetOffset(target, projections) },
    };
    if (slot === undefined) {
      fillTarget(part, inner.spec);
      continue;
    }
    const source = value === undefined ? undefined : value.subarray(slot.offset, slot.offset + slot.length);
    next.push({
      ...part,
      chain: inner,
      place: { key: item.place.key, chunk: projections.map(({ chunk }) => chunk) },
      source,
      range: source === undefined ? { offset: slot.offset + (range?.offset ?? 0), length: slot.length } : undefined,
      extent: chunkExtent(projections, inner.spec.shape, item.extent),
    });
  }
}

/** Runs `body`; an error that escapes it names `place`. */
export function withPlace<T>(body: () => T, place: Place): T {
  try {
    return body();
  } catch (error) {
    throw withContext(error, place);
  }
}

/** Byte offset in the target of the first element of a projection. */
export function targetOffset({ offset, strides }: Target, projections: readonly AxisProjection[]): number {
  let position = offset;
  for (let axis = 0; axis < projections.length; axis++) position += projections[axis]!.first * strides[axis]!;
  return position;
}

/** Prepared boxes of whole chunks, which differ only in their offsets. */
class BoxCache {
  #box: Box | undefined;
  #shape: readonly number[] = [];
  #targetStrides: readonly number[] = [];
  #steps: readonly number[] = [];
  #chain: BoundChain | undefined;

  boxOf({ axes, target }: Pick<ChunkRead, "axes" | "target">, chain: BoundChain): Box {
    const same =
      this.#chain === chain &&
      this.#targetStrides === target.strides &&
      axes.every(({ count, step }, axis) => count === this.#shape[axis] && step === this.#steps[axis]);
    if (!same || this.#box === undefined) {
      const { itemSize } = chain.spec.dataType;
      this.#chain = chain;
      this.#targetStrides = target.strides;
      this.#shape = axes.map(({ count }) => count);
      this.#steps = axes.map(({ step }) => step);
      const strides = byteStrides(chain.spec.shape, itemSize).map((stride, axis) => stride * this.#steps[axis]!);
      this.#box = prepareBox(this.#shape, target.strides, strides, itemSize);
    }
    return this.#box;
  }
}

/** Byte offset in a decoded chunk of the first selected element. */
export function chunkOffset({ spec }: BoundChain, axes: readonly AxisSelection[]): number {
  let offset = 0;
  for (let axis = 0; axis < axes.length; axis++) offset = offset * spec.shape[axis]! + axes[axis]!.start;
  return offset * spec.dataType.itemSize;
}

function scatterOf(
  item: Pick<ChunkRead, "axes" | "target">,
  chain: BoundChain,
  boxes: BoxCache = new BoxCache(),
): NonNullable<DecodeJob["scatter"]> {
  return {
    target: item.target.bytes,
    box: boxes.boxOf(item, chain),
    targetOffset: item.target.offset,
    chunkOffset: chunkOffset(chain, item.axes),
  };
}

/** Fetches plain chunks window by window and decodes them into the target. */
function* readLeaves(leaves: readonly ChunkRead[], options: ReadOptions): Plan<void> {
  const boxes = new BoxCache();
  for (let start = 0; start < leaves.length; ) {
    const reads: (Read | undefined)[] = [];
    const jobs: Job[] = [];
    const window: ChunkRead[] = [];
    for (let bytes = 0; start < leaves.length && (window.length === 0 || bytes < windowBytes); start++) {
      const leaf = leaves[start]!;
      bytes += leaf.range?.length ?? leaf.chain.byteLength;
      window.push(leaf);
      reads.push(
        leaf.source === undefined ? newRead(leaf.place.key, leaf.range, directTarget(leaf, boxes)) : undefined,
      );
    }
    const wanted = reads.filter((read) => read !== undefined);
    if (wanted.length > 0) yield { kind: "get", reads: wanted };
    window.forEach((leaf, i) => {
      const read = reads[i];
      const input = leaf.source ?? read!.value;
      if (input === undefined) {
        missing(leaf, leaf.chain, options);
        return;
      }
      if (read !== undefined && input === read.into) return;
      const { chain, place, range } = leaf;
      if (range !== undefined && input.byteLength !== range.length) {
        throw new DataError("INVALID_SHARD_INDEX", "Shard ends before the inner chunk that its index names", {
          ...place,
          expected: `${range.length} bytes from ${range.offset}`,
          found: `${input.byteLength} bytes`,
        });
      }
      const scatter = scatterOf(leaf, chain, boxes);
      jobs.push({
        kind: "decode",
        place,
        steps: chain.byteSteps,
        input,
        decodedLength: chain.byteLength,
        scatter,
        result: undefined,
      });
    });
    if (jobs.length > 0) yield { kind: "transform", jobs };
  }
}

/** Memory of the target that a stored chunk can be read into as it is: an unchanged chunk, wanted whole, in one run. */
function directTarget(leaf: ChunkRead, boxes: BoxCache): Uint8Array | undefined {
  const { chain, target, axes } = leaf;
  if (chain.byteSteps.length > 0 || !coversExtent(axes, chain.spec.shape)) return undefined;
  if (leaf.range !== undefined && leaf.range.length !== chain.byteLength) return undefined;
  if (!isOneRun(boxes.boxOf(leaf, chain), chain.byteLength)) return undefined;
  return target.bytes.subarray(target.offset, target.offset + chain.byteLength);
}
