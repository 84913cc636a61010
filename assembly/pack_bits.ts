/**
 * Elements of any number of bits, one after another: the `packbits` codec.
 *
 * https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/packbits
 *
 * A part of each element's bits is taken, and fills bytes from the lowest bit on:
 *
 *     elements   | . . a a a a a . | . . b b b b b . | . . c c c c c . |      from bit 1, 5 bits
 *     bytes      | b b b a a a a a | . c c c c c b b |
 *
 * Booleans go eight at a time: one multiplication gathers the lowest bits of eight bytes in the highest byte.
 */

@inline
function loadElement(src: usize, itemSize: u32): u64 {
  if (itemSize == 1) return <u64>load<u8>(src);
  if (itemSize == 2) return <u64>load<u16>(src);
  if (itemSize == 4) return <u64>load<u32>(src);
  return load<u64>(src);
}

@inline
function storeElement(dst: usize, itemSize: u32, bits: u64): void {
  if (itemSize == 1) store<u8>(dst, <u8>bits);
  else if (itemSize == 2) store<u16>(dst, <u16>bits);
  else if (itemSize == 4) store<u32>(dst, <u32>bits);
  else store<u64>(dst, bits);
}

@inline
function isElement(itemSize: u32, firstBit: u32, bitCount: u32): bool {
  if (itemSize != 1 && itemSize != 2 && itemSize != 4 && itemSize != 8) return false;
  const width = itemSize * 8;
  return firstBit < width && bitCount >= 1 && bitCount <= width - firstBit;
}

/**
 * Packs `bitCount` bits of each element of `itemSize` bytes (1, 2, 4 or 8), from bit `firstBit` on. Bits that are left over in the last
 * byte are 0. `dst` and `src` may not overlap.
 *
 * Returns the bytes written; -1 for bits that the elements do not have, else -(1 + offset) of an incomplete element, or -(1 + `dstLength`)
 * if `dst` is too short.
 */
export function packBits(
  dst: usize,
  dstLength: usize,
  src: usize,
  srcLength: usize,
  itemSize: u32,
  firstBit: u32,
  bitCount: u32,
): i32 {
  if (<i32>srcLength < 0 || !isElement(itemSize, firstBit, bitCount)) return -1;
  const ragged = srcLength & (itemSize - 1);
  if (ragged != 0) return -1 - <i32>(srcLength - ragged);
  const length = <usize>((<u64>(srcLength / itemSize) * bitCount + 7) >> 3);
  if (dstLength < length) return -1 - <i32>dstLength;

  const end = src + srcLength;
  let at = dst;
  if (itemSize == 1 && bitCount == 1) {
    for (; src + 8 <= end; src += 8) {
      const lowest = (load<u64>(src) >> firstBit) & 0x0101010101010101;
      store<u8>(at++, <u8>((lowest * 0x0102040810204080) >> 56));
    }
  }
  const mask: u64 = u64.MAX_VALUE >> (64 - bitCount);
  let pending: u64 = 0;
  let used: u32 = 0;
  for (; src < end; src += itemSize) {
    let bits = (loadElement(src, itemSize) >> firstBit) & mask;
    let count = bitCount;
    if (count > 32) {
      pending |= (bits & 0xffffffff) << used;
      for (used += 32; used >= 8; used -= 8) {
        store<u8>(at++, <u8>pending);
        pending >>= 8;
      }
      bits >>= 32;
      count -= 32;
    }
    pending |= bits << used;
    for (used += count; used >= 8; used -= 8) {
      store<u8>(at++, <u8>pending);
      pending >>= 8;
    }
  }
  if (used > 0) store<u8>(at, <u8>pending);
  return <i32>length;
}

/**
 * The inverse of {@link packBits}, which fills all of `dst`: with an `isSigned` of 1 the highest packed bit is repeated up to the element's
 * last bit, else the other bits are 0.
 *
 * Returns the bytes written; -1 for bits that the elements do not have, else -(1 + offset) of an incomplete element of `dst`, or
 * -(1 + `srcLength`) if `src` is too short.
 */
export function unpackBits(
  dst: usize,
  dstLength: usize,
  src: usize,
  srcLength: usize,
  itemSize: u32,
  firstBit: u32,
  bitCount: u32,
  isSigned: u32,
): i32 {
  if (<i32>dstLength < 0 || !isElement(itemSize, firstBit, bitCount)) return -1;
  const ragged = dstLength & (itemSize - 1);
  if (ragged != 0) return -1 - <i32>(dstLength - ragged);
  const length = <usize>((<u64>(dstLength / itemSize) * bitCount + 7) >> 3);
  if (srcLength < length) return -1 - <i32>srcLength;

  const end = dst + dstLength;
  let at = dst;
  if (itemSize == 1 && bitCount == 1 && isSigned == 0) {
    for (; at + 8 <= end; at += 8) {
      const spread = (<u64>load<u8>(src++) * 0x0101010101010101) & 0x8040201008040201;
      // Every byte has one bit at most: adding 0x7f moves it to the top.
      store<u64>(at, (((spread + 0x7f7f7f7f7f7f7f7f) >> 7) & 0x0101010101010101) << firstBit);
    }
  }
  const signShift: u64 = 64 - bitCount;
  let pending: u64 = 0;
  let held: u32 = 0;
  for (; at < end; at += itemSize) {
    let bits: u64 = 0;
    let got: u32 = 0;
    // At most 7 bits are held before a byte is taken.
    while (got < bitCount) {
      if (held == 0) {
        pending = <u64>load<u8>(src++);
        held = 8;
      }
      const wanted = bitCount - got;
      const taken = wanted < held ? wanted : held;
      bits |= (pending & ((<u64>1 << taken) - 1)) << got;
      pending >>= taken;
      held -= taken;
      got += taken;
    }
    if (isSigned != 0) bits = <u64>(<i64>(bits << signShift) >> <i64>signShift);
    storeElement(at, itemSize, bits << firstBit);
  }
  return <i32>dstLength;
}
