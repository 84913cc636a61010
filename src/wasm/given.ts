/**
 * Modules that the host has compiled before the program began, for hosts that compile none at run time. Such hosts give them by imports of
 * `.wasm` files: https://developers.cloudflare.com/workers/runtime-apis/webassembly/
 */

import { ArgumentError } from "../errors.js";

/** Compiled modules by name; that of `core` is the file `syncodec/kernels/core.wasm`. */
export interface KernelModules {
  /** What every array needs, with `bulk`. */
  readonly core?: WebAssembly.Module;
  /** What every array needs that is written, transposed, or read in many inner chunks at once. */
  readonly bulk?: WebAssembly.Module;
  /** Reading of zstd, and its checksums. */
  readonly zstd?: WebAssembly.Module;
  /** Writing of zstd: `syncodec/kernels/zstd_encoder.wasm`. For the build for browsers only: Node.js has its own. */
  readonly zstdEncoder?: WebAssembly.Module;
  /** gzip and zlib. */
  readonly deflate?: WebAssembly.Module;
  /** blosc, LZ4 and shuffles. */
  readonly blosc?: WebAssembly.Module;
  /** delta, bitround, packbits and other filters; checksums of numcodecs. */
  readonly filters?: WebAssembly.Module;
}

/** An export that none of the others has. */
const marks: Readonly<Record<keyof KernelModules, string>> = {
  core: "crc32c",
  bulk: "copyStrided",
  zstd: "zstdDecode",
  // Its names are shortened.
  zstdEncoder: "v",
  deflate: "inflate",
  blosc: "lz4Decode",
  filters: "packBits",
};

const given = new Map<string, WebAssembly.Module>();

/** The module that was given by this name. */
export function givenModule(name: string): WebAssembly.Module | undefined {
  return given.get(name);
}

function isName(name: string): name is keyof KernelModules {
  return Object.hasOwn(marks, name);
}

/**
 * From now on, calls of this thread use these modules and do not compile them. What is not given is compiled when it is needed, or refused
 * with `UNSUPPORTED` where the host forbids that.
 *
 * @throws ArgumentError `INVALID_ARGUMENT` for a module that is not the one of its name; nothing is used then.
 */
export function useKernels(modules: KernelModules): void {
  for (const [name, module] of Object.entries(modules)) {
    if (!isName(name)) {
      const expected = Object.keys(marks).join(", ");
      throw new ArgumentError("INVALID_ARGUMENT", "No module of kernels has this name", { expected, found: name });
    }
    if (!(module instanceof WebAssembly.Module)) throw new TypeError(`${name} must be a WebAssembly.Module`);
    if (!WebAssembly.Module.exports(module).some((each) => each.name === marks[name])) {
      throw new ArgumentError("INVALID_ARGUMENT", `Another module was given than ${name}`, {
        expected: `an export called ${marks[name]}`,
      });
    }
  }
  for (const [name, module] of Object.entries(modules)) given.set(name, module);
}
