/**
 * Reading synchronously without a plan, where that is all overhead: plain stored chunks one after another, with nothing allocated per chunk but
 * its key; and the one chunk or inner chunk of a small selection. What is done is what {@link readPlan} does.
 *
 * Measured against the plan, per chunk of 1000 bytes in memory: 0.15 µs instead of 0.49 for one of many, 1.0 instead of 3.1 for a single one,
 * 1.7 instead of 6.3 for a single inner chunk of a shard whose index is known.
 */

import type { BoundChain, Bytes } from "../codecs/codec.js";
import { type BoundShard, checkSlot, indexRange, ShardIndex, type Slot } from "../codecs/sharding_indexed.js";
import { DataError, withContext } from "../errors.js";
import type { ChunkAxis } from "../grid/chunk_grid.js";
import type { ChunkKeys } from "../grid/chunk_key.js";
import { type AxisRange, type AxisSelection, type ChunkSelection, isPicks } from "../grid/selection.js";
import type { Elements } from "../metadata/data_type.js";
import type { SyncAccess } from "../stores/access.js";
import type { KeyLocks } from "../stores/key_locks.js";
import type { OpenValue } from "../stores/store.js";
import { type Memory, useMemory } from "../wasm/memory.js";
import { type Box, fillBox, isOneRun, prepareBox, type StridedAxis } from "./box.js";
import type { IndexCache } from "./index_cache.js";
import { type Place, withPlace } from "./place.js";
import { isWorthRepeating } from "./plan.js";
import { bestPlace, cutShort, indexBytes, type ReadOptions } from "./read_plan.js";
import { type ChunkSource, readBands, stagedBands } from "./staged_read.js";
import { bytesOf, checkChunkLength, decodeInto, decodeSteps, toHeap } from "./steps.js";
import type { Outer, Tile, Tiling } from "./tiling.js";

/** The stored chunks that a direct read finds: where they are, and how. */
export interface DirectSource {
  readonly access: SyncAccess;
  readonly locks: KeyLocks;
  readonly keys: ChunkKeys;
  readonly options: ReadOptions;
}

/** A selection that lies in one chunk. */
interface Single {
  /** Per axis. */
  readonly coordinates: readonly number[];
  /** The selection in the chunk's own coordinates. */
  readonly selection: readonly AxisRange[];
}

function single(selection: readonly AxisSelection[], axes: readonly ChunkAxis[]): Single | undefined {
  const rank = selection.length;
  const coordinates = new Array<number>(rank);
  const inChunk = new Array<AxisRange>(rank);
  for (let d = 0; d < rank; d++) {
    const range = selection[d]!;
    const axis = axes[d]!;
    if (isPicks(range) || range.count === 0) return undefined;
    const { start, step, count } = range;
    const chunk = axis.chunkAt(start);
    const origin = axis.startOf(chunk);
    if (start + (count - 1) * step >= origin + axis.lengthOf(chunk)) return undefined;
    coordinates[d] = chunk;
    inChunk[d] = { start: start - origin, step, count };
  }
  return { coordinates, selection: inChunk };
}

/**
 * Reads a selection that lies in one chunk of a regular grid, or in one inner chunk of a bare shard. False if
 * this is not so, and nothing was done.
 */
export function readSingle(
  chain: BoundChain,
  axes: readonly ChunkAxis[],
  selection: ChunkSelection,
  outer: Outer,
  source: DirectSource,
): boolean {
  if ("places" in selection) return false;
  const stored = single(selection, axes);
  if (stored === undefined) return false;
  const { keys, access, options } = source;
  const { shard } = chain;
  if (shard === undefined) {
    const key = keys.at(stored.coordinates);
    readChunk(key, tileOf(chain, stored, outer), outer.elements, access, options);
    return true;
  }
  // A codec before the shard may give it other axes than the chunk.
  if (shard.inner.shard !== undefined || chain.arraySteps.length + chain.byteSteps.length > 0) return false;
  const inner = single(stored.selection, shard.axes);
  if (inner === undefined) return false;
  const key = keys.at(stored.coordinates);
  return readInner(key, shard, inner, outer, source);
}

