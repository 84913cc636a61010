/** The kernels of DEFLATE streams and what wraps them: assembly/modules/deflate.ts. See kernels.ts for pointers, lengths and results. */

import { text } from "./binary/deflate.js";
import type { KernelModule } from "./kernels.js";

/** The exports of one instance. */
export interface DeflateKernels {
  /** CRC-32 (gzip) of `src` after `seed`, the CRC-32 of what came before (0 at the start). A signed number: take `>>> 0`. */
  crc32(src: number, srcLength: number, seed: number): number;
  /** Adler-32 of `src` after `seed`, the Adler-32 of what came before (1 at the start). A signed number: take `>>> 0`. */
  adler32(src: number, srcLength: number, seed: number): number;
  /**
   * Decodes the DEFLATE stream that `src` begins with, and writes to the u32 at `end` how many bytes of `src` it takes. Returns the bytes
   * written, or -2^31 if `dst` is too short for them.
   */
  inflate(dst: number, dstLength: number, src: number, srcLength: number, end: number): number;
}

export const deflateKernels: KernelModule<DeflateKernels> = {
  name: "deflate",
  simd: text,
  kernelsOf: (exports) => exports as WebAssembly.Exports & DeflateKernels,
};
