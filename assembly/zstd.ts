/**
 * Zstandard decompression.
 *
 * https://www.rfc-editor.org/rfc/rfc8878
 *
 * Bits are read backwards: a stream is loaded eight bytes at a time, its next bit highest. That reads up to eight bytes before the stream,
 * which are in `src`: a frame header and a block header take nine. Where a stream goes on beyond its beginning, the bits are wrong, which
 * shows when its position is compared with the beginning, as the format demands: it must be read to the last bit.
 *
 *     entry of a Huffman table (u16) | 15 .......... 8 | 7 ........... 0 |
 *                                    | symbol          | bits of code    |
 *
 *     entry of an FSE table (u64) | 63 ......... 32 | 31 ..... 24 | 23 ....... 16 | 15 ...................... 0 |
 *                                 | symbol or base  | extra bits  | bits of state | 8 * lowest state that follows |
 *
 * What libzstd refuses is refused here. What it takes by oversight is refused too: Huffman streams that do not end with their last bit, and
 * blocks larger than the window.
 *
 * MB/s at level 3          | 100 B | 1 KiB | 4 KiB | 64 KiB |
 * sine with noise          |   500 |   290 |   370 |    515 |
 * int32, small steps       |   125 |   230 |   355 |    485 |
 * text                     |   130 |   260 |   450 |    705 |
 * libzstd in WebAssembly   | 0.2 to 0.3 | 0.5 | 0.6 | 0.7 times as fast |
 * SIMD; scalar is 1 to 7 % less. node:zlib takes 25 µs more, and is as fast at 64 KiB.
 *
 * Of 100 noisy bytes with Huffman codes, 0.75 of 1.2 µs are the code (0.35 its weights, 2 ns each), 0.4 the literals. From 100,000 on,
 * four fifths are sequences: 9 ns each for their bits, 2.5 for their copies.
 */
import { copyMatch, searchMemory } from "./lz77";
import { copy16 } from "./strided";
import { xxh64Low } from "./xxh64";

const frameMagic: u32 = 0xfd2fb528;
const skippableMagic: u32 = 0x184d2a50;
/** Most bytes of a block, encoded and decoded. */
const blockLimit: u32 = 131072;
/** What decoders take without being told to take more. */
const windowLimit: u64 = 1 << 27;
const unknownSize: u64 = u64.MAX_VALUE;

const rawBlock: u32 = 0;
const runLengthBlock: u32 = 1;
const compressedBlock: u32 = 2;

/** Kinds of literals, and of tables of sequences. */
const plain: u32 = 0;
const runLength: u32 = 1;
const compressed: u32 = 2;
const repeated: u32 = 3;

const literalBuffer: usize = searchMemory;
/** Bytes that copies of literals may read behind them. */
const padding: usize = 16;

const longestCode: u32 = 12;
/** Codes of more bits are read one for each load; encoders make none. */
const usualCode: u32 = 11;
const huffmanTable: usize = memory.data(4096 * 2, 16);
const weights: usize = memory.data(256, 16);
/** Symbols that have a weight, in order, and where they end. */
const listed: usize = memory.data(256, 16);
let listEnd: usize = 0;
/** Symbols by weight. */
const sorted: usize = memory.data(256, 16);
/** u32 by weight: how many symbols, where the next goes. */
const rankCounts: usize = memory.data(14 * 4, 16);
const rankPlaces: usize = memory.data(14 * 4, 16);

const literalLengthCodes: u32 = 36;
const matchLengthCodes: u32 = 53;
const offsetCodes: u32 = 32;
const literalLengthTable: usize = memory.data(512 * 8, 16);
const matchLengthTable: usize = memory.data(512 * 8, 16);
const offsetTable: usize = memory.data(256 * 8, 16);
const weightTable: usize = memory.data(64 * 8, 16);
/** i16: how often each symbol comes in a table; -1 where that is less than once. */
const counts: usize = memory.data(256 * 2, 16);
/** u16: the state in which each symbol comes next. */
const nextStates: usize = memory.data(256 * 2, 16);
/** Symbols of the states in the order in which they are spread, with what the last eight write beyond them; in the order of the states. */
const symbolsInOrder: usize = memory.data(512 + 8, 16);
const symbolsByState: usize = memory.data(512, 16);

const literalLengthExtras: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);
const matchLengthExtras: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3,
  3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);
const literalLengthDefaults: usize = memory.data<i8>([
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
]);
const matchLengthDefaults: usize = memory.data<i8>([
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
]);
const offsetDefaults: usize = memory.data<i8>([
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
]);

// Built on first use: entries of the symbols without states, and the tables of the defaults.
const literalLengthValues: usize = memory.data(36 * 8, 16);
const matchLengthValues: usize = memory.data(53 * 8, 16);
const offsetValues: usize = memory.data(32 * 8, 16);
const literalLengthDefaultTable: usize = memory.data(64 * 8, 16);
const matchLengthDefaultTable: usize = memory.data(64 * 8, 16);
const offsetDefaultTable: usize = memory.data(32 * 8, 16);
let areDefaultsBuilt: bool = false;

