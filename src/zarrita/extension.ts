/**
 * An array extension for zarrita: the chunks that `zarr.get` asks for come from our pipeline. `zarr.get` asks for all chunks of a selection
 * at once; they are read together, so that a shard's index is read once, ranges are joined and workers help.
 */

import * as zarr from "zarrita";
import type { ZarrArray } from "../array.js";
import { type Chunk, chunkSource, chunkTarget, newChunk } from "../chunk.js";
import { elementCount } from "../codecs/codec.js";
import { ArgumentError, DataError, RuntimeError } from "../errors.js";
import { type Slice, slice } from "../grid/selection.js";
import { fillElements, scatterBox, stridedBox } from "../pipeline/box.js";
import { accessStore } from "../stores/access.js";
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
function regionOf(
  { shape }: ZarrArray,
  chunkShape: readonly number[],
  first: readonly number[],
  counts: readonly number[],
): { readonly start: number[]; readonly stop: number[]; readonly extent: number[] } {
  const start = first.map((chunk, axis) => Math.min(shape[axis]!, chunk * chunkShape[axis]!));
  const stop = first.map((chunk, axis) => Math.min(shape[axis]!, (chunk + counts[axis]!) * chunkShape[axis]!));
  return { start, stop, extent: stop.map((end, axis) => end - start[axis]!) };
}

/** Makes the chunks of one array: in zarrita's order, whole at the array's edges, with the fill value beyond them. */
class ChunkReader {
  readonly array: ZarrArray;
  readonly chunkShape: number[];
  readonly #elements: number;
  readonly #order: readonly number[];
  readonly #stride: number[];
  readonly #one: readonly number[];
  /** Whether chunks can be read one by one, now, as far as is known. */
  #isSync: boolean;

  constructor(array: ZarrArray) {
    this.array = array;
    this.chunkShape = [...array.chunkShape];
    this.#elements = elementCount(this.chunkShape);
    this.#order = nativeOrder(array);
    this.#stride = this.#stridesOf(this.chunkShape);
    this.#one = this.chunkShape.map(() => 1);
    const { sync } = accessStore(array.store);
    // Without one version of a value, a shard's index would be read for each of its chunks.
    this.#isSync = sync !== undefined && (array.shardGrid === undefined || sync.open !== undefined);
  }

