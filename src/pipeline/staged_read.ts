/**
 * Reading chunks of short rows: a band of them is put together in linear memory, where a kernel moves a row in a few nanoseconds, and goes
 * to the caller's array in long runs. A row that goes there by itself costs 45 ns, or 3 ns an element.
 *
 * Measured against that, uncompressed chunks in memory: 10³ of 1 byte 7 times as fast, 64³ of 2 bytes twice, of 4 bytes 1.3 times.
 */

import { type BoundChain, type Bytes, isSpan } from "../codecs/codec.js";
import { withContext } from "../errors.js";
import type { SyncAccess } from "../stores/access.js";
import { copyByLayout, writeCopyLayout } from "../wasm/copy_strided.js";
import { type Memory, type Span, useMemory } from "../wasm/memory.js";
import { type Box, scatterBox } from "./box.js";
import { type DirectSource, fillMissing, type Part } from "./direct_read.js";
import { bytesOf, checkChunkLength, decodeSteps } from "./steps.js";
import type { Band, Tiling } from "./tiling.js";

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

/** Reads every chunk of `bands`, none of which is a shard. */
export function readBands(bands: Iterable<Band>, source: DirectSource): void {
  useMemory((memory) => {
    for (const band of bands) memory.scope(() => readBand(memory, band, source));
  });
}

function readBand(memory: Memory, { tiling, byteLength, box, outerOffset }: Band, source: DirectSource): void {
  const { keys } = source;
  const staged = memory.allocate(byteLength);
  const layouts = new Map<Box, Span>();
  for (const tile of tiling.tiles()) {
    let layout = layouts.get(tile.box);
    if (layout === undefined) {
      layout = layoutOf(memory, tile.box);
      layouts.set(tile.box, layout);
    }
    const key = keys.of(tile.number, tile.coordinates);
    try {
      readChunk(memory, key, tile, staged, layout, source);
    } catch (error) {
      throw withContext(error, { key });
    }
  }
  scatterBox(box, tiling.outer.elements, outerOffset, memory.bytes, staged.pointer);
}

function layoutOf(memory: Memory, { shape, outerStrides, chunkStrides }: Box): Span {
  return writeCopyLayout(
    memory,
    shape.map((count, d) => ({ count, dstStride: outerStrides[d]!, srcStride: chunkStrides[d]! })),
  );
}

function readChunk(
  memory: Memory,
  key: string,
  part: Part,
  staged: Span,
  layout: Span,
  { access, options }: DirectSource,
): void {
  memory.scope(() => {
    const { chain, box, outerOffset, chunkOffset } = part;
    const { byteSteps, byteLength } = chain;
    const encoded = fetch(memory, key, chain, access);
    if (encoded === undefined) {
      fillMissing(part, memory.view(staged), options);
      return;
    }
    const decoded = bytesOf(decodeSteps(memory, byteSteps, encoded));
    checkChunkLength(byteSteps, decoded.byteLength, byteLength);
    const chunk = isSpan(decoded) ? decoded : memory.write(decoded);
    copyByLayout(memory, staged, outerOffset, chunk, chunkOffset, box.itemSize, layout);
  });
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
