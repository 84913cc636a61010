/**
 * BloscLZ streams: blosc's own compressor, descended from FastLZ. There is no specification; the facts are those of c-blosc 1.3 to 1.21.
 *
 * https://github.com/Blosc/c-blosc/blob/main/blosc/blosclz.c
 *
 *     literals   | 0: 3 bits | count - 1: 5 bits | count bytes |                               1 to 32
 *     match      | L: 3 bits | H: 5 bits | more: 255 ... n, if L is 7 | low | far: 2 bytes |   3 to 8, or 9 + more bytes
 *
 * The distance of a match is 256 H + low + 1; if that is 8192, `far` (the higher byte first) is there and is added to it. A stream begins
 * with literals, and the three bits of their first byte say nothing (encoders write 1 there).
 *
 * The figures below are for shuffled int32 (a sine; a random walk) and for program text, 64 KiB and 1 MiB of each, "native" those of
 * c-blosc 1.21.7 for x86-64 in numcodecs; at level 5 it leaves 1 MiB of the sine alone.
 */
import { copyMatch, equalLength, searchMemory } from "./lz77";
import { copy16, copyRun } from "./strided";

const longestLiterals: usize = 32;
/** From this distance on, a match has the far form. */
const farDistance: usize = 8192;
/** What encoders go to; the format could say a little more. */
const maximumDistance: usize = 73724;
/** No match is looked for in the last bytes of a stream. */
const searchMargin: usize = 12;

/**
 * Decodes one stream, which takes all of `src`. Returns the bytes written; -(1 + offset of the first instruction that goes wrong), with a
 * part of `dst` written.
 *
 * GB/s         | sine 64K | walk 64K | text 64K | sine 1M | walk 1M | text 1M |
 * SIMD         |      8.4 |      6.9 |      1.2 |     4.6 |     3.0 |     0.8 |
 * scalar       |      6.5 |      4.2 |      1.2 |     4.2 |     2.6 |     0.8 |
 * native       |      6.8 |      5.4 |      0.9 |     3.4 |     3.2 |     0.7 |
 */
export function blosclzDecode(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  if (<i32>(srcLength | dstLength) < 0 || srcLength == 0) return -1;
  const srcEnd = src + srcLength;
  const dstEnd = dst + dstLength;
  let instruction = src;
  let from = src + 1;
  let to = dst;
  let control = <usize>load<u8>(src) & 31;
  while (true) {
    if (control < 32) {
      const length = control + 1;
      if (length > srcEnd - from || length > dstEnd - to) break;
      if (from + 32 <= srcEnd && to + 32 <= dstEnd) {
        copy16(to, from);
        copy16(to + 16, from + 16);
      } else {
        copyRun(to, from, length);
      }
      from += length;
      to += length;
    } else {
      let length = (control >> 5) + 2;
      let distance = ((control & 31) << 8) + 1;
      if (length == 9) {
        let more: usize = 255;
        while (more == 255) {
          if (from == srcEnd || length > dstLength) return -1 - <i32>(instruction - src);
          more = <usize>load<u8>(from++);
          length += more;
        }
      }
      if (from == srcEnd) break;
      distance += <usize>load<u8>(from++);
      if (distance == farDistance) {
        if (srcEnd - from < 2) break;
        distance += (<usize>load<u8>(from) << 8) | <usize>load<u8>(from, 1);
        from += 2;
      }
      if (length > dstEnd - to || distance > to - dst) break;
      if (length <= 32 && distance >= 16 && to + 32 <= dstEnd) {
        copy16(to, to - distance);
        copy16(to + 16, to + 16 - distance);
      } else {
        copyMatch(to, dstEnd, distance, length);
      }
      to += length;
    }
    if (from == srcEnd) return <i32>(to - dst);
    instruction = from;
    control = <usize>load<u8>(from++);
  }
  return -1 - <i32>(instruction - src);
}

@inline
function hash(word: u32, unusedBits: u32): usize {
  return <usize>((word * 2654435761) >> unusedBits);
}

/**
 * The L of a match of bytes at `at`, 0 to 2 where it is too short to be one. `shift` 3 takes the match as it is, 4 leaves out its last byte:
 * that costs little where matches are long, and the next match begins better. The last byte before `end` is never taken.
 */
@inline
function matchField(at: usize, candidate: usize, end: usize, shift: usize): usize {
  const length = equalLength(at + 4, candidate + 4, end) + 4;
  return min(length + 1, end - at) - shift;
}

/** Bytes that a match takes. */
@inline
function matchBytes(field: usize, distance: usize): usize {
  return (distance < farDistance ? 2 : 4) + (field < 7 ? 0 : (field - 7) / 255 + 1);
}

const probeBits: u32 = 12;

/**
 * Guesses the ratio that `src` compresses to from the beginning of its last quarter, as c-blosc does: that decides whether a block is
 * worth its time, and how.
 */
