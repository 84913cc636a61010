/** Loading ahead of synchronous calls. */

import { loadDataTypes } from "./metadata/data_type.js";
import { loadCodecs } from "./pipeline/bind.js";
import { writing } from "./pipeline/writing.js";
import { loadMemory } from "./wasm/memory.js";
import { zarrV2 } from "./zarr_v2.js";

/**
 * Compiles the kernels and loads all that synchronous calls can need; of the built-in codecs all, or the named ones. Asynchronous calls load
 * what they need by themselves; a synchronous call that needs what is not loaded throws `CODEC_NOT_LOADED`.
 */
export async function init(names?: readonly string[]): Promise<void> {
  await Promise.all([loadMemory(), loadCodecs(names), loadDataTypes(), writing.load(), zarrV2.load()]);
}
