/**
 * Raw Snappy streams, which blosc containers may hold.
 *
 * https://github.com/google/snappy/blob/main/format_description.txt
 *
 *     stream     | decoded length: 7 bits a byte, the lowest first | element | element | ...
 *     literals   | count - 1: 6 bits, 60 to 63: in the next 1 to 4 bytes | 00 | ... | count bytes |
 *     match      | distance: 3 bits | length - 4: 3 bits | 01 | distance: 8 bits |
 *                | length - 1: 6 bits                    | 10 | distance: 16 bits |
 *                | length - 1: 6 bits                    | 11 | distance: 32 bits |
 *
 * GB/s for shuffled int32 (a sine; a random walk) and program text, 64 KiB and 1 MiB of each:
 *
 *              | sine 64K | walk 64K | text 64K | sine 1M | walk 1M | text 1M |
 * decode       |      7.1 |      5.5 |      1.0 |     2.6 |     2.9 |     0.7 |
 * encode       |      2.8 |      3.0 |      0.3 |     0.9 |     2.0 |     0.3 |
 */
import { copyMatch, equalLength, searchMemory } from "./lz77";
import { copy16, copyRun } from "./strided";

/** The `count` bytes at `from`, 1 to 4, the lowest first. */
@inline
function loadBytes(from: usize, count: usize): usize {
  let value: usize = 0;
  for (let i: usize = 0; i < count; i++) value |= <usize>load<u8>(from + i) << (8 * i);
  return value;
}

/**
 * Decodes one stream, which takes all of `src` and gives as many bytes as it says at its beginning. Returns the bytes written;
 * -(1 + offset of the first element that goes wrong), with a part of `dst` written, or -1 if the length at the beginning is wrong.
 */
export function snappyDecode(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  if (<i32>(srcLength | dstLength) < 0) return -1;
  const srcEnd = src + srcLength;
  const dstEnd = dst + dstLength;
  let from = src;
  let declared: u64 = 0;
  let bits: u64 = 0;
  let byte: u64 = 128;
  while (byte >= 128) {
    if (from == srcEnd || bits > 28) return -1;
    byte = <u64>load<u8>(from++);
    declared |= (byte & 127) << bits;
    bits += 7;
  }
  if (declared > <u64>dstLength) return -1;
  const limit = dst + <usize>declared;
  let to = dst;
  while (from < srcEnd) {
    const element = from;
    const tag = <usize>load<u8>(from++);
    if ((tag & 3) == 0) {
      let length = (tag >> 2) + 1;
      if (length <= 16 && from + 16 <= srcEnd && to + 16 <= dstEnd) {
        if (length > limit - to) return -1 - <i32>(element - src);
        copy16(to, from);
      } else {
        if (length > 60) {
          const count = length - 60;
          if (count > srcEnd - from) return -1 - <i32>(element - src);
          const last = loadBytes(from, count);
          if (last >= dstLength) return -1 - <i32>(element - src);
          length = last + 1;
          from += count;
        }
        if (length > srcEnd - from || length > limit - to) return -1 - <i32>(element - src);
        copyRun(to, from, length);
      }
      from += length;
      to += length;
    } else {
      let length: usize;
      let distance: usize;
      if ((tag & 3) == 1) {
        if (from == srcEnd) return -1 - <i32>(element - src);
        length = ((tag >> 2) & 7) + 4;
        distance = ((tag >> 5) << 8) | <usize>load<u8>(from++);
      } else {
        const count: usize = (tag & 3) == 2 ? 2 : 4;
        if (count > srcEnd - from) return -1 - <i32>(element - src);
        length = (tag >> 2) + 1;
        distance = count == 2 ? <usize>load<u16>(from) : <usize>load<u32>(from);
        from += count;
      }
      if (distance == 0 || distance > to - dst || length > limit - to) return -1 - <i32>(element - src);
      if (length <= 32 && distance >= 16 && to + 32 <= dstEnd) {
        copy16(to, to - distance);
        copy16(to + 16, to + 16 - distance);
      } else {
        copyMatch(to, dstEnd, distance, length);
      }
      to += length;
    }
  }
  return to == limit ? <i32>(to - dst) : -1;
}

