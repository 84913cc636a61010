/**
 * The read plan: from stored keys to the caller's array. Paths R1 (whole chunk), R2 (whole shard) and R3 (part of a shard), nested to any
 * depth, are one worklist: chunks that hold shards are opened level by level, until only plain chunks are left; those are then fetched in
 * windows and decoded straight into the target.
 *
 * A chunk comes from its stored key, from a range of it, or from bytes in hand; nothing below distinguishes nested from outer shards.
 */

import { type BoundChain, type Bytes, byteStrides, type ChunkSpec, elementCount } from "../codecs/codec.js";
import type { DenseSlot } from "../codecs/dense.js";
import {
  type BoundShard,
  checkSlot,
  indexOffset,
  indexRange,
  ShardIndex,
  type Slot,
} from "../codecs/sharding_indexed.js";
import { DataError } from "../errors.js";
import { chunkExtent, selectAll } from "../grid/projection.js";
import type { ChunkSelection } from "../grid/selection.js";
import { type Elements, newElements } from "../metadata/data_type.js";
import type { ByteRange } from "../stores/store.js";
import { type Box, fillBox, isOneRun, stridedBox } from "./box.js";
import type { DecodeSlotsJob } from "./decode_slots.js";
import type { IndexCache } from "./index_cache.js";
import { contextOf, type Place, withPlace } from "./place.js";
import {
  bytesResult,
  type DecodeJob,
  decodeJob,
  type Into,
  type Opening,
  type Plan,
  type Read,
  type Scatter,
} from "./plan.js";
import { type Outer, type Tiling, tile } from "./tiling.js";

import {
  type DecodeShardJob,
  isContiguous,
  packedSlots,
  rowCountOf,
  rowsAtOnce,
  wholeShardSlot,
} from "./whole_shard.js";

/** One chunk to read: a batch item, or what a shard breaks up into. All offsets and lengths in bytes. */
export interface ChunkRead extends Place, Scatter {
  readonly chain: BoundChain;
  /** Bytes that contain the encoded chunk, if they are in hand; else it is read from the store. */
  readonly source: Uint8Array | undefined;
  /** The encoded chunk's part of `source`, or of the stored value. Length -1 = the whole stored value. */
  readonly offset: number;
  readonly length: number;
  readonly targetStrides: readonly number[];
  /** What a shard needs to be broken up: the selection in it, and the part of it that lies in the array. Empty for plain chunks. */
  readonly selection: ChunkSelection;
  readonly extent: readonly number[];
}

export interface ReadOptions {
  /** Whether a missing store key reads as the fill value (the default) or is an error. Missing inner chunks always read as fill. */
  readonly readMissingChunks: boolean;
  /** `undefined` = indexes are not kept. */
  readonly indexCache: IndexCache | undefined;
  /** Whether the store keeps one version of a value open, so that index and slots can be read one after the other without more locks. */
  readonly canOpen: boolean;
}

/** Chunks are fetched in windows of at most this many encoded bytes. */
const windowBytes = 64 * 2 ** 20;
/** A shard above this many decoded bytes is never fetched in one piece. */
const wholeShardBytes = 256 * 2 ** 20;

/** A shard without anything around it, on its way to being broken up. */
interface ShardRead {
  readonly item: Omit<ChunkRead, "chain">;
  readonly shard: BoundShard;
  /** The inner chunks under the selection, once they have been looked at. */
  tiling: Tiling | undefined;
}

export function newRead(key: string, range?: ByteRange, into?: Into, wantsSize = false): Read {
  return { key, range, into, wantsSize, value: undefined, isInPlace: false, span: undefined, byteLength: undefined };
}

/** The error for a store that answers a slot's range with fewer bytes than the index promises. */
export function cutShort(place: Place, { offset, length }: Slot, found: number): DataError {
  return new DataError("INVALID_SHARD_INDEX", "Shard ends before the inner chunk that its index names", {
    ...contextOf(place),
    expected: `${length} bytes from ${offset}`,
    found: `${found} bytes`,
  });
}