// What the functions below share during one call.
let source: usize = 0;
let sourceEnd: usize = 0;
let target: usize = 0;
let targetEnd: usize = 0;

// During one frame.
let frameStart: usize = 0;
let blockMaximum: u32 = 0;
/** Bits of the longest code; 0 before the first table. */
let huffmanLog: u32 = 0;
/** Tables in use, 0 before the first ones, and their logs. */
let literalLengths: usize = 0;
let matchLengths: usize = 0;
let offsets: usize = 0;
let literalLengthLog: u32 = 0;
let matchLengthLog: u32 = 0;
let offsetLog: u32 = 0;
let offset1: u32 = 0;
let offset2: u32 = 0;
let offset3: u32 = 0;

// During one block.
let literals: usize = 0;
let literalsEnd: usize = 0;
/** Where nothing can be read any more. */
let literalsLimit: usize = 0;
/** Log and number of symbols of the counts that were read last. */
let countsLog: u32 = 0;
let countsLength: u32 = 0;

/** At least 25 bits from bit `position` on, the first lowest. */
function peek(from: usize, position: u32): u32 {
  const at = from + (position >>> 3);
  let word: u32 = 0;
  if (at + 4 <= sourceEnd) word = load<u32>(at);
  else for (let i: u32 = 0; at + i < sourceEnd; i++) word |= (<u32>load<u8>(at + i)) << (8 * i);
  return word >>> (position & 7);
}

/** Reads the description of a table to `counts`. Returns the address behind it, 0 if it is bad. */
function readCounts(from: usize, end: usize, mostSymbols: u32, mostLog: u32): usize {
  const log = (peek(from, 0) & 15) + 5;
  if (log > mostLog) return 0;
  let position: u32 = 4;
  let remaining: u32 = (1 << log) + 1;
  let threshold: u32 = 1 << log;
  let width = log + 1;
  let symbol: u32 = 0;
  while (remaining > 1) {
    if (symbol >= mostSymbols) return 0;
    const word = peek(from, position);
    const short: u32 = 2 * threshold - 1 - remaining;
    let value = word & (threshold - 1);
    if (value < short) position += width - 1;
    else {
      value = word & (2 * threshold - 1);
      if (value >= threshold) value -= short;
      position += width;
    }
    store<i16>(counts + 2 * symbol++, <i16>value - 1);
    remaining -= value == 0 ? 1 : value - 1;
    while (remaining < threshold) {
      threshold >>>= 1;
      width--;
    }
    if (value == 1) {
      let zeros: u32 = 3;
      while (zeros == 3) {
        zeros = peek(from, position) & 3;
        position += 2;
        if (symbol + zeros > mostSymbols) return 0;
        for (let i: u32 = 0; i < zeros; i++) store<i16>(counts + 2 * symbol++, 0);
      }
    }
  }
  countsLog = log;
  countsLength = symbol;
  const after = from + ((position + 7) >>> 3);
  return after <= end ? after : 0;
}

/** Builds the table of `counts`. `values` points to the entries of the symbols without states, or is 0: then they are the symbols. */
function buildTable(table: usize, log: u32, symbols: u32, values: usize): void {
  const size: u32 = 1 << log;
  const mask = size - 1;
  let high = size;
  let spread = symbolsInOrder;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count: i32 = load<i16>(counts + 2 * symbol);
    store<u16>(nextStates + 2 * symbol, max(count, -count));
    if (count < 0) store<u8>(symbolsByState + --high, symbol);
    else {
      // Eight at once, as no branch predictor guesses how many come.
      const eight: u64 = <u64>symbol * 0x0101010101010101;
      store<u64>(spread, eight);
      for (let i = 8; i < count; i += 8) store<u64>(spread + i, eight);
      spread += count;
    }
  }
  const step = (size >>> 1) + (size >>> 3) + 3;
  let state: u32 = 0;
  for (let i: u32 = 0; i < high; i++) {
    store<u8>(symbolsByState + state, load<u8>(symbolsInOrder + i));
    do state = (state + step) & mask;
    while (state >= high);
  }
  for (let i: u32 = 0; i < size; i++) {
    const symbol: u32 = load<u8>(symbolsByState + i);
    const next: u32 = load<u16>(nextStates + 2 * symbol);
    store<u16>(nextStates + 2 * symbol, next + 1);
    const bits = log - (31 - clz(next));
    const value = values == 0 ? (<u64>symbol) << 32 : load<u64>(values + 8 * symbol);
    store<u64>(table + 8 * i, value | (bits << 16) | (((next << bits) - size) << 3));
  }
}

