/**
 * DEFLATE decompression: what gzip and zlib data hold.
 *
 * https://www.rfc-editor.org/rfc/rfc1951
 *
 * Bits are taken from the low end of a u64 that is filled up by one load for each symbol: at most 48 bits (a length of 15 + 5 and a
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
 * MB/s of smooth int32 at level 5 | 1 KiB | 4 KiB | 64 KiB | 1 MiB |
 * SIMD; scalar is 2 to 7 % less   |   140 |   190 |    265 |   255 |
 * fflate, without checks          |    50 |    70 |     92 |    95 |
 * node:zlib                       |   100 |   170 |    225 |   210 |
 */

/** Most entries that a complete code of 288 symbols needs with a root of 10 bits, and one of 32 symbols with 8: zlib's `enough` counts them. */
const literalLimit: u32 = 1334;
const distanceLimit: u32 = 402;
const literalTable: usize = memory.data(1334 * 4, 16);
const distanceTable: usize = memory.data(402 * 4, 16);
/** Code lengths of both alphabets, one after the other. */
const lengths: usize = memory.data(320, 16);
/** u16: how many codes have each length; where the next symbol of each length goes; the symbols by length. */
const counts: usize = memory.data(32, 16);
const places: usize = memory.data(32, 16);
const sorted: usize = memory.data(320 * 2, 16);

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

/** Alphabets of Huffman codes. */
const codeLengths: u32 = 0;
const literals: u32 = 1;
const distances: u32 = 2;

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

/** The entry of a symbol, without its code. */
function entryOf(alphabet: u32, symbol: u32): u32 {
  if (alphabet == codeLengths) return symbol << 16;
  if (alphabet == literals) {
    if (symbol < 256) return (symbol << 16) | literalFlag;
    if (symbol == 256) return special | endOfBlock;
    if (symbol > 285) return special;
    return ((<u32>load<u16>(lengthBases + 2 * (symbol - 257))) << 16) | load<u8>(lengthExtras + (symbol - 257));
  }
  if (symbol > 29) return special;
  return ((<u32>load<u16>(distanceBases + 2 * symbol)) << 16) | (symbol < 4 ? 0 : (symbol >>> 1) - 1);
}

/**
 * Builds the table of a code from the lengths of its `count` symbols. Returns the mask for the root table's index, or a negative number
 * if the lengths make no code.
 */
function buildTable(table: usize, limit: u32, root: u32, alphabet: u32, lengths: usize, count: u32): i32 {
  memory.fill(counts, 0, 32);
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const at = counts + 2 * <usize>load<u8>(lengths + symbol);
    store<u16>(at, load<u16>(at) + 1);
  }
  let longest: u32 = 15;
  while (longest > 0 && load<u16>(counts + 2 * longest) == 0) longest--;
  if (longest == 0) {
    // A block without matches needs no distances.
    store<u32>(table, special);
    return alphabet == codeLengths ? bad : 0;
  }
  let left: i32 = 1;
  let place: u32 = 0;
  for (let length: u32 = 1; length <= 15; length++) {
    const codes: u32 = load<u16>(counts + 2 * length);
    left = 2 * left - codes;
    if (left < 0) return bad;
    store<u16>(places + 2 * length, place);
    place += codes;
  }
  // A code of one symbol takes one bit, and leaves the other one unused.
  if (left > 0 && (alphabet == codeLengths || longest != 1)) return bad;
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const length: u32 = load<u8>(lengths + symbol);
    if (length == 0) continue;
    const at = places + 2 * length;
    store<u16>(sorted + 2 * <usize>load<u16>(at), symbol);
    store<u16>(at, load<u16>(at) + 1);
  }

  root = min(root, longest);
  const mask: u32 = (1 << root) - 1;
  if (left > 0) store<u32>(table, special, 4);
  let used: u32 = mask + 1;
  let current = table;
  let currentBits = root;
  let dropped: u32 = 0;
  let prefix: u32 = u32.MAX_VALUE;
  // The code with its first bit lowest, as it comes out of the stream.
  let code: u32 = 0;
  for (let i: u32 = 0; i < place; i++) {
    const symbol: u32 = load<u16>(sorted + 2 * i);
    const length: u32 = load<u8>(lengths + symbol);
    const remaining = counts + 2 * length;
    if (length > root && (code & mask) != prefix) {
      prefix = code & mask;
      dropped = root;
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
    const own = length - dropped;
    const entry = entryOf(alphabet, symbol) + ((own << 8) | own);
    for (let at = code >>> dropped; at < <u32>(1 << currentBits); at += 1 << own) store<u32>(current + 4 * at, entry);
    store<u16>(remaining, load<u16>(remaining) - 1);
    // The next code in order, counted from its first bit.
    let bit: u32 = 1 << (length - 1);
    while (code & bit) bit >>>= 1;
    code = bit == 0 ? 0 : (code & (bit - 1)) | bit;
  }
  return mask;
}

