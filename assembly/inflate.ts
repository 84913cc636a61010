/**
 * DEFLATE decompression: what gzip and zlib data hold.
 *
 * https://www.rfc-editor.org/rfc/rfc1951
 *
 * Bits are taken from the low end of a u64 that is filled up by one load for a few symbols: at most 48 bits (a length of 15 + 5 and a
 * distance of 15 + 13) go before the next. Huffman codes are looked up by their next 10 bits (distances: 8); longer ones lead to a second
 * table, indexed by the rest of the code. An entry says all there is to know of a code:
 *
 *     bit | 31 ................. 16 | 15     | 14      | 13    | 12  | 11 ......... 8 | 4 ........................... 0 |
 *         | literal, base, subtable | literal| special | table | end | bits of code   | bits to drop, extra bits included |
 *
 *     tables | literals and lengths: 1024 + 310 entries | distances: 256 + 146 entries |
 *
 * What node:zlib refuses is refused here, and nothing else.
 *
 * MB/s of smooth int32 at level 5 | 100 B | 1 KiB | 4 KiB | 64 KiB | 1 MiB |
 * SIMD; scalar is as fast         |    70 |   195 |   240 |    285 |   290 |
 * fflate, without checks          |    12 |    36 |    60 |     80 |    87 |
 * node:zlib                       |    17 |    85 |   155 |    205 |   210 |
 *
 * Of 1000 noisy bytes, most of them literals, 1.2 of 4.7 µs are the tables; the literals wait for each other, 2.8 ns each.
 */
import { copy16 } from "./strided";

/** Most entries that a complete code of 288 symbols needs with a root of 10 bits, and one of 32 symbols with 8: zlib's `enough` counts them. */
const literalLimit: u32 = 1334;
const distanceLimit: u32 = 402;
const literalRoot: u32 = 10;
const distanceRoot: u32 = 8;
const codeLengthRoot: u32 = 7;
const longestCode: u32 = 15;
const literalTable: usize = memory.data(1334 * 4, 16);
const distanceTable: usize = memory.data(402 * 4, 16);
/** Code lengths of both alphabets, one after the other, and what their last repeat writes beyond them. */
const lengths: usize = memory.data(320 + 8, 16);
/** u16: how many codes have each length, and the symbols that have one: of both alphabets, and of the one that is built. */
const allCounts: usize = memory.data(32, 16);
const allSymbols: usize = memory.data(320 * 2 + 16, 16);
const counts: usize = memory.data(32, 16);
const symbols: usize = memory.data(288 * 2 + 16, 16);
/** u16: where the next symbol of each length goes; the symbols by length. */
const places: usize = memory.data(32, 16);
const sorted: usize = memory.data(288 * 2, 16);

const literalFlag: u32 = 0x8000;
const special: u32 = 0x4000;
const subtable: u32 = 0x2000;
const endOfBlock: u32 = 0x1000;

/** Bases and extra bits of the lengths (symbols from 257 on), and bases of the distances. */
const lengthBases: usize = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
const lengthExtras: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const distanceBases: usize = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]);
/** The order in which the lengths of the codes for lengths are stored. */
const lengthOrder: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

// Built on first use: entries of the symbols without their codes, ten bits in reverse (u16), and the tables of the fixed codes.
const literalEntries: usize = memory.data(288 * 4, 16);
const distanceEntries: usize = memory.data(32 * 4, 16);
const codeLengthEntries: usize = memory.data(19 * 4, 16);
const reverses: usize = memory.data(1024 * 2, 16);
const fixedLiteralTable: usize = memory.data(512 * 4, 16);
const fixedDistanceTable: usize = memory.data(32 * 4, 16);
let areConstantsBuilt: bool = false;

const good: i32 = 0;
const bad: i32 = -1;
const full: i32 = i32.MIN_VALUE;