/** Writes the entries of the symbols of lengths, from the first one's `base` on. */
function buildValues(values: usize, extras: usize, symbols: u32, base: u32): void {
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const extra: u32 = load<u8>(extras + symbol);
    store<u64>(values + 8 * symbol, ((<u64>base) << 32) | (extra << 24));
    base += 1 << extra;
  }
}

function buildDefault(table: usize, log: u32, defaults: usize, symbols: u32, values: usize): void {
  for (let symbol: u32 = 0; symbol < symbols; symbol++)
    store<i16>(counts + 2 * symbol, load<i8>(defaults + symbol));
  buildTable(table, log, symbols, values);
}

function buildDefaults(): void {
  if (areDefaultsBuilt) return;
  areDefaultsBuilt = true;
  buildValues(literalLengthValues, literalLengthExtras, literalLengthCodes, 0);
  buildValues(matchLengthValues, matchLengthExtras, matchLengthCodes, 3);
  // What is an offset, not a repeat of one, is stored with 3 added to it.
  for (let code: u32 = 0; code < offsetCodes; code++)
    store<u64>(offsetValues + 8 * code, ((<u64>((1 << code) - (code < 2 ? 0 : 3))) << 32) | (code << 24));
  buildDefault(literalLengthDefaultTable, 6, literalLengthDefaults, 36, literalLengthValues);
  buildDefault(matchLengthDefaultTable, 6, matchLengthDefaults, 53, matchLengthValues);
  buildDefault(offsetDefaultTable, 5, offsetDefaults, 29, offsetValues);
}

/** The next `count` bits of `word`, `used` of which are gone: 63 at most in all. */
@inline
function bitsOf(word: u64, used: u32, count: u32): u32 {
  return <u32>(((word << used) >> 1) >> (63 - count));
}

@inline
function lowBits(bits: u32, count: u32): u32 {
  return bits & ((1 << count) - 1);
}

/** Bits of a stream's last byte that are none of it: zeros and a one at the top. */
@inline
function unusedBits(last: u32): u32 {
  return clz(last) - 23;
}

// Streams of codes and of weights are held in a word whose bits that are used up are shifted out; its lowest bit is replaced by a one when
// it is loaded, so that the zeros below that are as many as the bits used.

@inline
function firstBits(end: usize, last: u32): u64 {
  return (load<u64>(end - 8) | 1) << unusedBits(last);
}

@inline
function usedBytes(bits: u64): usize {
  return <usize>(ctz(bits) >> 3);
}

@inline
function moreBits(at: usize, bits: u64): u64 {
  return (load<u64>(at) | 1) << (ctz(bits) & 7);
}

/** The first `count` bits, 63 at most. */
@inline
function highBits(bits: u64, count: u64): u32 {
  return <u32>((bits >> 1) >> (63 - count));
}

/** Sets the weight of `symbol`, and lists the symbol if it has one. Returns the end of the list. */
@inline
function listWeight(end: usize, symbol: u32, weight: u32): usize {
  store<u8>(weights + symbol, weight);
  store<u8>(end, symbol);
  return weight == 0 ? end : end + 1;
}

/** Decodes the weights that the FSE stream from `from` to before `end` holds. Returns their number, negative if it is bad. */
function readWeights(from: usize, end: usize): i32 {
  const start = readCounts(from, end, 256, 6);
  if (start == 0 || start == end) return -1;
  // What libzstd has room for: a table of 64 states goes with 12 symbols, one of 32 with 92.
  if (countsLength > (countsLog == 6 ? 12 : 92)) return -1;
  const last: u32 = load<u8>(end - 1);
  if (last == 0) return -1;
  const log = countsLog;
  buildTable(weightTable, log, countsLength, 0);
  let left = (<i32>(end - start) << 3) - <i32>unusedBits(last);
  if (left < <i32>(2 * log)) return -1;
  let at = end - 8;
  let bits = firstBits(end, last);
  let even = weightTable + 8 * highBits(bits, log);
  bits <<= log;
  let odd = weightTable + 8 * highBits(bits, log);
  bits <<= log;
  left -= 2 * log;
  let count: u32 = 0;
  let list = listed;
  // The two states take turns until one has no bits left; then the other gives the last weight.
  while (count < 254) {
    at -= usedBytes(bits);
    bits = moreBits(at, bits);
    // Eight weights take 48 bits at most. One load for all: a stream of 100 bytes takes 0.72 of the time.
    for (let pairs = 4; pairs > 0 && count < 254; pairs--) {
      const first = load<u64>(even);
      list = listWeight(list, count++, <u32>(first >> 32));
      const firstWidth = (first >> 16) & 255;
      left -= <u32>firstWidth;
      if (left < 0) {
        listEnd = listWeight(list, count++, <u32>(load<u64>(odd) >> 32));
        return count;
      }
      even = weightTable + (<u32>first & 0xffff) + 8 * highBits(bits, firstWidth);
      bits <<= firstWidth;
      const second = load<u64>(odd);
      list = listWeight(list, count++, <u32>(second >> 32));
      const secondWidth = (second >> 16) & 255;
      left -= <u32>secondWidth;
      if (left < 0) {
        listEnd = listWeight(list, count++, <u32>(load<u64>(even) >> 32));
        return count;
      }
      odd = weightTable + (<u32>second & 0xffff) + 8 * highBits(bits, secondWidth);
      bits <<= secondWidth;
    }
  }
  return -1;
}

