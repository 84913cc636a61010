/**
 * The container of Blosc 1: a header, the offsets of the blocks, and of each block one or several streams of an inner compressor.
 *
 *     version | its version | flags | type size | bytes | block size | encoded bytes | block offsets ... | blocks ...
 *     0         1             2       3           4       8            12              16
 *
 *     block: | length of stream 0 | stream 0 | length of stream 1 | ...
 *
 * The bytes or bits of each block are shuffled before it is compressed. It may be split into one stream for each byte of the type; a
 * stream that is as long as what it stands for is stored as it is.
 *
 * All bytes stay in linear memory, with one scratch block. Block sizes, splits and levels are those of c-blosc 1.21.
 *
 * Source: https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst
 */

import { DataError } from "../errors.js";
import { bloscKernels } from "../wasm/blosc_kernels.js";
import type { Memory, Span } from "../wasm/memory.js";
import { zstdKernels } from "../wasm/zstd_kernels.js";
import type { ByteSize } from "./codec.js";
import { deflateZlib, inflateZlibSpan } from "./zlib_stream.js";
import { maximumZstdRatio } from "./zstd_decoder.js";
import { compressZstd } from "./zstd_encoder.js";

const headerSize = 16;
const maximumTypeSize = 255;
const maximumBlockSize = Math.floor((2 ** 31 - 1 - 4 * maximumTypeSize) / 3);
/** Types of more bytes are not split. */
const maximumStreams = 16;
/** The size of a cache, from which block sizes derive: by level, and by compressor. */
const cacheSize = 2 ** 15;
const levelFactors: readonly number[] = [0.25, 0.5, 1, 2, 4, 4, 8, 8, 8, 8];
/** Less content is stored as it is, and no block is split into streams of less. */
const minimumLength = 128;

/** Bytes of a container besides its content, if that is stored as it is. */
export const bloscOverhead: number = headerSize;
/** The most bytes of content. */
export const maximumContent: number = 2 ** 31 - 1 - headerSize;

const flags = { bytes: 0x01, stored: 0x02, bits: 0x04, reserved: 0x08, whole: 0x10 } as const;

/** A compressor of streams in linear memory. */
interface Compressor {
  /** Its number in the flags of the header. */
  readonly format: number;
  /** The most bytes that one byte of a stream can stand for. */
  readonly expansion: number;
  /** Whether blocks are split. */
  readonly splits: boolean;
  /** Whether it is made for ratio more than for speed: then blocks are larger. */
  readonly isSlow: boolean;
  /** The room that a stream for `length` bytes is given. */
  longest(length: number): number;
  /** Decodes a stream to `dst`. Returns the bytes written, or a negative number where the stream goes bad; may throw a {@link DataError}. */
  decode(memory: Memory, dst: number, dstLength: number, src: number, srcLength: number): number;
  /**
   * Writes a stream of at most `dstLength` bytes to `dst`. Returns its length, 0 if it would be longer. `level` is 1 to 9; `isSplit` says
   * that the blocks are split.
   */
  encode(
    memory: Memory,
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    level: number,
    isSplit: boolean,
  ): number;
}

/** Puts what a library gave into linear memory, which may have grown meanwhile; 0 if it has more than `dstLength` bytes. */
function place(memory: Memory, dst: number, dstLength: number, result: Uint8Array): number {
  if (result.byteLength > dstLength) return 0;
  memory.bytes.set(result, dst);
  return result.byteLength;
}

const same = (length: number): number => length;

const blosclz: Compressor = {
  format: 0,
  expansion: 256,
  splits: true,
  isSlow: false,
  longest: same,
  decode: (memory, dst, dstLength, src, srcLength) =>
    memory.kernelsOf(bloscKernels).blosclzDecode(dst, dstLength, src, srcLength),
  encode: (memory, dst, dstLength, src, srcLength, level, isSplit) =>
    memory.kernelsOf(bloscKernels).blosclzEncode(dst, dstLength, src, srcLength, level, isSplit ? 1 : 0),
};