/** Reads all of a chunk that is in hand into `outer`, which has its shape. */
export function wholeChunkRead(
  chain: BoundChain,
  { key, grid, number }: Place,
  source: Uint8Array,
  outer: Outer,
): ChunkRead {
  const { shape, dataType } = chain.spec;
  const { elements: target, offset: targetOffset, strides: targetStrides } = outer;
  const box = stridedBox(shape, targetStrides, byteStrides(shape, dataType.itemSize), dataType.itemSize);
  const part = { source, offset: 0, length: source.byteLength };
  return {
    key,
    grid,
    number,
    chain,
    ...part,
    target,
    targetOffset,
    targetStrides,
    box,
    chunkOffset: 0,
    selection: selectAll(shape),
    extent: shape,
  };
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
      else if (chain.arraySteps.length + chain.byteSteps.length === 0)
        shards.push({ item, shard: chain.shard, tiling: undefined });
      else wrapped.push(item);
    }
    if (wrapped.length > 0) shards.push(...(yield* unwrap(wrapped, finishers, options)));
    level = shards.length > 0 ? yield* openShards(shards, options) : [];
  }
  yield* readLeaves(leaves, options);
  // Innermost first: a transposed shard inside a transposed shard must be whole before the outer one is put in order.
  for (const job of finishers.reverse()) yield { kind: "transform", jobs: [job] };
}

function missing(item: Omit<ChunkRead, "chain">, { fillValue }: ChunkSpec, { readMissingChunks }: ReadOptions): void {
  if (!readMissingChunks) throw new DataError("MISSING_CHUNK", "Chunk is missing from the store", { key: item.key });
  fillBox(item.box, item.target, item.targetOffset, fillValue);
}

/** Undoes the codecs that stand around a shard, which takes the whole value. */
function* unwrap(items: readonly ChunkRead[], finishers: DecodeJob[], options: ReadOptions): Plan<ShardRead[]> {
  const values = yield* fetchWhole(items);
  const jobs: DecodeJob[] = [];
  const present = items.filter((item, i) => {
    const value = values[i];
    if (value === undefined) missing(item, item.chain.spec, options);
    else jobs.push(decodeJob(item, item.chain.byteSteps, value));
    return value !== undefined;
  });
  yield { kind: "transform", jobs };
  return present.map((item, i) => {
    const { chain } = item;
    const { arraySteps } = chain;
    const shard = chain.shard!;
    const source = bytesResult(jobs[i]!)!;
    const inHand = { ...item, source, offset: 0, length: source.byteLength };
    if (arraySteps.length === 0) return { item: inHand, shard, tiling: undefined };
    const { shape, dataType } = shard.spec;
    const whole = newElements(dataType, elementCount(shape) * dataType.itemSize);
    finishers.push(decodeJob(item, arraySteps, whole, chain.byteLength, item));
    const outer = { elements: whole, offset: 0, strides: byteStrides(shape, dataType.itemSize) };
    return { item: wholeChunkRead({ ...chain, spec: shard.spec }, item, source, outer), shard, tiling: undefined };
  });
}

/** The encoded bytes of every item: in hand, or read whole. */
function* fetchWhole(items: readonly ChunkRead[]): Plan<(Uint8Array | undefined)[]> {
  const reads = items.map((item) => (item.source === undefined ? newRead(item.key, rangeOf(item)) : undefined));
  const wanted = reads.filter((read) => read !== undefined);
  if (wanted.length > 0) yield { kind: "get", reads: wanted };
  return items.map(({ source, offset, length }, i) => source?.subarray(offset, offset + length) ?? reads[i]?.value);
}

function rangeOf({ offset, length }: Pick<ChunkRead, "offset" | "length">): ByteRange | undefined {
  return length < 0 ? undefined : { offset, length };
}

