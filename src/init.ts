/** Loading ahead of synchronous calls. */

import { loadCodecs } from "./pipeline/bind.js";
import { loadMemory } from "./wasm/memory.js";

/**
 * Compiles the kernels and loads all built-in codecs, or the named ones. Asynchronous calls load what they need by themselves; a synchronous
 * call that needs what is not loaded throws `CODEC_NOT_LOADED`.
 */
export async function init(names?: readonly string[]): Promise<void> {
  await Promise.all([loadMemory(), loadCodecs(names)]);
}
