/**
 * LZ4 blocks: the payload of the `numcodecs.lz4` codec, and of blosc with the compressors lz4 and lz4hc.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 *
 *     sequence   | token: literals, match - 4 | more literals | literals | distance | more match |
 *                  4 + 4 bits                   255 ... n                  2 bytes    255 ... n
 *
 * The last sequence ends after its literals.
 *
 * The figures below are for shuffled int32 (a sine; a random walk) and for program text, 64 KiB and 1 MiB of each. Those of numcodecs.js
 * hold its copies; "native" is LZ4 in C for x86-64.
 */
import { copyMatch, equalLength, searchMemory } from "./lz77";
import { copy16, copyRun } from "./strided";

const minimumMatch: usize = 4;
const maximumDistance: usize = 65535;
/** The last bytes of a block are literals. */
const lastLiterals: usize = 5;
/** A match begins at least this many bytes before the end of its block. */
const lastStart: usize = 12;
/** No block may be longer. */
const blockLimit: usize = 0x7e000000;

/**
 * Decodes one block, which takes all of `src`. What an encoder must leave out at the end of a block is not looked for: not all do.
 *
 * GB/s         | sine 64K | walk 64K | text 64K | sine 1M | walk 1M | text 1M |
 * SIMD         |      9.2 |      6.8 |      2.0 |     5.9 |     3.9 |     2.1 |
 * scalar       |      6.8 |      4.0 |      2.0 |     5.4 |     3.1 |     2.0 |
 * numcodecs.js |      0.7 |      0.9 |      0.6 |     0.7 |     0.7 |     0.3 |
 * native       |      9.3 |      6.4 |      2.5 |    12.0 |     4.8 |     3.2 |
 *
 * Returns the bytes written; -(1 + offset of the first sequence that goes wrong), with a part of `dst` written.
 */
export function lz4Decode(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  if (<i32>(srcLength | dstLength) < 0) return -1;
  const srcEnd = src + srcLength;
  const dstEnd = dst + dstLength;
  // Up to these, a sequence whose lengths fit its token can be copied in whole blocks.
  const srcFast = srcEnd - 18;
  const dstFast = dstEnd - 46;
  let from = src;
  let to = dst;
  let sequence = src;
  while (from < srcEnd) {
    sequence = from;
    const token = <usize>load<u8>(from++);
    let length = token >> 4;
    let distance: usize;
    if (length < 15 && from <= srcFast && to <= dstFast) {
      copy16(to, from);
      to += length;
      distance = <usize>load<u16>(from + length);
      from += length + 2;
      // A distance of 0 wraps.
      if (distance - 1 >= to - dst) break;
      length = (token & 15) + minimumMatch;
      if (length < 19 && distance >= 16) {
        copy16(to, to - distance);
        copy16(to + 16, to + 16 - distance);
        to += length;
        continue;
      }
    } else {
      if (length == 15) {
        let more: usize = 255;
        while (more == 255) {
          if (from == srcEnd || length > dstLength) return -1 - <i32>(sequence - src);
          more = <usize>load<u8>(from++);
          length += more;
        }
      }
      if (length > srcEnd - from || length > dstEnd - to) break;
      if (length > 0) copyRun(to, from, length);
      from += length;
      to += length;
      if (from == srcEnd) return <i32>(to - dst);
      if (srcEnd - from < 2) break;
      distance = <usize>load<u16>(from);
      from += 2;
      if (distance - 1 >= to - dst) break;
      length = (token & 15) + minimumMatch;
    }
    if (length == 19) {
      let more: usize = 255;
      while (more == 255) {
        if (from == srcEnd || length > dstLength) return -1 - <i32>(sequence - src);
        more = <usize>load<u8>(from++);
        length += more;
      }
    }
    if (length > dstEnd - to) break;
    copyMatch(to, dstEnd, distance, length);
    to += length;
  }
  return -1 - <i32>(sequence - src);
}

/** Bytes that a length takes beyond its four bits in the token. */
@inline
function moreBytes(length: usize): usize {
  return length < 15 ? 0 : (length - 15) / 255 + 1;
}

/** Writes what {@link moreBytes} counts; returns the address after it. */
@inline
function storeMore(to: usize, length: usize): usize {
  if (length < 15) return to;
  for (length -= 15; length >= 255; length -= 255) store<u8>(to++, 255);
  store<u8>(to++, <u8>length);
  return to;
}

/**
 * Writes a sequence but for its last part (distance and more match); returns the address after it, or 0 if the whole sequence does not
 * fit before `dstEnd`.
 */
