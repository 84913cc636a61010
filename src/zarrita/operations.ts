/** `get` and `set` with zarrita's signatures, over our pipeline. */

import * as zarr from "zarrita";
import type { Chunk } from "../chunk.js";
import { normalizeSelection } from "../grid/selection.js";
import { hasForeignChunks, syncodecArray, type TheirArray } from "./arrays.js";
import { nativeOrder, stridesIn } from "./native_order.js";
import { dataToTheirs, scalarToTheirs, type TheirScalar, valueToOurs } from "./values.js";

type TheirSelection = (null | zarr.Slice | number)[];

function signalOf({ signal, opts }: zarr.GetOptions): AbortSignal | undefined {
  const given = [signal, opts?.signal].filter((each) => each !== undefined);
  return given.length < 2 ? given[0] : AbortSignal.any(given);
}

/**
 * zarrita's `get`. Elements, kinds and strides are zarrita's; {@link SyncodecError}s take the place of its errors. `createQueue` is not
 * called: `concurrency` in `syncodecArray(array, { concurrency })` bounds the requests.
 */
export function get<D extends zarr.DataType, Store extends zarr.Readable, Sel extends TheirSelection>(
  arr: zarr.Array<D, Store>,
  selection?: Sel | null,
  opts?: zarr.GetOptions,
): Promise<null extends Sel[number] ? zarr.Chunk<D> : zarr.Slice extends Sel[number] ? zarr.Chunk<D> : zarr.Scalar<D>>;
export async function get(
  theirs: TheirArray,
  selection: TheirSelection | null = null,
  options: zarr.GetOptions = {},
): Promise<zarr.Chunk<zarr.DataType> | TheirScalar> {
  // What an extension of somebody else makes of chunks only zarrita knows.
  if (hasForeignChunks(theirs)) return zarr.get(theirs, selection, options);
  const array = await syncodecArray(theirs);
  const signal = signalOf(options);
  const { useSharedArrayBuffer = false } = options;
  const { shape, isScalar, dropped } = normalizeSelection(selection ?? [], array.shape);
  const asynchronous = signal === undefined ? {} : { signal };
  if (isScalar) return scalarToTheirs(array, await array.get(selection ?? [], asynchronous));
  const stride = stridesIn(nativeOrder(array), shape, dropped);
  const out: Chunk = { ...array.newChunk(shape, { useSharedArrayBuffer }), stride };
  await array.get(selection, { ...asynchronous, out });
  return { data: dataToTheirs(array, out.data, useSharedArrayBuffer), shape: out.shape, stride };
}

/** zarrita's `set`, of sharded arrays too. A chunk of another shape than the selection is refused. */
export function set<D extends zarr.DataType>(
  arr: zarr.Array<D, zarr.Mutable>,
  selection: TheirSelection | null,
  value: zarr.Scalar<D> | zarr.Chunk<D>,
  opts?: zarr.SetOptions,
): Promise<void>;
export async function set(
  theirs: TheirArray,
  selection: TheirSelection | null,
  value: TheirScalar | zarr.Chunk<zarr.DataType>,
  options: zarr.SetOptions = {},
): Promise<void> {
  const array = await syncodecArray(theirs);
  const signal = signalOf(options);
  await array.set(selection, valueToOurs(array, value), signal === undefined ? {} : { signal });
}
