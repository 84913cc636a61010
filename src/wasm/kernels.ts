/**
 * The kernels compiled from assembly/: their types and their instantiation.
 *
 * https://webassembly.github.io/spec/js-api/
 *
 * Pointers and lengths are byte counts in linear memory. One call takes at most 2^31 - 1 bytes. A negative result is -(1 + byte offset at
 * which the input went bad), unless stated otherwise.
 */
import { RuntimeError } from "../errors.js";
import { scalarKernels, simdKernels } from "./binary.js";

/** The exports of one instance. A plain object, so that a test can put a spy in a kernel's place. */
export interface Kernels {
  readonly memory: WebAssembly.Memory;
  /** Address of the first byte that no kernel uses. */
  readonly heapBase: number;

  /** Reverses the bytes of each element of 2 bytes; `dst` may be `src`. Returns the bytes written. */
  byteswap2(dst: number, dstLength: number, src: number, srcLength: number): number;
  /** As {@link byteswap2}, for elements of 4 bytes. */
  byteswap4(dst: number, dstLength: number, src: number, srcLength: number): number;
  /** As {@link byteswap2}, for elements of 8 bytes. */
  byteswap8(dst: number, dstLength: number, src: number, srcLength: number): number;
  /** As {@link byteswap2}, for elements of 16 bytes. */
  byteswap16(dst: number, dstLength: number, src: number, srcLength: number): number;

  /**
   * Byte-shuffles items of `itemSize` bytes: byte 0 of every item, byte 1 of every item, ...; bytes at the end that fill no item are copied.
   * `dst` may not overlap `src`. Returns the bytes written.
   */
  shuffle(dst: number, dstLength: number, src: number, srcLength: number, itemSize: number): number;
  /** The way back from {@link shuffle}. */
  unshuffle(dst: number, dstLength: number, src: number, srcLength: number, itemSize: number): number;
  /**
   * Bit-shuffles items of `itemSize` bytes (at most 256) as c-blosc 1 does: bit 0 of byte 0 of every item, eight items a byte and the first
   * in the lowest bit, then bit 1, ... Where the number of items is no multiple of 8 every byte is copied, as are those at the end that
   * fill no item. `dst` may not overlap `src`. Returns the bytes written.
   */
  bitshuffle(dst: number, dstLength: number, src: number, srcLength: number, itemSize: number): number;
  /** The way back from {@link bitshuffle}. */
  bitunshuffle(dst: number, dstLength: number, src: number, srcLength: number, itemSize: number): number;

  /** CRC-32C of `src` after `seed`, the CRC-32C of what came before (0 at the start). A signed number: take `>>> 0`. */
  crc32c(src: number, srcLength: number, seed: number): number;
  /** CRC-32 (gzip) of `src` after `seed`, the CRC-32 of what came before (0 at the start). A signed number: take `>>> 0`. */
  crc32(src: number, srcLength: number, seed: number): number;
  /** Adler-32 of `src` after `seed`, the Adler-32 of what came before (1 at the start). A signed number: take `>>> 0`. */
  adler32(src: number, srcLength: number, seed: number): number;
  /** HDF5's Fletcher-32 of `src`. A signed number: take `>>> 0`. */
  fletcher32(src: number, srcLength: number): number;
  /** Bob Jenkins' lookup3 of `src`, with `initial` (u32) in its state at first. A signed number: take `>>> 0`. */
  jenkinsLookup3(src: number, srcLength: number, initial: number): number;
  /**
   * Decodes the DEFLATE stream that `src` begins with, and writes to the u32 at `end` how many bytes of `src` it takes. Returns the bytes
   * written, or -2^31 if `dst` is too short for them.
   */
  inflate(dst: number, dstLength: number, src: number, srcLength: number, end: number): number;
  /** Low 32 bits of the XXH64 of `src` with seed 0. A signed number: take `>>> 0`. */
  xxh64Low(src: number, srcLength: number): number;
  /**
   * Decodes all Zstandard frames that `src` consists of, checksums verified; `dst` may be longer than what they give, and holds anything
   * beyond it. Returns the bytes written, or -(1 + offset of the frame header or block that goes wrong, needs a dictionary or a window above
   * 128 MiB, or gives more than `dst` has room for), with a part of `dst` written.
   */
  zstdDecode(dst: number, dstLength: number, src: number, srcLength: number): number;

