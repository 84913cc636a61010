/**
 * Differences between neighbours, and their sums: the `numcodecs.delta` codec.
 *
 * https://numcodecs.readthedocs.io/en/stable/filter/delta.html
 *
 * The first element stays as it is. Integers wrap around. A sum needs the one before it, so that only differences go by v128:
 *
 *     src   | a | b | c | d | e | f | g | h |
 *     - src |   | a | b | c | d | e | f | g | h |   loaded one element earlier
 *     dst   | a |b-a|c-b|d-c|e-d|f-e|g-f|h-g|
 */
import { checkLengths } from "./lengths";

@inline
function encode<T>(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  const wrong = checkLengths(dstLength, srcLength, sizeof<T>());
  if (wrong != 0 || srcLength == 0) return wrong;
  store<T>(dst, load<T>(src));
  let i: usize = sizeof<T>();
  if (ASC_FEATURE_SIMD) {
    for (; i + 16 <= srcLength; i += 16) {
      v128.store(dst + i, v128.sub<T>(v128.load(src + i), v128.load(src + i - sizeof<T>())));
    }
  }
  for (; i < srcLength; i += sizeof<T>()) store<T>(dst + i, <T>(load<T>(src + i) - load<T>(src + i - sizeof<T>())));
  return <i32>srcLength;
}

@inline
function decode<T>(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  const wrong = checkLengths(dstLength, srcLength, sizeof<T>());
  if (wrong != 0 || srcLength == 0) return wrong;
  let sum = load<T>(src);
  store<T>(dst, sum);
  for (let i: usize = sizeof<T>(); i < srcLength; i += sizeof<T>()) {
    sum = <T>(sum + load<T>(src + i));
    store<T>(dst + i, sum);
  }
  return <i32>srcLength;
}

/**
 * Writes the differences of elements of `itemSize` bytes: integers of 1, 2, 4 or 8, or with an `isFloat` of 1 floats of 4 or 8. `dst` and
 * `src` may not overlap. Returns the bytes written, or -(1 + offset) of an incomplete element or of the end of a `dst` that is too short.
 */
export function deltaEncode(dst: usize, dstLength: usize, src: usize, srcLength: usize, itemSize: u32, isFloat: u32): i32 {
  if (isFloat != 0) {
    if (itemSize == 4) return encode<f32>(dst, dstLength, src, srcLength);
    return itemSize == 8 ? encode<f64>(dst, dstLength, src, srcLength) : -1;
  }
  if (itemSize == 1) return encode<u8>(dst, dstLength, src, srcLength);
  if (itemSize == 2) return encode<u16>(dst, dstLength, src, srcLength);
  if (itemSize == 4) return encode<u32>(dst, dstLength, src, srcLength);
  return itemSize == 8 ? encode<u64>(dst, dstLength, src, srcLength) : -1;
}

/** The inverse of {@link deltaEncode}: each element is the sum of all up to it, in their order. */
export function deltaDecode(dst: usize, dstLength: usize, src: usize, srcLength: usize, itemSize: u32, isFloat: u32): i32 {
  if (isFloat != 0) {
    if (itemSize == 4) return decode<f32>(dst, dstLength, src, srcLength);
    return itemSize == 8 ? decode<f64>(dst, dstLength, src, srcLength) : -1;
  }
  if (itemSize == 1) return decode<u8>(dst, dstLength, src, srcLength);
  if (itemSize == 2) return decode<u16>(dst, dstLength, src, srcLength);
  if (itemSize == 4) return decode<u32>(dst, dstLength, src, srcLength);
  return itemSize == 8 ? decode<u64>(dst, dstLength, src, srcLength) : -1;
}
