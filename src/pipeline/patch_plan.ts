/**
 * W5, the slot patch: part of a stored shard changes at the cost of that part. Only the index and the slots that are written in part are
 * read; the changed slots are written in place, as one patch per shard; the index keeps its bytes.
 *
 * It applies where inner chunks have a fixed size (a shard within the shard is one slot, which must keep its length), no touched one appears
 * or disappears, and no two stored ranges overlap. What it does not apply to is handed back and goes the way of a rewrite.
 */

import type { BoundChain } from "../codecs/codec.js";
import {
  type BoundShard,
  guardedIndexSize,
  indexChecksum,
  indexOffset,
  isIndexStoredPlain,
  type ShardIndex,
  type Slot,
} from "../codecs/sharding_indexed.js";
import type { Patch, PatchWrite } from "../stores/store.js";
import { crc32cOf } from "../wasm/checksum.js";
import { type ChunkWrite, coversAll, innerWrites, type WriteOptions } from "./chunk_write.js";
import type { IndexCache } from "./index_cache.js";
import { withPlace } from "./place.js";
import type { Plan } from "./plan.js";
import { cutShort, indexBytes, newRead, openKeys, pendingIndex, readIndexes } from "./read_plan.js";
import { type PatchSlotsJob, patchableSlots } from "./whole_shard.js";

/** A shard that may be patched, once its index is known. */
interface Candidate {
  readonly item: ChunkWrite;
  readonly shard: BoundShard;
}

/** A shard that is being patched. */
interface ShardPatch {
  /** What the store says the shard is. */
  readonly version: string | object | undefined;
  readonly item: ChunkWrite;
  readonly inner: readonly ChunkWrite[];
  readonly slots: readonly Slot[];
  readonly index: ShardIndex;
}

/** What the patch plan leaves to be rewritten. */
export interface Unpatched {
  readonly items: readonly ChunkWrite[];
  /** Of them, those that are known to have no stored value. */
  readonly absent: ReadonlySet<ChunkWrite>;
}

/** Whether nothing stands around the shard, and its inner chunks, in shards within it too, have a fixed size. */
function hasFixedSlots({ shard, arraySteps, byteSteps }: BoundChain): boolean {
  if (shard === undefined || arraySteps.length + byteSteps.length > 0) return false;
  return shard.inner.shard === undefined ? shard.inner.encodedSize.kind === "fixed" : hasFixedSlots(shard.inner);
}

/** Encodes chunks, shards among them: the write plan's own function, which it hands over. */
type EncodeChunks = (items: readonly ChunkWrite[], options: WriteOptions) => Plan;

/** Patches the shards of `items` that can be patched, whose keys are locked; returns the others. */
export function* patchPlan(
  items: readonly ChunkWrite[],
  options: WriteOptions,
  encodeChunks: EncodeChunks,
): Plan<Unpatched> {
  const candidates: Candidate[] = [];
  for (const item of items) {
    if (hasFixedSlots(item.chain) && !coversAll(item)) candidates.push({ item, shard: item.chain.shard! });
  }
  const absent = new Set<ChunkWrite>();
  const patched = new Set<ChunkWrite>();
  if (candidates.length > 0) {
    const { indexCache } = options;
    const openings = yield* openKeys(candidates.map(({ item }) => item.key));
    const pending = candidates.map(({ item, shard }) => pendingIndex(shard, item, openings.get(item.key), indexCache));
    const indexes = yield* readIndexes(pending, indexCache);
    const patches: ShardPatch[] = [];
    candidates.forEach((candidate, i) => {
      const index = indexes[i];
      if (index === undefined) absent.add(candidate.item);
      else {
        const stored = pending[i]!.read?.value;
        if (stored !== undefined) index.checksum = indexChecksum(candidate.shard, stored);
        const patch = withPlace(
          () => planPatch(candidate, index, openings.get(candidate.item.key)?.version),
          candidate.item,
        );
        if (patch !== undefined) patches.push(patch);
      }
    });
    for (const item of yield* applyPatches(patches, options, encodeChunks)) patched.add(item);
    if (indexCache !== undefined) yield* keepIndexes(patches, patched, indexCache);
  }
  return { items: items.filter((item) => !patched.has(item)), absent };
}

/** A patch leaves the index as it is: what is known of it holds for the new version too. */
function* keepIndexes(patches: readonly ShardPatch[], patched: ReadonlySet<ChunkWrite>, cache: IndexCache): Plan {
  const kept = patches.filter(({ item }) => patched.has(item));
  const openings = yield* openKeys(kept.map(({ item }) => item.key));
  for (const { item, index } of kept) cache.set(item.key, openings.get(item.key)?.version, index);
}

/** The slots that a write touches, or `undefined` if they cannot be patched. */
function planPatch(
  { item, shard }: Candidate,
  index: ShardIndex,
  version: ShardPatch["version"],
): ShardPatch | undefined {
  const { key, extent, selection, source, sourceOffset, sourceStrides } = item;
  const { encodedSize } = shard.inner;
  const outer = { elements: source, offset: sourceOffset, strides: sourceStrides };
  const inner = innerWrites({ key, shard, extent, selection, outer });
  const slots: Slot[] = [];
  for (const { number } of inner) {
    const slot = index.slot(number);
    if (slot === undefined || (encodedSize.kind === "fixed" && slot.length !== encodedSize.bytes)) return undefined;
    slots.push(slot);
  }
  return index.isDisjoint() ? { item, version, inner, slots, index } : undefined;
}

