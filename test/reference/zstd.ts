/** The obvious version of assembly/zstd.ts: one bit at a time, codes compared with each symbol's (RFC 8878, sections 3 and 4). */

import { xxh64 } from "./xxh64.js";

class Bad extends Error {}

function demand(condition: boolean): asserts condition {
  if (!condition) throw new Bad();
}

/** Little-endian bytes from the front. */
class Bytes {
  readonly data: Uint8Array;
  position = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  get left(): number {
    return this.data.length - this.position;
  }

  take(count: number): Uint8Array {
    demand(count <= this.left);
    this.position += count;
    return this.data.subarray(this.position - count, this.position);
  }

  number(count: number): number {
    return this.take(count).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }
}

/** Bits lowest first, from the front; zeros follow the last. */
class ForwardBits {
  readonly #data: Uint8Array;
  position = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.position++)
      value |= (((this.#data[this.position >> 3] ?? 0) >> (this.position & 7)) & 1) << i;
    return value;
  }
}

/** Bits highest first, from behind: below the highest bit that is set. */
class BackwardBits {
  readonly #data: Uint8Array;
  /** Bits that are left; negative once too many have been read. */
  left: number;

  constructor(data: Uint8Array) {
    const last = data.at(-1);
    demand(last !== undefined && last !== 0);
    this.#data = data;
    this.left = data.length * 8 - Math.clz32(last) + 23;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.left--;
      value = value * 2 + (((this.#data[this.left >> 3] ?? 0) >> (this.left & 7)) & 1);
    }
    return value;
  }
}

interface Cell {
  readonly symbol: number;
  readonly bits: number;
  readonly base: number;
}

interface Table {
  readonly log: number;
  readonly cells: readonly Cell[];
}

/** Section 4.1.1: how often each symbol comes, -1 for less than once. */
function readCounts(bytes: Bytes, mostSymbols: number, mostLog: number): { log: number; counts: number[] } {
  const bits = new ForwardBits(bytes.data.subarray(bytes.position));
  const log = bits.read(4) + 5;
  demand(log <= mostLog);
  const counts: number[] = [];
  let remaining = 2 ** log;
  while (remaining > 0) {
    demand(counts.length < mostSymbols);
    const width = 32 - Math.clz32(remaining + 1);
    const short = 2 ** width - 1 - (remaining + 1);
    let value = bits.read(width - 1);
    if (value >= short) {
      value += bits.read(1) * 2 ** (width - 1);
      if (value >= 2 ** (width - 1)) value -= short;
    }
    counts.push(value - 1);
    remaining -= Math.abs(value - 1);
    for (let zeros = value === 1 ? 3 : 0; zeros === 3; ) {
      zeros = bits.read(2);
      for (let i = 0; i < zeros; i++) counts.push(0);
      demand(counts.length <= mostSymbols);
    }
  }
  bytes.take(Math.ceil(bits.position / 8));
  return { log, counts };
}

function tableOf(counts: readonly number[], log: number): Table {
  const size = 2 ** log;
  const symbols: number[] = Array(size);
  let high = size;
  for (const [symbol, count] of counts.entries()) if (count < 0) symbols[--high] = symbol;
  let at = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + (size >> 1) + (size >> 3) + 3) % size;
      while (at >= high);
    }
  }
  const seen = counts.map(Math.abs);
  const cells = symbols.map((symbol) => {
    const next = seen[symbol]!++;
    const bits = log - 31 + Math.clz32(next);
    return { symbol, bits, base: next * 2 ** bits - size };
  });
  return { log, cells };
}

/** Codes by their length and value, as `length:value`. */
type Huffman = ReadonlyMap<string, number>;

/** Section 4.2.1.2. */
function readWeights(bytes: Bytes): number[] {
  const { log, counts } = readCounts(bytes, 256, 6);
  // libzstd has no room for more.
  demand(counts.length <= (log === 6 ? 12 : 92));
  const { cells } = tableOf(counts, log);
  const bits = new BackwardBits(bytes.take(bytes.left));
  let states = [cells[bits.read(log)]!, cells[bits.read(log)]!];
  demand(bits.left >= 0);
  const weights: number[] = [];
  for (;;) {
    demand(weights.length < 254);
    const [now, next] = states;
    weights.push(now!.symbol);
    const state = now!.base + bits.read(now!.bits);
    if (bits.left < 0) return [...weights, next!.symbol];
    states = [next!, cells[state]!];
  }
}

