/**
 * The write plan: from the caller's array to stored values. Paths W1 (whole chunk), W2 (part of a chunk), W3 (whole shard) and W4 (shard
 * rewrite), nested to any depth; W5, the slot patch, comes first where it applies.
 *
 * What must be known of the old values is fetched first, in one request. From then on everything is in hand: shards are opened level by
 * level, all plain chunks are encoded in one transform, and the shards are put together again from the innermost level outwards.
 */

import { type BoundChain, byteStrides, elementCount } from "../codecs/codec.js";
import { type BoundShard, indexOffset, ShardIndex, type Slot } from "../codecs/sharding_indexed.js";
import { DataError } from "../errors.js";
import { selectAll } from "../grid/projection.js";
import { type Elements, newElements } from "../metadata/data_type.js";
import { newRead } from "./chunk_read.js";
import {
  bytesJob,
  type ChunkWrite,
  coversAll,
  encodeJob,
  encodeLeaves,
  innerWrites,
  isInArray,
  type ShardPart,
  shapeAndExtent,
  type WriteOptions,
} from "./chunk_write.js";
import { patchPlan } from "./patch_plan.js";
import { withPlace } from "./place.js";
import { bytesResult, decodeJob, type EncodeJob, type Plan, type Write } from "./plan.js";
import { indexBytes, indexJob, openKeys, pendingIndex, readIndexes, readPlan, wholeChunkRead } from "./read_plan.js";
import { layoutShard, slotOrder } from "./shard_writing.js";
import { type EncodeShardJob, wholeShardSlot } from "./whole_shard.js";

/** A shard without anything around it; its owner receives the assembled bytes. */
interface ShardWrite extends ShardPart {
  readonly owner: ChunkWrite;
  readonly existing: Uint8Array | undefined;
  /** Stored slots by chunk number. */
  readonly slots: Map<number, Slot>;
  /** Inner chunks that this write touches, by chunk number. */
  readonly children: Map<number, ChunkWrite>;
  /** Set where the shard is encoded by one kernel call: then it has no children. */
  whole: EncodeShardJob | undefined;
}

/** Locks the keys, reads what must be kept, encodes, and stores, patches or deletes every key. */
export function* writePlan(all: readonly ChunkWrite[], options: WriteOptions): Plan {
  yield { kind: "lock", mode: "exclusive", keys: all.map(({ key }) => key) };
  const { items, absent } = options.canPatch
    ? yield* patchPlan(all, options, encodePlan)
    : { items: all, absent: new Set<ChunkWrite>() };
  if (items.length === 0) return;
  const partial = items.filter((item) => !coversAll(item) && !absent.has(item));
  if (partial.length > 0) {
    const reads = partial.map(({ key }) => newRead(key));
    yield { kind: "get", reads };
    partial.forEach((item, i) => {
      item.existing = reads[i]!.value;
    });
  }
  yield* encodePlan(items, options);
  const writes: Write[] = [];
  for (const item of items) {
    // A key that was seen to be missing need not be deleted.
    const isAbsent = item.existing === undefined && !coversAll(item);
    if (item.encoded !== undefined || !isAbsent) writes.push({ key: item.key, value: item.encoded });
  }
  yield { kind: "set", writes };
  for (const { key } of writes) options.indexCache?.delete(key);
}

/** Encodes one whole chunk without a store. */
export function* encodeChunkPlan(item: ChunkWrite, options: WriteOptions): Plan<Uint8Array | undefined> {
  yield* encodePlan([item], options);
  return item.encoded;
}

/** What compaction has found and done. */
export interface CompactionResult {
  /** Stored shards of the array. */
  readonly shards: number;
  /** Those of them that had unused bytes, and now have none. */
  readonly rewritten: number;
  readonly bytesFreed: number;
}

