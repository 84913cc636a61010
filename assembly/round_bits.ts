/**
 * Rounding to fewer bits: the `bitround` codec.
 *
 * https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/bitround
 *
 * Half a unit of the last kept bit, less one, is added, and one more if that bit is set, so that a half goes to even. Then the tail goes:
 *
 *     float32   | sign | exponent 8 | kept ... u | dropped 0 to 22 |
 *                                    + (u ? 1 0 : 0 1 1 1 1 1 1 1)
 *
 * A carry runs on into the exponent.
 */
import { checkLengths } from "./lengths";

@inline
function roundTails<T>(dst: usize, dstLength: usize, src: usize, srcLength: usize, dropped: i32): i32 {
  const wrong = checkLengths(dstLength, srcLength, sizeof<T>());
  if (wrong != 0) return wrong;
  if (dropped < 1 || dropped >= <i32>sizeof<T>() * 8) return -1;
  const half = <T>((<T>1 << <T>(dropped - 1)) - 1);
  const mask = <T>(<T>-1 << <T>dropped);
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const ones = v128.splat<T>(1);
    const halves = v128.splat<T>(half);
    const masks = v128.splat<T>(mask);
    for (; i + 16 <= srcLength; i += 16) {
      const bits = v128.load(src + i);
      const last = v128.and(v128.shr<T>(bits, dropped), ones);
      v128.store(dst + i, v128.and(v128.add<T>(v128.add<T>(bits, last), halves), masks));
    }
  }
  for (; i < srcLength; i += sizeof<T>()) {
    const bits = load<T>(src + i);
    store<T>(dst + i, <T>(bits + ((bits >> <T>dropped) & 1) + half) & mask);
  }
  return <i32>srcLength;
}

@inline
function roundHeads<T>(dst: usize, dstLength: usize, src: usize, srcLength: usize, kept: i32, isSigned: bool): i32 {
  const wrong = checkLengths(dstLength, srcLength, sizeof<T>());
  if (wrong != 0) return wrong;
  const width = <i32>sizeof<T>() * 8;
  if (kept < 1 || kept > width) return -1;
  for (let i: usize = 0; i < srcLength; i += sizeof<T>()) {
    const bits = load<T>(src + i);
    const dropped = 64 - <i32>clz<u64>(<u64>bits) - kept;
    if (dropped <= 0) {
      store<T>(dst + i, bits);
      continue;
    }
    const mask = <T>(<T>-1 << <T>dropped);
    const rounded = <T>(bits + ((bits >> <T>dropped) & 1) + <T>((<T>1 << <T>(dropped - 1)) - 1)) & mask;
    // A carry out of the type, or into the sign of a positive number, is left out.
    const carries = rounded < (bits & mask) || (isSigned && (((rounded & ~bits) >> <T>(width - 1)) & 1) != 0);
    store<T>(dst + i, carries ? bits & mask : rounded);
  }
  return <i32>srcLength;
}

/**
 * Rounds elements of `itemSize` bytes (2, 4 or 8), and clears their `dropped` lowest bits (1 up to all but one). `dst` may be `src`.
 * Returns the bytes written; -1 for another size or number of bits, or -(1 + offset) of an incomplete element or of the end of a `dst`
 * that is too short.
 */
export function roundFloats(dst: usize, dstLength: usize, src: usize, srcLength: usize, itemSize: u32, dropped: i32): i32 {
  if (itemSize == 2) return roundTails<u16>(dst, dstLength, src, srcLength, dropped);
  if (itemSize == 4) return roundTails<u32>(dst, dstLength, src, srcLength, dropped);
  return itemSize == 8 ? roundTails<u64>(dst, dstLength, src, srcLength, dropped) : -1;
}

/** As {@link roundFloats}, for integers of 1 byte too: each keeps `kept` bits (1 or more) from its highest one that is set. */
export function roundIntegers(
  dst: usize,
  dstLength: usize,
  src: usize,
  srcLength: usize,
  itemSize: u32,
  kept: i32,
  isSigned: u32,
): i32 {
  if (itemSize == 1) return roundHeads<u8>(dst, dstLength, src, srcLength, kept, isSigned != 0);
  if (itemSize == 2) return roundHeads<u16>(dst, dstLength, src, srcLength, kept, isSigned != 0);
  if (itemSize == 4) return roundHeads<u32>(dst, dstLength, src, srcLength, kept, isSigned != 0);
  return itemSize == 8 ? roundHeads<u64>(dst, dstLength, src, srcLength, kept, isSigned != 0) : -1;
}