/** Section 4.2.1. */
function readHuffman(bytes: Bytes): Huffman {
  const header = bytes.number(1);
  let weights: number[];
  if (header < 128) weights = readWeights(new Bytes(bytes.take(header)));
  else {
    const packed = bytes.take(Math.ceil((header - 127) / 2));
    weights = [...packed].flatMap((pair) => [pair >> 4, pair & 15]).slice(0, header - 127);
  }
  demand(weights.every((weight) => weight <= 12));
  const total = weights.reduce((sum, weight) => sum + (weight === 0 ? 0 : 2 ** (weight - 1)), 0);
  demand(total > 0);
  const log = 32 - Math.clz32(total);
  const last = Math.log2(2 ** log - total) + 1;
  demand(log <= 12 && Number.isInteger(last));
  weights.push(last);
  const ones = weights.filter((weight) => weight === 1).length;
  demand(ones >= 2 && ones % 2 === 0);
  const codes = new Map<string, number>();
  let place = 0;
  for (let weight = 1; weight <= log; weight++) {
    for (const [symbol, own] of weights.entries()) {
      if (own !== weight) continue;
      codes.set(`${log + 1 - weight}:${place / 2 ** (weight - 1)}`, symbol);
      place += 2 ** (weight - 1);
    }
  }
  return codes;
}

function decodeStream(data: Uint8Array, length: number, codes: Huffman): number[] {
  const bits = new BackwardBits(data);
  const decoded: number[] = [];
  while (decoded.length < length) {
    let code = 0;
    let symbol: number | undefined;
    for (let width = 1; symbol === undefined; width++) {
      code = code * 2 + bits.read(1);
      symbol = codes.get(`${width}:${code}`);
    }
    demand(bits.left >= 0);
    decoded.push(symbol);
  }
  demand(bits.left === 0);
  return decoded;
}

const lengthsOf = (extras: readonly number[], first: number): (readonly [base: number, extra: number])[] => {
  let base = first;
  return extras.map((extra) => {
    base += 2 ** extra;
    return [base - 2 ** extra, extra];
  });
};