  /** A chunk from a store that answers at once; `undefined` if that is not possible now. */
  readNow(coordinates: readonly number[], useSharedArrayBuffer: boolean): TheirChunk | undefined {
    if (!this.#isSync) return undefined;
    const { start, stop, extent } = regionOf(this.array, this.chunkShape, coordinates, this.#one);
    const chunk = this.#newChunk(extent, useSharedArrayBuffer);
    try {
      this.array.getSync(slices(start, stop), { out: { ...chunk, shape: extent } });
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      if (error.code === "NOT_SYNCHRONOUS") this.#isSync = false;
      // What is not loaded, the asynchronous call loads.
      else if (error.code !== "KEY_BUSY" && error.code !== "CODEC_NOT_LOADED") throw error;
      return undefined;
    }
    return this.#toTheirs(chunk, useSharedArrayBuffer);
  }

  /** Reads a box of chunks at once and cuts it up. */
  async readBox(requests: readonly ChunkRequest[], options: Options): Promise<TheirChunk[]> {
    const { array, chunkShape } = this;
    const { dataType } = array.metadata;
    const { signal, useSharedArrayBuffer } = options;
    const asynchronous = signal === undefined ? {} : { signal };
    const { first, counts } = boxOf(requests, chunkShape.length);
    const { start, stop, extent } = regionOf(array, chunkShape, first, counts);
    if (requests.length === 1) {
      const chunk = this.#newChunk(extent, useSharedArrayBuffer);
      await array.get(slices(start, stop), { ...asynchronous, out: { ...chunk, shape: extent } });
      return [this.#toTheirs(chunk, useSharedArrayBuffer)];
    }
    const whole: Chunk = { ...newChunk(dataType, extent), stride: this.#stridesOf(extent) };
    await array.get(slices(start, stop), { ...asynchronous, out: whole });
    const source = chunkSource(whole, extent, dataType, "Chunk");
    return requests.map(({ coordinates }) => {
      const part = regionOf(array, chunkShape, coordinates, this.#one);
      const chunk = this.#newChunk(part.extent, useSharedArrayBuffer);
      const { outer, finish } = chunkTarget({ ...chunk, shape: part.extent }, part.extent, dataType, "Chunk");
      const box = stridedBox(part.extent, outer.strides, source.strides, dataType.itemSize);
      const offset = part.start.reduce((sum, from, axis) => sum + (from - start[axis]!) * source.strides[axis]!, 0);
      if (!box.isEmpty) scatterBox(box, outer.elements, 0, source.elements, offset);
      finish();
      return this.#toTheirs(chunk, useSharedArrayBuffer);
    });
  }

  /** A whole chunk of which `extent` will be filled. */
  #newChunk(extent: readonly number[], useSharedArrayBuffer: boolean): Chunk {
    const { chunkShape, array } = this;
    const stride = this.#stride;
    const { dataType, fillValue } = array.metadata;
    const chunk: Chunk = { ...newChunk(dataType, chunkShape, useSharedArrayBuffer), stride };
    if (elementCount(extent) === this.#elements) return chunk;
    const { outer, finish } = chunkTarget(chunk, chunkShape, dataType, "Chunk");
    fillElements(outer.elements, fillValue);
    finish();
    return chunk;
  }

  #stridesOf(shape: readonly number[]): number[] {
    return stridesIn(
      this.#order,
      shape,
      shape.map(() => false),
    );
  }

  #toTheirs({ data, stride }: Chunk, isShared: boolean): TheirChunk {
    return { data: dataToTheirs(this.array, data, isShared), shape: this.chunkShape.slice(), stride: stride.slice() };
  }
}

function slices(start: readonly number[], stop: readonly number[]): Slice[] {
  return start.map((from, axis) => slice(from, stop[axis]!));
}

/** Halves of `requests` along the axis on which they reach furthest. */
function halve(requests: readonly ChunkRequest[], { first, counts }: ReturnType<typeof boxOf>): ChunkRequest[][] {
  const axis = counts.indexOf(Math.max(...counts));
  const middle = first[axis]! + counts[axis]! / 2;
  const isLow = ({ coordinates }: ChunkRequest): boolean => coordinates[axis]! < middle;
  return [requests.filter(isLow), requests.filter((each) => !isLow(each))];
}

async function answer(reader: ChunkReader, requests: readonly ChunkRequest[], options: Options): Promise<void> {
  const { chunkShape, array } = reader;
  const box = boxOf(requests, chunkShape.length);
  const inBox = elementCount(box.counts);
  const bytes = inBox * elementCount(chunkShape) * array.metadata.dataType.itemSize;
  const canHalve = inBox > 1;
  if (canHalve && (inBox !== requests.length || bytes > bytesAtOnce)) {
    for (const half of halve(requests, box)) if (half.length > 0) await answer(reader, half, options);
    return;
  }
  try {
    const chunks = await reader.readBox(requests, options);
    for (const [i, { resolve }] of requests.entries()) resolve(chunks[i]!);
  } catch (error) {
    // A bad chunk is the error of those who asked for it.
    if (canHalve && error instanceof DataError) {
      for (const half of halve(requests, box)) await answer(reader, half, options);
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
  const rank = theirs.shape.length;
  let reader: ChunkReader | undefined;
  let batches: Batch[] = [];
  const flush = async (): Promise<void> => {
    const ready = batches;
    batches = [];
    for (const { requests, ...options } of ready) {
      try {
        reader ??= new ChunkReader(await syncodecArray(theirs));
        await answer(reader, requests, options);
      } catch (error) {
        for (const { reject } of requests) reject(error);
      }
    }
  };
  return async (coordinates, { signal } = {}, { useSharedArrayBuffer = false } = {}) => {
    signal?.throwIfAborted();
    checkCoordinates(coordinates, rank);
    const chunk = reader?.readNow(coordinates, useSharedArrayBuffer);
    if (chunk !== undefined) return chunk;
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