const lz4: Compressor = {
  format: 1,
  expansion: 255,
  splits: true,
  isSlow: false,
  longest: same,
  decode: (memory, dst, dstLength, src, srcLength) =>
    memory.kernelsOf(bloscKernels).lz4Decode(dst, dstLength, src, srcLength),
  encode: (memory, dst, dstLength, src, srcLength, level) =>
    memory.kernelsOf(bloscKernels).lz4Encode(dst, dstLength, src, srcLength, 10 - level),
};

const lz4hc: Compressor = {
  ...lz4,
  isSlow: true,
  encode: (memory, dst, dstLength, src, srcLength, level) =>
    memory.kernelsOf(bloscKernels).lz4EncodeHigh(dst, dstLength, src, srcLength, level),
};

const snappy: Compressor = {
  format: 2,
  expansion: 32,
  splits: true,
  isSlow: false,
  longest: (length) => 32 + length + Math.floor(length / 6),
  decode: (memory, dst, dstLength, src, srcLength) =>
    memory.kernelsOf(bloscKernels).snappyDecode(dst, dstLength, src, srcLength),
  encode: (memory, dst, dstLength, src, srcLength) =>
    memory.kernelsOf(bloscKernels).snappyEncode(dst, dstLength, src, srcLength),
};

const zlib: Compressor = {
  format: 3,
  expansion: 1032,
  splits: true,
  isSlow: true,
  longest: same,
  decode(memory, dst, dstLength, src, srcLength) {
    return memory.scope(() => {
      const stream = { pointer: src, byteLength: srcLength };
      const { pointer, byteLength } = inflateZlibSpan(memory, stream, { kind: "fixed", bytes: dstLength });
      memory.bytes.copyWithin(dst, pointer, pointer + byteLength);
      return byteLength;
    });
  },
  encode(memory, dst, dstLength, src, srcLength, level) {
    return place(memory, dst, dstLength, deflateZlib(memory.bytes.subarray(src, src + srcLength), level));
  },
};

const zstd: Compressor = {
  format: 4,
  expansion: maximumZstdRatio,
  splits: false,
  isSlow: true,
  longest: same,
  decode: (memory, dst, dstLength, src, srcLength) =>
    memory.kernelsOf(zstdKernels).zstdDecode(dst, dstLength, src, srcLength),
  encode(memory, dst, dstLength, src, srcLength, level) {
    const content = memory.bytes.subarray(src, src + srcLength);
    return place(memory, dst, dstLength, compressZstd(content, level < 9 ? 2 * level - 1 : 22, false));
  },
};

export const compressorNames = ["blosclz", "lz4", "snappy", "zlib", "zstd", "lz4hc"] as const;

export type CompressorName = (typeof compressorNames)[number];

const compressors: Readonly<Record<CompressorName, Compressor>> = { blosclz, lz4, snappy, zlib, zstd, lz4hc };

/** By the number of their format. */
const decoders: readonly Compressor[] = [blosclz, lz4, snappy, zlib, zstd];

type Filter = "none" | "bytes" | "bits";

/** How to encode. */
export interface BloscSettings {
  readonly compressor: CompressorName;
  /** 0 (nothing is compressed) to 9. */
  readonly level: number;
  readonly filter: Filter;
  /** Bytes of an item, for filter and splits. */
  readonly typeSize: number;
  /** Bytes of a block; 0 = automatic. */
  readonly blockSize: number;
}

function corrupt(
  reason: string,
  details: { expected?: string | number; found?: string | number; offset?: number },
): DataError {
  return new DataError("CORRUPT_DATA", reason, details);
}