/** All of an encoded chunk: as a range of the value that is open, if one is. */
function wholeRange(item: ShardRead["item"], opening: Opening | undefined): ByteRange | undefined {
  const length = opening?.byteLength;
  return item.length < 0 && length !== undefined ? { offset: 0, length } : rangeOf(item);
}

/** A shard whose index is known. `value` is the whole shard, if it is in hand. */
interface OpenedShard {
  readonly shardRead: ShardRead;
  readonly value: Uint8Array | undefined;
  readonly index: ShardIndex;
}

/** How a shard is read: its index first, all of it at once, or, for bytes in hand, not at all. */
type Access = "index" | "whole" | "in hand";

function accessOf(each: ShardRead, { canOpen }: ReadOptions): Access {
  const { item, shard } = each;
  if (item.source !== undefined) return "in hand";
  // A dense shard may be packed; then its slots are read straight to where they are wanted.
  if (canOpen && item.grid === undefined && wholeShardSlot(shard, item.selection, item.extent) !== undefined)
    return "index";
  return touchesAll(each) ? "whole" : "index";
}

/** Reads the indexes of `shards` (with all the data, where every inner chunk is wanted) and returns the inner chunks wanted. */
function* openShards(shards: readonly ShardRead[], options: ReadOptions): Plan<ChunkRead[]> {
  const access = shards.map((each) => accessOf(each, options));
  // A shard inside a shard is open already, and a second lock would wait behind a writer that waits for the first.
  const isStored = shards.map(({ item }, i) => access[i] !== "in hand" && item.grid === undefined);
  const keysOf = (wanted: Access): string[] =>
    shards.filter((_, i) => isStored[i] && access[i] === wanted).map(({ item }) => item.key);
  const stored = yield* openStored(keysOf("index"), options.canOpen ? keysOf("whole") : nothing);
  const pending = shards.map((shardRead, i): PendingIndex => {
    const { item, shard } = shardRead;
    const opening = isStored[i] ? stored.get(item.key) : undefined;
    if (item.source !== undefined)
      return { place: item, shard, value: item.source.subarray(item.offset, item.offset + item.length) };
    if (access[i] === "whole") {
      if (opening?.exists === false) return { place: item, shard };
      if (opening?.bytes !== undefined) return { place: item, shard, value: opening.bytes };
      return { place: item, shard, read: newRead(item.key, wholeRange(item, opening)), isWhole: true };
    }
    return pendingIndex(
      shard,
      item,
      item.length < 0 ? readable(opening) : { byteLength: item.length },
      options.indexCache,
      item.offset,
    );
  });
  const indexes = yield* readIndexes(pending, options.indexCache);
  const opened: OpenedShard[] = [];
  shards.forEach((shardRead, i) => {
    const index = indexes[i];
    const { value, read, isWhole } = pending[i]!;
    const { item, shard } = shardRead;
    if (index === undefined) missing(item, shard.spec, options);
    else {
      const inMemory = isStored[i] && item.length < 0 ? stored.get(item.key)?.bytes : undefined;
      opened.push({ shardRead, value: value ?? (isWhole ? read?.value : undefined) ?? inMemory, index });
    }
  });
  const { spread, refused } = yield* readPacked(opened, options);
  const broken = [...refused, ...(yield* decodeWhole(yield* fetchSpread(spread, options)))];
  const inner: ChunkRead[] = [];
  const jobs: DecodeSlotsJob[] = [];
  for (const each of broken) {
    const job = slotsJob(each);
    if (job === undefined) breakUp(each, inner);
    else jobs.push(job);
  }
  if (jobs.length > 0) yield { kind: "transform", jobs };
  return inner;
}