/** The box of a chunk in the caller's array. */
interface Part {
  readonly chain: BoundChain;
  readonly box: Box;
  readonly outerOffset: number;
  readonly chunkOffset: number;
}

function tileOf(chain: BoundChain, { selection }: Single, { offset: outerOffset, strides }: Outer): Part {
  const { shape, dataType } = chain.spec;
  const { itemSize } = dataType;
  let chunkOffset = 0;
  let stride = itemSize;
  const copies = new Array<StridedAxis>(shape.length);
  for (let d = shape.length - 1; d >= 0; d--) {
    const { start, step, count } = selection[d]!;
    chunkOffset += start * stride;
    copies[d] = { count, outerStride: strides[d]!, chunkStride: step * stride };
    stride *= shape[d]!;
  }
  return { chain, box: prepareBox(copies, itemSize), outerOffset, chunkOffset };
}

function readInner(key: string, shard: BoundShard, single: Single, outer: Outer, source: DirectSource): boolean {
  const { access, locks } = source;
  if (access.open === undefined) return false;
  locks.checkSync(key, "shared");
  for (let attempt = 1; ; attempt++) {
    try {
      return readOpened(key, shard, single, outer, access.open, source.options);
    } catch (error) {
      if (!isWorthRepeating(error, attempt)) throw error;
    }
  }
}

function readOpened(
  key: string,
  shard: BoundShard,
  single: Single,
  outer: Outer,
  open: NonNullable<SyncAccess["open"]>,
  { indexCache }: ReadOptions,
): boolean {
  const value = open(key);
  if (value === undefined) return false;
  try {
    const { grid, inner: chain } = shard;
    let number = 0;
    for (let d = 0; d < grid.length; d++) number = number * grid[d]! + single.coordinates[d]!;
    const slot = findSlot(number, shard, value, key, indexCache);
    const { box, outerOffset, chunkOffset } = tileOf(chain, single, outer);
    if (slot === undefined) {
      fillBox(box, outer.elements, outerOffset, chain.spec.fillValue);
      return true;
    }
    const place = { key, grid, number };
    withPlace(() => {
      checkSlot(chain, slot);
      const bytes = value.read(slot);
      value.check?.();
      if (bytes.byteLength !== slot.length) throw cutShort(place, slot, bytes.byteLength);
      decodeInto(chain, bytes, outer.elements, outerOffset, box, chunkOffset);
    }, place);
    return true;
  } finally {
    value.close();
  }
}

/** Where inner chunk `number` lies. The index is looked up in `cache`, or read and left there. */
function findSlot(
  number: number,
  shard: BoundShard,
  value: OpenValue,
  key: string,
  cache: IndexCache | undefined,
): Slot | undefined {
  const place = { key, grid: undefined, number: 0 };
  return withPlace(() => {
    const version = cache && value.version();
    const known = version === undefined ? undefined : cache?.get(key, version, shard);
    if (known !== undefined) return known.slot(number);
    return useMemory((memory) => {
      const { byteSteps, byteLength } = shard.index;
      const decoded = bytesOf(decodeSteps(memory, byteSteps, readIndex(memory, shard, value, place)));
      checkChunkLength(byteSteps, decoded.byteLength, byteLength);
      const view = toHeap(memory, decoded);
      if (version === undefined) return new ShardIndex(shard, view, value.byteLength).slot(number);
      // Only an index that stays is copied: with one of 512 KiB, a new array costs more than all the rest.
      const index = new ShardIndex(shard, view.slice(), value.byteLength);
      cache?.set(key, version, index);
      return index.slot(number);
    });
  }, place);
}

/** The encoded index of the shard `value`: a view if that lies in memory, else read into linear memory. */
function readIndex(memory: Memory, shard: BoundShard, value: OpenValue, place: Place): Bytes {
  if (value.bytes !== undefined) return indexBytes(shard, value.bytes, place);
  const { indexSize } = shard;
  const span = memory.allocate(Math.min(indexSize, value.byteLength));
  const found = value.readInto(indexRange(shard), memory.view(span));
  // Before it is decoded, and kept.
  value.check?.();
  if (found < indexSize) return indexBytes(shard, memory.view({ ...span, byteLength: found }), place);
  return span;
}