/** Fills the table from `to` on with the entries of the symbols from `at` to before `end`, all of one weight. */
function fillEntries(to: usize, at: usize, end: usize, weight: u32, bits: u32): void {
  if (weight == 1) {
    for (; at < end; at++, to += 2) store<u16>(to, (<u32>load<u8>(at) << 8) | bits);
  } else if (weight == 2) {
    for (; at < end; at++, to += 4) store<u32>(to, ((<u32>load<u8>(at) << 8) | bits) * 0x10001);
  } else {
    const length: usize = 1 << weight;
    for (; at < end; at++) {
      const four: u64 = <u64>((<u32>load<u8>(at) << 8) | bits) * 0x0001000100010001;
      for (const next = to + length; to < next; to += 8) store<u64>(to, four);
    }
  }
}

/** Reads the description of a Huffman code and builds its table. Returns the address behind it, 0 if it is bad. */
function readHuffman(from: usize, end: usize): usize {
  if (from == end) return 0;
  const header: u32 = load<u8>(from++);
  let count: u32;
  let after: usize;
  if (header < 128) {
    after = from + header;
    if (after > end) return 0;
    const read = readWeights(from, after);
    if (read < 0) return 0;
    count = read;
  } else {
    count = header - 127;
    after = from + ((count + 1) >>> 1);
    if (after > end) return 0;
    let list = listed;
    for (let i: u32 = 0; i < count; i += 2) {
      const pair: u32 = load<u8>(from + (i >>> 1));
      list = listWeight(list, i, pair >>> 4);
      if (i + 1 < count) list = listWeight(list, i + 1, pair & 15);
    }
    listEnd = list;
  }
  memory.fill(rankCounts, 0, 14 * 4);
  let total: u32 = 0;
  for (let each = listed; each < listEnd; each++) {
    const weight: u32 = load<u8>(weights + load<u8>(each));
    if (weight > longestCode) return 0;
    const at = rankCounts + 4 * weight;
    store<u32>(at, load<u32>(at) + 1);
    total += 1 << (weight - 1);
  }
  if (total == 0) return 0;
  const log: u32 = 32 - clz(total);
  const rest: u32 = (1 << log) - total;
  if (log > longestCode || (rest & (rest - 1)) != 0) return 0;
  const lastWeight: u32 = 32 - clz(rest);
  listEnd = listWeight(listEnd, count, lastWeight);
  const lastCount = rankCounts + 4 * lastWeight;
  store<u32>(lastCount, load<u32>(lastCount) + 1);
  // The longest codes come in pairs.
  const longest = load<u32>(rankCounts, 4);
  if (longest < 2 || (longest & 1) != 0) return 0;
  // Symbols are sorted by weight first, as no branch predictor guesses the weight of the next: 8 to 20 % faster at 1 KB.
  let place: u32 = 0;
  for (let weight: u32 = 1; weight <= log; weight++) {
    store<u32>(rankPlaces + 4 * weight, place);
    place += load<u32>(rankCounts + 4 * weight);
  }
  for (let each = listed; each < listEnd; each++) {
    const symbol = load<u8>(each);
    const at = rankPlaces + 4 * <usize>load<u8>(weights + symbol);
    const to = load<u32>(at);
    store<u32>(at, to + 1);
    store<u8>(sorted + to, symbol);
  }
  let to = huffmanTable;
  for (let weight: u32 = 1; weight <= log; weight++) {
    const symbols = load<u32>(rankCounts + 4 * weight);
    const end = sorted + load<u32>(rankPlaces + 4 * weight);
    fillEntries(to, end - symbols, end, weight, log + 1 - weight);
    to += symbols << weight;
  }
  huffmanLog = log;
  return after;
}

@inline
function entryAt(bits: u64, shift: u64): u64 {
  return load<u16>(huffmanTable + ((<usize>(bits >> shift)) << 1));
}

/**
 * Decodes five codes of up to 11 bits. Returns the bits behind them. Five of each stream in turn are 2 to 17 % faster than one of each:
 * there are no registers for more.
 */
