/** The kernels of all modules together, in both builds. */

import { type BloscKernels, bloscKernels } from "../../src/wasm/blosc_kernels.js";
import { type BulkKernels, bulkKernels } from "../../src/wasm/bulk_kernels.js";
import { type DeflateKernels, deflateKernels } from "../../src/wasm/deflate_kernels.js";
import { type FilterKernels, filterKernels } from "../../src/wasm/filter_kernels.js";
import { type Build, coreKernels, type Kernels, loadKernels } from "../../src/wasm/kernels.js";
import type { Memory } from "../../src/wasm/memory.js";
import { type ZstdKernels, zstdKernels } from "../../src/wasm/zstd_kernels.js";

// Without them, no memory of that build can be made at once.
await loadKernels(coreKernels, "scalar");

export const allBuilds: readonly Build[] = ["simd", "scalar"];

export type AllKernels = Kernels & BloscKernels & BulkKernels & DeflateKernels & FilterKernels & ZstdKernels;

/** Those of `memory`. */
export function allKernels(memory: Memory): AllKernels {
  return {
    ...memory.kernelsOf(bloscKernels),
    ...memory.kernelsOf(bulkKernels),
    ...memory.kernelsOf(deflateKernels),
    ...memory.kernelsOf(filterKernels),
    ...memory.kernelsOf(zstdKernels),
    // The last: `heapBase` is a number here only.
    ...memory.kernels,
  };
}