  /**
   * Checks a shard index of little-endian u64 pairs (offset, length) and writes it to `dst` as f64 pairs, (-1, 0) where an inner chunk is
   * missing. `valueLength` is the shard's length in bytes or Infinity; an `indexLength` of 0 means that the index lies elsewhere.
   * Returns the number of inner chunks present. `dst` may be `src`.
   */
  decodeShardIndex(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    valueLength: number,
    indexOffset: number,
    indexLength: number,
  ): number;
  /**
   * Writes the index of a shard packed from byte `base` on: `lengths` points to `count` f64 (bytes of each inner chunk, negative =
   * missing), `order` to `count` u32 (which inner chunk lies in each slot). Returns the end of the last inner chunk, or a negative number.
   */
  encodeShardIndex(dst: number, dstLength: number, lengths: number, order: number, count: number, base: number): number;
  /**
   * First byte of the `count` slots whose entries (as in a stored index) are at `src`, if each has `length` bytes and they lie one after
   * another; else -1.
   */
  packedStart(src: number, count: number, length: number): number;

  /**
   * Places the inner chunks of a dense shard `src` into `dst`, those with elements in the array whose first grid coordinate lies in
   * `firstRow` to before `firstRow + rowCount` (ignored at rank 0). The first byte of `dst` belongs to element
   * (firstRow * inner, 0, ..., 0) of the outer array. `index` has little-endian u64 pairs (offset, length) in C order; `layout` is what
   * `writeShardLayout` wrote. The stored index takes `regionLength` bytes of the shard from `regionOffset` on, 0 if it lies elsewhere.
   *
   * Each entry must have the slot's length, lie inside of the shard and outside of the stored index, and its checksum must match; slots
   * may overlap, in any order. `src` is not changed.
   *
   * With an `indexLength` of 0 the slots are packed: those of all inner chunks of the rows one after another in C order, from the first byte
   * of `src` on.
   *
   * Returns the number of inner chunks placed; -(1 + number of the first inner chunk that is missing or bad), with a part of `dst`
   * written; -2^31, with nothing written, if a span is too small, the layout describes no shard or there are no such rows.
   */
  decodeShard(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    index: number,
    indexLength: number,
    regionOffset: number,
    regionLength: number,
    layout: number,
    firstRow: number,
    rowCount: number,
  ): number;
  /**
   * The mirror of {@link decodeShard}: collects every inner chunk of the outer array `src`, whose first byte belongs to the shard's first
   * element, into slots one after another from byte `base` of `dst` on, and writes their pairs to `index`. `order` points to the numbers
   * of all inner chunks (u32, each once), `fill` to the bytes of an element, which cells past the extent take. Inner chunks without
   * elements in the array are missing; with a `skipEmpty` of 1 also those whose elements in the array all equal `fill`, bit by bit.
   *
   * `dst` needs room for all inner chunks with elements in the array, empty or not.
   *
   * Returns the end of the last slot, in bytes from `dst`; -1 if a span is too small, the layout describes no shard or `order` does not
   * name each inner chunk once.
   */
  encodeShard(
    dst: number,
    dstLength: number,
    base: number,
    src: number,
    srcLength: number,
    index: number,
    indexLength: number,
    order: number,
    fill: number,
    skipEmpty: number,
    layout: number,
  ): number;
  /**
   * Writes the elements of a region into `chunkCount` slots that lie one after another in `dst`. Slot i belongs to the inner chunk with
   * number `chunks[i]` (u32). `region` points to one triple of i32 per axis (start, step, count; in elements of the shard), and `src`
   * has the region's elements packed in C order. Where `partial[i]` (u8) is 1, the slot holds what is stored, and its checksum is
   * verified first. Where it is 0 the region must cover the inner chunk's elements in the array; the slot may hold anything, and cells
   * past the extent take the bytes at `fill`. Checksums are renewed.
   *
   * Returns the number of elements written; -(1 + i) if the checksum of slot i is wrong, or its inner chunk does not exist, is not
   * touched by the region or not covered as it must be, with the slots before it patched; -2^31, with nothing written, if a span is too
   * small, the layout describes no shard or the region leaves the extent.
   */
  patchSlots(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    chunks: number,
    chunkCount: number,
    partial: number,
    region: number,
    fill: number,
    layout: number,
  ): number;