@inline
function fiveSymbols(dst: usize, bits: u64, shift: u64): u64 {
  let entry = entryAt(bits, shift);
  store<u8>(dst, entry >> 8);
  bits <<= entry;
  entry = entryAt(bits, shift);
  store<u8>(dst, entry >> 8, 1);
  bits <<= entry;
  entry = entryAt(bits, shift);
  store<u8>(dst, entry >> 8, 2);
  bits <<= entry;
  entry = entryAt(bits, shift);
  store<u8>(dst, entry >> 8, 3);
  bits <<= entry;
  entry = entryAt(bits, shift);
  store<u8>(dst, entry >> 8, 4);
  return bits << entry;
}

/** Decodes to `dst` until `dstEnd` what is left of a stream, which begins at `start`. Returns whether that is all of it. */
function finishStream(dst: usize, dstEnd: usize, start: usize, at: usize, bits: u64): bool {
  const shift: u64 = 64 - huffmanLog;
  if (huffmanLog <= usualCode) {
    for (;;) {
      at -= usedBytes(bits);
      if (at + 8 < start) return false;
      bits = moreBits(at, bits);
      if (dst + 5 > dstEnd) break;
      bits = fiveSymbols(dst, bits, shift);
      dst += 5;
    }
    for (; dst < dstEnd; dst++) {
      const entry = entryAt(bits, shift);
      store<u8>(dst, entry >> 8);
      bits <<= entry;
    }
  }
  for (; dst < dstEnd; dst++) {
    at -= usedBytes(bits);
    if (at + 8 < start) return false;
    bits = moreBits(at, bits);
    const entry = entryAt(bits, shift);
    store<u8>(dst, entry >> 8);
    bits <<= entry;
  }
  return (at + 8 - start) << 3 == <usize>ctz(bits);
}

/** Decodes one stream, exactly `length` bytes. */
function decodeStream(dst: usize, length: usize, start: usize, end: usize): bool {
  if (start >= end) return false;
  const last: u32 = load<u8>(end - 1);
  if (last == 0) return false;
  return finishStream(dst, dst + length, start, end - 8, firstBits(end, last));
}

/** Decodes four streams, exactly `length` bytes. */
function decodeFourStreams(dst: usize, length: usize, from: usize, end: usize): bool {
  if (end - from < 10 || length < 6) return false;
  const start1 = from + 6;
  const start2 = start1 + load<u16>(from);
  const start3 = start2 + load<u16>(from, 2);
  const start4 = start3 + load<u16>(from, 4);
  if (start1 == start2 || start2 == start3 || start3 == start4 || start4 >= end) return false;
  const last1: u32 = load<u8>(start2 - 1);
  const last2: u32 = load<u8>(start3 - 1);
  const last3: u32 = load<u8>(start4 - 1);
  const last4: u32 = load<u8>(end - 1);
  if (last1 == 0 || last2 == 0 || last3 == 0 || last4 == 0) return false;
  let at1 = start2 - 8;
  let at2 = start3 - 8;
  let at3 = start4 - 8;
  let at4 = end - 8;
  let bits1 = firstBits(start2, last1);
  let bits2 = firstBits(start3, last2);
  let bits3 = firstBits(start4, last3);
  let bits4 = firstBits(end, last4);
  const segment = (length + 3) >> 2;
  let done: usize = 0;
  const second = segment;
  const third = segment << 1;
  const fourth = second + third;
  if (huffmanLog <= usualCode) {
    const shift: u64 = 64 - huffmanLog;
    const lowest = start1 - 8;
    for (;;) {
      // A round takes at most seven bytes of a stream.
      const room = min(min(at1, at2), min(at3, at4)) - lowest;
      let rounds = min((length - fourth - done) / 5, <i32>room < 0 ? 0 : room / 7);
      if (rounds == 0) break;
      do {
        at1 -= usedBytes(bits1);
        bits1 = fiveSymbols(dst + done, moreBits(at1, bits1), shift);
        at2 -= usedBytes(bits2);
        bits2 = fiveSymbols(dst + done + second, moreBits(at2, bits2), shift);
        at3 -= usedBytes(bits3);
        bits3 = fiveSymbols(dst + done + third, moreBits(at3, bits3), shift);
        at4 -= usedBytes(bits4);
        bits4 = fiveSymbols(dst + done + fourth, moreBits(at4, bits4), shift);
        done += 5;
      } while (--rounds > 0);
    }
  }
  const to = dst + done;
  return (
    finishStream(to, dst + second, start1, at1, bits1) &&
    finishStream(to + second, dst + third, start2, at2, bits2) &&
    finishStream(to + third, dst + fourth, start3, at3, bits3) &&
    finishStream(to + fourth, dst + length, start4, at4, bits4)
  );
}