/** Reads every chunk of `tiling`, none of which is a shard. */
export function readChunks(tiling: Tiling, source: Omit<DirectSource, "locks">): void {
  const bands = stagedBands(tiling);
  if (bands !== undefined) {
    readBands(bands, storedChunks(source));
    return;
  }
  const { keys, access, options } = source;
  const { elements: target } = tiling.outer;
  for (const tile of tiling.tiles()) {
    readChunk(keys.of(tile.number, tile.coordinates), tile, target, access, options);
  }
}

function storedChunks({ keys, access, options }: Omit<DirectSource, "locks">): ChunkSource {
  const keyOf = ({ number, coordinates }: Tile): string => keys.of(number, coordinates);
  return {
    fetch: (tile, memory) => fetch(memory, keyOf(tile), tile.chain, access),
    fill: (tile, target) => fillMissing(tile, target, options),
    contextOf: (tile) => ({ key: keyOf(tile) }),
  };
}

/** The encoded chunk: read straight into linear memory where the store can do that and its length is known. */
function fetch(
  memory: Memory,
  key: string,
  { byteSteps, encodedSize }: BoundChain,
  { get, readInto }: SyncAccess,
): Bytes | undefined {
  const first = byteSteps.at(-1);
  if (readInto !== undefined && encodedSize.kind === "fixed" && (first === undefined || first.place === "wasm")) {
    const span = memory.allocate(encodedSize.bytes);
    const found = readInto(key, undefined, memory.view(span));
    if (found === undefined) return undefined;
    if (found === span.byteLength) return span;
  }
  return get(key);
}

function readChunk(
  key: string,
  part: Part,
  target: Elements,
  { get, readInto }: SyncAccess,
  options: ReadOptions,
): void {
  try {
    if (readInto !== undefined && readInPlace(key, part, target, readInto, options)) return;
    const value = get(key);
    const { chain, box, outerOffset } = part;
    const { byteSteps, byteLength } = chain;
    if (value === undefined) fillMissing(part, target, options);
    else if (
      byteSteps.length === 0 &&
      value.byteLength === byteLength &&
      isOneRun(box, byteLength) &&
      !Array.isArray(target)
    ) {
      // The most common chunk of all, and the one where every call counts.
      target.set(value, outerOffset);
    } else decodeInto(chain, value, target, outerOffset, box, part.chunkOffset);
  } catch (error) {
    throw withContext(error, { key });
  }
}

/** What a chunk that is not stored reads as. */
export function fillMissing(
  { chain, box, outerOffset }: Part,
  target: Elements,
  { readMissingChunks }: ReadOptions,
): void {
  if (!readMissingChunks) throw new DataError("MISSING_CHUNK", "Chunk is missing from the store");
  fillBox(box, target, outerOffset, chain.spec.fillValue);
}

/**
 * Reads a chunk straight into the caller's array or into linear memory, where it can lie there. False if it must be fetched after all: also
 * where its length is wrong, so that the error can say what was found.
 */
function readInPlace(
  key: string,
  part: Part,
  target: Elements,
  readInto: NonNullable<SyncAccess["readInto"]>,
  options: ReadOptions,
): boolean {
  const { chain, box, outerOffset, chunkOffset } = part;
  const place = bestPlace(chain, box, target, outerOffset, -1);
  if (place === undefined) return false;
  const { byteLength } = place;
  if (place.target !== undefined) {
    const found = readInto(key, undefined, place.target.subarray(place.offset, place.offset + byteLength));
    if (found === undefined) fillMissing(part, target, options);
    return found === undefined || found === byteLength;
  }
  return useMemory((memory) => {
    const span = memory.allocate(byteLength);
    const found = readInto(key, undefined, memory.view(span));
    if (found === undefined) fillMissing(part, target, options);
    else if (found === byteLength) decodeInto(chain, span, target, outerOffset, box, chunkOffset);
    return found === undefined || found === byteLength;
  });
}