function readWord({ bytes }: Memory, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function writeWord({ bytes }: Memory, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

function canSplit(typeSize: number, blockSize: number): boolean {
  return typeSize <= maximumStreams && blockSize >= typeSize * minimumLength;
}

/** Brings the `length` bytes of one block from `src` to `dst`. */
function shuffle(memory: Memory, { filter, typeSize }: Layout, dst: number, src: number, length: number): void {
  if (filter === "bytes") memory.kernelsOf(bloscKernels).shuffle(dst, length, src, length, typeSize);
  else memory.kernelsOf(bloscKernels).bitshuffle(dst, length, src, length, typeSize);
}

function unshuffle(memory: Memory, { filter, typeSize }: Layout, dst: number, src: number, length: number): void {
  if (filter === "bytes") memory.kernelsOf(bloscKernels).unshuffle(dst, length, src, length, typeSize);
  else memory.kernelsOf(bloscKernels).bitunshuffle(dst, length, src, length, typeSize);
}

/** How the content lies in the container. */
interface Layout {
  readonly compressor: Compressor;
  readonly filter: Filter;
  readonly typeSize: number;
  /** Bytes of content. */
  readonly length: number;
  readonly blockSize: number;
  readonly blockCount: number;
  /** Whether every block but a shorter last one has a stream for each byte of the type. */
  readonly isSplit: boolean;
}

/** The layout that the header declares, and whether the content is stored as it is. */
function readHeader(
  memory: Memory,
  { pointer, byteLength }: Span,
  size: ByteSize,
): [layout: Layout, isStored: boolean] {
  if (byteLength < headerSize)
    throw corrupt("blosc data is cut short", { expected: `at least ${headerSize} bytes`, found: byteLength });
  const { bytes } = memory;
  const version = bytes[pointer]!;
  const compressorVersion = bytes[pointer + 1]!;
  const bits = bytes[pointer + 2]!;
  const typeSize = bytes[pointer + 3]!;
  const length = readWord(memory, pointer + 4);
  const blockSize = readWord(memory, pointer + 8);
  const encodedLength = readWord(memory, pointer + 12);
  if (version !== 1 && version !== 2)
    throw corrupt("blosc data is of an unknown version", { expected: "1 or 2", found: version, offset: 0 });
  const compressor = decoders[bits >>> 5];
  if (compressor === undefined || compressorVersion !== 1)
    throw corrupt("blosc data is of an unknown compressor", {
      found: `${bits >>> 5} version ${compressorVersion}`,
      offset: 1,
    });
  if ((bits & flags.reserved) !== 0 || (bits & (flags.bytes | flags.bits)) === (flags.bytes | flags.bits))
    throw corrupt("blosc header has flags that no version gives a meaning", { found: bits, offset: 2 });
  if (typeSize === 0) throw corrupt("blosc items have no bytes", { offset: 3 });
  if (size.kind === "fixed" && length !== size.bytes)
    throw corrupt("blosc data does not hold the bytes of the chunk", {
      expected: size.bytes,
      found: length,
      offset: 4,
    });
  if (length < 0 || (size.kind === "bounded" && length > size.bytes) || length > byteLength * compressor.expansion)
    throw corrupt("blosc data cannot hold the bytes that it declares", { found: length, offset: 4 });
  if (encodedLength !== byteLength)
    throw corrupt("blosc data has another length than it declares", {
      expected: encodedLength,
      found: byteLength,
      offset: 12,
    });
  const isStored = (bits & flags.stored) !== 0;
  if (isStored && byteLength !== headerSize + length)
    throw corrupt("blosc data that is stored has the wrong length", {
      expected: headerSize + length,
      found: byteLength,
    });
  // Where there is no content, blocks of one byte are declared.
  if (blockSize < 1 || (blockSize > length && length > 0))
    throw corrupt("blosc blocks have an impossible size", {
      expected: `1 to ${length} bytes`,
      found: blockSize,
      offset: 8,
    });
  const blockCount = Math.ceil(length / blockSize);
  if (!isStored && blockCount > (byteLength - headerSize) / 4)
    throw corrupt("blosc data is shorter than the offsets of its blocks", {
      expected: `${blockCount} blocks`,
      offset: headerSize,
    });
  const isSplit = (bits & flags.whole) === 0 && canSplit(typeSize, blockSize);
  if (isSplit && blockSize % typeSize !== 0)
    throw corrupt("blosc blocks cannot be split", {
      expected: `a multiple of ${typeSize}`,
      found: blockSize,
      offset: 8,
    });
  const filter = (bits & flags.bits) !== 0 ? "bits" : (bits & flags.bytes) !== 0 && typeSize > 1 ? "bytes" : "none";
  return [{ compressor, filter, typeSize, length, blockSize, blockCount, isSplit }, isStored];
}

/** Decodes a container of as many bytes as `size` says. Throws a {@link DataError}. */
export function decodeBlosc(memory: Memory, encoded: Span, size: ByteSize): Span {
  const [layout, isStored] = readHeader(memory, encoded, size);
  if (isStored) return memory.slice(encoded, headerSize);
  const decoded = memory.allocate(layout.length);
  memory.scope(() => decodeBlocks(memory, decoded, encoded, layout));
  return decoded;
}

function decodeBlocks(memory: Memory, decoded: Span, encoded: Span, layout: Layout): void {
  const { filter, length, blockSize, blockCount } = layout;
  const table = encoded.pointer + headerSize;
  const blocks = table + 4 * blockCount;
  const scratch = filter === "none" ? 0 : memory.allocate(blockSize).pointer;
  let end = blocks;
  let isInOrder = true;
  for (let block = 0; block < blockCount; block++) {
    const start = encoded.pointer + readWord(memory, table + 4 * block);
    if (start < blocks) {
      throw corrupt("blosc block begins before the end of the offsets", {
        expected: `at least ${blocks - encoded.pointer}`,
        found: start - encoded.pointer,
        offset: headerSize + 4 * block,
      });
    }
    isInOrder &&= start >= end;
    const to = decoded.pointer + block * blockSize;
    const blockLength = Math.min(blockSize, length - block * blockSize);
    end = decodeBlock(memory, filter === "none" ? to : scratch, blockLength, encoded, start, layout);
    if (filter !== "none") unshuffle(memory, layout, to, scratch, blockLength);
  }
  // Threads write blocks in any order.
  if (!isInOrder) checkOverlaps(memory, encoded, layout);
}

/** Streams of a block of `blockLength` bytes. */
function countStreams({ blockSize, isSplit, typeSize }: Layout, blockLength: number): number {
  return isSplit && blockLength === blockSize ? typeSize : 1;
}

/** Decodes the streams of one block to `dst`; `start` is the block's address. Returns the address after it. */
function decodeBlock(
  memory: Memory,
  dst: number,
  blockLength: number,
  { pointer, byteLength }: Span,
  start: number,
  layout: Layout,
): number {
  const end = pointer + byteLength;
  const count = countStreams(layout, blockLength);
  const length = blockLength / count;
  let at = start;
  for (let stream = 0; stream < count; stream++) {
    if (at > end - 4) throw corrupt("blosc stream begins after the end of the data", { offset: at - pointer });
    const encodedLength = readWord(memory, at);
    at += 4;
    if (encodedLength < 0 || encodedLength > end - at) {
      throw corrupt("blosc stream reaches beyond the end of the data", {
        expected: `at most ${end - at} bytes`,
        found: encodedLength,
        offset: at - 4 - pointer,
      });
    }
    const to = dst + stream * length;
    if (encodedLength === length) memory.bytes.copyWithin(to, at, at + length);
    else {
      const written = layout.compressor.decode(memory, to, length, at, encodedLength);
      if (written !== length) {
        throw corrupt("blosc stream is corrupt", {
          expected: `${length} bytes`,
          found: written < 0 ? `a fault at byte ${-1 - written} of the stream` : `${written} bytes`,
          offset: at - pointer,
        });
      }
    }
    at += encodedLength;
  }
  return at;
}

/** Checks that no byte belongs to two blocks, whose streams all lie in the data. */
function checkOverlaps(memory: Memory, { pointer }: Span, layout: Layout): void {
  const { length, blockSize, blockCount } = layout;
  const ranges = Array.from({ length: blockCount }, (_, block) => {
    const start = pointer + readWord(memory, pointer + headerSize + 4 * block);
    let end = start;
    for (let left = countStreams(layout, Math.min(blockSize, length - block * blockSize)); left > 0; left--)
      end += 4 + readWord(memory, end);
    return { start, end };
  });
  ranges.sort((a, b) => a.start - b.start);
  for (let i = 1; i < blockCount; i++) {
    if (ranges[i]!.start < ranges[i - 1]!.end)
      throw corrupt("blosc blocks overlap", { offset: ranges[i]!.start - pointer });
  }
}

/** Bytes of a block of `length` bytes of content. */
function chooseBlockSize(
  { splits, isSlow }: Compressor,
  settings: BloscSettings,
  typeSize: number,
  length: number,
): number {
  const { level, blockSize: wanted } = settings;
  if (length < typeSize) return 1;
  let size = length;
  if (wanted > 0) size = Math.min(Math.max(wanted, minimumLength), maximumBlockSize);
  else if (length >= cacheSize) size = cacheSize * levelFactors[level]! * (isSlow ? (level === 9 ? 4 : 2) : 1);
  if (level > 0 && splits && canSplit(typeSize, size))
    size = Math.min(Math.max(Math.min(size, 2 ** 18) * typeSize, 2 ** 16), 2 ** 20);
  size = Math.min(size, length);
  return size > typeSize ? size - (size % typeSize) : size;
}

/** Encodes `decoded` into at most {@link bloscOverhead} bytes more than it has. */
export function encodeBlosc(memory: Memory, decoded: Span, settings: BloscSettings): Span {
  const { level, filter } = settings;
  const length = decoded.byteLength;
  const compressor = compressors[settings.compressor];
  const typeSize = settings.typeSize > maximumTypeSize ? 1 : settings.typeSize;
  const blockSize = chooseBlockSize(compressor, settings, typeSize, length);
  const isSplit = compressor.splits && canSplit(typeSize, blockSize);
  const layout: Layout = {
    compressor,
    filter: filter === "bytes" && typeSize === 1 ? "none" : filter,
    typeSize,
    length,
    blockSize,
    blockCount: Math.ceil(length / blockSize),
    isSplit,
  };
  const encoded = memory.allocate(headerSize + length);
  const isTried = level > 0 && length >= minimumLength;
  const size = isTried ? memory.scope(() => encodeBlocks(memory, encoded, decoded, layout, level)) : 0;
  const { bytes } = memory;
  const { pointer } = encoded;
  if (size === 0) bytes.copyWithin(pointer + headerSize, decoded.pointer, decoded.pointer + length);
  const encodedLength = size === 0 ? encoded.byteLength : size;
  bytes[pointer] = 2;
  bytes[pointer + 1] = 1;
  bytes[pointer + 2] =
    (filter === "none" ? 0 : flags[filter]) |
    (size === 0 ? flags.stored : 0) |
    (isSplit ? 0 : flags.whole) |
    (compressor.format << 5);
  bytes[pointer + 3] = typeSize;
  writeWord(memory, pointer + 4, length);
  writeWord(memory, pointer + 8, blockSize);
  writeWord(memory, pointer + 12, encodedLength);
  return memory.slice(encoded, 0, encodedLength);
}

/** Returns the length of the container, 0 if it is larger than the content stored as it is. */
function encodeBlocks(memory: Memory, encoded: Span, decoded: Span, layout: Layout, level: number): number {
  const { filter, length, blockSize, blockCount } = layout;
  const table = encoded.pointer + headerSize;
  const scratch = filter === "none" ? 0 : memory.allocate(blockSize).pointer;
  let at = table + 4 * blockCount;
  for (let block = 0; block < blockCount; block++) {
    if (at >= encoded.pointer + encoded.byteLength) return 0;
    writeWord(memory, table + 4 * block, at - encoded.pointer);
    const blockLength = Math.min(blockSize, length - block * blockSize);
    const from = decoded.pointer + block * blockSize;
    if (filter !== "none") shuffle(memory, layout, scratch, from, blockLength);
    at = encodeBlock(memory, encoded, at, filter === "none" ? from : scratch, blockLength, layout, level);
    if (at === 0) return 0;
  }
  return at - encoded.pointer;
}

/** Encodes one block, which lies at `src`, to the address `at`. Returns the address after it, 0 if it does not fit. */
function encodeBlock(
  memory: Memory,
  { pointer, byteLength }: Span,
  at: number,
  src: number,
  blockLength: number,
  layout: Layout,
  level: number,
): number {
  const { compressor } = layout;
  const end = pointer + byteLength;
  const count = countStreams(layout, blockLength);
  const length = blockLength / count;
  for (let stream = 0; stream < count; stream++) {
    const from = src + stream * length;
    const to = at + 4;
    const room = Math.min(compressor.longest(length), end - to);
    if (room <= 0) return 0;
    let size = compressor.encode(memory, to, room, from, length, level, layout.isSplit);
    if (size === 0 || size === length) {
      if (length > end - to) return 0;
      memory.bytes.copyWithin(to, from, from + length);
      size = length;
    }
    writeWord(memory, at, size);
    at = to + size;
  }
  return at;
}
