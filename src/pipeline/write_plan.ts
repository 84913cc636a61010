/**
 * The write plan: from the caller's array to stored values. Paths W1 (whole chunk), W2 (part of a chunk), W3 (whole shard) and W4 (shard
 * rewrite), nested to any depth.
 *
 * What must be known of the old values is fetched first, in one request. From then on everything is in hand: shards are opened level by
 * level, all plain chunks are encoded in one transform, and the shards are put together again from the innermost level outwards.
 */

import { type BoundChain, byteStrides } from "../codecs/codec.js";
import {
  type BoundShard,
  indexOffset,
  layoutShard,
  ShardIndex,
  type Slot,
  type SubchunkWriteOrder,
  slotOrder,
} from "../codecs/sharding_indexed.js";
import { chunkExtent, chunkNumber, coversExtent, projectAxis, projectChunks, selectAll } from "../grid/projection.js";
import type { AxisSelection } from "../grid/selection.js";
import { prepareBox } from "./box.js";
import type { EncodeJob, Gather, Place, Plan, Read, Write } from "./plan.js";
import { chunkOffset, indexBytes, indexJob, readPlan, type Target, targetOffset, withPlace } from "./read_plan.js";

/** One stored key to write. */
export interface ChunkWrite {
  readonly chain: BoundChain;
  readonly key: string;
  /** Part of the chunk that lies in the array. */
  readonly extent: readonly number[];
  readonly axes: readonly AxisSelection[];
  /** The caller's elements; strides are zero where a scalar is broadcast. Never written to. */
  readonly source: Target;
}

export interface WriteOptions {
  readonly writeEmptyChunks: boolean;
  /** Slot order of fresh shards; existing ones keep theirs. */
  readonly subchunkWriteOrder: SubchunkWriteOrder;
}

/** A chunk on its way to being encoded. */
interface WriteNode {
  readonly chain: BoundChain;
  readonly place: Place;
  readonly extent: readonly number[];
  readonly axes: readonly AxisSelection[];
  readonly source: Target;
  /** The stored chunk, where part of it must be kept. */
  existing: Uint8Array | undefined;
  /** Result: what is to be stored, or `undefined` if the chunk is empty. */
  encoded: Uint8Array | undefined;
}

/** A shard without anything around it; its owner receives the assembled bytes. */
interface ShardNode {
  readonly owner: WriteNode;
  readonly shard: BoundShard;
  readonly extent: readonly number[];
  readonly axes: readonly AxisSelection[];
  readonly source: Target;
  readonly existing: Uint8Array | undefined;
  /** Stored slots by chunk number. */
  readonly slots: Map<number, Slot>;
  /** Inner chunks that this write touches, by chunk number. */
  readonly children: Map<number, WriteNode>;
}

/** Locks the keys, reads what must be kept, encodes, and stores or deletes every key. */
export function* writePlan(items: readonly ChunkWrite[], options: WriteOptions): Plan {
  yield { kind: "lock", mode: "exclusive", keys: items.map(({ key }) => key) };
  const nodes = items.map(
    ({ key, ...item }): WriteNode => ({ ...item, place: { key }, existing: undefined, encoded: undefined }),
  );
  const partial = nodes.filter(({ axes, extent }) => !coversExtent(axes, extent));
  if (partial.length > 0) {
    const reads = partial.map(
      ({ place }): Read => ({
        key: place.key,
        range: undefined,
        into: undefined,
        value: undefined,
        byteLength: undefined,
      }),
    );
    yield { kind: "get", reads };
    partial.forEach((node, i) => {
      node.existing = reads[i]!.value;
    });
  }
  yield* encodePlan(nodes, options);
  const absent = new Set(partial.filter(({ existing }) => existing === undefined));
  const writes = nodes
    .filter((node) => node.encoded !== undefined || !absent.has(node))
    .map(({ place, encoded }): Write => ({ key: place.key, value: encoded }));
  yield { kind: "set", writes };
}

/** Encodes one whole chunk without a store; the result is the plan's. */
export function* encodeChunkPlan(item: ChunkWrite, options: WriteOptions): Plan<Uint8Array | undefined> {
  const node: WriteNode = { ...item, place: { key: item.key }, existing: undefined, encoded: undefined };
  yield* encodePlan([node], options);
  return node.encoded;
}

function* encodePlan(nodes: readonly WriteNode[], options: WriteOptions): Plan {
  const levels: ShardNode[][] = [];
  const leaves: WriteNode[] = [];
  for (let level = nodes; level.length > 0; ) {
    const shards: ShardNode[] = [];
    for (const node of level) {
      if (node.chain.shard === undefined) leaves.push(node);
      else {
        const opened = yield* openShard(node, node.chain.shard, options);
        if (opened !== undefined) shards.push(opened);
      }
    }
    yield* readIndexes(shards);
    levels.push(shards);
    level = shards.flatMap((shard) => expand(shard));
  }
  yield* encodeLeaves(leaves, options);
  for (const shards of levels.reverse()) yield* assemble(shards, options);
}

