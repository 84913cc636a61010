/**
 * Chunks on their way into the store: what whole writes, rewrites and slot patches have in common.
 */

import { type BoundChain, type ChunkSpec, elementCount } from "../codecs/codec.js";
import { type BoundShard, chunkCoordinates, type SubchunkWriteOrder } from "../codecs/sharding_indexed.js";
import { chunkExtent } from "../grid/projection.js";
import type { ChunkSelection } from "../grid/selection.js";
import type { Elements } from "../metadata/data_type.js";
import { type Box, stridedBox } from "./box.js";
import type { IndexCache } from "./index_cache.js";
import type { Place } from "./place.js";
import { bytesResult, type EncodeJob, type Plan } from "./plan.js";
import { type Outer, tile } from "./tiling.js";

/** One chunk to write: a batch item, or what a shard breaks up into. All offsets in bytes. */
export interface ChunkWrite extends Place {
  readonly chain: BoundChain;
  /** Part of the chunk that lies in the array. */
  readonly extent: readonly number[];
  /** The caller's array, and the box of it that goes into the chunk; strides are zero where a scalar is broadcast. Never written to. */
  readonly source: Elements;
  readonly sourceOffset: number;
  readonly sourceStrides: readonly number[];
  readonly box: Box;
  readonly chunkOffset: number;
  /** The selection in the chunk: what a shard needs to be broken up. Empty for plain chunks. */
  readonly selection: ChunkSelection;
  /** The stored chunk, where part of it must be kept. */
  existing: Uint8Array | undefined;
  /** Result: what is to be stored, or `undefined` if the chunk is empty. */
  encoded: Uint8Array | undefined;
}

export interface WriteOptions {
  readonly writeEmptyChunks: boolean;
  /** Slot order of fresh shards; existing ones keep theirs. */
  readonly subchunkWriteOrder: SubchunkWriteOrder;
  /** Whether the store can change part of a value. */
  readonly canPatch: boolean;
  /** Whether it can make a value longer by that, and looks at what a patch relies upon. */
  readonly canAppend: boolean;
  /** A shard of which an append would make a larger share unused is rewritten instead. */
  readonly compactionThreshold: number;
  /** `undefined` = indexes are not kept. */
  readonly indexCache: IndexCache | undefined;
  /**
   * The encoded chunk (`undefined` = empty) that a scalar makes of each shape and extent, as {@link shapeAndExtent} names them, that it covers
   * whole: shared by all plans of one call.
   */
  readonly scalars?: Map<string, Uint8Array | undefined>;
}

const nothing: readonly never[] = [];

/** Whether the write replaces every element of the chunk that lies in the array. */
export function coversAll({ box, extent }: ChunkWrite): boolean {
  return box.distinct === elementCount(extent);
}

/** Tells chunks apart that a scalar makes different: the bytes of one that the array cuts off are not those of a smaller one. */
export function shapeAndExtent(shape: readonly number[], extent: readonly number[]): string {
  return `${shape} ${extent}`;
}

/** What a shard is given to write, or a part of it: a selection of its elements, and where the caller has them. */
export interface ShardPart {
  readonly key: string;
  readonly shard: BoundShard;
  /** Part of the shard that lies in the array. */
  readonly extent: readonly number[];
  readonly selection: ChunkSelection;
  readonly outer: Outer;
}

/** Whether any of an inner chunk lies in the array: those outside, which other writers may store, do not keep a shard alive. */
export function isInArray({ grid, inner }: BoundShard, extent: readonly number[], number: number): boolean {
  return chunkCoordinates(grid, number).every((chunk, axis) => chunk * inner.spec.shape[axis]! < extent[axis]!);
}

/** One item for every inner chunk that the write touches. */
export function innerWrites({ key, shard, extent, selection, outer }: ShardPart): ChunkWrite[] {
  const { inner: chain, axes, grid } = shard;
  const isPlain = chain.shard === undefined;
  const items: ChunkWrite[] = [];
  for (const part of tile(selection, axes, grid, chain, outer).tiles()) {
    const { number, origin, outerOffset, chunkOffset, box } = part;
    items.push({
      key,
      grid,
      number,
      chain,
      extent: chunkExtent(origin, chain.spec.shape, extent),
      source: outer.elements,
      sourceOffset: outerOffset,
      sourceStrides: outer.strides,
      box,
      chunkOffset,
      selection: isPlain ? nothing : part.selection(),
      existing: undefined,
      encoded: undefined,
    });
  }
  return items;
}

export function encodeJob(
  node: ChunkWrite,
  steps: EncodeJob["steps"],
  base: Elements | undefined,
  { writeEmptyChunks }: WriteOptions,
): EncodeJob {
  const { key, grid, number, chain, extent, source, sourceOffset, box, chunkOffset } = node;
  const { spec, byteLength } = chain;
  const emptyExtent = writeEmptyChunks ? undefined : extent;
  return {
    kind: "encode",
    key,
    grid,
    number,
    steps,
    spec,
    byteLength,
    base,
    source,
    sourceOffset,
    box,
    chunkOffset,
    emptyExtent,
    result: undefined,
  };
}

/** A job that runs bytes in hand through `steps` as they are. */
export function bytesJob(
  { key, grid, number }: Place,
  spec: ChunkSpec,
  steps: EncodeJob["steps"],
  source: Uint8Array,
): EncodeJob {
  const { byteLength } = source;
  const box = stridedBox([byteLength], [1], [1], 1);
  const origin = { sourceOffset: 0, chunkOffset: 0 };
  return {
    kind: "encode",
    key,
    grid,
    number,
    steps,
    spec,
    byteLength,
    base: undefined,
    source,
    ...origin,
    box,
    emptyExtent: undefined,
    result: undefined,
  };
}

/** Encodes plain chunks. */
export function* encodeLeaves(leaves: readonly ChunkWrite[], options: WriteOptions): Plan {
  // A scalar makes equal chunks of all of one shape that it covers to the same extent: encode one of them.
  const { scalars = new Map<string, Uint8Array | undefined>() } = options;
  const isBroadcast = leaves.every(({ sourceStrides }) => sourceStrides.every((stride) => stride === 0));
  const jobs: EncodeJob[] = [];
  const scalarJobs = new Map<string, EncodeJob>();
  const sources = leaves.map((node): EncodeJob | string => {
    const form = isBroadcast && coversAll(node) ? shapeAndExtent(node.chain.spec.shape, node.extent) : undefined;
    if (form !== undefined && (scalars.has(form) || scalarJobs.has(form))) return form;
    const job = encodeJob(node, node.chain.byteSteps, node.existing, options);
    jobs.push(job);
    if (form === undefined) return job;
    scalarJobs.set(form, job);
    return form;
  });
  yield { kind: "transform", jobs };
  // Only now: another plan of the same call may run while an asynchronous codec works.
  for (const [form, job] of scalarJobs) scalars.set(form, bytesResult(job));
  leaves.forEach((node, i) => {
    const source = sources[i]!;
    if (typeof source !== "string") node.encoded = bytesResult(source);
    else {
      // Each key owns its bytes: a store may change them in place later. A codec may give a Buffer, whose slice is no copy.
      const encoded = scalars.get(source);
      node.encoded = encoded && new Uint8Array(encoded);
    }
  });
}
