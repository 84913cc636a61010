/** What the read plan and its ways with whole shards have in common: the chunks to be read, and what can be wrong with them. */

import type { BoundChain, ChunkSpec } from "../codecs/codec.js";
import type { BoundShard, ShardIndex, Slot } from "../codecs/sharding_indexed.js";
import { DataError } from "../errors.js";
import type { ChunkSelection } from "../grid/selection.js";
import type { ByteRange } from "../stores/store.js";
import { fillBox } from "./box.js";
import type { IndexCache } from "./index_cache.js";
import { contextOf, type Place } from "./place.js";
import type { Into, Read, Scatter } from "./plan.js";
import { type Outer, type Tiling, tile } from "./tiling.js";

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

/** A shard without anything around it, on its way to being broken up. */
export interface ShardRead {
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

/** A shard whose index is known. `value` is the whole shard, if it is in hand. */
export interface OpenedShard {
  readonly shardRead: ShardRead;
  readonly value: Uint8Array | undefined;
  readonly index: ShardIndex;
}

/** What a chunk reads as that is not stored. */
export function missing(
  item: Omit<ChunkRead, "chain">,
  { fillValue }: ChunkSpec,
  { readMissingChunks }: ReadOptions,
): void {
  if (!readMissingChunks) throw new DataError("MISSING_CHUNK", "Chunk is missing from the store", { key: item.key });
  fillBox(item.box, item.target, item.targetOffset, fillValue);
}

/** The encoded chunk's part of its stored value. */
export function rangeOf({ offset, length }: Pick<ChunkRead, "offset" | "length">): ByteRange | undefined {
  return length < 0 ? undefined : { offset, length };
}

/** Where the elements of a shard go. */
export function outerOf({ target, targetOffset, targetStrides }: Omit<ChunkRead, "chain">): Outer {
  return { elements: target, offset: targetOffset, strides: targetStrides };
}

/** The inner chunks under the selection. */
export function tilingOf(shardRead: ShardRead): Tiling {
  const { item, shard } = shardRead;
  shardRead.tiling ??= tile(item.selection, shard.axes, shard.grid, shard.inner, outerOf(item));
  return shardRead.tiling;
}