function newShardNode(
  owner: WriteNode,
  shard: BoundShard,
  part: Pick<ShardNode, "extent" | "axes" | "source" | "existing">,
): ShardNode {
  const { extent, axes, source, existing } = part;
  return { owner, shard, extent, axes, source, existing, slots: new Map(), children: new Map() };
}

/** Takes off the codecs around a shard. `undefined` if nothing is left to write: the chunk is empty. */
function* openShard(node: WriteNode, shard: BoundShard, options: WriteOptions): Plan<ShardNode | undefined> {
  const { chain } = node;
  const stored = node.existing;
  const existing = stored === undefined || chain.byteSteps.length === 0 ? stored : yield* unwrap(node, stored);
  if (chain.arraySteps.length === 0) return newShardNode(node, shard, { ...node, existing });
  // Codecs before the shard see whole chunks only: read all of it, merge, and write it whole.
  const { shape, dataType } = shard.spec;
  const strides = byteStrides(shape, dataType.itemSize);
  let base: Uint8Array | undefined;
  if (existing !== undefined) {
    base = new Uint8Array(chain.byteLength);
    const bare: BoundChain = { ...chain, spec: shard.spec, arraySteps: [], byteSteps: [] };
    const target = { bytes: base, offset: 0, strides };
    const item = {
      chain: bare,
      place: node.place,
      source: existing,
      range: undefined,
      extent: shape,
      axes: selectAll(shape),
      target,
    };
    yield* readPlan([item], { readMissingChunks: true });
  }
  const job = encodeJob({ ...node, existing: base }, chain.arraySteps, options);
  yield { kind: "transform", jobs: [job] };
  if (job.result === undefined) return undefined;
  const source = { bytes: job.result, offset: 0, strides };
  return newShardNode(node, shard, { extent: shape, axes: selectAll(shape), source, existing: undefined });
}

function* unwrap({ chain, place }: WriteNode, input: Uint8Array): Plan<Uint8Array> {
  const job = {
    kind: "decode" as const,
    place,
    steps: chain.byteSteps,
    input,
    decodedLength: undefined,
    scatter: undefined,
    result: undefined as Uint8Array | undefined,
  };
  yield { kind: "transform", jobs: [job] };
  return job.result!;
}

/** Reads the slots of the shards that exist. */
function* readIndexes(shards: readonly ShardNode[]): Plan {
  const stored = shards.filter(({ existing }) => existing !== undefined);
  if (stored.length === 0) return;
  const jobs = stored.map(({ shard, owner, existing }) =>
    indexJob(shard, owner.place, indexBytes(shard, existing!, owner.place)),
  );
  yield { kind: "transform", jobs };
  stored.forEach(({ shard, owner, existing, slots }, i) => {
    const index = new ShardIndex(shard, jobs[i]!.result!, existing!.byteLength);
    withPlace(() => {
      for (let chunk = 0; chunk < shard.chunkCount; chunk++) {
        const slot = index.slot(chunk);
        if (slot !== undefined) slots.set(chunk, slot);
      }
    }, owner.place);
  });
}

/** One node for every inner chunk that the write touches. */
function expand({ owner, shard, extent, axes, source, existing, slots, children }: ShardNode): WriteNode[] {
  const { inner, grid } = shard;
  for (const projections of projectChunks(axes.map((axis, d) => projectAxis(axis, inner.spec.shape[d]!)))) {
    const number = chunkNumber(projections, grid);
    const innerExtent = chunkExtent(projections, inner.spec.shape, extent);
    const innerAxes = projections.map(({ selection }) => selection);
    const slot = coversExtent(innerAxes, innerExtent) ? undefined : slots.get(number);
    children.set(number, {
      chain: inner,
      place: { key: owner.place.key, chunk: projections.map(({ chunk }) => chunk) },
      extent: innerExtent,
      axes: innerAxes,
      source: { ...source, offset: targetOffset(source, projections) },
      existing: slot && existing!.subarray(slot.offset, slot.offset + slot.length),
      encoded: undefined,
    });
  }
  return [...children.values()];
}

function encodeJob(node: WriteNode, steps: EncodeJob["steps"], { writeEmptyChunks }: WriteOptions): EncodeJob {
  const { chain, place, existing, extent } = node;
  return {
    kind: "encode",
    place,
    steps,
    spec: chain.spec,
    byteLength: chain.byteLength,
    base: existing,
    gather: gatherOf(node),
    emptyExtent: writeEmptyChunks ? undefined : extent,
    result: undefined,
  };
}

function gatherOf({ chain, axes, source }: WriteNode): Gather {
  const { shape, dataType } = chain.spec;
  const counts = axes.map(({ count }) => count);
  const strides = byteStrides(shape, dataType.itemSize).map((stride, axis) => stride * axes[axis]!.step);
  return {
    source: source.bytes,
    box: prepareBox(counts, source.strides, strides, dataType.itemSize),
    sourceOffset: source.offset,
    chunkOffset: chunkOffset(chain, axes),
    isWhole: coversExtent(axes, shape),
  };
}