// What the functions below share during one call.
let source: usize = 0;
let sourceEnd: usize = 0;
let bits: u64 = 0;
/** Bits in `bits` that count; those above are zero, or what will be put there. */
let bitCount: u32 = 0;
let targetStart: usize = 0;
let target: usize = 0;
let targetEnd: usize = 0;
let literalMask: u32 = 0;
let distanceMask: u32 = 0;
/** Whether the tables are those of the fixed codes. */
let areFixed: bool = false;

/** Fills `bits` up to 56 bits, as far as there are bytes. */
function refill(): void {
  if (source + 8 <= sourceEnd) {
    bits |= load<u64>(source) << bitCount;
    source += (63 - bitCount) >>> 3;
    bitCount |= 56;
    return;
  }
  while (bitCount <= 55 && source < sourceEnd) {
    bits |= (<u64>load<u8>(source++)) << bitCount;
    bitCount += 8;
  }
}

/** The next `count` (16 at most) bits, or a negative number. */
function take(count: u32): i32 {
  if (bitCount < count) {
    refill();
    if (bitCount < count) return bad;
  }
  const value = <i32>(bits & ((1 << count) - 1));
  bits >>= count;
  bitCount -= count;
  return value;
}

/** Lists in `symbols` those of `count` that have a code, and counts their lengths. */
function listCodes(lengths: usize, count: u32): void {
  memory.fill(counts, 0, 32);
  let end = symbols;
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const length: u32 = load<u8>(lengths + symbol);
    const at = counts + 2 * length;
    store<u16>(at, load<u16>(at) + 1);
    store<u16>(end, symbol);
    end += length == 0 ? 0 : 2;
  }
}

/**
 * Builds the table of the code whose `symbols` (in order, those without a code left out) have `lengths`, of each of which there are `counts`.
 * `entries` are those of the symbols without their codes. Returns the mask for the root table's index, or a negative number if the lengths
 * make no code.
 */
function buildTable(
  table: usize,
  limit: u32,
  root: u32,
  entries: usize,
  lengths: usize,
  counts: usize,
  symbols: usize,
): i32 {
  let longest = longestCode;
  while (longest > 0 && load<u16>(counts + 2 * longest) == 0) longest--;
  if (longest == 0) {
    // A block without matches needs no distances.
    store<u32>(table, special);
    return entries == codeLengthEntries ? bad : 0;
  }
  let left: i32 = 1;
  let codes: u32 = 0;
  for (let length: u32 = 1; length <= longest; length++) {
    const count: u32 = load<u16>(counts + 2 * length);
    left = 2 * left - count;
    if (left < 0) return bad;
    store<u16>(places + 2 * length, codes);
    codes += count;
  }
  // A code of one symbol takes one bit, and leaves the other one unused.
  if (left > 0) {
    if (entries == codeLengthEntries || longest != 1) return bad;
    store<u32>(table, special, 4);
  }
  for (let i: u32 = 0; i < codes; i++) {
    const symbol: u32 = load<u16>(symbols + 2 * i);
    const at = places + 2 * <usize>load<u8>(lengths + symbol);
    const place: u32 = load<u16>(at);
    store<u16>(at, place + 1);
    store<u16>(sorted + 2 * place, symbol);
  }

  root = min(root, longest);
  // The code to come, its first bit the highest of 15.
  let code: u32 = 0;
  let next = sorted;
  // The table of the codes of up to each length is that of the shorter ones twice, and one entry for each of its own: what is repeated is
  // copied 16 bytes at once. With the list of symbols, streams of 100 bytes take 0.4 of the time, of 1000 bytes 0.75.
  for (let length: u32 = 1; length <= root; length++) {
    const half: usize = (<usize>4 << length) >>> 1;
    if (code != 0) for (let at: usize = 0; at < half; at += 16) copy16(table + half + at, table + at);
    const step: u32 = 1 << (longestCode - length);
    const own = length * 0x101;
    for (const end = next + 2 * <usize>load<u16>(counts + 2 * length); next < end; next += 2) {
      const entry = load<u32>(entries + 4 * <usize>load<u16>(next)) + own;
      store<u32>(table + 4 * <usize>load<u16>(reverses + 2 * (code >>> 5)), entry);
      code += step;
    }
  }
  const mask: u32 = (1 << root) - 1;
  let used: u32 = mask + 1;
  let current = table;
  let currentBits: u32 = 0;
  let prefix: u32 = u32.MAX_VALUE;
  for (const end = sorted + 2 * codes; next < end; next += 2) {
    const symbol: u32 = load<u16>(next);
    const length: u32 = load<u8>(lengths + symbol);
    const remaining = counts + 2 * length;
    // As it comes out of the stream.
    const reversed =
      <u32>load<u16>(reverses + 2 * (code >>> 5)) | ((<u32>load<u16>(reverses + 2 * ((code & 31) << 5))) << 10);
    if ((reversed & mask) != prefix) {
      prefix = reversed & mask;
      currentBits = length - root;
      let space: i32 = 1 << currentBits;
      while (currentBits + root < longest) {
        space -= load<u16>(counts + 2 * (currentBits + root));
        if (space <= 0) break;
        currentBits++;
        space <<= 1;
      }
      if (used + (1 << currentBits) > limit) return bad;
      current = table + 4 * used;
      store<u32>(table + 4 * prefix, (used << 16) | subtable | (currentBits << 8) | root);
      used += 1 << currentBits;
    }
    const own = length - root;
    const entry = load<u32>(entries + 4 * symbol) + own * 0x101;
    for (let at = reversed >>> root; at < <u32>(1 << currentBits); at += 1 << own) store<u32>(current + 4 * at, entry);
    store<u16>(remaining, load<u16>(remaining) - 1);
    code += 1 << (longestCode - length);
  }
  return mask;
}