/** Merges, encodes and writes the slots; returns the items that were patched. */
function* applyPatches(
  patches: readonly ShardPatch[],
  options: WriteOptions,
  encodeChunks: EncodeChunks,
): Plan<ChunkWrite[]> {
  if (patches.length === 0) return [];
  yield* readPartialSlots(patches);
  const bulk = yield* patchByKernel(patches, options);
  const rest = patches.filter((patch) => !bulk.has(patch)).flatMap(({ inner }) => inner);
  yield* encodeChunks(rest, options);
  // A slot that became empty, or a shard within the shard whose length has changed, would change the index: that shard is rewritten.
  const ready = patches.filter(({ inner, slots }) =>
    inner.every(({ encoded }, i) => encoded?.byteLength === slots[i]!.length),
  );
  if (ready.length > 0) {
    if (options.canAppend) yield* findChecksums(ready);
    const patches = ready.map((each) => ({
      key: each.item.key,
      patch: { writes: joinWrites(each.inner, each.slots), version: each.version, guard: guardOf(each) },
    }));
    yield { kind: "patch", patches };
  }
  return ready.map(({ item }) => item);
}

/** The stored index, by which the patch knows the slots. */
function guardOf({ item, index }: ShardPatch): Patch["guard"] {
  const shard = item.chain.shard!;
  const { checksum, shardLength = 0 } = index;
  if (checksum === undefined) return undefined;
  return { offset: indexOffset(shard, shardLength), length: guardedIndexSize(shard), checksum };
}

/** Sees to it that the checksums of all indexes are known. An index that is not stored as it is kept is read, once. */
function* findChecksums(patches: readonly ShardPatch[]): Plan {
  const unknown = patches.filter(({ index }) => index.checksum === undefined);
  const isPlain = ({ item }: ShardPatch): boolean => isIndexStoredPlain(item.chain.shard!);
  for (const { index } of unknown.filter(isPlain)) index.checksum = crc32cOf(index.bytes);
  const others = unknown.filter((patch) => !isPlain(patch));
  if (others.length === 0) return;
  const reads = others.map(({ item, index }) => {
    const shard = item.chain.shard!;
    return newRead(item.key, { offset: indexOffset(shard, index.shardLength ?? 0), length: shard.indexSize });
  });
  yield { kind: "get", reads };
  others.forEach(({ item, index }, i) => {
    const shard = item.chain.shard!;
    const stored = indexBytes(shard, reads[i]!.value ?? new Uint8Array(0), item);
    index.checksum = indexChecksum(shard, stored);
  });
}

/** A region of few slots is merged as fast chunk by chunk, and needs no packing. */
const kernelThreshold = 2;

/** Merges the regions of dense shards into their slots by one kernel call each; returns the patches that are done. */
function* patchByKernel(patches: readonly ShardPatch[], { writeEmptyChunks }: WriteOptions): Plan<Set<ShardPatch>> {
  const jobs = new Map<ShardPatch, PatchSlotsJob>();
  for (const patch of patches) {
    const { item, inner } = patch;
    const { key, grid, number, extent, selection, source, sourceOffset, sourceStrides } = item;
    const shard = item.chain.shard!;
    const slots = inner.length < kernelThreshold ? undefined : patchableSlots(shard, selection, inner.length);
    if (slots === undefined) continue;
    const outer = { elements: source, offset: sourceOffset, strides: sourceStrides };
    const skipEmpty = !writeEmptyChunks;
    const common = { key, grid, number, shard, ...slots, extent, outer, slots: inner };
    jobs.set(patch, { kind: "patch-slots", ...common, skipEmpty, result: undefined });
  }
  if (jobs.size > 0) yield { kind: "transform", jobs: [...jobs.values()] };
  const done = new Set<ShardPatch>();
  for (const [patch, { result, dense }] of jobs) {
    if (result === undefined) continue;
    patch.inner.forEach((each, i) => {
      each.encoded = result.subarray(i * dense.byteLength, (i + 1) * dense.byteLength);
    });
    done.add(patch);
  }
  return done;
}

/** Reads the slots of which some elements are kept. */
function* readPartialSlots(patches: readonly ShardPatch[]): Plan {
  const partial = patches.flatMap(({ inner, slots }) =>
    inner.map((each, i) => ({ each, slot: slots[i]! })).filter(({ each }) => !coversAll(each)),
  );
  if (partial.length === 0) return;
  const reads = partial.map(({ each, slot }) => newRead(each.key, slot));
  yield { kind: "get", reads };
  partial.forEach(({ each, slot }, i) => {
    const value = reads[i]!.value;
    if (value?.byteLength !== slot.length) throw cutShort(each, slot, value?.byteLength ?? 0);
    each.existing = value;
  });
}

/** The encoded slots as writes, adjacent ones joined. */
function joinWrites(inner: readonly ChunkWrite[], slots: readonly Slot[]): PatchWrite[] {
  const order = slots.map((_, i) => i).sort((a, b) => slots[a]!.offset - slots[b]!.offset);
  const writes: PatchWrite[] = [];
  for (let first = 0; first < order.length; ) {
    const { offset } = slots[order[first]!]!;
    let end = offset;
    let next = first;
    for (; next < order.length && slots[order[next]!]!.offset === end; next++) end += slots[order[next]!]!.length;
    writes.push({
      offset,
      bytes:
        next - first === 1
          ? inner[order[first]!]!.encoded!
          : concatenate(order.slice(first, next), inner, end - offset),
    });
    first = next;
  }
  return writes;
}

function concatenate(order: readonly number[], inner: readonly ChunkWrite[], byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  let offset = 0;
  for (const i of order) {
    const { encoded } = inner[i]!;
    bytes.set(encoded!, offset);
    offset += encoded!.byteLength;
  }
  return bytes;
}
