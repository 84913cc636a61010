/**
 * Writing whole plain chunks synchronously, without a plan: each is encoded and stored before the next one is looked at. What is done is what
 * the write plan does; 1000 chunks of 1000 bytes in memory take 0.6 ms instead of 1.2.
 */

import type { ChunkAxis } from "../grid/chunk_grid.js";
import { chunkExtent } from "../grid/projection.js";
import { type ChunkSelection, isPicks } from "../grid/selection.js";
import { shapeAndExtent, type WriteOptions } from "./chunk_write.js";
import type { DirectSource } from "./direct_read.js";
import { bytesResult, type EncodeJob } from "./plan.js";
import { Slab } from "./slab.js";
import type { Tile, Tiling } from "./tiling.js";
import { runJob } from "./transform.js";

/** Whether a write of `selection` to an array of `shape` keeps nothing of what is stored in the chunks it touches. */
export function coversChunks(selection: ChunkSelection, axes: readonly ChunkAxis[], shape: readonly number[]): boolean {
  if ("places" in selection) return false;
  return selection.every((range, d) => {
    if (isPicks(range) || range.count === 0 || (range.step !== 1 && range.count > 1)) return false;
    const end = range.start + range.count;
    return isBorder(range.start, axes[d]!) && (end === shape[d] || isBorder(end, axes[d]!));
  });
}

function isBorder(index: number, axis: ChunkAxis): boolean {
  return axis.startOf(axis.chunkAt(index)) === index;
}

/** Writes every chunk of `tiling`, which are plain and covered whole, of an array of `shape`. */
export function writeChunks(
  tiling: Tiling,
  shape: readonly number[],
  source: DirectSource,
  options: WriteOptions,
): void {
  const { access, locks, keys } = source;
  const { strides } = tiling.outer;
  // A scalar makes equal chunks of all of one shape that it covers to the same extent: encode one of them.
  const scalars = strides.every((stride) => stride === 0) ? new Map<string, Uint8Array | undefined>() : undefined;
  const slab = access.takesViews ? new Slab() : undefined;
  for (const tile of tiling.tiles()) {
    const key = keys.of(tile.number, tile.coordinates);
    const extent = chunkExtent(tile.origin, tile.chain.spec.shape, shape);
    locks.checkSync(key, "exclusive");
    const release = access.lock?.(key);
    try {
      const encode = (): Uint8Array | undefined => encodeTile(key, tile, tiling, extent, options, slab);
      const encoded =
        scalars !== undefined ? encodeOnce(scalars, shapeAndExtent(tile.chain.spec.shape, extent), encode) : encode();
      if (encoded === undefined) access.delete(key);
      else access.set(key, encoded);
    } finally {
      release?.();
    }
  }
}

function encodeOnce(
  known: Map<string, Uint8Array | undefined>,
  form: string,
  encode: () => Uint8Array | undefined,
): Uint8Array | undefined {
  if (!known.has(form)) known.set(form, encode());
  const encoded = known.get(form);
  // Each key owns its bytes: a store may change them in place later. A codec may give a Buffer, whose slice is no copy.
  return encoded && new Uint8Array(encoded);
}

function encodeTile(
  key: string,
  { number, chain, outerOffset, chunkOffset, box }: Tile,
  { outer }: Tiling,
  extent: readonly number[],
  { writeEmptyChunks }: WriteOptions,
  slab: Slab | undefined,
): Uint8Array | undefined {
  const job: EncodeJob = {
    kind: "encode",
    key,
    grid: undefined,
    number,
    steps: chain.byteSteps,
    spec: chain.spec,
    byteLength: chain.byteLength,
    base: undefined,
    source: outer.elements,
    sourceOffset: outerOffset,
    box,
    chunkOffset,
    emptyExtent: writeEmptyChunks ? undefined : extent,
    slab,
    result: undefined,
  };
  runJob(job);
  return bytesResult(job);
}