@inline
function storeLiterals(to: usize, dstEnd: usize, from: usize, srcEnd: usize, literals: usize): usize {
  if (dstEnd - to < 1 + moreBytes(literals) + literals) return 0;
  store<u8>(to, <u8>(min<usize>(literals, 15) << 4));
  to = storeMore(to + 1, literals);
  if (literals <= 16 && to + 16 <= dstEnd && from + 16 <= srcEnd) copy16(to, from);
  else if (literals > 0) copyRun(to, from, literals);
  return to + literals;
}

/** Writes the last part of the sequence that begins at `token`, `length` without the 4 bytes of any match; returns as above. */
@inline
function storeMatch(to: usize, dstEnd: usize, token: usize, distance: usize, length: usize): usize {
  if (dstEnd - to < 2 + moreBytes(length)) return 0;
  store<u16>(to, <u16>distance);
  store<u8>(token, load<u8>(token) | <u8>min<usize>(length, 15));
  return storeMore(to + 2, length);
}

/** `T` is the type of a table entry: positions of short blocks fit u16, which doubles the number of entries; the hash is of 4 or 5 bytes. */
@inline
function hash<T>(at: usize): usize {
  if (sizeof<T>() == 2) return <usize>((load<u32>(at) * 2654435761) >> 19);
  return <usize>(((load<u64>(at) << 24) * 889523592379) >> 52);
}

@inline
function position<T>(entry: usize): usize {
  return <usize>load<T>(searchMemory + entry * sizeof<T>());
}

@inline
function setPosition<T>(entry: usize, value: usize): void {
  store<T>(searchMemory + entry * sizeof<T>(), <T>value);
}

@inline
function isMatch<T>(at: usize, candidate: usize): bool {
  return load<u32>(at) == load<u32>(candidate) && (sizeof<T>() == 2 || at - candidate <= maximumDistance);
}

/** Writes the last sequence; returns the length of the whole block, 0 if it does not fit. */
function finish(dst: usize, to: usize, dstEnd: usize, anchor: usize, srcEnd: usize): i32 {
  to = storeLiterals(to, dstEnd, anchor, srcEnd, srcEnd - anchor);
  return to == 0 ? 0 : <i32>(to - dst);
}

/** The greedy search: one candidate for each position, the last with the same hash. */
function encode<T>(dst: usize, dstLength: usize, src: usize, srcLength: usize, acceleration: i32): i32 {
  const srcEnd = src + srcLength;
  const dstEnd = dst + dstLength;
  if (srcLength <= lastStart) return finish(dst, dst, dstEnd, src, srcEnd);
  memory.fill(searchMemory, 0, 16384);
  const matchEnd = srcEnd - lastLiterals;
  const searchEnd = srcEnd - lastStart + 1;
  let anchor = src;
  let to = dst;
  // Position 0 is what an empty entry says.
  let at = src + 1;
  let nextHash = hash<T>(at);
  while (true) {
    let candidate: usize;
    let next = at;
    let step: usize = 1;
    let tries = acceleration << 6;
    do {
      const entry = nextHash;
      at = next;
      if (step > searchEnd - at) return finish(dst, to, dstEnd, anchor, srcEnd);
      next += step;
      step = <usize>(tries++ >> 6);
      candidate = src + position<T>(entry);
      nextHash = hash<T>(next);
      setPosition<T>(entry, at - src);
    } while (!isMatch<T>(at, candidate));
    while (at > anchor && candidate > src && load<u8>(at - 1) == load<u8>(candidate - 1)) {
      at--;
      candidate--;
    }
    let token = to;
    to = storeLiterals(to, dstEnd, anchor, srcEnd, at - anchor);
    if (to == 0) return 0;
    while (true) {
      const length = equalLength(at + minimumMatch, candidate + minimumMatch, matchEnd);
      to = storeMatch(to, dstEnd, token, at - candidate, length);
      if (to == 0) return 0;
      at += minimumMatch + length;
      anchor = at;
      if (at >= searchEnd) return finish(dst, to, dstEnd, anchor, srcEnd);
      setPosition<T>(hash<T>(at - 2), at - 2 - src);
      const entry = hash<T>(at);
      candidate = src + position<T>(entry);
      setPosition<T>(entry, at - src);
      if (!isMatch<T>(at, candidate)) break;
      // The next match begins at once: a sequence without literals.
      if (to == dstEnd) return 0;
      token = to;
      store<u8>(to++, 0);
    }
    nextHash = hash<T>(++at);
  }
}