function buildFixed(): void {
  if (areFixed) return;
  memory.fill(lengths, 8, 144);
  memory.fill(lengths + 144, 9, 112);
  memory.fill(lengths + 256, 7, 24);
  memory.fill(lengths + 280, 8, 8);
  memory.fill(lengths + 288, 5, 32);
  literalMask = buildTable(literalTable, literalLimit, 10, literals, lengths, 288);
  distanceMask = buildTable(distanceTable, distanceLimit, 8, distances, lengths + 288, 32);
  areFixed = true;
}

function buildDynamic(): i32 {
  areFixed = false;
  const counts = take(14);
  if (counts < 0) return bad;
  const literalCount: u32 = (counts & 31) + 257;
  const count: u32 = literalCount + ((counts >>> 5) & 31) + 1;
  if (literalCount > 286 || count - literalCount > 30) return bad;
  memory.fill(lengths, 0, 19);
  const orderCount: u32 = (counts >>> 10) + 4;
  for (let i: u32 = 0; i < orderCount; i++) {
    const length = take(3);
    if (length < 0) return bad;
    store<u8>(lengths + load<u8>(lengthOrder + i), length);
  }
  const mask = buildTable(distanceTable, distanceLimit, 7, codeLengths, lengths, 19);
  if (mask < 0) return bad;
  let previous: u32 = 0;
  for (let i: u32 = 0; i < count; ) {
    refill();
    const entry = load<u32>(distanceTable + 4 * (<u32>bits & mask));
    const width = entry & 31;
    // The longest code and its repetition take 14 bits.
    if (bitCount < width) return bad;
    bits >>= width;
    bitCount -= width;
    const symbol = entry >>> 16;
    if (symbol < 16) {
      previous = symbol;
      store<u8>(lengths + i++, symbol);
      continue;
    }
    if (symbol == 16 && i == 0) return bad;
    if (symbol != 16) previous = 0;
    const extra = take(symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
    const repeat: u32 = extra + (symbol == 18 ? 11 : 3);
    if (extra < 0 || repeat > count - i) return bad;
    memory.fill(lengths + i, <u8>previous, repeat);
    i += repeat;
  }
  if (load<u8>(lengths + 256) == 0) return bad;
  const first = buildTable(literalTable, literalLimit, 10, literals, lengths, literalCount);
  const second = buildTable(distanceTable, distanceLimit, 8, distances, lengths + literalCount, count - literalCount);
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

/** The entry in the table that `entry` leads to; `word` begins with the rest of the code. */
@inline
function inSubtable(table: usize, entry: u32, word: u64): u32 {
  return load<u32>(table + 4 * ((entry >>> 16) + (<u32>word & ((1 << ((entry >>> 8) & 15)) - 1))));
}

function decodeBlock(): i32 {
  // In locals: globals lie in memory.
  let src = source;
  let word = bits;
  let count: i32 = bitCount;
  let dst = target;
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
    let entry = load<u32>(literalTable + 4 * (<u32>word & literalMask));
    if (entry & subtable) {
      word >>= entry & 31;
      count -= entry & 31;
      entry = inSubtable(literalTable, entry, word);
    }
    const length: usize = valueOf(entry, word);
    word >>= entry & 31;
    count -= entry & 31;
    if (entry & literalFlag) {
      if (count < 0) break;
      if (dst == targetEnd) {
        result = full;
        break;
      }
      store<u8>(dst++, entry >>> 16);
      // Four more have room in the 41 bits that are left: 5 % faster than one refill each.
      for (let more = 4; more > 0 && dst < targetEnd; more--) {
        entry = load<u32>(literalTable + 4 * (<u32>word & literalMask));
        if (!(entry & literalFlag)) break;
        store<u8>(dst++, entry >>> 16);
        word >>= entry & 31;
        count -= entry & 31;
      }
      if (count < 0) break;
      continue;
    }
    if (entry & special) {
      if ((entry & endOfBlock) != 0 && count >= 0) result = good;
      break;
    }
    entry = load<u32>(distanceTable + 4 * (<u32>word & distanceMask));
    if (entry & subtable) {
      word >>= entry & 31;
      count -= entry & 31;
      entry = inSubtable(distanceTable, entry, word);
    }
    const distance: usize = valueOf(entry, word);
    word >>= entry & 31;
    count -= entry & 31;
    if (count < 0 || (entry & special) != 0 || distance > dst - targetStart) break;
    const room = targetEnd - dst;
    if (length > room) {
      result = full;
      break;
    }
    copyMatch(dst, distance, length, room);
    dst += length;
  }
  source = src;
  bits = word;
  bitCount = max(count, 0);
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
      if (type == 1) buildFixed();
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