/** Rewrites those of `items`, whole shards without codecs around them, that have unused bytes: slots move as they are, in their order. */
export function* compactPlan(
  items: readonly ChunkWrite[],
  options: WriteOptions,
  onDone: (result: CompactionResult) => void,
): Plan {
  const { indexCache } = options;
  // Not locked yet: most shards are compact, and a lock may cost a file.
  const openings = yield* openKeys(items.map(({ key }) => key));
  const pending = items.map((item) => pendingIndex(item.chain.shard!, item, openings.get(item.key), indexCache));
  const indexes = yield* readIndexes(pending, indexCache);
  const loose = items.filter((item, i) => {
    const index = indexes[i];
    return index !== undefined && withPlace(() => (index.unusedBytes ?? 1) > 0, item);
  });
  let rewritten = 0;
  let bytesFreed = 0;
  if (loose.length > 0) yield { kind: "lock", mode: "exclusive", keys: loose.map(({ key }) => key) };
  for (const item of loose) {
    const read = newRead(item.key);
    yield { kind: "get", reads: [read] };
    if (read.value === undefined) continue;
    const freed = yield* compactShard(item, item.chain.shard!, read.value, options);
    if (freed === 0) continue;
    rewritten++;
    bytesFreed += freed;
  }
  onDone({ shards: indexes.filter((index) => index !== undefined).length, rewritten, bytesFreed });
}

/** Returns by how many bytes the shard became shorter. */
function* compactShard(item: ChunkWrite, shard: BoundShard, existing: Uint8Array, options: WriteOptions): Plan<number> {
  const { extent, selection, source, sourceOffset, sourceStrides } = item;
  const outer = { elements: source, offset: sourceOffset, strides: sourceStrides };
  const node = newShardWrite(item, shard, { extent, selection, outer, existing });
  yield* readSlots([node]);
  let byteLength = shard.indexSize;
  for (const { length } of node.slots.values()) byteLength += length;
  // Slots that share bytes would be set apart.
  if (byteLength >= existing.byteLength) return 0;
  yield* assemble([node], options);
  yield { kind: "set", writes: [{ key: item.key, value: item.encoded }] };
  options.indexCache?.delete(item.key);
  return existing.byteLength - (item.encoded?.byteLength ?? 0);
}

function* encodePlan(nodes: readonly ChunkWrite[], options: WriteOptions): Plan {
  const levels: ShardWrite[][] = [];
  const leaves: ChunkWrite[] = [];
  for (let level = nodes; level.length > 0; ) {
    const shards: ShardWrite[] = [];
    for (const node of level) {
      if (node.chain.shard === undefined) leaves.push(node);
      else {
        const opened = yield* openShard(node, node.chain.shard, options);
        if (opened !== undefined) shards.push(opened);
      }
    }
    yield* readSlots(shards);
    yield* encodeWhole(shards, options);
    levels.push(shards);
    level = shards.flatMap((shard) => (shard.whole === undefined ? expand(shard) : []));
  }
  yield* encodeLeaves(leaves, options);
  for (const shards of levels.reverse()) yield* assemble(shards, options);
}

function newShardWrite(
  owner: ChunkWrite,
  shard: BoundShard,
  part: Pick<ShardWrite, "extent" | "selection" | "outer" | "existing">,
): ShardWrite {
  const { extent, selection, outer, existing } = part;
  return {
    owner,
    key: owner.key,
    shard,
    extent,
    selection,
    outer,
    existing,
    slots: new Map(),
    children: new Map(),
    whole: undefined,
  };
}

/** Takes off the codecs around a shard. `undefined` if nothing is left to write: the chunk is empty. */
function* openShard(node: ChunkWrite, shard: BoundShard, options: WriteOptions): Plan<ShardWrite | undefined> {
  const { chain, source, sourceOffset, sourceStrides, extent, selection } = node;
  const stored = node.existing;
  const existing = stored === undefined || chain.byteSteps.length === 0 ? stored : yield* unwrap(node, stored);
  if (chain.arraySteps.length === 0) {
    const outer = { elements: source, offset: sourceOffset, strides: sourceStrides };
    return newShardWrite(node, shard, { extent, selection, outer, existing });
  }
  // Codecs before the shard see whole chunks only: read all of it, merge, and write it whole.
  const { shape, dataType } = shard.spec;
  const everything = selectAll(shape);
  const strides = byteStrides(shape, dataType.itemSize);
  let base: Elements | undefined;
  if (existing !== undefined) {
    base = newElements(dataType, elementCount(shape) * dataType.itemSize);
    const bare: BoundChain = { ...chain, spec: shard.spec, arraySteps: [], byteSteps: [] };
    yield* readPlan([wholeChunkRead(bare, node, existing, { elements: base, offset: 0, strides })], {
      readMissingChunks: true,
      indexCache: undefined,
      canOpen: false,
    });
  }
  const job = encodeJob(node, chain.arraySteps, base, options);
  yield { kind: "transform", jobs: [job] };
  if (job.result === undefined) return undefined;
  const outer = { elements: job.result, offset: 0, strides };
  return newShardWrite(node, shard, { extent: shape, selection: everything, outer, existing: undefined });
}