function buildConstants(): void {
  if (areConstantsBuilt) return;
  areConstantsBuilt = true;
  for (let symbol: u32 = 0; symbol < 288; symbol++) {
    let entry = special;
    if (symbol < 256) entry = (symbol << 16) | literalFlag;
    else if (symbol == 256) entry |= endOfBlock;
    else if (symbol < 286)
      entry = ((<u32>load<u16>(lengthBases + 2 * (symbol - 257))) << 16) | load<u8>(lengthExtras + (symbol - 257));
    store<u32>(literalEntries + 4 * symbol, entry);
  }
  for (let symbol: u32 = 0; symbol < 32; symbol++) {
    const extra = symbol < 4 ? 0 : (symbol >>> 1) - 1;
    const entry = symbol > 29 ? special : ((<u32>load<u16>(distanceBases + 2 * symbol)) << 16) | extra;
    store<u32>(distanceEntries + 4 * symbol, entry);
  }
  // 16 repeats the length before it; 17 and 18 repeat a length of 0.
  for (let symbol: u32 = 0; symbol < 16; symbol++)
    store<u32>(codeLengthEntries + 4 * symbol, (symbol << 16) | literalFlag);
  store<u32>(codeLengthEntries, (3 << 16) | special | 2, 4 * 16);
  store<u32>(codeLengthEntries, (3 << 16) | 3, 4 * 17);
  store<u32>(codeLengthEntries, (11 << 16) | 7, 4 * 18);
  for (let i: u32 = 1; i < 1024; i++)
    store<u16>(reverses + 2 * i, (load<u16>(reverses + 2 * (i >>> 1)) >>> 1) | ((i & 1) << 9));
  memory.fill(lengths, 8, 288);
  memory.fill(lengths + 144, 9, 112);
  memory.fill(lengths + 256, 7, 24);
  listCodes(lengths, 288);
  buildTable(fixedLiteralTable, literalLimit, literalRoot, literalEntries, lengths, counts, symbols);
  memory.fill(lengths, 5, 32);
  listCodes(lengths, 32);
  buildTable(fixedDistanceTable, distanceLimit, distanceRoot, distanceEntries, lengths, counts, symbols);
}

