/**
 * Reading chunks of short rows: a band of them is put together in linear memory, where a kernel moves a row in a few nanoseconds, and goes
 * to the caller's array in long runs. A row that goes there by itself costs 45 ns, or 3 ns an element.
 *
 * Measured against that, uncompressed chunks in memory: 10³ of 1 byte 7 times as fast, 64³ of 2 bytes twice, of 4 bytes 1.3 times.
 */

import { type BoundChain, type Bytes, isSpan } from "../codecs/codec.js";
import { withContext } from "../errors.js";
import { copyByLayout, writeCopyLayout } from "../wasm/copy_strided.js";
import { type Memory, type Span, useMemory } from "../wasm/memory.js";
import { type Box, scatterBox } from "./box.js";
import { bytesOf, checkChunkLength, decodeSteps } from "./steps.js";
import type { Band, Tile, Tiling } from "./tiling.js";

/** Bands beyond this many bytes leave the processor's cache. */
const bandLimit = 2 ** 22;
/** Strides in a chunk are 32-bit integers for the kernel. */
const chunkLimit = 2 ** 31;

/** Bytes of a row from which on it is copied by `set`. */
const longRow = 48;

/** Nanoseconds of copying a box to the caller's array by itself. */
function directCost({ runBytes, distinct, itemSize }: Box): number {
  return runBytes < longRow ? 3 * distinct : (45 * distinct * itemSize) / runBytes + 0.02 * distinct * itemSize;
}

/** Nanoseconds of copying it by way of linear memory, where the chunk may lie already. */
function stagedCost({ distinct, itemSize }: Box, { byteSteps, byteLength }: BoundChain): number {
  const isThere = byteSteps[0]?.place === "wasm";
  return 200 + (isThere ? 0 : 0.05 * byteLength) + 0.1 * distinct * itemSize;
}

/** The bands of `tiling` if reading them by way of linear memory pays. */
export function stagedBands(tiling: Tiling): Iterable<Band> | undefined {
  const { elements, strides } = tiling.outer;
  if (Array.isArray(elements) || tiling.count < 2) return undefined;
  for (const { box, chain } of tiling.tiles()) {
    // What would leave linear memory element by element can as well go there at once.
    if (strides.at(-1) !== box.itemSize) return undefined;
    // The first chunk stands for all.
    const pays = chain.byteLength < chunkLimit && directCost(box) > 1.25 * stagedCost(box, chain);
    return pays ? tiling.bands(bandLimit) : undefined;
  }
  return undefined;
}

/** Where the encoded chunks of a tiling come from. */
export interface ChunkSource {
  /** The encoded chunk, in linear memory's innermost scope or in the heap; `undefined` if it is missing. */
  fetch(tile: Tile, memory: Memory): Bytes | undefined;
  /** Puts what a missing chunk reads as into its box of `target`. */
  fill(tile: Tile, target: Uint8Array): void;
  /** Where the chunk is, for errors. */
  contextOf(tile: Tile): Parameters<typeof withContext>[1];
}

/** Reads every chunk of `bands`, none of which is a shard. */
export function readBands(bands: Iterable<Band>, source: ChunkSource): void {
  useMemory((memory) => {
    for (const band of bands) memory.scope(() => readBand(memory, band, source));
  });
}

function readBand(memory: Memory, { tiling, byteLength, box, outerOffset }: Band, source: ChunkSource): void {
  const staged = memory.allocate(byteLength);
  const layouts = new Map<Box, Span>();
  for (const tile of tiling.tiles()) {
    let layout = layouts.get(tile.box);
    if (layout === undefined) {
      layout = layoutOf(memory, tile.box);
      layouts.set(tile.box, layout);
    }
    readTile(memory, tile, staged, layout, source);
  }
  scatterBox(box, tiling.outer.elements, outerOffset, memory.bytes, staged.pointer);
}

function layoutOf(memory: Memory, { shape, outerStrides, chunkStrides }: Box): Span {
  return writeCopyLayout(
    memory,
    shape.map((count, d) => ({ count, dstStride: outerStrides[d]!, srcStride: chunkStrides[d]! })),
  );
}

function readTile(memory: Memory, tile: Tile, staged: Span, layout: Span, source: ChunkSource): void {
  try {
    memory.scope(() => {
      const { chain, box, outerOffset, chunkOffset } = tile;
      const { byteSteps, byteLength } = chain;
      const encoded = source.fetch(tile, memory);
      if (encoded === undefined) {
        source.fill(tile, memory.view(staged));
        return;
      }
      const decoded = bytesOf(decodeSteps(memory, byteSteps, encoded));
      checkChunkLength(byteSteps, decoded.byteLength, byteLength);
      const chunk = isSpan(decoded) ? decoded : memory.write(decoded);
      copyByLayout(memory, staged, outerOffset, chunk, chunkOffset, box.itemSize, layout);
    });
  } catch (error) {
    throw withContext(error, source.contextOf(tile));
  }
}
