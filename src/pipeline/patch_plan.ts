/**
 * Patches: part of a stored shard changes at the cost of that part. Only the index and the slots that are written in part are read; the
 * changed slots are written as one patch per shard.
 *
 * W5, the slot patch, writes them in place, where each keeps its size; the index keeps its bytes. W6, the append patch, puts them behind the
 * shard's end and writes a new index. Neither applies where codecs stand around the shard or stored ranges overlap; what is not patched is
 * handed back and goes the way of a rewrite.
 */

import type { BoundChain } from "../codecs/codec.js";
import { type BoundShard, indexOffset, type ShardIndex, type Slot } from "../codecs/sharding_indexed.js";
import type { Patch, PatchWrite } from "../stores/store.js";
import { crc32cOf } from "../wasm/checksum.js";
import { type Appended, appendSlots, mayAppend } from "./append_patch.js";
import { cutShort, newRead } from "./chunk_read.js";
import { bytesJob, type ChunkWrite, coversAll, innerWrites, isInArray, type WriteOptions } from "./chunk_write.js";
import { patchableSlots } from "./encode_shard.js";
import type { IndexCache } from "./index_cache.js";
import { withPlace } from "./place.js";
import { bytesResult, type Plan } from "./plan.js";
import { indexBytes, openKeys, pendingIndex, readIndexes } from "./read_plan.js";
import { guardedIndexSize, indexChecksum, isIndexStoredPlain } from "./shard_writing.js";
import type { PatchSlotsJob } from "./whole_shard.js";

/** A shard that may be patched, once its index is known. */
interface Candidate {
  readonly item: ChunkWrite;
  readonly shard: BoundShard;
}

/** A shard that is being patched. */
interface ShardPatch extends Candidate {
  /** What the store says the stored shard is. */
  readonly version: string | object | undefined;
  readonly inner: readonly ChunkWrite[];
  /** The stored slots of {@link inner}; `undefined` = missing. */
  readonly slots: readonly (Slot | undefined)[];
  readonly index: ShardIndex;
}

/** A shard whose patch is ready to be written. */
interface ReadyPatch {
  readonly item: ChunkWrite;
  readonly patch: Patch;
  /** The index afterwards. */
  readonly index: ShardIndex;
}

/** What the patch plan leaves to be rewritten. */
export interface Unpatched {
  readonly items: readonly ChunkWrite[];
  /** Of them, those that are known to have no stored value. */
  readonly absent: ReadonlySet<ChunkWrite>;
}

/** Whether nothing stands around the shard. */
function isBare({ shard, arraySteps, byteSteps }: BoundChain): boolean {
  return shard !== undefined && arraySteps.length + byteSteps.length === 0;
}

/** Whether the inner chunks, in shards within the shard too, have a fixed size, so that nothing but a missing one changes that of a slot. */
function hasFixedSlots(chain: BoundChain): boolean {
  const inner = chain.shard?.inner;
  if (inner === undefined || !isBare(chain)) return false;
  return inner.shard === undefined ? inner.encodedSize.kind === "fixed" : hasFixedSlots(inner);
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
    const { chain } = item;
    const isCandidate = options.canAppend ? isBare(chain) : hasFixedSlots(chain);
    if (isCandidate && !coversAll(item)) candidates.push({ item, shard: chain.shard! });
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
        const { version } = openings.get(candidate.item.key)!;
        const patch = withPlace(() => planPatch(candidate, index, version, options), candidate.item);
        if (patch !== undefined) patches.push(patch);
      }
    });
    for (const item of yield* applyPatches(patches, options, encodeChunks)) patched.add(item);
  }
  return { items: items.filter((item) => !patched.has(item)), absent };
}