/** Puts the tables where decoding has them at constant addresses. */
function useFixed(): void {
  if (areFixed) return;
  areFixed = true;
  memory.copy(literalTable, fixedLiteralTable, 512 * 4);
  memory.copy(distanceTable, fixedDistanceTable, 32 * 4);
  literalMask = 511;
  distanceMask = 31;
}

/** Lists symbol `i` as one of code length `length`. Returns the end of the list. */
@inline
function listCode(end: usize, i: u32, length: u32): usize {
  store<u8>(lengths + i, length);
  store<u16>(end, i);
  const counted = allCounts + 2 * length;
  store<u16>(counted, load<u16>(counted) + 1);
  return length == 0 ? end : end + 2;
}

/** Reads `count` code lengths of both alphabets by the table at `distanceTable`, and lists and counts them. */
function readLengths(count: u32, mask: u32): i32 {
  // As in `decodeBlock`.
  let src = source;
  let left: i32 = bitCount;
  if (left > 55) {
    left -= 8;
    src--;
  }
  let word = bits << 2;
  left += 2;
  mask <<= 2;
  let result = bad;
  memory.fill(allCounts, 0, 32);
  let end = allSymbols;
  let previous: u32 = 0;
  let i: u32 = 0;
  for (;;) {
    if (src + 8 <= sourceEnd) {
      word |= load<u64>(src) << left;
      src += (63 - left) >> 3;
      left |= 56;
    } else {
      while (left <= 55 && src < sourceEnd) {
        word |= (<u64>load<u8>(src++)) << left;
        left += 8;
      }
    }
    let entry = entryAt(distanceTable, mask, word);
    while (<u32>entry & literalFlag && src + 8 <= sourceEnd && i + 4 <= count) {
      let room = 4;
      do {
        previous = <u32>entry >>> 16;
        end = listCode(end, i++, previous);
        word >>= entry;
        left -= <u32>entry & 31;
        entry = entryAt(distanceTable, mask, word);
      } while (--room > 0 && <u32>entry & literalFlag);
      word |= load<u64>(src) << left;
      src += (63 - left) >> 3;
      left |= 56;
    }
    if (i == count) {
      result = good;
      break;
    }
    const value = valueOf(<u32>entry, word >> 2);
    word >>= entry;
    left -= <u32>entry & 31;
    if (left < 2) break;
    if (<u32>entry & literalFlag) {
      previous = value;
      end = listCode(end, i++, previous);
      continue;
    }
    if (value > count - i) break;
    if (<u32>entry & special) {
      if (i == 0) break;
      // 6 times at most.
      store<u64>(lengths + i, previous * 0x0101010101010101);
      store<u64>(end, <u64>i * 0x0001000100010001 + 0x0003000200010000);
      store<u32>(end, i * 0x00010001 + 0x00050004, 8);
    } else {
      previous = 0;
      for (let at: u32 = 0; at < value; at += 8) store<u64>(lengths + i + at, 0);
    }
    const counted = allCounts + 2 * previous;
    store<u16>(counted, load<u16>(counted) + value);
    end += previous == 0 ? 0 : 2 * value;
    i += value;
  }
  source = src;
  bits = word >> 2;
  bitCount = max(left - 2, 0);
  return result;
}

/** Reads the lengths of the codes for lengths. */
function readOrder(count: u32): bool {
  memory.fill(lengths, 0, 19);
  for (let i: u32 = 0; i < count; ) {
    // 48 bits at a time.
    const end = min<u32>(count, i + 16);
    refill();
    if (bitCount < 3 * (end - i)) return false;
    let word = bits;
    bitCount -= 3 * (end - i);
    for (; i < end; i++) {
      store<u8>(lengths + load<u8>(lengthOrder + i), <u8>(word & 7));
      word >>= 3;
    }
    bits = word;
  }
  return true;
}