function* unwrap(node: ChunkWrite, stored: Uint8Array): Plan<Uint8Array> {
  const job = decodeJob(node, node.chain.byteSteps, stored);
  yield { kind: "transform", jobs: [job] };
  return bytesResult(job)!;
}

/** Reads the slots of the shards that exist. */
function* readSlots(shards: readonly ShardWrite[]): Plan {
  const stored = shards.filter(({ existing }) => existing !== undefined);
  if (stored.length === 0) return;
  const jobs = stored.map(({ shard, owner, existing }) => indexJob(shard, owner, indexBytes(shard, existing!, owner)));
  yield { kind: "transform", jobs };
  stored.forEach(({ shard, owner, existing, slots }, i) => {
    const index = new ShardIndex(shard, bytesResult(jobs[i]!)!, existing!.byteLength);
    withPlace(() => {
      for (let chunk = 0; chunk < shard.chunkCount; chunk++) {
        const slot = index.slot(chunk);
        if (slot !== undefined) slots.set(chunk, slot);
      }
      checkOverlap(shard, slots, existing!.byteLength);
    }, owner);
  });
}

/** What slots may hold in all besides what they need, in bytes. */
const overlapAllowance = 32 * 2 ** 20;

/** A rewrite sets overlapping slots apart: an index of 16 bytes an inner chunk must not make gigabytes of them. */
function checkOverlap({ decodedSize }: BoundShard, slots: ReadonlyMap<number, Slot>, byteLength: number): void {
  let total = 0;
  for (const { length } of slots.values()) total += length;
  const declared = decodedSize.kind === "fixed" ? decodedSize.bytes : byteLength;
  const limit = Math.max(byteLength, 3 * declared + overlapAllowance);
  if (total <= limit) return;
  throw new DataError("INVALID_SHARD_INDEX", "Shard index entries overlap too much to be set apart", {
    expected: `at most ${limit} bytes in all`,
    found: `${total} bytes`,
    codec: "sharding_indexed",
  });
}

/** One item for every inner chunk that the write touches, with its stored bytes where part of them is kept. */
function expand(node: ShardWrite): ChunkWrite[] {
  const items = innerWrites(node);
  for (const item of items) {
    const slot = node.slots.get(item.number);
    if (slot !== undefined && !coversAll(item))
      item.existing = node.existing!.subarray(slot.offset, slot.offset + slot.length);
    node.children.set(item.number, item);
  }
  return items;
}

