/** One array of ours for each array of zarrita, opened from the same store when it is first used. */

import type * as zarr from "zarrita";
import { Array as ZarritaArray } from "zarrita";
import { type OpenOptions, openArray, openArrayNode, type ZarrArray } from "../array.js";
import { NodeError } from "../errors.js";
import { parseArrayMetadata } from "../metadata/array_metadata.js";
import { parseDataType } from "../metadata/data_type.js";
import { parseJson } from "../metadata/json.js";
import { joinKey, normalizePath } from "../metadata/node_path.js";
import { expectObject } from "../metadata/validate.js";
import { whenLoaded } from "../part.js";
import { accessStore } from "../stores/access.js";

export type TheirArray = zarr.Array<zarr.DataType, zarr.Readable>;

const bound = new WeakMap<TheirArray, Promise<ZarrArray>>();
/** The arrays that our extension was put on, by the method that it gave them. */
const extended = new WeakMap<TheirArray["getChunk"], TheirArray>();

/** Notes that `getChunk`, an override of ours, reads chunks of `array`. */
export function rememberOverride(getChunk: TheirArray["getChunk"], array: TheirArray): void {
  extended.set(getChunk, array);
}

/** Whether an extension of somebody else decides what the chunks of `array` hold. */
export function hasForeignChunks(array: TheirArray): boolean {
  const own = withoutOurs(array);
  return own.getChunk !== ZarritaArray.prototype.getChunk;
}

function withoutOurs(array: TheirArray): TheirArray {
  return extended.get(array.getChunk) ?? array;
}

/**
 * The array of ours for an array of zarrita. It is kept, and `get` and `set` use it, with the options of the first call that opened it. Empty
 * chunks are written, as zarrita does, unless `writeEmptyChunks: false` says otherwise.
 *
 * @throws NodeError `NODE_NOT_FOUND` if the store holds no such array any more.
 */
export function syncodecArray(array: TheirArray, options: Omit<OpenOptions, "path"> = {}): Promise<ZarrArray> {
  const own = withoutOurs(array);
  const known = bound.get(own);
  if (known !== undefined) return known;
  const opening = openSame(own, options).catch((error: unknown) => {
    bound.delete(own);
    throw error;
  });
  bound.set(own, opening);
  return opening;
}

/** `chunks` is unknown where one of us does not know the grid, or says so otherwise. */
function layout(shape: readonly number[], chunks: readonly number[] | undefined): string {
  // An axis of length 0 may have chunks of length 0 in Zarr v2.
  const lengths = chunks?.map((length) => Math.max(1, length));
  return `[${shape.join(", ")}]${lengths === undefined ? "" : ` in chunks of [${lengths.join(", ")}]`}`;
}

/**
 * As `openArray`, but a fill value of null, which the specification forbids and zarrita writes where it is told none, reads as zero, false or
 * an empty text; as in Zarr v2, empty chunks of such an array are stored.
 */
async function openLenient(store: zarr.Readable, options: OpenOptions & { readonly path: string }): Promise<ZarrArray> {
  const access = await whenLoaded(() => accessStore(store));
  const path = normalizePath(options.path);
  const key = joinKey(path, "zarr.json");
  const bytes = options.zarrFormat === 2 ? undefined : await access.async.get(key, undefined, {});
  if (bytes === undefined) return openArray(store, { zarrFormat: 2, ...options });
  const document = expectObject(parseJson(bytes, key), { field: "", key });
  const hasNullFill = document.get("fill_value") === null;
  if (hasNullFill) {
    const dataType = parseDataType(document.get("data_type"), { field: "data_type", key });
    document.set("fill_value", dataType.formatFill(dataType.defaultFill()));
  }
  const metadata = { ...parseArrayMetadata(document, key), hasNullFill };
  return whenLoaded(() => openArrayNode({ kind: "array", path, metadata }, access, options));
}

async function openSame(theirs: TheirArray, options: Omit<OpenOptions, "path">): Promise<ZarrArray> {
  const ours = await openLenient(theirs.store, { writeEmptyChunks: true, ...options, path: theirs.path });
  const { chunkShape } = ours.chunkGrid;
  const isKnown = theirs.chunks !== undefined && chunkShape !== undefined;
  const expected = layout(theirs.shape, isKnown ? theirs.chunks : undefined);
  const found = layout(ours.shape, isKnown ? chunkShape : undefined);
  if (expected === found) return ours;
  // It was written anew in the meantime, or there are documents of both formats.
  const reason = "The stored array is not the one that zarrita opened: open it anew";
  throw new NodeError("NODE_NOT_FOUND", reason, { expected, found, key: theirs.path });
}