/** The slots that a write touches, or `undefined` if it is clear that they cannot be patched. */
function planPatch(
  candidate: Candidate,
  index: ShardIndex,
  version: ShardPatch["version"],
  { canAppend, compactionThreshold }: WriteOptions,
): ShardPatch | undefined {
  const { item, shard } = candidate;
  const { key, extent, selection, source, sourceOffset, sourceStrides, chain } = item;
  const { encodedSize } = shard.inner;
  const outer = { elements: source, offset: sourceOffset, strides: sourceStrides };
  const inner = innerWrites({ key, shard, extent, selection, outer });
  let isFixed = hasFixedSlots(chain);
  const slots: (Slot | undefined)[] = [];
  for (const { number } of inner) {
    const slot = index.slot(number);
    if (slot === undefined) isFixed = false;
    else if (encodedSize.kind === "fixed" && slot.length !== encodedSize.bytes) return undefined;
    slots.push(slot);
  }
  if (!index.isDisjoint()) return undefined;
  if (!isFixed && !(canAppend && mayAppend(shard, index, slots, compactionThreshold))) return undefined;
  return { item, shard, version, inner, slots, index };
}

/** Merges, encodes and writes the slots; returns the items that are done. */
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
  const { canAppend, compactionThreshold, indexCache } = options;
  const emptied: ShardPatch[] = [];
  const inPlace: ShardPatch[] = [];
  const appends: (readonly [ShardPatch, Appended])[] = [];
  for (const patch of patches) {
    if (isEmptied(patch)) emptied.push(patch);
    else if (keepsSizes(patch)) inPlace.push(patch);
    else if (canAppend) {
      const appended = appendSlots(patch.shard, patch.index, newSlots(patch), compactionThreshold);
      if (appended !== undefined) appends.push([patch, appended]);
    }
  }
  if (canAppend) yield* findChecksums([...inPlace, ...appends.map(([patch]) => patch)]);
  const ready = inPlace.map(patchInPlace);
  if (appends.length > 0) ready.push(...(yield* finishAppends(appends)));
  yield* writePatches(ready, indexCache);
  if (emptied.length > 0)
    yield { kind: "set", writes: emptied.map(({ item }) => ({ key: item.key, value: undefined })) };
  for (const { item } of emptied) indexCache?.delete(item.key);
  return [...ready, ...emptied].map(({ item }) => item);
}

/** Whether the write leaves nothing of the shard that lies in the array. */
function isEmptied({ item, shard, inner, index }: ShardPatch): boolean {
  if (inner.some(({ encoded }) => encoded !== undefined)) return false;
  const touched = new Set(inner.map(({ number }) => number));
  for (let number = 0; number < shard.chunkCount; number++) {
    if (!touched.has(number) && index.slot(number) !== undefined && isInArray(shard, item.extent, number)) return false;
  }
  return true;
}

function keepsSizes({ inner, slots }: ShardPatch): boolean {
  return inner.every(({ encoded }, i) => encoded?.byteLength === slots[i]?.length);
}

function newSlots({ inner, slots }: ShardPatch): { readonly number: number; readonly bytes: Uint8Array | undefined }[] {
  return inner
    .map(({ number, encoded }) => ({ number, bytes: encoded }))
    .filter(({ bytes }, i) => bytes !== undefined || slots[i] !== undefined);
}

function patchInPlace(shardPatch: ShardPatch): ReadyPatch {
  const { item, inner, slots, index, version } = shardPatch;
  const writes = inner.flatMap(({ encoded }, i) => (encoded ? [{ offset: slots[i]!.offset, bytes: encoded }] : []));
  return { item, patch: { writes: joinWrites(writes), version, guard: guardOf(shardPatch) }, index };
}

/** Encodes the new indexes. */
function* finishAppends(appends: readonly (readonly [ShardPatch, Appended])[]): Plan<ReadyPatch[]> {
  const jobs = appends.map(([{ item, shard }, { index }]) =>
    bytesJob(item, shard.index.spec, shard.index.byteSteps, index.bytes),
  );
  yield { kind: "transform", jobs };
  return appends.map(([shardPatch, { slots, index, indexAt, byteLength }], i) => {
    const { item, shard, version } = shardPatch;
    const encoded = bytesResult(jobs[i]!)!;
    index.checksum = indexChecksum(shard, encoded);
    const writes = joinWrites([...slots, { offset: indexAt, bytes: encoded }]);
    // At the end, the old index stays where it is.
    const guard = shard.indexLocation === "end" ? guardOf(shardPatch) : undefined;
    return { item, patch: { writes, byteLength, version, guard }, index };
  });
}

