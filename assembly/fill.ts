/**
 * The fill value: writing it over a chunk, and the test that a chunk holds nothing else.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#fill-value
 *
 * Elements are compared by their bits, so that -0 is not 0 and a NaN equals itself.
 *
 * GB/s at 64 KB: fill 42, test 42 (scalar 34 and 24) for items of 1, 2, 4, 8 and 16 bytes; for any other size 50 and 33 (50 and 16).
 */

@inline
function isLaneSize(itemSize: usize): bool {
  return itemSize <= 16 && (itemSize & (itemSize - 1)) == 0;
}

/** The 16 bytes that repeat an item of 1, 2, 4, 8 or 16 bytes, as two words. */
@inline
function lowPattern(value: usize, itemSize: usize): u64 {
  if (itemSize == 1) return <u64>load<u8>(value) * 0x0101010101010101;
  if (itemSize == 2) return <u64>load<u16>(value) * 0x0001000100010001;
  if (itemSize == 4) return <u64>load<u32>(value) * 0x0000000100000001;
  return load<u64>(value);
}

@inline
function highPattern(value: usize, itemSize: usize, low: u64): u64 {
  return itemSize == 16 ? load<u64>(value, 8) : low;
}

function bytesEqual(a: usize, b: usize, length: usize): bool {
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 64 <= length; i += 64) {
      const first = v128.xor(v128.load(a + i), v128.load(b + i));
      const second = v128.xor(v128.load(a + i, 16), v128.load(b + i, 16));
      const third = v128.xor(v128.load(a + i, 32), v128.load(b + i, 32));
      const fourth = v128.xor(v128.load(a + i, 48), v128.load(b + i, 48));
      if (v128.any_true(v128.or(v128.or(first, second), v128.or(third, fourth)))) return false;
    }
  }
  for (; i + 8 <= length; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  for (; i < length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
  }
  return true;
}

/**
 * 1 if every element of `src` has the `itemSize` bytes at `value`, else 0; an empty `src` gives 1.
 * -(1 + offset of the incomplete element) if `srcLength` is no multiple of `itemSize`.
 */
export function isFilled(src: usize, srcLength: usize, value: usize, itemSize: usize): i32 {
  if (<i32>srcLength < 0 || itemSize == 0) return -1;
  const ragged = srcLength % itemSize;
  if (ragged != 0) return -1 - <i32>(srcLength - ragged);
  if (srcLength == 0) return 1;
  if (!bytesEqual(src, value, itemSize)) return 0;
  // Any other size: a region that equals itself shifted by one element repeats its first one.
  if (!isLaneSize(itemSize)) return bytesEqual(src + itemSize, src, srcLength - itemSize) ? 1 : 0;
  const low = lowPattern(value, itemSize);
  const high = highPattern(value, itemSize, low);
  const end = src + srcLength;
  if (ASC_FEATURE_SIMD) {
    const pattern = i64x2.replace_lane(i64x2.splat(low), 1, high);
    for (; src + 64 <= end; src += 64) {
      const first = v128.xor(v128.load(src), pattern);
      const second = v128.xor(v128.load(src, 16), pattern);
      const third = v128.xor(v128.load(src, 32), pattern);
      const fourth = v128.xor(v128.load(src, 48), pattern);
      if (v128.any_true(v128.or(v128.or(first, second), v128.or(third, fourth)))) return 0;
    }
  }
  for (; src + 16 <= end; src += 16) {
    if (((load<u64>(src) ^ low) | (load<u64>(src, 8) ^ high)) != 0) return 0;
  }
  // Fewer than 16 bytes are left, and elements of at most 8: the pattern repeats in every word.
  if (src + 8 <= end) {
    if (load<u64>(src) != low) return 0;
    src += 8;
  }
  for (let word = low; src < end; src++, word >>= 8) {
    if (load<u8>(src) != <u8>word) return 0;
  }
  return 1;
}

/**
 * Fills `dst` with the `itemSize` bytes at `value`, which lie outside of it. Returns the bytes written, or
 * -(1 + offset of the incomplete element) if `dstLength` is no multiple of `itemSize`.
 */
export function fill(dst: usize, dstLength: usize, value: usize, itemSize: usize): i32 {
  if (<i32>dstLength < 0 || itemSize == 0) return -1;
  const ragged = dstLength % itemSize;
  if (ragged != 0) return -1 - <i32>(dstLength - ragged);
  if (dstLength == 0) return 0;
  if (!isLaneSize(itemSize)) {
    memory.copy(dst, value, itemSize);
    // Doubling up to a few kilobytes: longer copies are no faster, and their source would leave the first-level cache.
    let period = itemSize;
    for (let done = itemSize; done < dstLength; ) {
      const length = min(period, dstLength - done);
      memory.copy(dst + done, dst, length);
      done += length;
      if (period < 4096) period = done;
    }
    return <i32>dstLength;
  }
  const low = lowPattern(value, itemSize);
  const high = highPattern(value, itemSize, low);
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const pattern = i64x2.replace_lane(i64x2.splat(low), 1, high);
    for (; i + 64 <= dstLength; i += 64) {
      v128.store(dst + i, pattern);
      v128.store(dst + i, pattern, 16);
      v128.store(dst + i, pattern, 32);
      v128.store(dst + i, pattern, 48);
    }
  }
  for (; i + 16 <= dstLength; i += 16) {
    store<u64>(dst + i, low);
    store<u64>(dst + i, high, 8);
  }
  if (i + 8 <= dstLength) {
    store<u64>(dst + i, low);
    i += 8;
  }
  for (let word = low; i < dstLength; i++, word >>= 8) store<u8>(dst + i, <u8>word);
  return <i32>dstLength;
}
