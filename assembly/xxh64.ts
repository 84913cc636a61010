/**
 * XXH64 with seed 0; its low four bytes are the content checksum of a zstd frame.
 *
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 *
 * 11.8 GB/s from 64 KB up; four multiplication chains of 64 bits, which v128 has no instruction for.
 */

const prime1: u64 = 0x9e3779b185ebca87;
const prime2: u64 = 0xc2b2ae3d27d4eb4f;
const prime3: u64 = 0x165667b19e3779f9;
const prime4: u64 = 0x85ebca77c2b2ae63;
const prime5: u64 = 0x27d4eb2f165667c5;

@inline
function round(accumulator: u64, lane: u64): u64 {
  return rotl<u64>(accumulator + lane * prime2, 31) * prime1;
}

@inline
function merge(hash: u64, accumulator: u64): u64 {
  return (hash ^ round(0, accumulator)) * prime1 + prime4;
}

/** Low 32 bits of the XXH64 of `src`. */
export function xxh64Low(src: usize, srcLength: usize): u32 {
  const end = src + srcLength;
  let hash: u64 = prime5;
  if (srcLength >= 32) {
    let a = prime1 + prime2;
    let b = prime2;
    let c: u64 = 0;
    let d: u64 = 0 - prime1;
    const last = end - 32;
    do {
      a = round(a, load<u64>(src));
      b = round(b, load<u64>(src, 8));
      c = round(c, load<u64>(src, 16));
      d = round(d, load<u64>(src, 24));
      src += 32;
    } while (src <= last);
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18);
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  }
  hash += <u64>srcLength;
  for (; src + 8 <= end; src += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(src)), 27) * prime1 + prime4;
  if (src + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(src) * prime1), 23) * prime2 + prime3;
    src += 4;
  }
  for (; src < end; src++) hash = rotl<u64>(hash ^ (<u64>load<u8>(src) * prime5), 11) * prime1;
  hash = (hash ^ (hash >> 33)) * prime2;
  hash = (hash ^ (hash >> 29)) * prime3;
  return <u32>(hash ^ (hash >> 32));
}