function* encodeLeaves(leaves: readonly WriteNode[], options: WriteOptions): Plan {
  // A scalar makes equal chunks of all that it covers to the same extent: encode one of them.
  const scalars = new Map<string, EncodeJob>();
  const unique: EncodeJob[] = [];
  const jobs = leaves.map((node) => {
    const isScalar = node.existing === undefined && node.source.strides.every((stride) => stride === 0);
    const identity = isScalar && coversExtent(node.axes, node.extent) ? node.extent.join() : undefined;
    let job = identity === undefined ? undefined : scalars.get(identity);
    if (job === undefined) {
      job = encodeJob(node, node.chain.byteSteps, options);
      unique.push(job);
      if (identity !== undefined) scalars.set(identity, job);
    }
    return job;
  });
  yield { kind: "transform", jobs: unique };
  const handedOut = new Set<EncodeJob>();
  leaves.forEach((node, i) => {
    const job = jobs[i]!;
    // Each key owns its bytes: a store may change them in place later.
    node.encoded = handedOut.has(job) ? job.result?.slice() : job.result;
    handedOut.add(job);
  });
}

/** Lays out the shards of one level, whose inner chunks are all encoded. */
function* assemble(shards: readonly ShardNode[], options: WriteOptions): Plan {
  const present = shards.filter(({ slots, children }) => {
    for (const { encoded } of children.values()) if (encoded !== undefined) return true;
    for (const number of slots.keys()) if (!children.has(number)) return true;
    return false;
  });
  if (present.length === 0) return;
  const layouts = present.map((node) => layoutShard(node.shard, slotLengths(node), slotsInOrder(node, options)));
  const indexJobs = present.map(({ shard, owner }, i) => wholeJob(shard.index, owner.place, layouts[i]!.index));
  yield { kind: "transform", jobs: indexJobs };
  const outerJobs: EncodeJob[] = [];
  const outerNodes: WriteNode[] = [];
  present.forEach((node, i) => {
    const { shard, owner, slots, children, existing } = node;
    const { offsets, byteLength } = layouts[i]!;
    const bytes = new Uint8Array(byteLength);
    bytes.set(indexJobs[i]!.result!, indexOffset(shard, byteLength));
    offsets.forEach((offset, number) => {
      if (offset === undefined) return;
      const child = children.get(number);
      const slot = slots.get(number);
      // Untouched inner chunks move as they are, never decoded.
      bytes.set(
        child === undefined ? existing!.subarray(slot!.offset, slot!.offset + slot!.length) : child.encoded!,
        offset,
      );
    });
    owner.encoded = bytes;
    if (owner.chain.byteSteps.length > 0) {
      outerNodes.push(owner);
      outerJobs.push(bytesJob(owner, bytes));
    }
  });
  if (outerJobs.length === 0) return;
  yield { kind: "transform", jobs: outerJobs };
  outerNodes.forEach((node, i) => {
    node.encoded = outerJobs[i]!.result;
  });
}

/** Bytes of each inner chunk by number, -1 where missing. */
function slotLengths({ shard, slots, children }: ShardNode): Float64Array {
  const lengths = new Float64Array(shard.chunkCount).fill(-1);
  for (const [number, { length }] of slots) lengths[number] = length;
  for (const [number, { encoded }] of children) lengths[number] = encoded?.byteLength ?? -1;
  return lengths;
}

/** A rewrite keeps the stored order of slots and appends new ones. */
function slotsInOrder({ shard, slots }: ShardNode, { subchunkWriteOrder }: WriteOptions): Uint32Array {
  const fresh = slotOrder(shard.grid, subchunkWriteOrder);
  if (slots.size === 0) return fresh;
  const stored = [...slots].sort(([, a], [, b]) => a.offset - b.offset).map(([number]) => number);
  return Uint32Array.from([...stored, ...fresh.filter((number) => !slots.has(number))]);
}

/** Encodes a whole decoded chunk that is in hand. */
function wholeJob(chain: BoundChain, place: Place, decoded: Uint8Array): EncodeJob {
  const strides = byteStrides(chain.spec.shape, chain.spec.dataType.itemSize);
  const node: WriteNode = {
    chain,
    place,
    extent: chain.spec.shape,
    axes: selectAll(chain.spec.shape),
    source: { bytes: decoded, offset: 0, strides },
    existing: undefined,
    encoded: undefined,
  };
  return encodeJob(node, chain.byteSteps, { writeEmptyChunks: true, subchunkWriteOrder: "unordered" });
}

/** Runs an assembled shard through the codecs that follow it. */
function bytesJob({ chain, place }: WriteNode, bytes: Uint8Array): EncodeJob {
  const { byteLength } = bytes;
  return {
    kind: "encode",
    place,
    steps: chain.byteSteps,
    spec: chain.spec,
    byteLength,
    base: undefined,
    gather: {
      source: bytes,
      box: prepareBox([byteLength], [1], [1], 1),
      sourceOffset: 0,
      chunkOffset: 0,
      isWhole: true,
    },
    emptyExtent: undefined,
    result: undefined,
  };
}
