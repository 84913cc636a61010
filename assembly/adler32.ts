/**
 * Adler-32: the checksum of the zlib format and of the `adler32` codec.
 *
 * https://www.rfc-editor.org/rfc/rfc1950#section-8.2
 *
 * Two sums modulo 65521 over bytes b1 ... bn, from 1 and 0:
 *
 *     low  = 1 + b1 + b2 + ... + bn
 *     high = n + n b1 + (n - 1) b2 + ... + bn
 *
 * A block of 16 bytes adds its sum to `low`, and 16 times `low` and its bytes times 16, 15, ..., 1 to `high`. `low` before each block is
 * summed up in lanes of its own and multiplied by 16 at the end of a run.
 *
 * GB/s      |   256 B |   1 KB |   4 KB |  64 KB |   1 MB |
 * SIMD      |     5.0 |    8.0 |    9.7 |    9.8 |    9.9 |
 * scalar    |     1.2 |    1.3 |    1.4 |    1.0 |    1.0 |
 */

const modulus: u32 = 65521;
/** Bytes after which no lane has wrapped: the largest n with 255 n (n + 1) / 2 + (n + 1) (modulus - 1) < 2^32, in whole blocks. */
const runLength: usize = 5552;

@inline
function sumOfLanes(lanes: v128): u32 {
  return (
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  );
}

/** Adler-32 of `src` after `seed`, the Adler-32 of all that came before (1 at the start). */
export function adler32(src: usize, srcLength: usize, seed: u32): u32 {
  let low = seed & 0xffff;
  let high = seed >>> 16;
  while (srcLength != 0) {
    const run = min(srcLength, runLength);
    const end = src + run;
    const blocks = src + (run & ~15);
    if (ASC_FEATURE_SIMD) {
      const weightsLow = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
      const weightsHigh = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
      let sums = i32x4.splat(0);
      let before = i32x4.splat(0);
      let weighted = i32x4.splat(0);
      high += low * <u32>(blocks - src);
      for (; src < blocks; src += 16) {
        const bytes = v128.load(src);
        before = i32x4.add(before, sums);
        sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes)));
        weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bytes), weightsLow));
        weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(bytes), weightsHigh));
      }
      low += sumOfLanes(sums);
      high += 16 * sumOfLanes(before) + sumOfLanes(weighted);
    }
    for (; src < end; src++) {
      low += load<u8>(src);
      high += low;
    }
    low %= modulus;
    high %= modulus;
    srcLength -= run;
  }
  return (high << 16) | low;
}