const zeros = (count: number): number[] => Array<number>(count).fill(0);
const upTo16 = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const literalLengths = lengthsOf([...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, ...upTo16], 0);
const matchLengths = lengthsOf([...zeros(32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, ...upTo16.slice(1)], 3);

const literalLengthDefaults = tableOf(
  [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
  6,
);
const offsetDefaults = tableOf(
  [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  5,
);
const matchLengthDefaults = tableOf(
  [1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array<number>(37).fill(1), -1, -1, -1, -1, -1, -1, -1],
  6,
);

/** What one block leaves to the next one of its frame. */
interface State {
  readonly decoded: number[];
  readonly blockLimit: number;
  readonly room: number;
  huffman: Huffman | undefined;
  tables: readonly [literalLengths: Table, offsets: Table, matchLengths: Table] | undefined;
  recent: [number, number, number];
}

/** Section 3.1.1.3.1. */
function readLiterals(bytes: Bytes, state: State): readonly number[] {
  demand(bytes.left >= 2);
  const first = bytes.data[bytes.position]!;
  const kind = first & 3;
  const format = (first >> 2) & 3;
  const allowed = Math.min(state.blockLimit, state.room - state.decoded.length);
  if (kind < 2) {
    const width = format === 1 ? 2 : format === 3 ? 3 : 1;
    const length = bytes.number(width) >> (width === 1 ? 3 : 4);
    demand(length <= allowed);
    return kind === 0 ? [...bytes.take(length)] : Array<number>(length).fill(bytes.number(1));
  }
  demand(bytes.left >= 5);
  const width = Math.max(format, 1) + 2;
  const header = BigInt(bytes.number(width)) >> 4n;
  const sizeBits = BigInt([10, 10, 14, 18][format]!);
  const length = Number(header % 2n ** sizeBits);
  demand(length <= allowed);
  const content = new Bytes(bytes.take(Number(header >> sizeBits)));
  if (kind === 2) state.huffman = readHuffman(content);
  const { huffman } = state;
  demand(huffman !== undefined);
  if (format === 0) return decodeStream(content.take(content.left), length, huffman);
  demand(length >= 6);
  const sizes = [content.number(2), content.number(2), content.number(2)];
  const segment = Math.ceil(length / 4);
  return [
    ...sizes.flatMap((size) => decodeStream(content.take(size), segment, huffman)),
    ...decodeStream(content.take(content.left), length - 3 * segment, huffman),
  ];
}

function readTable(
  bytes: Bytes,
  kind: number,
  defaults: Table,
  symbols: number,
  mostLog: number,
  before: Table | undefined,
): Table {
  if (kind === 0) return defaults;
  if (kind === 3) {
    demand(before !== undefined);
    return before;
  }
  if (kind === 1) {
    const symbol = bytes.number(1);
    demand(symbol < symbols);
    return { log: 0, cells: [{ symbol, bits: 0, base: 0 }] };
  }
  const { log, counts } = readCounts(bytes, symbols, mostLog);
  return tableOf(counts, log);
}

/** Section 3.1.1.5: the offset that `value` stands for. */
function offsetOf(value: number, literalLength: number, state: State): number {
  const [first, second, third] = state.recent;
  if (value > 3) {
    state.recent = [value - 3, first, second];
    return value - 3;
  }
  const which = value + (literalLength === 0 ? 1 : 0);
  if (which === 2) state.recent = [second, first, third];
  if (which === 3) state.recent = [third, first, second];
  if (which === 4) state.recent = [first - 1, first, second];
  demand(state.recent[0] > 0);
  return state.recent[0];
}

/** Section 3.1.1.3. */
function decodeBlock(bytes: Bytes, state: State): void {
  const literals = readLiterals(bytes, state);
  const { decoded } = state;
  const limit = Math.min(decoded.length + state.blockLimit, state.room);
  let used = 0;
  const copyLiterals = (length: number): void => {
    demand(length <= literals.length - used && length <= limit - decoded.length);
    for (let i = 0; i < length; i++) decoded.push(literals[used++]!);
  };
  let count = bytes.number(1);
  if (count === 255) count = 0x7f00 + bytes.number(2);
  else if (count > 127) count = (count - 128) * 256 + bytes.number(1);
  if (count > 0) {
    const kinds = bytes.number(1);
    demand((kinds & 3) === 0);
    const { tables } = state;
    const lengths = readTable(bytes, kinds >> 6, literalLengthDefaults, 36, 9, tables?.[0]);
    const offsets = readTable(bytes, (kinds >> 4) & 3, offsetDefaults, 32, 8, tables?.[1]);
    const matches = readTable(bytes, (kinds >> 2) & 3, matchLengthDefaults, 53, 9, tables?.[2]);
    state.tables = [lengths, offsets, matches];
    const bits = new BackwardBits(bytes.take(bytes.left));
    let length = lengths.cells[bits.read(lengths.log)]!;
    let offset = offsets.cells[bits.read(offsets.log)]!;
    let match = matches.cells[bits.read(matches.log)]!;
    for (; count > 0; count--) {
      const value = 2 ** offset.symbol + bits.read(offset.symbol);
      const [matchBase, matchExtra] = matchLengths[match.symbol]!;
      const matchLength = matchBase + bits.read(matchExtra);
      const [literalBase, literalExtra] = literalLengths[length.symbol]!;
      const literalLength = literalBase + bits.read(literalExtra);
      demand(bits.left >= 0);
      const distance = offsetOf(value, literalLength, state);
      copyLiterals(literalLength);
      demand(distance <= decoded.length && matchLength <= limit - decoded.length);
      for (let i = 0; i < matchLength; i++) decoded.push(decoded.at(-distance)!);
      if (count === 1) break;
      length = lengths.cells[length.base + bits.read(length.bits)]!;
      match = matches.cells[match.base + bits.read(match.bits)]!;
      offset = offsets.cells[offset.base + bits.read(offset.bits)]!;
    }
    demand(bits.left === 0);
  }
  demand(bytes.left === 0);
  copyLiterals(literals.length - used);
}

/** Section 3.1. */
function decodeFrame(bytes: Bytes, room: number): readonly number[] {
  const magic = bytes.number(4);
  if (Math.floor(magic / 16) === 0x184d2a5) {
    bytes.take(bytes.number(4));
    return [];
  }
  demand(magic === 0xfd2fb528);
  const descriptor = bytes.number(1);
  demand((descriptor & 8) === 0);
  const isSingle = (descriptor & 32) !== 0;
  let window = 0;
  if (!isSingle) {
    const code = bytes.number(1);
    window = 2 ** (10 + (code >> 3)) * (1 + (code & 7) / 8);
    demand(window <= 2 ** 27);
  }
  demand(bytes.number([0, 1, 2, 4][descriptor & 3]!) === 0);
  const width = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const size = width === 0 ? undefined : bytes.number(width) + (width === 2 ? 256 : 0);
  demand(size === undefined || size <= room);
  const blockLimit = Math.min(isSingle ? size! : window, 2 ** 17);
  const state: State = { decoded: [], blockLimit, room, huffman: undefined, tables: undefined, recent: [1, 4, 8] };
  const { decoded } = state;
  for (let isLast = false; !isLast; ) {
    const header = bytes.number(3);
    isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    const length = header >> 3;
    demand(type !== 3 && length <= blockLimit);
    if (type === 2) decodeBlock(new Bytes(bytes.take(length)), state);
    else {
      const content = type === 0 ? bytes.take(length) : new Uint8Array(length).fill(bytes.number(1));
      demand(length <= room - decoded.length);
      for (const byte of content) decoded.push(byte);
    }
  }
  demand(size === undefined || size === decoded.length);
  if ((descriptor & 4) !== 0) demand(bytes.number(4) === Number(xxh64(Uint8Array.from(decoded)) % 2n ** 32n));
  return decoded;
}

/** All frames of `data`, or `undefined` if one is bad or they have more than `room` bytes. */
export function zstdDecode(data: Uint8Array, room: number): Uint8Array | undefined {
  const bytes = new Bytes(data);
  const parts: (readonly number[])[] = [];
  let total = 0;
  try {
    while (bytes.left > 0) {
      const part = decodeFrame(bytes, room - total);
      parts.push(part);
      total += part.length;
    }
  } catch (error) {
    if (error instanceof Bad) return undefined;
    throw error;
  }
  return Uint8Array.from(parts.flat());
}