/** Decodes the literals of the block from `from` to before `end`. Returns the address behind them, 0 if they are bad. */
function readLiterals(from: usize, end: usize): usize {
  const room = end - from;
  if (room < 2) return 0;
  const first: u32 = load<u8>(from);
  const kind = first & 3;
  const format = (first >>> 2) & 3;
  if (kind == plain || kind == runLength) {
    const headerLength: usize = format == 1 ? 2 : format == 3 ? 3 : 1;
    if (room < headerLength + kind) return 0;
    const header = peek(from, 0) & (0xffffff >>> (24 - 8 * <u32>headerLength));
    const length: usize = header >>> (format & 1 ? 4 : 3);
    if (length > <usize>blockMaximum || length > targetEnd - target) return 0;
    const at = from + headerLength;
    if (kind == runLength) {
      memory.fill(literalBuffer, load<u8>(at), length);
      literals = literalBuffer;
      literalsLimit = literalBuffer + blockLimit + padding;
      literalsEnd = literals + length;
      return at + 1;
    }
    if (length > end - at) return 0;
    literals = at;
    literalsLimit = sourceEnd;
    literalsEnd = at + length;
    return literalsEnd;
  }
  if (room < 5 || (kind == repeated && huffmanLog == 0)) return 0;
  const headerLength: usize = format < 2 ? 3 : format + 2;
  const sizeBits: u32 = format < 2 ? 10 : format == 2 ? 14 : 18;
  const sizes = (<u64>load<u32>(from) | ((<u64>load<u8>(from, 4)) << 32)) >> 4;
  const sizeMask: u32 = (1 << sizeBits) - 1;
  const length: usize = <u32>sizes & sizeMask;
  const encodedLength: usize = <u32>(sizes >> sizeBits) & sizeMask;
  if (length > <usize>blockMaximum || length > targetEnd - target || encodedLength > room - headerLength) return 0;
  let at = from + headerLength;
  const after = at + encodedLength;
  if (kind == compressed) {
    at = readHuffman(at, after);
    if (at == 0) return 0;
  }
  // Without sequences, the literals are the block.
  const areAll = end - after == 1 && load<u8>(after) == 0;
  literals = areAll ? target : literalBuffer;
  literalsEnd = literals + length;
  literalsLimit = literalBuffer + blockLimit + padding;
  const isGood =
    format == 0 ? decodeStream(literals, length, at, after) : decodeFourStreams(literals, length, at, after);
  return isGood ? after : 0;
}

/** Reads the table of one alphabet to `table`, as its kind says. Returns the address behind it, 0 if it is bad. */
@inline
function readTable(
  from: usize,
  end: usize,
  kind: u32,
  table: usize,
  symbols: u32,
  mostLog: u32,
  values: usize,
): usize {
  if (kind == runLength) {
    if (from == end) return 0;
    const symbol: u32 = load<u8>(from);
    if (symbol >= symbols) return 0;
    store<u64>(table, load<u64>(values + 8 * symbol));
    countsLog = 0;
    return from + 1;
  }
  const after = readCounts(from, end, symbols, mostLog);
  if (after != 0) buildTable(table, countsLog, countsLength, values);
  return after;
}

/** Reads the tables of the sequences; `kinds` says of what kind they are. Returns the address behind them, 0 if they are bad. */
function readTables(from: usize, end: usize, kinds: u32): usize {
  buildDefaults();
  if ((kinds & 3) != 0) return 0;
  const hasTables = offsets != 0;
  let kind = kinds >>> 6;
  if (kind == plain) {
    literalLengths = literalLengthDefaultTable;
    literalLengthLog = 6;
  } else if (kind == repeated) {
    if (!hasTables) return 0;
  } else {
    from = readTable(from, end, kind, literalLengthTable, literalLengthCodes, 9, literalLengthValues);
    if (from == 0) return 0;
    literalLengths = literalLengthTable;
    literalLengthLog = countsLog;
  }
  kind = (kinds >>> 4) & 3;
  if (kind == plain) {
    offsets = offsetDefaultTable;
    offsetLog = 5;
  } else if (kind == repeated) {
    if (!hasTables) return 0;
  } else {
    from = readTable(from, end, kind, offsetTable, offsetCodes, 8, offsetValues);
    if (from == 0) return 0;
    offsets = offsetTable;
    offsetLog = countsLog;
  }
  kind = (kinds >>> 2) & 3;
  if (kind == plain) {
    matchLengths = matchLengthDefaultTable;
    matchLengthLog = 6;
  } else if (kind == repeated) {
    if (!hasTables) return 0;
  } else {
    from = readTable(from, end, kind, matchLengthTable, matchLengthCodes, 9, matchLengthValues);
    if (from == 0) return 0;
    matchLengths = matchLengthTable;
    matchLengthLog = countsLog;
  }
  return from;
}

@inline
function copyLiterals(dst: usize, from: usize, length: usize, dstEnd: usize): void {
  if (from + length + padding <= literalsLimit && dst + length + padding <= dstEnd) {
    copy16(dst, from);
    for (let i: usize = 16; i < length; i += 16) copy16(dst + i, from + i);
  } else {
    for (let i: usize = 0; i < length; i++) store<u8>(dst + i, load<u8>(from + i));
  }
}

