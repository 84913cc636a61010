/**
 * The kernels of the core, and how modules of kernels are instantiated. A module is a list of assembly/modules/; the others have their own
 * files here, so that a bundle holds those of the codecs that it has. All work on the memory that the core exports, on which their static
 * data has its own place.
 *
 * https://webassembly.github.io/spec/js-api/
 *
 * Pointers and lengths are byte counts in linear memory. One call takes at most 2^31 - 1 bytes. A negative result is -(1 + byte offset at
 * which the input went bad), unless stated otherwise.
 */
import { RuntimeError } from "../errors.js";
import { text } from "./binary/core.js";
import { givenModule } from "./given.js";
import { bytesOfText } from "./module_text.js";

/** The two builds of every module, from the same source. */
export type Build = "simd" | "scalar";

/** A module of kernels. `K` is what an instance exports. */
export interface KernelModule<K = unknown> {
  readonly name: string;
  /** The SIMD build, as {@link bytesOfText} takes it. */
  readonly simd: string;
  kernelsOf(exports: WebAssembly.Exports): K;
}

/** The exports of one instance of the core. A plain object, so that a test can put a spy in a kernel's place. */
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

  /** CRC-32C of `src` after `seed`, the CRC-32C of what came before (0 at the start). A signed number: take `>>> 0`. */
  crc32c(src: number, srcLength: number, seed: number): number;

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
   * Writes the C-order linear index (u32) of every cell of a grid of `shape` (`rank` u32) in Morton order. Returns the number of cells, or
   * -1 if `dst` is too small or the rank above 32.
   */
  mortonOrder(dst: number, dstLength: number, rank: number, shape: number): number;
}

/** The exports as the module has them: `heapBase` is a function there. */
type CoreExports = Omit<Kernels, "heapBase"> & { heapBase(): number };

export const coreKernels: KernelModule<CoreExports> = {
  name: "core",
  simd: text,
  kernelsOf: (exports) => exports as WebAssembly.Exports & CoreExports,
};

let hostBuild: Build | undefined;

/** The fastest build that this host takes. Throws a {@link RuntimeError} with code UNSUPPORTED where it has no WebAssembly. */
export function buildOfHost(): Build {
  if (typeof WebAssembly === "undefined") {
    throw new RuntimeError("UNSUPPORTED", "this host has no WebAssembly, which the kernels need");
  }
  // What is given is the SIMD build, which the host has compiled.
  hostBuild ??= givenModule("core") !== undefined || WebAssembly.validate(bytesOfText(text)) ? "simd" : "scalar";
  return hostBuild;
}

/** The scalar builds of all modules by name. Few hosts need them, so that they are loaded when one does. */
let scalarTexts: Readonly<Record<string, string>> | undefined;

/** What was compiled, for all memories of this thread. */
const compiled: Readonly<Record<Build, Map<KernelModule, WebAssembly.Module>>> = { simd: new Map(), scalar: new Map() };

function compileError(cause: unknown): RuntimeError {
  return new RuntimeError(
    "UNSUPPORTED",
    "the host refused to compile the WebAssembly kernels; a Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src, other hosts take them compiled: useKernels of syncodec/kernels",
    { found: String(cause), cause },
  );
}

function bytesOf({ name, simd }: KernelModule, build: Build): Uint8Array<ArrayBuffer> {
  const found = build === "simd" ? simd : scalarTexts?.[name];
  if (found !== undefined) return bytesOfText(found);
  throw new RuntimeError(
    "CODEC_NOT_LOADED",
    "The kernels for hosts without SIMD are not loaded: `await init()` once, before synchronous calls",
  );
}

/** Loads the scalar builds if `build` needs them, and compiles `module` off this thread, which a browser's main thread prefers. */
export async function loadKernels(module: KernelModule, build: Build): Promise<void> {
  if (build === "scalar") ({ scalarTexts } = await import("./binary/scalar.js"));
  if (readyModule(module, build) !== undefined) return;
  try {
    compiled[build].set(module, await WebAssembly.compile(bytesOf(module, build)));
  } catch (cause) {
    throw compileError(cause);
  }
}

/** What needs no compilation any more. */
function readyModule(module: KernelModule, build: Build): WebAssembly.Module | undefined {
  return (build === "simd" ? givenModule(module.name) : undefined) ?? compiled[build].get(module);
}

function compile(module: KernelModule, build: Build): WebAssembly.Module {
  let result = readyModule(module, build);
  if (result !== undefined) return result;
  const bytes = bytesOf(module, build);
  try {
    result = new WebAssembly.Module(bytes);
  } catch (cause) {
    throw compileError(cause);
  }
  compiled[build].set(module, result);
  return result;
}

/**
 * An instance of `module`; of those other than the core, on the `memory` of one, and at most once: they rely on zeros in their static data.
 *
 * @throws RuntimeError UNSUPPORTED where the host forbids WebAssembly, CODEC_NOT_LOADED for a scalar build that is not loaded.
 */
export function instantiateModule<K>(module: KernelModule<K>, build: Build, memory?: WebAssembly.Memory): K {
  const imports = memory === undefined ? {} : { env: { memory } };
  return { ...module.kernelsOf(new WebAssembly.Instance(compile(module, build), imports).exports) };
}

/** A new instance of the core, with a memory of its own. */
export function instantiateCore(build: Build): Kernels {
  const { heapBase, ...kernels } = instantiateModule(coreKernels, build);
  return { ...kernels, heapBase: heapBase() };
}
