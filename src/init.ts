/** Loading ahead of synchronous calls. */

import { mixedSwap } from "./codecs/mixed_swap.js";
import { loadDataTypes } from "./metadata/data_type.js";
import { loadCodecs } from "./pipeline/bind.js";
import { bulk } from "./pipeline/bulk.js";
import { synchronous } from "./pipeline/synchronous.js";
import { writing } from "./pipeline/writing.js";
import { syncStores } from "./stores/sync_stores.js";
import { loadMemory } from "./wasm/memory.js";
import { zarrV2 } from "./zarr_v2.js";

/**
 * Compiles the kernels and loads all that synchronous calls can need; of the built-in codecs all, or the named ones. Asynchronous calls load
 * what they need by themselves; a synchronous call that needs what is not loaded throws `CODEC_NOT_LOADED`.
 */
export async function init(names?: readonly string[]): Promise<void> {
  const parts = [bulk, mixedSwap, synchronous, syncStores, writing, zarrV2];
  await Promise.all([loadMemory(), loadCodecs(names), loadDataTypes(), ...parts.map((part) => part.load())]);
}
