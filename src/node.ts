/**
 * `syncodec/node`: what needs Node.js.
 *
 * @example
 * ```ts
 * import { LocalStore } from "syncodec/node";
 *
 * const store = new LocalStore("example.zarr");
 * store.setSync("/zarr.json", new TextEncoder().encode('{"zarr_format":3,"node_type":"group"}'));
 * console.log([...store.listSync("/")]); // ["/zarr.json"]
 * ```
 */
export { LocalStore, type LocalStoreOptions, type Repair } from "./node/local_store.js";
export type { Durability } from "./stores/durability.js";
