/**
 * What the byte compressors (lz4, blosclz, snappy) have in common: copies of earlier output, comparison, and the memory of their searches.
 *
 * https://en.wikipedia.org/wiki/LZ77_and_LZ78#LZ77
 */
import { copy16 } from "./strided";

/** Hash tables and chains of one call; what they hold is built anew by each call that uses them. */
export const searchMemory: usize = memory.data(262144, 16);

/**
 * Row `distance` (1 to 15) repeats 0 ... distance - 1: the swizzle that turns 16 bytes from `distance` back into the 16 bytes to come.
 * Row 0 says how many of those are a whole number of repeats, where the next 16 may begin.
 */
const repeats: usize = memory.data<u8>(
  [
    0, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
    0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
    0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
    0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0,
    0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3,
    0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1,
    0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
  ],
  16,
);

/**
 * Repeats the output from `distance` bytes (1 or more) back for `length` bytes (1 or more) from `dst` on, as if byte by byte: where the
 * distance is the shorter, the repeat repeats itself. May write any bytes from `dst + length` to before `dstEnd`.
 */
@inline
export function copyMatch(dst: usize, dstEnd: usize, distance: usize, length: usize): void {
  const end = dst + length;
  // Blocks may begin before this.
  const blocksEnd = min(end, dstEnd - 15);
  if (distance >= 16) {
    for (; dst < blocksEnd; dst += 16) copy16(dst, dst - distance);
  } else if (ASC_FEATURE_SIMD) {
    if (dst < blocksEnd) {
      const block = v128.swizzle(v128.load(dst - distance), v128.load(repeats + 16 * distance));
      const step = <usize>load<u8>(repeats + distance);
      for (; dst < blocksEnd; dst += step) v128.store(dst, block);
    }
  } else {
    // Every block makes the repeat twice as long, until it is longer than a block.
    let repeat = distance;
    for (; repeat < 16 && dst < blocksEnd; repeat *= 2) {
      copy16(dst, dst - repeat);
      dst += repeat;
    }
    for (; dst < blocksEnd; dst += 16) copy16(dst, dst - repeat);
  }
  for (; dst < end; dst++) store<u8>(dst, load<u8>(dst - distance));
}

/** Number of bytes that are equal from `a` and from `b` on, before `a` reaches `aEnd`; `b` is the lower. */
@inline
export function equalLength(a: usize, b: usize, aEnd: usize): usize {
  const start = a;
  while (a + 8 <= aEnd) {
    const difference = load<u64>(a) ^ load<u64>(b);
    if (difference != 0) return a + (<usize>ctz<u64>(difference) >> 3) - start;
    a += 8;
    b += 8;
  }
  while (a < aEnd && load<u8>(a) == load<u8>(b)) {
    a++;
    b++;
  }
  return a - start;
}