/** Writes the patches, and keeps what is known of the new versions. */
function* writePatches(ready: readonly ReadyPatch[], cache: IndexCache | undefined): Plan {
  const changes = ready.filter(({ patch }) => patch.writes.length > 0);
  if (changes.length === 0) return;
  yield { kind: "patch", patches: changes.map(({ item, patch }) => ({ key: item.key, patch })) };
  if (cache === undefined) return;
  const openings = yield* openKeys(changes.map(({ item }) => item.key));
  for (const { item, index } of changes) cache.set(item.key, openings.get(item.key)?.version, index);
}

/** The stored index, by which the patch knows the slots. */
function guardOf({ shard, index }: ShardPatch): Patch["guard"] {
  const { checksum, shardLength = 0 } = index;
  if (checksum === undefined) return undefined;
  return { offset: indexOffset(shard, shardLength), length: guardedIndexSize(shard), checksum };
}

/** Sees to it that the checksums of all indexes are known. An index that is not stored as it is kept is read, once. */
function* findChecksums(patches: readonly ShardPatch[]): Plan {
  const unknown = patches.filter(({ index }) => index.checksum === undefined);
  const others: ShardPatch[] = [];
  for (const patch of unknown) {
    if (isIndexStoredPlain(patch.shard)) patch.index.checksum = crc32cOf(patch.index.bytes);
    else others.push(patch);
  }
  if (others.length === 0) return;
  const reads = others.map(({ item, shard, index }) =>
    newRead(item.key, { offset: indexOffset(shard, index.shardLength ?? 0), length: shard.indexSize }),
  );
  yield { kind: "get", reads };
  others.forEach(({ item, shard, index }, i) => {
    index.checksum = indexChecksum(shard, indexBytes(shard, reads[i]!.value ?? new Uint8Array(0), item));
  });
}

/** A region of few slots is merged as fast chunk by chunk, and needs no packing. */
const kernelThreshold = 2;

/** Merges the regions of dense shards into their slots by one kernel call each; returns the patches that are done. */
function* patchByKernel(patches: readonly ShardPatch[], { writeEmptyChunks }: WriteOptions): Plan<Set<ShardPatch>> {
  const jobs = new Map<ShardPatch, PatchSlotsJob>();
  for (const patch of patches) {
    const { item, shard, inner } = patch;
    const { key, grid, number, extent, selection, source, sourceOffset, sourceStrides } = item;
    // To the kernel, what is not stored is covered whole.
    if (inner.length < kernelThreshold || patch.slots.includes(undefined)) continue;
    const slots = patchableSlots(shard, selection, inner.length);
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
    inner.flatMap((each, i) => {
      const slot = slots[i];
      return slot === undefined || coversAll(each) ? [] : [{ each, slot }];
    }),
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

/** The writes in order, adjacent ones joined. */
function joinWrites(writes: readonly PatchWrite[]): PatchWrite[] {
  const sorted = [...writes].sort((a, b) => a.offset - b.offset);
  const joined: PatchWrite[] = [];
  for (let first = 0; first < sorted.length; ) {
    const { offset, bytes } = sorted[first]!;
    let end = offset;
    let next = first;
    for (; next < sorted.length && sorted[next]!.offset === end; next++) end += sorted[next]!.bytes.byteLength;
    joined.push({ offset, bytes: next - first === 1 ? bytes : concatenate(sorted.slice(first, next), end - offset) });
    first = next;
  }
  return joined;
}

function concatenate(writes: readonly PatchWrite[], byteLength: number): Uint8Array {
  const all = new Uint8Array(byteLength);
  let offset = 0;
  for (const { bytes } of writes) {
    all.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return all;
}