/** Reads the packed ones of the shards that are wanted whole; returns the others, and those in which something is wrong. */
function* readPacked(
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

/** Fetches the shards that are wanted whole, but turned out not to be packed. */
function* fetchSpread(opened: readonly OpenedShard[], options: ReadOptions): Plan<OpenedShard[]> {
  const reads = opened.map(({ shardRead, value, index }) => {
    if (value !== undefined || !touchesAll(shardRead)) return undefined;
    const { key, offset } = shardRead.item;
    // As a range, it comes from the version that is open.
    const length = index.shardLength;
    return newRead(key, length === undefined ? rangeOf(shardRead.item) : { offset, length });
  });
  const wanted = reads.filter((read) => read !== undefined);
  if (wanted.length === 0) return [...opened];
  yield { kind: "get", reads: wanted };
  return opened.flatMap((each, i) => {
    const read = reads[i];
    if (read === undefined) return each;
    if (read.value !== undefined) return { ...each, value: read.value };
    missing(each.shardRead.item, each.shardRead.shard.spec, options);
    return [];
  });
}

/**
 * Locks stored shards that are read in parts, so that index and data come from one version, and opens them where the store can; also the
 * shards `whole`, which are read at once.
 */
function* openStored(keys: readonly string[], whole: readonly string[]): Plan<Map<string, Opening>> {
  const unique = [...new Set(keys)];
  if (unique.length > 0) yield { kind: "lock", mode: "shared", keys: unique };
  const openings = [...unique.map((key) => newOpening(key, true)), ...whole.map((key) => newOpening(key, false))];
  if (openings.length > 0) yield { kind: "open", openings };
  return new Map(openings.map((opening) => [opening.key, opening]));
}

function newOpening(key: string, wantsVersion: boolean): Opening {
  return {
    key,
    wantsVersion,
    exists: undefined,
    version: undefined,
    ownVersion: undefined,
    byteLength: undefined,
    bytes: undefined,
  };
}

/** Opens stored values; their locks are held. */
export function* openKeys(keys: readonly string[]): Plan<Map<string, Opening>> {
  const openings = keys.map((key) => newOpening(key, true));
  yield { kind: "open", openings };
  return new Map(openings.map((opening) => [opening.key, opening]));
}

/** An index on its way: known already, in a value that is in hand, or to be read. */
interface PendingIndex {
  readonly place: Place;
  readonly shard: BoundShard;
  readonly index?: ShardIndex;
  readonly value?: Uint8Array;
  readonly read?: Read;
  /** Whether `read` fetches the whole shard. */
  readonly isWhole?: boolean;
  /** Length of the shard in bytes, where it is known before the read. */
  readonly byteLength?: number | undefined;
  readonly version?: string | object | undefined;
}

/** An opening for a read, which may go by a version that shows this program's writes only. */
function readable(opening: Opening | undefined): Partial<Opening> | undefined {
  return opening && { ...opening, version: opening.version ?? opening.ownVersion };
}

/** How to come by the index of a shard that is not read whole, and lies `offset` bytes into its stored value. */
export function pendingIndex(
  shard: BoundShard,
  place: Place,
  opening: Partial<Opening> | undefined,
  cache: IndexCache | undefined,
  offset = 0,
): PendingIndex {
  const { exists, version, byteLength } = opening ?? {};
  if (exists === false) return { place, shard };
  const index = version === undefined ? undefined : cache?.get(place.key, version, shard);
  if (index !== undefined) return { place, shard, index };
  if (byteLength === undefined)
    return { place, shard, version, read: newRead(place.key, indexRange(shard), undefined, true) };
  const length = Math.min(shard.indexSize, byteLength);
  const start = shard.indexLocation === "start" ? 0 : byteLength - length;
  return { place, shard, byteLength, version, read: newRead(place.key, { offset: offset + start, length }) };
}

/** Reads and decodes what is not known yet; `undefined` where the key is missing. */
export function* readIndexes(
  pending: readonly PendingIndex[],
  cache: IndexCache | undefined,
): Plan<(ShardIndex | undefined)[]> {
  const reads = pending.flatMap(({ read }) => read ?? []);
  if (reads.length > 0) yield { kind: "get", reads };
  const jobs: DecodeJob[] = [];
  const jobOf = pending.map(({ place, shard, value, read }) => {
    const bytes = value ?? read?.value;
    if (bytes === undefined) return undefined;
    const job = indexJob(shard, place, indexBytes(shard, bytes, place));
    jobs.push(job);
    return job;
  });
  if (jobs.length > 0) yield { kind: "transform", jobs };
  return pending.map(({ place, shard, index, value, read, isWhole, byteLength, version }, i) => {
    const job = jobOf[i];
    if (job === undefined) return index;
    const whole = value ?? (isWhole ? read?.value : undefined);
    const decoded = new ShardIndex(shard, bytesResult(job)!, whole?.byteLength ?? byteLength ?? read?.byteLength);
    if (version !== undefined) cache?.set(place.key, version, decoded);
    return decoded;
  });
}

/** Decodes shards that are wanted whole by one kernel call each; returns those that must be broken up. */
function* decodeWhole(opened: readonly OpenedShard[]): Plan<readonly OpenedShard[]> {
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

function outerOf({ target, targetOffset, targetStrides }: Omit<ChunkRead, "chain">): Outer {
  return { elements: target, offset: targetOffset, strides: targetStrides };
}

function tilingOf(shardRead: ShardRead): Tiling {
  const { item, shard } = shardRead;
  shardRead.tiling ??= tile(item.selection, shard.axes, shard.grid, shard.inner, outerOf(item));
  return shardRead.tiling;
}

/** Whether the selection touches every inner chunk that lies in the array. */
function touchesAll(shardRead: ShardRead): boolean {
  const { selection, extent } = shardRead.item;
  const { shard } = shardRead;
  if (shard.decodedSize.kind === "fixed" && shard.decodedSize.bytes > wholeShardBytes) return false;
  if (wholeShardSlot(shard, selection, extent) !== undefined) return true;
  const { shape } = shard.inner.spec;
  return (
    tilingOf(shardRead).count === extent.reduce((count, length, axis) => count * Math.ceil(length / shape[axis]!), 1)
  );
}

/** The encoded index of a whole shard, or of the range of it that holds the index. */
export function indexBytes(shard: BoundShard, value: Uint8Array, { key }: Place): Uint8Array {
  if (value.byteLength < shard.indexSize) {
    throw new DataError("INVALID_SHARD_INDEX", "Shard is shorter than its index", {
      key,
      expected: `at least ${shard.indexSize} bytes`,
      found: value.byteLength,
      codec: "sharding_indexed",
    });
  }
  const offset = indexOffset(shard, value.byteLength);
  return value.subarray(offset, offset + shard.indexSize);
}

/** Decodes an encoded index. */
export function indexJob(shard: BoundShard, place: Place, input: Uint8Array): DecodeJob {
  return decodeJob(place, shard.index.byteSteps, input, shard.index.byteLength);
}

const nothing: readonly never[] = [];

/** Plain inner chunks of a shard in hand are decoded together. */
function slotsJob({ shardRead, value, index }: OpenedShard): DecodeSlotsJob | undefined {
  const { item, shard } = shardRead;
  if (value === undefined || shard.inner.shard !== undefined) return undefined;
  const { key, grid, number } = item;
  return { kind: "decode-slots", key, grid, number, shard, value, index, tiling: tilingOf(shardRead) };
}

/** Adds one item for every inner chunk that the selection touches; missing ones are filled at once. */
function breakUp({ shardRead, value, index }: OpenedShard, inner: ChunkRead[]): void {
  const { item, shard } = shardRead;
  const { key, target, targetStrides } = item;
  const { grid } = shard;
  const chain = shard.inner;
  const { fillValue, shape } = chain.spec;
  const base = value === undefined ? item.offset : 0;
  const isPlain = chain.shard === undefined;
  withPlace(() => {
    for (const part of tilingOf(shardRead).tiles()) {
      const { number, origin, outerOffset, chunkOffset, box } = part;
      const slot = index.slot(number);
      if (slot === undefined) {
        fillBox(box, target, outerOffset, fillValue);
        continue;
      }
      withPlace(() => checkSlot(chain, slot), { key, grid, number });
      inner.push({
        key,
        grid,
        number,
        chain,
        source: value,
        offset: base + slot.offset,
        length: slot.length,
        target,
        targetOffset: outerOffset,
        targetStrides,
        box,
        chunkOffset,
        selection: isPlain ? nothing : part.selection(),
        extent: isPlain ? nothing : chunkExtent(origin, shape, item.extent),
      });
    }
  }, item);
}

/** Fetches plain chunks window by window and decodes them into the target. */
function* readLeaves(leaves: readonly ChunkRead[], options: ReadOptions): Plan {
  for (let start = 0; start < leaves.length; ) {
    const first = start;
    const reads: Read[] = [];
    for (let bytes = 0; start < leaves.length && (start === first || bytes < windowBytes); start++) {
      const leaf = leaves[start]!;
      bytes += leaf.length < 0 ? leaf.chain.byteLength : leaf.length;
      if (leaf.source === undefined) reads.push(newRead(leaf.key, rangeOf(leaf), placeFor(leaf)));
    }
    if (reads.length > 0) yield { kind: "get", reads };
    const jobs: DecodeJob[] = [];
    let next = 0;
    for (let i = first; i < start; i++) {
      const leaf = leaves[i]!;
      const job = leaf.source === undefined ? fetchedJob(leaf, reads[next++]!, options) : inHandJob(leaf, leaf.source);
      if (job !== undefined) jobs.push(job);
    }
    if (jobs.length > 0) yield { kind: "transform", jobs };
  }
}

function placeFor({ chain, box, target, targetOffset, length }: ChunkRead): Into | undefined {
  return bestPlace(chain, box, target, targetOffset, length);
}

function inHandJob(leaf: ChunkRead, source: Uint8Array): DecodeJob {
  const { byteSteps, byteLength } = leaf.chain;
  return decodeJob(leaf, byteSteps, source, byteLength, leaf, leaf.offset, leaf.length);
}

/** The job of a chunk that was read from the store; `undefined` if nothing is left to do. */
function fetchedJob(leaf: ChunkRead, { value, span, isInPlace }: Read, options: ReadOptions): DecodeJob | undefined {
  if (isInPlace) return undefined;
  const bytes = span ?? value;
  if (bytes === undefined) {
    missing(leaf, leaf.chain.spec, options);
    return undefined;
  }
  if (leaf.length >= 0 && bytes.byteLength !== leaf.length) throw cutShort(leaf, leaf, bytes.byteLength);
  return decodeJob(leaf, leaf.chain.byteSteps, bytes, leaf.chain.byteLength, leaf);
}

/**
 * Where the encoded chunk would best be read: an unchanged chunk that is wanted whole, in one run, goes straight into the target; one of known
 * size whose first decoding step is a kernel, into linear memory. `length` is that of the encoded chunk, -1 where it is the whole value.
 */
export function bestPlace(
  { byteSteps, byteLength, encodedSize }: BoundChain,
  box: Box,
  target: Elements,
  targetOffset: number,
  length: number,
): Into | undefined {
  if (byteSteps.length === 0 && !Array.isArray(target)) {
    const fits = isOneRun(box, byteLength) && (length < 0 || length === byteLength);
    return fits ? { target, offset: targetOffset, byteLength } : undefined;
  }
  if (byteSteps.at(-1)?.place !== "wasm" || (length < 0 && encodedSize.kind !== "fixed")) return undefined;
  return {
    target: undefined,
    offset: 0,
    byteLength: length < 0 && encodedSize.kind === "fixed" ? encodedSize.bytes : length,
  };
}