const tableBits: u32 = 14;
const maximumDistance: usize = 65535;
/** No match is looked for in the last bytes. */
const searchMargin: usize = 15;

@inline
function hash(word: u32): usize {
  return <usize>((word * 0x1e35a7bd) >> (32 - tableBits));
}

/** Writes literals; returns the address after them, or 0 if they do not fit before `dstEnd`. */
function storeLiterals(to: usize, dstEnd: usize, from: usize, srcEnd: usize, count: usize): usize {
  if (count == 0) return to;
  const last = count - 1;
  let lengthBytes: usize = 0;
  if (last >= 60) lengthBytes = last < 1 << 8 ? 1 : last < 1 << 16 ? 2 : last < 1 << 24 ? 3 : 4;
  if (dstEnd - to < 1 + lengthBytes + count) return 0;
  store<u8>(to++, <u8>((lengthBytes == 0 ? last : 59 + lengthBytes) << 2));
  for (let i: usize = 0; i < lengthBytes; i++) store<u8>(to++, <u8>(last >> (8 * i)));
  if (count <= 16 && to + 16 <= dstEnd && from + 16 <= srcEnd) copy16(to, from);
  else copyRun(to, from, count);
  return to + count;
}

/** Writes a match of 4 bytes or more as elements of at most 64; returns the address after them, or 0 if they do not fit before `dstEnd`. */
function storeMatch(to: usize, dstEnd: usize, distance: usize, length: usize): usize {
  while (length > 0) {
    if (dstEnd - to < 3) {
      if (dstEnd - to < 2 || length >= 12 || distance >= 2048) return 0;
    }
    if (length < 12 && distance < 2048) {
      store<u8>(to, <u8>(((distance >> 8) << 5) | ((length - 4) << 2) | 1));
      store<u8>(to, <u8>distance, 1);
      return to + 2;
    }
    // What remains must be 4 bytes or more.
    const part = length <= 64 ? length : min<usize>(length - 4, 64);
    store<u8>(to, <u8>(((part - 1) << 2) | 2));
    store<u16>(to, <u16>distance, 1);
    to += 3;
    length -= part;
  }
  return to;
}

/** Encodes one stream, greedily. Returns the bytes written, 0 if they are more than `dstLength`. */
export function snappyEncode(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  if (<i32>(srcLength | dstLength) < 0) return 0;
  const srcEnd = src + srcLength;
  const dstEnd = dst + dstLength;
  let to = dst;
  for (let rest = srcLength; ; rest >>= 7) {
    if (to == dstEnd) return 0;
    store<u8>(to++, <u8>(rest < 128 ? rest : rest | 128));
    if (rest < 128) break;
  }
  let anchor = src;
  if (srcLength > searchMargin) {
    memory.fill(searchMemory, 0, 4 << tableBits);
    const searchEnd = srcEnd - searchMargin;
    let at = src + 1;
    let tries: usize = 32;
    while (at < searchEnd) {
      const word = load<u32>(at);
      const entry = searchMemory + 4 * hash(word);
      const candidate = src + load<u32>(entry);
      store<u32>(entry, at - src);
      // By itself: joined with the test of the distance, it costs up to a fifth of the speed where there are few matches.
      if (load<u32>(candidate) != word) {
        at += tries++ >> 5;
        continue;
      }
      if (at - candidate > maximumDistance) {
        at += tries++ >> 5;
        continue;
      }
      to = storeLiterals(to, dstEnd, anchor, srcEnd, at - anchor);
      if (to == 0) return 0;
      const length = equalLength(at + 4, candidate + 4, srcEnd) + 4;
      to = storeMatch(to, dstEnd, at - candidate, length);
      if (to == 0) return 0;
      at += length;
      anchor = at;
      tries = 32;
      if (at < searchEnd) store<u32>(searchMemory + 4 * hash(load<u32>(at - 1)), at - 1 - src);
    }
  }
  to = storeLiterals(to, dstEnd, anchor, srcEnd, srcEnd - anchor);
  return to == 0 ? 0 : <i32>(to - dst);
}
