/**
 * `syncodec/zarrita`: our pipeline for programs that keep zarrita. Importing this changes nothing in zarrita.
 *
 * @example
 * ```ts
 * import * as zarr from "zarrita";
 * import { get, set } from "syncodec/zarrita";
 *
 * const array = await zarr.open(store, { kind: "array" });
 * const region = await get(array, [zarr.slice(0, 10), null]); // as zarr.get
 * await set(array, [zarr.slice(0, 10), null], region); // as zarr.set, into shards too
 * ```
 */

export { syncodecArray } from "./zarrita/arrays.js";
export { registerCodecs } from "./zarrita/codecs.js";
export { withSyncodec } from "./zarrita/extension.js";
export { get, set } from "./zarrita/operations.js";
