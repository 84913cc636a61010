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