/**
 * Encodes one block, greedily, byte for byte as LZ4_compress_fast does on 64-bit machines. The higher the `acceleration` (1 to 65537), the
 * more bytes are skipped where no match is found. Returns the bytes written, 0 if they are more than `dstLength`.
 *
 * GB/s         | sine 64K | walk 64K | text 64K | sine 1M | walk 1M | text 1M |
 * SIMD, scalar |      2.4 |      3.2 |     0.45 |     1.2 |     2.0 |    0.32 |
 * numcodecs.js |      0.3 |      0.3 |     0.21 |     0.3 |     0.3 |    0.13 |
 * native       |      2.5 |      3.3 |     0.46 |     1.2 |     1.8 |    0.37 |
 */
export function lz4Encode(dst: usize, dstLength: usize, src: usize, srcLength: usize, acceleration: i32): i32 {
  if (<i32>dstLength < 0 || srcLength > blockLimit) return 0;
  acceleration = min(max(acceleration, 1), 65537);
  if (srcLength < maximumDistance + lastStart) return encode<u16>(dst, dstLength, src, srcLength, acceleration);
  return encode<u32>(dst, dstLength, src, srcLength, acceleration);
}

/**
 * The thorough search: all positions with the same hash, the nearest first, as a chain of distances.
 *
 *     searchMemory   | last position by hash: 32768 u32 | distance to the one before, by position: 65536 u16 |
 *
 * Positions count from 65536, so that what an empty entry says is out of reach.
 */
const chains: usize = searchMemory + 131072;
let matchDistance: usize = 0;

@inline
function chainHash(at: usize): usize {
  return searchMemory + 4 * <usize>((load<u32>(at) * 2654435761) >> 17);
}

@inline
function insert(at: usize, base: usize): void {
  const entry = chainHash(at);
  const position = at - base;
  store<u16>(chains + 2 * (position & 65535), <u16>min<usize>(position - load<u32>(entry), maximumDistance));
  store<u32>(entry, position);
}

/** Length of the longest match at `at` that is longer than `least` bytes, else `least`; its distance is in `matchDistance`. */
function longestMatch(at: usize, base: usize, matchEnd: usize, least: usize, attempts: i32): usize {
  const position = at - base;
  const lowest = position - maximumDistance;
  const word = load<u32>(at);
  let candidate = <usize>load<u32>(chainHash(at));
  let longest = least;
  while (candidate >= lowest && attempts-- > 0) {
    const from = base + candidate;
    if (load<u32>(from + longest - 3) == load<u32>(at + longest - 3) && load<u32>(from) == word) {
      const length = equalLength(at + minimumMatch, from + minimumMatch, matchEnd) + minimumMatch;
      if (length > longest) {
        longest = length;
        matchDistance = at - from;
        if (at + length == matchEnd) break;
      }
    }
    candidate -= <usize>load<u16>(chains + 2 * (candidate & 65535));
  }
  return longest;
}

/**
 * As {@link lz4Encode}, at the price of time: 2^level candidates for each position, `level` from 1 to 12, and a match gives way to a
 * longer one that begins one byte later. LZ4HC at the same level is 2 % smaller on shuffled integers and 3 % on text at level 5, 1 % at 9.
 *
 * MB/s         | sine 64K | walk 64K | text 64K | sine 1M | walk 1M | text 1M |
 * level 5      |      110 |      150 |       50 |      70 |      90 |      40 |
 */
export function lz4EncodeHigh(dst: usize, dstLength: usize, src: usize, srcLength: usize, level: i32): i32 {
  if (<i32>dstLength < 0 || srcLength > blockLimit) return 0;
  const srcEnd = src + srcLength;
  const dstEnd = dst + dstLength;
  if (srcLength <= lastStart) return finish(dst, dst, dstEnd, src, srcEnd);
  memory.fill(searchMemory, 0, 131072);
  const attempts = 1 << min(max(level, 1), 12);
  const base = src - 65536;
  const matchEnd = srcEnd - lastLiterals;
  const searchEnd = srcEnd - lastStart;
  let anchor = src;
  let to = dst;
  let at = src;
  while (at <= searchEnd) {
    let length = longestMatch(at, base, matchEnd, minimumMatch - 1, attempts);
    insert(at, base);
    if (length < minimumMatch) {
      at++;
      continue;
    }
    let distance = matchDistance;
    while (at < searchEnd) {
      const next = longestMatch(at + 1, base, matchEnd, length, attempts);
      if (next == length) break;
      at++;
      insert(at, base);
      length = next;
      distance = matchDistance;
    }
    const token = to;
    to = storeLiterals(to, dstEnd, anchor, srcEnd, at - anchor);
    if (to == 0) return 0;
    to = storeMatch(to, dstEnd, token, distance, length - minimumMatch);
    if (to == 0) return 0;
    anchor = at + length;
    for (at++; at < anchor && at <= searchEnd; at++) insert(at, base);
    at = anchor;
  }
  return finish(dst, to, dstEnd, anchor, srcEnd);
}
