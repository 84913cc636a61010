/**
 * `syncodec/browser`: what needs a browser.
 *
 * @example
 * ```ts
 * import { OpfsStore } from "syncodec/browser";
 *
 * const store = await OpfsStore.open("image.zarr");
 * await store.set("/zarr.json", new TextEncoder().encode('{"zarr_format":3,"node_type":"group"}'));
 * ```
 */
export { OpfsStore, SyncOpfsStore } from "./browser/opfs_store.js";
