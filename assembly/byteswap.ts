/**
 * Reversal of the bytes of every element: the endianness of the `bytes` codec.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/codecs/bytes/index.html
 *
 * One template serves every width; a v128 holds a whole number of elements, so one swizzle swaps 16 bytes:
 *
 *     width 4   src  | 0 1 2 3 | 4 5 6 7 | 8 9 a b | c d e f |
 *               mask | 3 2 1 0 | 7 6 5 4 | b a 9 8 | f e d c |
 *
 * At 64 KB the swizzle, unrolled four times, takes 40 GB/s at every width, as memory.copy does; the scalar words 13 (2 bytes) and 7.4.
 */

@inline
function reverseLanes(word: u64, width: i32): u64 {
  word = ((word >> 8) & 0x00ff00ff00ff00ff) | ((word & 0x00ff00ff00ff00ff) << 8);
  if (width >= 4) word = ((word >> 16) & 0x0000ffff0000ffff) | ((word & 0x0000ffff0000ffff) << 16);
  if (width >= 8) word = rotl<u64>(word, 32);
  return word;
}

@inline
function swizzleMask(width: i32): v128 {
  if (width == 2) return i8x16(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  if (width == 4) return i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
  if (width == 8) return i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
  return i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/** `T` is the element type of the tail; a width of 16 leaves no tail. */
@inline
function byteswap<T>(dst: usize, dstLength: usize, src: usize, srcLength: usize, width: i32): i32 {
  if (<i32>srcLength < 0) return -1;
  const ragged = srcLength & (width - 1);
  if (ragged != 0) return -1 - <i32>(srcLength - ragged);
  if (dstLength < srcLength) return -1 - <i32>dstLength;
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const mask = swizzleMask(width);
    for (; i + 64 <= srcLength; i += 64) {
      const a = v128.swizzle(v128.load(src + i), mask);
      const b = v128.swizzle(v128.load(src + i, 16), mask);
      const c = v128.swizzle(v128.load(src + i, 32), mask);
      const d = v128.swizzle(v128.load(src + i, 48), mask);
      v128.store(dst + i, a);
      v128.store(dst + i, b, 16);
      v128.store(dst + i, c, 32);
      v128.store(dst + i, d, 48);
    }
    for (; i + 16 <= srcLength; i += 16) v128.store(dst + i, v128.swizzle(v128.load(src + i), mask));
  } else {
    for (; i + 16 <= srcLength; i += 16) {
      const low = reverseLanes(load<u64>(src + i), width);
      const high = reverseLanes(load<u64>(src + i, 8), width);
      store<u64>(dst + i, width == 16 ? high : low);
      store<u64>(dst + i, width == 16 ? low : high, 8);
    }
  }
  if (width < 16) {
    for (; i < srcLength; i += sizeof<T>()) store<T>(dst + i, bswap<T>(load<T>(src + i)));
  }
  return <i32>srcLength;
}

/** Swaps 2-byte elements from `src` to `dst`, which may be the same address. Returns the bytes written. */
export function byteswap2(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  return byteswap<u16>(dst, dstLength, src, srcLength, 2);
}

/** Swaps 4-byte elements. */
export function byteswap4(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  return byteswap<u32>(dst, dstLength, src, srcLength, 4);
}

/** Swaps 8-byte elements. */
export function byteswap8(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  return byteswap<u64>(dst, dstLength, src, srcLength, 8);
}

/** Reverses 16-byte elements. */
export function byteswap16(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  return byteswap<u64>(dst, dstLength, src, srcLength, 16);
}

@inline
function swapEach<T>(dst: usize, src: usize, count: usize, dstStep: usize, srcStep: usize): void {
  for (; count > 0; count--) {
    store<T>(dst, bswap<T>(load<T>(src)));
    dst += dstStep;
    src += srcStep;
  }
}

/** Rows of sizeof<T> to 2 sizeof<T> bytes: two words that overlap. */
@inline
function swapPairs<T>(dst: usize, src: usize, run: usize, count: usize, dstStep: usize, srcStep: usize, width: i32): void {
  const last = run - sizeof<T>();
  for (; count > 0; count--) {
    const low = reverseLanes(<u64>load<T>(src), width);
    const high = reverseLanes(<u64>load<T>(src + last), width);
    store<T>(dst, <T>low);
    store<T>(dst + last, <T>high);
    dst += dstStep;
    src += srcStep;
  }
}

/**
 * Swaps `count` rows of `run` bytes in units of `width` (2, 4, 8 or 16), of which `run` is a multiple; `dst` may be `src`.
 * A row of 20 bytes takes 3 ns, where a call of byteswap2 takes 6.
 */
export function swapRows(dst: usize, src: usize, run: usize, count: usize, dstStep: usize, srcStep: usize, width: i32): void {
  if (run == 2) {
    swapEach<u16>(dst, src, count, dstStep, srcStep);
  } else if (run < 8) {
    if (width == 4) swapEach<u32>(dst, src, count, dstStep, srcStep);
    else swapPairs<u32>(dst, src, run, count, dstStep, srcStep, 2);
  } else if (run == 8 && width == 8) {
    swapEach<u64>(dst, src, count, dstStep, srcStep);
  } else if (run < 16) {
    swapPairs<u64>(dst, src, run, count, dstStep, srcStep, width);
  } else if (ASC_FEATURE_SIMD && run <= 256) {
    const mask = swizzleMask(width);
    const last = run - 16;
    for (; count > 0; count--) {
      // Taken before any store, because it overlaps the block before it.
      const tail = v128.swizzle(v128.load(src + last), mask);
      for (let i: usize = 0; i < last; i += 16) v128.store(dst + i, v128.swizzle(v128.load(src + i), mask));
      v128.store(dst + last, tail);
      dst += dstStep;
      src += srcStep;
    }
  } else {
    for (; count > 0; count--) {
      if (width == 2) byteswap2(dst, run, src, run);
      else if (width == 4) byteswap4(dst, run, src, run);
      else if (width == 8) byteswap8(dst, run, src, run);
      else byteswap16(dst, run, src, run);
      dst += dstStep;
      src += srcStep;
    }
  }
}
