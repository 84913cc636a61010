/** The kernels of blosc and the codecs that it is made of: assembly/modules/blosc.ts. See kernels.ts for pointers, lengths and results. */

import { text } from "./binary/blosc.js";
import type { KernelModule } from "./kernels.js";

/** The exports of one instance. */
export interface BloscKernels {
  /**
   * Byte-shuffles items of `itemSize` bytes: byte 0 of every item, byte 1 of every item, ...; bytes at the end that fill no item are copied.
   * `dst` may not overlap `src`. Returns the bytes written.
   */
  shuffle(dst: number, dstLength: number, src: number, srcLength: number, itemSize: number): number;
  /** The way back from {@link shuffle}. */
  unshuffle(dst: number, dstLength: number, src: number, srcLength: number, itemSize: number): number;
  /**
   * Bit-shuffles items of `itemSize` bytes (at most 256) as c-blosc 1 does: bit 0 of byte 0 of every item, eight items a byte and the first
   * in the lowest bit, then bit 1, ... Where the number of items is no multiple of 8 every byte is copied, as are those at the end that
   * fill no item. `dst` may not overlap `src`. Returns the bytes written.
   */
  bitshuffle(dst: number, dstLength: number, src: number, srcLength: number, itemSize: number): number;
  /** The way back from {@link bitshuffle}. */
  bitunshuffle(dst: number, dstLength: number, src: number, srcLength: number, itemSize: number): number;
  /**
   * Decodes one BloscLZ stream, which takes all of `src`; `dst` may be longer than what it gives, and holds anything beyond it. Returns the
   * bytes written, or -(1 + offset of the first instruction that goes wrong), with a part of `dst` written.
   */
  blosclzDecode(dst: number, dstLength: number, src: number, srcLength: number): number;
  /**
   * Encodes one BloscLZ stream as c-blosc 1.21 does at `level` (1 to 9; others are brought into this range). `isSplit` is 1 where `src` is
   * one of the streams of a split block. Returns the bytes written; 0 if they are more than `dstLength`, or if a probe of the data does not
   * promise the ratio that the level asks for, which nothing of less than 56 bytes does.
   */
  blosclzEncode(dst: number, dstLength: number, src: number, srcLength: number, level: number, isSplit: number): number;
  /**
   * Decodes one LZ4 block, which takes all of `src`; `dst` may be longer than what it gives, and holds anything beyond it. Returns the
   * bytes written, or -(1 + offset of the first sequence that goes wrong), with a part of `dst` written.
   */
  lz4Decode(dst: number, dstLength: number, src: number, srcLength: number): number;
  /**
   * Encodes one LZ4 block as LZ4_compress_fast does. `acceleration` from 1 (best) to 65537 (fastest); others are brought into this range.
   * Returns the bytes written, or 0 if they are more than `dstLength` or `src` is longer than 2113929216 bytes.
   */
  lz4Encode(dst: number, dstLength: number, src: number, srcLength: number, acceleration: number): number;
  /**
   * As {@link lz4Encode}, smaller and slower: it looks at 2^level candidates for each position. `level` from 1 to 12; others are brought
   * into this range.
   */
  lz4EncodeHigh(dst: number, dstLength: number, src: number, srcLength: number, level: number): number;
  /**
   * Decodes one raw Snappy stream, which takes all of `src`; `dst` may be longer than what it gives, and holds anything beyond it. Returns
   * the bytes written, which are what the stream says at its beginning; -(1 + offset of the first element that goes wrong), with a part of
   * `dst` written; -1 if the length at the beginning is above `dstLength` or not the stream's.
   */
  snappyDecode(dst: number, dstLength: number, src: number, srcLength: number): number;
  /** Encodes one raw Snappy stream. Returns the bytes written, or 0 if they are more than `dstLength`. */
  snappyEncode(dst: number, dstLength: number, src: number, srcLength: number): number;
}

export const bloscKernels: KernelModule<BloscKernels> = {
  name: "blosc",
  simd: text,
  kernelsOf: (exports) => exports as WebAssembly.Exports & BloscKernels,
};
