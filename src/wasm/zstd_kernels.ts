/** The kernels of Zstandard: assembly/modules/zstd.ts. See kernels.ts for pointers, lengths and results. */

import { text } from "./binary/zstd.js";
import type { KernelModule } from "./kernels.js";

/** The exports of one instance. */
export interface ZstdKernels {
  /** Low 32 bits of the XXH64 of `src` with seed 0. A signed number: take `>>> 0`. */
  xxh64Low(src: number, srcLength: number): number;
  /**
   * Decodes all Zstandard frames that `src` consists of, checksums verified; `dst` may be longer than what they give, and holds anything
   * beyond it. Returns the bytes written, or -(1 + offset of the frame header or block that goes wrong, needs a dictionary or a window above
   * 128 MiB, or gives more than `dst` has room for), with a part of `dst` written.
   */
  zstdDecode(dst: number, dstLength: number, src: number, srcLength: number): number;
}

export const zstdKernels: KernelModule<ZstdKernels> = {
  name: "zstd",
  simd: text,
  kernelsOf: (exports) => exports as WebAssembly.Exports & ZstdKernels,
};