/** Decodes `count` sequences (1 or more) from the stream from `start` to before `end`. */
function decodeSequences(count: u32, start: usize, end: usize): bool {
  if (start >= end) return false;
  const last: u32 = load<u8>(end - 1);
  if (last == 0) return false;
  let at = end - 8;
  let word = load<u64>(at);
  let used = unusedBits(last);
  let literalState = literalLengths + 8 * bitsOf(word, used, literalLengthLog);
  used += literalLengthLog;
  let offsetState = offsets + 8 * bitsOf(word, used, offsetLog);
  used += offsetLog;
  let matchState = matchLengths + 8 * bitsOf(word, used, matchLengthLog);
  used += matchLengthLog;
  // In locals: globals lie in memory.
  const literalTable = literalLengths;
  const matchTable = matchLengths;
  const offsetTable = offsets;
  let dst = target;
  const dstEnd = targetEnd;
  const blockEnd = target + min<usize>(blockMaximum, targetEnd - target);
  const begin = frameStart;
  let from = literals;
  const fromEnd = literalsEnd;
  let recent1 = offset1;
  let recent2 = offset2;
  let recent3 = offset3;
  const lowest = start - 8;
  for (;;) {
    at -= used >>> 3;
    if (at < lowest) return false;
    used &= 7;
    word = load<u64>(at);
    const literalEntry = load<u64>(literalState);
    const offsetEntry = load<u64>(offsetState);
    const matchEntry = load<u64>(matchState);
    const literalBits = <u32>literalEntry >>> 24;
    const offsetBits = <u32>offsetEntry >>> 24;
    const matchBits = <u32>matchEntry >>> 24;
    let length = <u32>(literalEntry >> 32);
    let distance: u32;
    if (offsetBits > 1) {
      distance = <u32>(offsetEntry >> 32) + bitsOf(word, used, offsetBits);
      used += offsetBits;
      recent3 = recent2;
      recent2 = recent1;
      recent1 = distance;
    } else {
      // 1 to 3 for a recent offset; without literals, the first one comes no more, and what is 1 less than it comes last.
      let which = offsetBits + (length == 0 ? 1 : 0);
      if (offsetBits != 0) which += bitsOf(word, used, 1);
      used += offsetBits;
      if (which == 0) distance = recent1;
      else {
        if (which == 1) distance = recent2;
        else {
          distance = which == 2 ? recent3 : recent1 - 1;
          if (distance == 0) return false;
          recent3 = recent2;
        }
        recent2 = recent1;
        recent1 = distance;
      }
    }
    // Most lengths have no extra bits: 3 to 11 % faster than reading none.
    let matchLength = <u32>(matchEntry >> 32);
    if (matchBits != 0) {
      matchLength += bitsOf(word, used, matchBits);
      used += matchBits;
    }
    // Beyond this, the bits of the literal length and of the states (26 at most) may be more than are left.
    if (offsetBits + matchBits + literalBits > 30) {
      at -= used >>> 3;
      if (at < lowest) return false;
      used &= 7;
      word = load<u64>(at);
    }
    if (literalBits != 0) {
      length += bitsOf(word, used, literalBits);
      used += literalBits;
    }

    if (length > <u32>(fromEnd - from) || length + matchLength > <u32>(blockEnd - dst)) return false;
    copyLiterals(dst, from, length, dstEnd);
    from += length;
    dst += length;
    if (distance > <u32>(dst - begin)) return false;
    copyMatch(dst, dstEnd, distance, matchLength);
    dst += matchLength;
    if (--count == 0) break;

    // The bits of all three states at once: 4 % faster than one after another.
    const literalStateBits = (<u32>literalEntry >>> 16) & 255;
    const matchStateBits = (<u32>matchEntry >>> 16) & 255;
    const offsetStateBits = (<u32>offsetEntry >>> 16) & 255;
    const lastTwo = matchStateBits + offsetStateBits;
    const bits = bitsOf(word, used, literalStateBits + lastTwo);
    used += literalStateBits + lastTwo;
    literalState = literalTable + (<u32>literalEntry & 0xffff) + ((bits >>> lastTwo) << 3);
    matchState = matchTable + (<u32>matchEntry & 0xffff) + (lowBits(bits >>> offsetStateBits, matchStateBits) << 3);
    offsetState = offsetTable + (<u32>offsetEntry & 0xffff) + (lowBits(bits, offsetStateBits) << 3);
  }
  if ((at + 8 - start) << 3 != <usize>used) return false;
  offset1 = recent1;
  offset2 = recent2;
  offset3 = recent3;
  target = dst;
  literals = from;
  return <usize>(fromEnd - from) <= blockEnd - dst;
}