  /**
   * Copies a box between two strided layouts. `layout` points to `rank` triples of i32 (count, dst step, src step; bytes), outermost axis
   * first; element (0, ..., 0) lies at `dstOffset` in `dst` and at `srcOffset` in `src`, which may not overlap. A src step may be 0.
   * Returns the elements copied, or -1 if any of them lies outside of `dst` or `src` or the rank is above 32.
   */
  copyStrided(
    dst: number,
    dstLength: number,
    dstOffset: number,
    src: number,
    srcLength: number,
    srcOffset: number,
    itemSize: number,
    rank: number,
    layout: number,
  ): number;

  /** 1 if every element of `src` equals, bit by bit, the `itemSize` bytes at `value`, else 0. */
  isFilled(src: number, srcLength: number, value: number, itemSize: number): number;
  /** Fills `dst` with the `itemSize` bytes at `value`. Returns the bytes written. */
  fill(dst: number, dstLength: number, value: number, itemSize: number): number;

  /**
   * Decodes one BloscLZ stream, which takes all of `src`; `dst` may be longer than what it gives, and holds anything beyond it. Returns the
   * bytes written, or -(1 + offset of the first instruction that goes wrong), with a part of `dst` written.
   */
  blosclzDecode(dst: number, dstLength: number, src: number, srcLength: number): number;
  /**
   * Encodes one BloscLZ stream as c-blosc 1.21 does at `level` (1 to 9; others are brought into this range). `isSplit` is 1 where `src` is
   * one of the streams of a split block. Returns the bytes written; 0 if they are more than `dstLength`, or if a probe of the data does not
   * promise the ratio that the level asks for, which nothing of less than 56 bytes does.
   */
  blosclzEncode(dst: number, dstLength: number, src: number, srcLength: number, level: number, isSplit: number): number;

  /**
   * Decodes one LZ4 block, which takes all of `src`; `dst` may be longer than what it gives, and holds anything beyond it. Returns the
   * bytes written, or -(1 + offset of the first sequence that goes wrong), with a part of `dst` written.
   */
  lz4Decode(dst: number, dstLength: number, src: number, srcLength: number): number;
  /**
   * Encodes one LZ4 block as LZ4_compress_fast does. `acceleration` from 1 (best) to 65537 (fastest); others are brought into this range.
   * Returns the bytes written, or 0 if they are more than `dstLength` or `src` is longer than 2113929216 bytes.
   */
  lz4Encode(dst: number, dstLength: number, src: number, srcLength: number, acceleration: number): number;
  /**
   * As {@link lz4Encode}, smaller and slower: it looks at 2^level candidates for each position. `level` from 1 to 12; others are brought
   * into this range.
   */
  lz4EncodeHigh(dst: number, dstLength: number, src: number, srcLength: number, level: number): number;

  /**
   * Decodes one raw Snappy stream, which takes all of `src`; `dst` may be longer than what it gives, and holds anything beyond it. Returns
   * the bytes written, which are what the stream says at its beginning; -(1 + offset of the first element that goes wrong), with a part of
   * `dst` written; -1 if the length at the beginning is above `dstLength` or not the stream's.
   */
  snappyDecode(dst: number, dstLength: number, src: number, srcLength: number): number;
  /** Encodes one raw Snappy stream. Returns the bytes written, or 0 if they are more than `dstLength`. */
  snappyEncode(dst: number, dstLength: number, src: number, srcLength: number): number;

