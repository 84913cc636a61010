/**
 * The only file that asks the host what it has. Everything is looked up at run time, so that bundlers find no Node import.
 */

/** The part of `node:zlib` that the codecs use. */
export interface HostZlib {
  gzipSync(data: Uint8Array, options: { level: number }): Uint8Array;
  /** Writes the zlib format. */
  deflateSync(data: Uint8Array, options: { level: number }): Uint8Array;
  zstdCompressSync?(data: Uint8Array, options: { params: Record<number, number>; pledgedSrcSize?: number }): Uint8Array;
}

interface HostProcess {
  getBuiltinModule?(name: string): unknown;
}

function builtinModule(name: string): unknown {
  const { process } = globalThis as { process?: HostProcess };
  return process?.getBuiltinModule?.(name);
}

function isHostZlib(value: unknown): value is HostZlib {
  return typeof value === "object" && value !== null && "gzipSync" in value && "deflateSync" in value;
}

const zlib = builtinModule("node:zlib");

/** `node:zlib` in Node, Deno and Bun; `undefined` in browsers. Zstandard is there from Node 22.15. */
export const hostZlib: HostZlib | undefined = isHostZlib(zlib) ? zlib : undefined;
