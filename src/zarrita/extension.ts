/**
 * An array extension for zarrita: the chunks that `zarr.get` asks for come from our pipeline. `zarr.get` asks for all chunks of a selection
 * at once; they are read together, so that a shard's index is read once, ranges are joined and workers help.
 */

import * as zarr from "zarrita";
import type { ZarrArray } from "../array.js";
import { type Chunk, chunkSource, chunkTarget } from "../chunk.js";
import { elementCount } from "../codecs/codec.js";
import { ArgumentError, DataError } from "../errors.js";
import { slice } from "../grid/selection.js";
import { fillElements, scatterBox, stridedBox } from "../pipeline/box.js";
import { hasForeignChunks, rememberOverride, syncodecArray, type TheirArray } from "./arrays.js";
import { nativeOrder, stridesIn } from "./native_order.js";
import { dataToTheirs } from "./values.js";

type TheirChunk = zarr.Chunk<zarr.DataType>;
type GetChunk = TheirArray["getChunk"];

interface ChunkRequest {
  readonly coordinates: readonly number[];
  readonly resolve: (chunk: TheirChunk) => void;
  readonly reject: (error: unknown) => void;
}

interface Options {
  readonly signal: AbortSignal | undefined;
  readonly useSharedArrayBuffer: boolean;
}

interface Batch extends Options {
  readonly requests: ChunkRequest[];
}

/** Chunks that are read together lie in memory a second time until they are handed over. */
const bytesAtOnce = 64 * 2 ** 20;

/** The box of chunks from the least to the greatest coordinates of `requests`. */
function boxOf(
  requests: readonly ChunkRequest[],
  rank: number,
): { readonly first: number[]; readonly counts: number[] } {
  const axes = Array.from({ length: rank }, (_, axis) => requests.map(({ coordinates }) => coordinates[axis]!));
  const first = axes.map((each) => each.reduce((a, b) => Math.min(a, b)));
  return { first, counts: axes.map((each, axis) => each.reduce((a, b) => Math.max(a, b)) - first[axis]! + 1) };
}

/** Elements of `array` in `counts` chunks from the chunk `first`, as far as they lie in the array. */
function regionOf({ chunkShape, shape }: ZarrArray, first: readonly number[], counts: readonly number[]) {
  const start = first.map((chunk, axis) => Math.min(shape[axis]!, chunk * chunkShape[axis]!));
  const stop = first.map((chunk, axis) => Math.min(shape[axis]!, (chunk + counts[axis]!) * chunkShape[axis]!));
  return { start, stop, extent: stop.map((end, axis) => end - start[axis]!) };
}

/** A chunk of zarrita's form and order for `array`, to be filled. */
function newChunk(array: ZarrArray, shape: readonly number[], useSharedArrayBuffer: boolean): Chunk {
  const stride = stridesIn(
    nativeOrder(array),
    shape,
    shape.map(() => false),
  );
  return { ...array.newChunk(shape, { useSharedArrayBuffer }), stride };
}

/** Reads a box of chunks and cuts it up. Beyond the array's edges chunks hold the fill value. */
async function readBox(array: ZarrArray, requests: readonly ChunkRequest[], options: Options): Promise<TheirChunk[]> {
  const { chunkShape } = array;
  const { dataType, fillValue } = array.metadata;
  const { first, counts } = boxOf(requests, chunkShape.length);
  const { start, stop, extent } = regionOf(array, first, counts);
  const whole = newChunk(array, extent, options.useSharedArrayBuffer);
  const { signal, useSharedArrayBuffer } = options;
  await array.get(
    start.map((from, axis) => slice(from, stop[axis]!)),
    { out: whole, ...(signal === undefined ? {} : { signal }) },
  );
  const toTheirs = (chunk: Chunk): TheirChunk => ({
    data: dataToTheirs(array, chunk.data),
    shape: [...chunkShape],
    stride: chunk.stride,
  });
  if (requests.length === 1 && extent.every((length, axis) => length === chunkShape[axis])) return [toTheirs(whole)];
  const source = chunkSource(whole, extent, dataType, "Chunk");
  return requests.map(({ coordinates }) => {
    const chunk = newChunk(array, chunkShape, useSharedArrayBuffer);
    const { outer, finish } = chunkTarget(chunk, chunkShape, dataType, "Chunk");
    const part = regionOf(
      array,
      coordinates,
      coordinates.map(() => 1),
    );
    if (elementCount(part.extent) < elementCount(chunkShape)) fillElements(outer.elements, fillValue);
    const box = stridedBox(part.extent, outer.strides, source.strides, dataType.itemSize);
    const offset = part.start.reduce((sum, from, axis) => sum + (from - start[axis]!) * source.strides[axis]!, 0);
    if (!box.isEmpty) scatterBox(box, outer.elements, 0, source.elements, offset);
    finish();
    return toTheirs(chunk);
  });
}

