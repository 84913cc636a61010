/** The kernels of filters, and of checksums that only they use: assembly/modules/filters.ts. See kernels.ts for pointers, lengths and results. */

import { text } from "./binary/filters.js";
import type { KernelModule } from "./kernels.js";

/** The exports of one instance. */
export interface FilterKernels {
  /** HDF5's Fletcher-32 of `src`. A signed number: take `>>> 0`. */
  fletcher32(src: number, srcLength: number): number;
  /** Bob Jenkins' lookup3 of `src`, with `initial` (u32) in its state at first. A signed number: take `>>> 0`. */
  jenkinsLookup3(src: number, srcLength: number, initial: number): number;
  /**
   * Writes each element less the one before it, the first as it is: integers of 1, 2, 4 or 8 bytes, which wrap around, or with an
   * `isFloat` of 1 floats of 4 or 8. `dst` and `src` may not overlap. Returns the bytes written.
   */
  deltaEncode(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    isFloat: number,
  ): number;
  /** The inverse of {@link deltaEncode}: the sum of all elements up to each one, added in their order. */
  deltaDecode(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    isFloat: number,
  ): number;
  /**
   * Rounds elements of 2, 4 or 8 bytes half to even and clears their `dropped` lowest bits (1 up to all but one); a carry wraps. `dst` may be
   * `src`. Returns the bytes written.
   */
  roundFloats(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    dropped: number,
  ): number;
  /**
   * As {@link roundFloats}, for integers of 1, 2, 4 or 8 bytes, each of which keeps `kept` bits (1 or more) from its highest one that is set.
   * A carry out of the type, or with an `isSigned` of 1 into the sign of a positive number, is left out.
   */
  roundIntegers(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    kept: number,
    isSigned: number,
  ): number;
  /**
   * Packs `bitCount` bits of each element of 1, 2, 4 or 8 bytes, from bit `firstBit` on, into bytes, lowest bits first; what is left of the
   * last byte is 0. `dst` and `src` may not overlap. Returns the bytes written.
   */
  packBits(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    firstBit: number,
    bitCount: number,
  ): number;
  /** The inverse of {@link packBits}, for all of `dst`; an `isSigned` of 1 repeats the highest packed bit up to the element's last. */
  unpackBits(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    firstBit: number,
    bitCount: number,
    isSigned: number,
  ): number;
}

export const filterKernels: KernelModule<FilterKernels> = {
  name: "filters",
  simd: text,
  kernelsOf: (exports) => exports as WebAssembly.Exports & FilterKernels,
};