  /**
   * Writes each element less the one before it, the first as it is: integers of 1, 2, 4 or 8 bytes, which wrap around, or with an
   * `isFloat` of 1 floats of 4 or 8. `dst` and `src` may not overlap. Returns the bytes written.
   */
  deltaEncode(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    isFloat: number,
  ): number;
  /** The inverse of {@link deltaEncode}: the sum of all elements up to each one, added in their order. */
  deltaDecode(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    isFloat: number,
  ): number;
  /**
   * Rounds elements of 2, 4 or 8 bytes half to even and clears their `dropped` lowest bits (1 up to all but one); a carry wraps. `dst` may be
   * `src`. Returns the bytes written.
   */
  roundFloats(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    dropped: number,
  ): number;
  /**
   * As {@link roundFloats}, for integers of 1, 2, 4 or 8 bytes, each of which keeps `kept` bits (1 or more) from its highest one that is set.
   * A carry out of the type, or with an `isSigned` of 1 into the sign of a positive number, is left out.
   */
  roundIntegers(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    kept: number,
    isSigned: number,
  ): number;
  /**
   * Packs `bitCount` bits of each element of 1, 2, 4 or 8 bytes, from bit `firstBit` on, into bytes, lowest bits first; what is left of the
   * last byte is 0. `dst` and `src` may not overlap. Returns the bytes written.
   */
  packBits(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    firstBit: number,
    bitCount: number,
  ): number;
  /** The inverse of {@link packBits}, for all of `dst`; an `isSigned` of 1 repeats the highest packed bit up to the element's last. */
  unpackBits(
    dst: number,
    dstLength: number,
    src: number,
    srcLength: number,
    itemSize: number,
    firstBit: number,
    bitCount: number,
    isSigned: number,
  ): number;

  /**
   * Writes the C-order linear index (u32) of every cell of a grid of `shape` (`rank` u32) in Morton order. Returns the number of cells, or
   * -1 if `dst` is too small or the rank above 32.
   */
  mortonOrder(dst: number, dstLength: number, rank: number, shape: number): number;
}

/** The exports as the module has them: `heapBase` is a function there. */
type ModuleExports = Omit<Kernels, "heapBase"> & { heapBase(): number };

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The bytes of the fastest build that this host takes. */
function chooseBytes(): Uint8Array<ArrayBuffer> {
  if (typeof WebAssembly === "undefined") {
    throw new RuntimeError("UNSUPPORTED", "this host has no WebAssembly, which the kernels need");
  }
  const simd = decodeBase64(simdKernels);
  return WebAssembly.validate(simd) ? simd : decodeBase64(scalarKernels);
}

function compileError(cause: unknown): RuntimeError {
  return new RuntimeError(
    "UNSUPPORTED",
    "the host refused to compile the WebAssembly kernels; a Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src",
    { found: String(cause), cause },
  );
}

function toKernels(instance: WebAssembly.Instance): Kernels {
  const { heapBase, ...kernels } = instance.exports as ModuleExports;
  return { ...kernels, heapBase: heapBase() };
}

/**
 * Compiles and instantiates at once. `bytes` stands in for the build chosen for this host.
 * Throws a {@link RuntimeError} with code UNSUPPORTED where the host has no WebAssembly or forbids it.
 */
export function instantiateSync(bytes: Uint8Array<ArrayBuffer> = chooseBytes()): Kernels {
  try {
    return toKernels(new WebAssembly.Instance(new WebAssembly.Module(bytes)));
  } catch (cause) {
    throw compileError(cause);
  }
}

/** As {@link instantiateSync}, compiled off this thread: what a browser's main thread prefers. */
export async function instantiate(bytes: Uint8Array<ArrayBuffer> = chooseBytes()): Promise<Kernels> {
  try {
    return toKernels((await WebAssembly.instantiate(bytes)).instance);
  } catch (cause) {
    throw compileError(cause);
  }
}