/** Decodes the compressed block from `from` to before `end`. */
function decodeBlock(from: usize, end: usize): bool {
  let at = readLiterals(from, end);
  if (at == 0 || at == end) return false;
  let count: u32 = load<u8>(at++);
  if (count > 127) {
    const isLong = count == 255;
    if (<u32>(end - at) < (isLong ? 2 : 1)) return false;
    if (isLong) {
      count = 0x7f00 + load<u16>(at);
      at += 2;
    } else count = ((count - 128) << 8) + load<u8>(at++);
  }
  if (count == 0) {
    if (at != end) return false;
  } else {
    if (at == end) return false;
    at = readTables(at + 1, end, load<u8>(at));
    if (at == 0 || !decodeSequences(count, at, end)) return false;
  }
  const left = literalsEnd - literals;
  if (literals != target) memory.copy(target, literals, left);
  target += left;
  return true;
}

/** Decodes the frame that begins at `source`, or skips it. */
function decodeFrame(): bool {
  const room = sourceEnd - source;
  if (room < 8) return false;
  const magic = load<u32>(source);
  if ((magic & 0xfffffff0) == skippableMagic) {
    const length: usize = load<u32>(source, 4);
    if (length > room - 8) return false;
    source += 8 + length;
    return true;
  }
  if (magic != frameMagic) return false;
  const descriptor: u32 = load<u8>(source, 4);
  if ((descriptor & 8) != 0) return false;
  const isSingle = (descriptor >>> 5) & 1;
  const dictionaryLength: u32 = (1 << (descriptor & 3)) >>> 1;
  const sizeLength: u32 = descriptor >>> 6 == 0 ? isSingle : 1 << (descriptor >>> 6);
  const headerLength: usize = 6 - isSingle + dictionaryLength + sizeLength;
  if (headerLength + 3 > room) return false;
  let at = source + 5;
  let window: u64 = 0;
  if (isSingle == 0) {
    const code: u64 = load<u8>(at++);
    window = <u64>1024 << (code >> 3);
    window += (window >> 3) * (code & 7);
    if (window > windowLimit) return false;
  }
  if (dictionaryLength > 0 && <u64>load<u32>(at) << (64 - 8 * dictionaryLength) != 0) return false;
  at += dictionaryLength;
  let size = unknownSize;
  if (sizeLength == 1) size = load<u8>(at);
  else if (sizeLength == 2) size = <u64>load<u16>(at) + 256;
  else if (sizeLength == 4) size = load<u32>(at);
  else if (sizeLength == 8) size = load<u64>(at);
  if (sizeLength > 0 && size > <u64>(targetEnd - target)) return false;
  source = at + sizeLength;
  blockMaximum = <u32>min<u64>(isSingle ? size : window, blockLimit);
  frameStart = target;
  huffmanLog = 0;
  literalLengths = 0;
  matchLengths = 0;
  offsets = 0;
  offset1 = 1;
  offset2 = 4;
  offset3 = 8;
  let isLast = false;
  while (!isLast) {
    if (sourceEnd - source < 3) return false;
    const header: u32 = <u32>load<u16>(source) | ((<u32>load<u8>(source, 2)) << 16);
    isLast = (header & 1) == 1;
    const type = (header >>> 1) & 3;
    const length: usize = header >>> 3;
    at = source + 3;
    if (length > <usize>blockMaximum) return false;
    if (type == runLengthBlock) {
      if (at == sourceEnd || length > targetEnd - target) return false;
      memory.fill(target, load<u8>(at), length);
      target += length;
      at++;
    } else {
      if (length > sourceEnd - at) return false;
      if (type == rawBlock) {
        if (length > targetEnd - target) return false;
        memory.copy(target, at, length);
        target += length;
      } else if (type != compressedBlock || !decodeBlock(at, at + length)) return false;
      at += length;
    }
    source = at;
  }
  if (sizeLength > 0 && <u64>(target - frameStart) != size) return false;
  if ((descriptor & 4) != 0) {
    if (sourceEnd - source < 4 || load<u32>(source) != xxh64Low(frameStart, target - frameStart)) return false;
    source += 4;
  }
  return true;
}

/**
 * Decodes all frames of `src`, one after another; skippable ones give nothing. Returns the bytes written, or -(1 + offset of the frame
 * header or block that goes wrong, or needs more than `dst` has), with a part of `dst` written.
 */
export function zstdDecode(dst: usize, dstLength: usize, src: usize, srcLength: usize): i32 {
  if (<i32>dstLength < 0 || <i32>srcLength < 0) return -1;
  source = src;
  sourceEnd = src + srcLength;
  target = dst;
  targetEnd = dst + dstLength;
  while (source < sourceEnd) {
    if (!decodeFrame()) return -1 - <i32>min(source - src, srcLength - 1);
  }
  return <i32>(target - dst);
}