function probeRatio(src: usize, srcLength: usize): f64 {
  const quarter = srcLength / 4;
  const start = src + srcLength - quarter;
  const length = min<usize>(quarter, 1 << probeBits);
  const end = start + length - 1;
  const searchEnd = start + length - searchMargin;
  memory.fill(searchMemory, 0, 2 << probeBits);
  let at = start;
  let bytes: i32 = 5;
  let literals: u32 = 4;
  while (at < searchEnd) {
    const word = load<u32>(at);
    const entry = searchMemory + 2 * hash(word, 32 - probeBits);
    const candidate = start + <usize>load<u16>(entry);
    store<u16>(entry, <u16>(at - start));
    if (candidate != at && load<u32>(candidate) == word) {
      const field = matchField(at, candidate, end, 3);
      if (field >= 3) {
        if (literals == 0) bytes--;
        literals = 0;
        bytes += 1 + <i32>matchBytes(field, 1);
        at += field;
        store<u16>(searchMemory + 2 * hash(load<u32>(at), 32 - probeBits), <u16>(at - start));
        at += 2;
        continue;
      }
    }
    at++;
    bytes++;
    if (++literals == 32) {
      literals = 0;
      bytes++;
    }
  }
  return <f64>(at - start) / <f64>bytes;
}

/** Writes literals; returns the address after them, or 0 if they do not fit before `dstEnd`. */
function storeLiterals(to: usize, dstEnd: usize, from: usize, srcEnd: usize, count: usize): usize {
  if (dstEnd - to < count + (count + longestLiterals - 1) / longestLiterals) return 0;
  for (; count > longestLiterals; count -= longestLiterals) {
    store<u8>(to++, <u8>(longestLiterals - 1));
    copy16(to, from);
    copy16(to + 16, from + 16);
    to += longestLiterals;
    from += longestLiterals;
  }
  if (count > 0) {
    store<u8>(to++, <u8>(count - 1));
    if (to + 32 <= dstEnd && from + 32 <= srcEnd) {
      copy16(to, from);
      copy16(to + 16, from + 16);
    } else {
      copyRun(to, from, count);
    }
  }
  return to + count;
}

/** Writes a match that fits; returns the address after it. */
@inline
function storeMatch(to: usize, field: usize, distance: usize): usize {
  const near = min(distance, farDistance) - 1;
  store<u8>(to++, <u8>((min<usize>(field, 7) << 5) | (near >> 8)));
  if (field >= 7) {
    for (field -= 7; field >= 255; field -= 255) store<u8>(to++, 255);
    store<u8>(to++, <u8>field);
  }
  store<u8>(to++, <u8>near);
  if (distance >= farDistance) {
    const far = distance - farDistance;
    store<u8>(to, <u8>(far >> 8));
    store<u8>(to, <u8>far, 1);
    to += 2;
  }
  return to;
}

/** By level: the least ratio that a probe must promise. */
const leastRatio: usize = memory.data<f64>([0, 2, 1.5, 1.2, 1.2, 1.2, 1.2, 1.15, 1.1, 1], 8);

/**
 * Encodes one stream byte for byte as c-blosc 1.21 does at `level` (1 to 9). `isSplit` is 1 where `src` is one of the streams of a split
 * block. Returns the bytes written; 0 if they are more than `dstLength`, or if the data does not promise the ratio that the level asks for.
 *
 * GB/s         | sine 64K | walk 64K | text 64K | sine 1M | walk 1M | text 1M |
 * level 5      |     0.97 |     1.35 |     0.21 |    0.51 |    0.92 |    0.18 |
 * native       |     1.18 |     1.60 |     0.23 |         |    1.32 |    0.19 |
 */
export function blosclzEncode(
  dst: usize,
  dstLength: usize,
  src: usize,
  srcLength: usize,
  level: i32,
  isSplit: i32,
): i32 {
  if (<i32>(srcLength | dstLength) < 0) return 0;
  level = min(max(level, 1), 9);
  const ratio = probeRatio(src, srcLength);
  if (ratio < load<f64>(leastRatio + 8 * <usize>level)) return 0;
  const isThorough = isSplit == 0 || ratio < 4;
  const shift: usize = isThorough ? 3 : 4;
  const tableBits: u32 = min(level, 3) + 11;
  const unusedBits = 32 - tableBits;
  memory.fill(searchMemory, 0, 4 << tableBits);

  const srcEnd = src + srcLength;
  const dstEnd = dst + dstLength;
  const matchEnd = srcEnd - 1;
  const searchEnd = srcEnd - searchMargin;
  let anchor = src;
  let to = dst;
  let at = src + 4;
  while (at < searchEnd) {
    const word = load<u32>(at);
    const entry = searchMemory + 4 * hash(word, unusedBits);
    const candidate = src + load<u32>(entry);
    store<u32>(entry, at - src);
    // By itself: joined with the test of the distance, it costs a quarter of the speed where there are few matches.
    if (load<u32>(candidate) != word) {
      at++;
      continue;
    }
    const distance = at - candidate;
    if (distance > maximumDistance) {
      at++;
      continue;
    }
    const field = matchField(at, candidate, matchEnd, shift);
    if (field < shift || (field <= 5 && distance >= farDistance)) {
      at++;
      continue;
    }
    to = storeLiterals(to, dstEnd, anchor, srcEnd, at - anchor);
    if (to == 0 || dstEnd - to < matchBytes(field, distance)) return 0;
    to = storeMatch(to, field, distance);
    at += field;
    anchor = at + 2;
    const last = load<u32>(at);
    store<u32>(searchMemory + 4 * hash(last, unusedBits), at - src);
    // Three bytes and a zero, as c-blosc has it.
    if (level == 9) store<u32>(searchMemory + 4 * hash(last >> 8, unusedBits), at + 1 - src);
    at = anchor;
  }
  to = storeLiterals(to, dstEnd, anchor, srcEnd, srcEnd - anchor);
  if (to == 0) return 0;
  store<u8>(dst, load<u8>(dst) | 32);
  return <i32>(to - dst);
}
