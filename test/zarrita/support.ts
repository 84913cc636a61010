/** What the tests of `syncodec/zarrita` share. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as zarr from "zarrita";
import type { ByteRange } from "../../src/index.js";
import { sliceRange } from "../../src/stores/range.js";

/** A `Map` with ranges, without which zarrita reads no shards. */
export class RangeMap extends Map<string, Uint8Array> {
  getRange(key: string, range: ByteRange): Uint8Array | undefined {
    const value = this.get(key);
    return value && sliceRange(value, range);
  }
}

export const fixtureFolder: string = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** Every file of the fixtures. */
export function fixtureStore(): RangeMap {
  const store = new RangeMap();
  for (const file of readdirSync(fixtureFolder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    store.set(`/${relative(fixtureFolder, path)}`, new Uint8Array(readFileSync(path)));
  }
  return store;
}

/** A result of zarrita's `get` as it can be compared: the class of its data, elements in memory order, shape and strides. */
export function comparable(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !("data" in result)) return result;
  const { data, ...form } = result;
  if (!isElements(data)) throw new TypeError("data of a result must be iterable");
  return { ...form, kind: data.constructor.name, elements: [...data] };
}

function isElements(data: unknown): data is Iterable<unknown> & { readonly constructor: { readonly name: string } } {
  return typeof data === "object" && data !== null && Symbol.iterator in data;
}

export function openIn<S extends zarr.Readable>(store: S, path: string): Promise<zarr.Array<zarr.DataType, S>> {
  return zarr.open(zarr.root(store).resolve(path), { kind: "array" });
}

/** The array at `/a`, of a known data type. */
export async function openAs<D extends zarr.DataType>(store: RangeMap, dataType: D): Promise<zarr.Array<D, RangeMap>> {
  const array: zarr.Array<zarr.DataType, RangeMap> = await openIn(store, "a");
  if (!isOf(array, dataType)) throw new TypeError(`the array is not of ${dataType}`);
  return array;
}

function isOf<D extends zarr.DataType>(
  array: zarr.Array<zarr.DataType, RangeMap>,
  dataType: D,
): array is zarr.Array<D, RangeMap> {
  return array.dtype === dataType;
}