function buildDynamic(): i32 {
  areFixed = false;
  const header = take(14);
  if (header < 0) return bad;
  const literalCount: u32 = (header & 31) + 257;
  const distanceCount: u32 = ((header >>> 5) & 31) + 1;
  if (literalCount > 286 || distanceCount > 30) return bad;
  if (!readOrder((header >>> 10) + 4)) return bad;
  listCodes(lengths, 19);
  const mask = buildTable(distanceTable, distanceLimit, codeLengthRoot, codeLengthEntries, lengths, counts, symbols);
  if (mask < 0 || readLengths(literalCount + distanceCount, mask) == bad) return bad;
  if (load<u8>(lengths + 256) == 0) return bad;
  listCodes(lengths + literalCount, distanceCount);
  // What is left are the literals.
  for (let i: usize = 0; i < 32; i += 8) store<u64>(allCounts + i, load<u64>(allCounts + i) - load<u64>(counts + i));
  const first = buildTable(literalTable, literalLimit, literalRoot, literalEntries, lengths, allCounts, allSymbols);
  const second = buildTable(
    distanceTable,
    distanceLimit,
    distanceRoot,
    distanceEntries,
    lengths + literalCount,
    counts,
    symbols,
  );
  literalMask = first;
  distanceMask = second;
  return first < 0 || second < 0 ? bad : good;
}

function copyStored(): i32 {
  bits = 0;
  source -= bitCount >>> 3;
  bitCount = 0;
  if (sourceEnd - source < 4) return bad;
  const length: usize = load<u16>(source);
  if (length != (load<u16>(source, 2) ^ 0xffff)) return bad;
  source += 4;
  if (length > sourceEnd - source) return bad;
  if (length > targetEnd - target) return full;
  memory.copy(target, source, length);
  source += length;
  target += length;
  return good;
}

/** Copies `length` bytes that begin `distance` bytes before `to`, which may be fewer; up to 15 bytes more are written if `room` allows. */
@inline
function copyMatch(to: usize, distance: usize, length: usize, room: usize): void {
  const end = to + length;
  const from = to - distance;
  if (room >= length + 15) {
    if (ASC_FEATURE_SIMD) {
      if (distance >= 16) {
        for (let at = from; to < end; at += 16, to += 16) v128.store(to, v128.load(at));
        return;
      }
    }
    if (distance >= 8) {
      for (let at = from; to < end; at += 8, to += 8) store<u64>(to, load<u64>(at));
      return;
    }
    if (distance == 4 || distance <= 2) {
      const word: u64 =
        distance == 4
          ? <u64>load<u32>(from) * 0x0000000100000001
          : distance == 2
            ? <u64>load<u16>(from) * 0x0001000100010001
            : <u64>load<u8>(from) * 0x0101010101010101;
      for (; to < end; to += 8) store<u64>(to, word);
      return;
    }
  }
  for (let at = from; to < end; at++, to++) store<u8>(to, load<u8>(at));
}

/** Base of a length or distance and its extra bits, which follow the code in `word`. */
@inline
function valueOf(entry: u32, word: u64): u32 {
  return (entry >>> 16) + ((<u32>word & ((1 << (entry & 31)) - 1)) >>> ((entry >>> 8) & 15));
}

/** The entry for the next bits of `word`, which are two places higher, as the mask is. */
@inline
function entryAt(table: usize, mask: u32, word: u64): u64 {
  return load<u32>(table + (<u32>word & mask));
}

/** The entry in the table that `entry` leads to; `word` begins with the rest of the code. */
@inline
function inSubtable(table: usize, entry: u64, word: u64): u64 {
  const index = <u32>(word >> 2) & ((1 << ((<u32>entry >>> 8) & 15)) - 1);
  return load<u32>(table + 4 * ((<u32>entry >>> 16) + index));
}