/** Halves of `requests` along the axis on which they reach furthest. */
function halve(requests: readonly ChunkRequest[], { first, counts }: ReturnType<typeof boxOf>): ChunkRequest[][] {
  const axis = counts.indexOf(Math.max(...counts));
  const middle = first[axis]! + counts[axis]! / 2;
  const isLow = ({ coordinates }: ChunkRequest): boolean => coordinates[axis]! < middle;
  return [requests.filter(isLow), requests.filter((each) => !isLow(each))];
}

async function answer(array: ZarrArray, requests: readonly ChunkRequest[], options: Options): Promise<void> {
  const box = boxOf(requests, array.chunkShape.length);
  const inBox = elementCount(box.counts);
  const bytes = inBox * elementCount(array.chunkShape) * array.metadata.dataType.itemSize;
  const canHalve = inBox > 1;
  if (canHalve && (inBox !== requests.length || bytes > bytesAtOnce)) {
    for (const half of halve(requests, box)) if (half.length > 0) await answer(array, half, options);
    return;
  }
  try {
    const chunks = await readBox(array, requests, options);
    chunks.forEach((chunk, i) => {
      requests[i]?.resolve(chunk);
    });
  } catch (error) {
    // A bad chunk is the error of those who asked for it.
    if (canHalve && error instanceof DataError) {
      for (const half of halve(requests, box)) await answer(array, half, options);
    } else for (const { reject } of requests) reject(error);
  }
}

function checkCoordinates(coordinates: readonly number[], rank: number): void {
  if (coordinates.length === rank && coordinates.every((each) => Number.isInteger(each) && each >= 0)) return;
  throw new ArgumentError("INVALID_SELECTION", "Invalid chunk coordinates", {
    expected: `${rank} integers from 0`,
    found: `[${coordinates.join(", ")}]`,
  });
}

function chunkGetter(theirs: TheirArray): GetChunk {
  let batches: Batch[] = [];
  const flush = async (): Promise<void> => {
    const ready = batches;
    batches = [];
    for (const { requests, ...options } of ready) {
      try {
        await answer(await syncodecArray(theirs), requests, options);
      } catch (error) {
        for (const { reject } of requests) reject(error);
      }
    }
  };
  return async (coordinates, { signal } = {}, { useSharedArrayBuffer = false } = {}) => {
    signal?.throwIfAborted();
    checkCoordinates(coordinates, theirs.shape.length);
    return new Promise((resolve, reject) => {
      if (batches.length === 0) queueMicrotask(flush);
      let batch = batches.find((each) => each.signal === signal && each.useSharedArrayBuffer === useSharedArrayBuffer);
      if (batch === undefined) {
        batch = { signal, useSharedArrayBuffer, requests: [] };
        batches.push(batch);
      }
      batch.requests.push({ coordinates, resolve, reject });
    });
  };
}

const extension = zarr.defineArrayExtension((array) => {
  const getChunk = chunkGetter(array);
  rememberOverride(getChunk, array);
  return { getChunk };
});

/**
 * `array` with chunks from our pipeline, so that `zarr.get` itself is faster and verifies checksums. Everything else is the array's own.
 *
 * @throws ArgumentError `INVALID_ARGUMENT` for an array with an extension that overrides `getChunk`, which would have no say any more: put it
 * on the result of this.
 */
export function withSyncodec<A extends TheirArray>(array: A): A {
  if (hasForeignChunks(array)) {
    throw new ArgumentError(
      "INVALID_ARGUMENT",
      "withSyncodec must come before extensions that override getChunk: zarr.extendArray(array, withSyncodec, …)",
    );
  }
  return extension(array);
}