/** Lays out the shards of one level, whose inner chunks are all encoded. */
function* assemble(shards: readonly ShardWrite[], options: WriteOptions): Plan {
  const present = shards.filter((node) => {
    if (node.whole !== undefined) return node.whole.result !== undefined;
    for (const { encoded } of node.children.values()) if (encoded !== undefined) return true;
    for (const number of node.slots.keys())
      if (!node.children.has(number) && isInArray(node.shard, node.extent, number)) return true;
    return false;
  });
  if (present.length === 0) return;
  const laid = present.map((node) => node.whole?.result ?? layOut(node, options));
  const indexJobs = present.map(({ shard, owner }, i) =>
    bytesJob(owner, shard.index.spec, shard.index.byteSteps, laid[i]!.index),
  );
  yield { kind: "transform", jobs: indexJobs };
  const outerJobs: EncodeJob[] = [];
  const outerNodes: ChunkWrite[] = [];
  const taken = new Set<EncodeShardJob>();
  present.forEach(({ shard, owner, whole }, i) => {
    // Each key owns its bytes, also where a scalar made several shards equal.
    const isShared = whole !== undefined && taken.has(whole);
    if (whole !== undefined) taken.add(whole);
    const bytes = isShared ? laid[i]!.bytes.slice() : laid[i]!.bytes;
    bytes.set(bytesResult(indexJobs[i]!)!, indexOffset(shard, bytes.byteLength));
    owner.encoded = bytes;
    if (owner.chain.byteSteps.length > 0) {
      outerNodes.push(owner);
      outerJobs.push(bytesJob(owner, owner.chain.spec, owner.chain.byteSteps, bytes));
    }
  });
  if (outerJobs.length === 0) return;
  yield { kind: "transform", jobs: outerJobs };
  outerNodes.forEach((node, i) => {
    node.encoded = bytesResult(outerJobs[i]!);
  });
}

/** The slots of a shard at their places, with room for the index. Untouched inner chunks move as they are, never decoded. */
function layOut(node: ShardWrite, options: WriteOptions): { bytes: Uint8Array; index: Uint8Array } {
  const { slots, children, existing } = node;
  const { index, offsets, byteLength } = layoutShard(node.shard, slotLengths(node), slotsInOrder(node, options));
  const bytes = new Uint8Array(byteLength);
  offsets.forEach((offset, number) => {
    if (offset === undefined) return;
    const child = children.get(number);
    const slot = slots.get(number);
    bytes.set(
      child === undefined ? existing!.subarray(slot!.offset, slot!.offset + slot!.length) : child.encoded!,
      offset,
    );
  });
  return { bytes, index };
}

/** Encodes shards that are written whole by one kernel call each; by one call in all those that a scalar makes equal. */
function* encodeWhole(shards: readonly ShardWrite[], { writeEmptyChunks, subchunkWriteOrder }: WriteOptions): Plan {
  const jobs: EncodeShardJob[] = [];
  const scalars = new Map<string, EncodeShardJob>();
  for (const node of shards) {
    const { owner, shard, selection, extent, outer, existing } = node;
    const dense = existing === undefined ? wholeShardSlot(shard, selection, extent, 1) : undefined;
    if (dense === undefined) continue;
    const form = outer.strides.every((stride) => stride === 0) ? shapeAndExtent(shard.spec.shape, extent) : undefined;
    const same = form === undefined ? undefined : scalars.get(form);
    if (same !== undefined) {
      node.whole = same;
      continue;
    }
    const { key, grid, number } = owner;
    const order = slotOrder(shard.grid, subchunkWriteOrder);
    const skipEmpty = !writeEmptyChunks;
    const job: EncodeShardJob = {
      kind: "encode-shard",
      key,
      grid,
      number,
      shard,
      dense,
      extent,
      outer,
      order,
      skipEmpty,
      result: undefined,
    };
    node.whole = job;
    jobs.push(job);
    if (form !== undefined) scalars.set(form, job);
  }
  if (jobs.length > 0) yield { kind: "transform", jobs };
}

/** Bytes of each inner chunk by number, -1 where missing. */
function slotLengths({ shard, slots, children }: ShardWrite): Float64Array {
  const lengths = new Float64Array(shard.chunkCount).fill(-1);
  for (const [number, { length }] of slots) lengths[number] = length;
  for (const [number, { encoded }] of children) lengths[number] = encoded?.byteLength ?? -1;
  return lengths;
}

/** A rewrite keeps the stored order of slots and appends new ones. */
function slotsInOrder({ shard, slots }: ShardWrite, { subchunkWriteOrder }: WriteOptions): Uint32Array {
  const fresh = slotOrder(shard.grid, subchunkWriteOrder);
  if (slots.size === 0) return fresh;
  const stored = [...slots].sort(([, a], [, b]) => a.offset - b.offset).map(([number]) => number);
  return Uint32Array.from([...stored, ...fresh.filter((number) => !slots.has(number))]);
}