function decodeBlock(): i32 {
  // In locals: globals lie in memory. The bits are two places higher, and so is the count, so that masked they are offsets in a table:
  // literals take 0.9 of the time.
  let src = source;
  let count: i32 = bitCount;
  if (count > 55) {
    count -= 8;
    src--;
  }
  let word = bits << 2;
  count += 2;
  let dst = target;
  const dstEnd = targetEnd;
  const literals = literalMask << 2;
  const distances = distanceMask << 2;
  let result = bad;
  for (;;) {
    if (src + 8 <= sourceEnd) {
      word |= load<u64>(src) << count;
      src += (63 - count) >> 3;
      count |= 56;
    } else {
      while (count <= 55 && src < sourceEnd) {
        word |= (<u64>load<u8>(src++)) << count;
        count += 8;
      }
    }
    let entry = entryAt(literalTable, literals, word);
    // Four literals leave enough bits for looking up what follows, so that it does not wait for more: 0.88 of the time.
    while (<u32>entry & literalFlag && src + 8 <= sourceEnd && dst + 4 <= dstEnd) {
      let room = 4;
      do {
        store<u8>(dst++, <u32>entry >>> 16);
        word >>= entry;
        count -= <u32>entry & 31;
        entry = entryAt(literalTable, literals, word);
      } while (--room > 0 && <u32>entry & literalFlag);
      word |= load<u64>(src) << count;
      src += (63 - count) >> 3;
      count |= 56;
    }
    if (<u32>entry & subtable) {
      word >>= entry;
      count -= <u32>entry & 31;
      entry = inSubtable(literalTable, entry, word);
    }
    const length: usize = valueOf(<u32>entry, word >> 2);
    word >>= entry;
    count -= <u32>entry & 31;
    if (<u32>entry & literalFlag) {
      if (count < 2) break;
      if (dst == dstEnd) {
        result = full;
        break;
      }
      store<u8>(dst++, length);
      continue;
    }
    if (<u32>entry & special) {
      if ((<u32>entry & endOfBlock) != 0 && count >= 2) result = good;
      break;
    }
    entry = entryAt(distanceTable, distances, word);
    if (<u32>entry & subtable) {
      word >>= entry;
      count -= <u32>entry & 31;
      entry = inSubtable(distanceTable, entry, word);
    }
    const distance: usize = valueOf(<u32>entry, word >> 2);
    word >>= entry;
    count -= <u32>entry & 31;
    if (count < 2 || (<u32>entry & special) != 0 || distance > dst - targetStart) break;
    const room = dstEnd - dst;
    if (length > room) {
      result = full;
      break;
    }
    copyMatch(dst, distance, length, room);
    dst += length;
  }
  source = src;
  bits = word >> 2;
  bitCount = max(count - 2, 0);
  target = dst;
  return result;
}

/**
 * Decodes the DEFLATE stream that `src` begins with, and writes to the u32 at `end` how many bytes of `src` it takes.
 * Returns the bytes written; -(1 + offset) where the stream is bad or cut short; -2^31 if `dst` is too short for it.
 */
export function inflate(dst: usize, dstLength: usize, src: usize, srcLength: usize, end: usize): i32 {
  source = src;
  sourceEnd = src + srcLength;
  bits = 0;
  bitCount = 0;
  targetStart = dst;
  target = dst;
  targetEnd = dst + dstLength;
  buildConstants();
  let result: i32 = good;
  let isLast = false;
  while (!isLast && result == good) {
    const header = take(3);
    if (header < 0) {
      result = bad;
      break;
    }
    isLast = (header & 1) == 1;
    const type = header >>> 1;
    if (type == 0) {
      result = copyStored();
    } else {
      if (type == 1) useFixed();
      else result = type == 2 ? buildDynamic() : bad;
      if (result == good) result = decodeBlock();
    }
  }
  const taken = source - (bitCount >>> 3) - src;
  if (result == full) return full;
  if (result == bad) return -1 - <i32>taken;
  store<u32>(end, taken);
  return <i32>(target - dst);
}
