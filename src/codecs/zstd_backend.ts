/**
 * Zstandard data (RFC 8878). `node:zlib` where it has Zstandard (Node 22.15), otherwise the WebAssembly build of `@bokuweb/zstd-wasm`,
 * which {@link loadZstd} brings in; little data goes there whenever it is loaded, because a call costs less.
 *
 * Inputs may be views of linear memory, and are not kept; results lie in the JavaScript heap.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc8878
 */

import { DataError, RuntimeError } from "../errors.js";
import { hostZlib } from "../platform.js";
import { useMemory } from "../wasm/memory.js";
import type { ByteSize } from "./codec.js";
import { parseZstdFrames, type ZstdFrame } from "./zstd_frame.js";

/** A way to run Zstandard synchronously. `size` is the decoded length in bytes, or a bound on it. */
interface Backend {
  compress(data: Uint8Array, level: number, checksum: boolean): Uint8Array;
  /** Decodes exactly one frame into at most `size` bytes. */
  decompress(frame: Uint8Array, size: number): Uint8Array;
}

const compressionLevelParameter = 100;
const checksumFlagParameter = 201;

function hostBackend(): Backend | undefined {
  const compress = hostZlib?.zstdCompressSync;
  const decompress = hostZlib?.zstdDecompressSync;
  if (compress === undefined || decompress === undefined) return undefined;
  return {
    compress: (data, level, checksum) => {
      const params = { [compressionLevelParameter]: level, [checksumFlagParameter]: checksum ? 1 : 0 };
      const encoded = compress(data, { params, pledgedSrcSize: data.byteLength });
      return encoded.buffer.byteLength === encoded.byteLength ? encoded : new Uint8Array(encoded);
    },
    decompress: (frame, size) => decompress(frame, { maxOutputLength: Math.max(size, 1) }),
  };
}

const host = hostBackend();
let wasm: Backend | undefined;
let loading: Promise<void> | undefined;

type ZstdLibrary = typeof import("@bokuweb/zstd-wasm");

/** Whether the program, or another copy of this file, has initialized the library: its functions are missing before that. */
function isInitialized({ createCCtx, freeCCtx }: ZstdLibrary): boolean {
  try {
    freeCCtx(createCCtx());
    return true;
  } catch {
    return false;
  }
}

async function loadWasm(): Promise<void> {
  const library = await import("@bokuweb/zstd-wasm");
  // A second initialization would put a new memory under the contexts that the first user holds: they would write garbage.
  if (!isInitialized(library)) await library.init();
  // An empty dictionary makes these plain calls that reuse their context: encoding 4 KB takes 30 µs instead of 70, decoding 64 KB 41 instead of 80.
  const none = new Uint8Array(0);
  const compression = library.createCCtx();
  const decompression = library.createDCtx();
  wasm = {
    compress(data, level, checksum) {
      const frame = library.compressUsingDict(compression, data, none, level);
      return checksum ? withChecksum(frame, data) : frame;
    },
    decompress: (frame, size) => library.decompressUsingDict(decompression, frame, none, { defaultHeapSize: size }),
  };
}

/** The library's one-shot calls write no checksum: sets the header's flag and appends the low four bytes of the content's XXH64. */
function withChecksum(frame: Uint8Array, content: Uint8Array): Uint8Array {
  const checked = new Uint8Array(frame.byteLength + 4);
  checked.set(frame);
  checked[4] = checked[4]! | 4;
  const hash = useMemory((memory) => {
    // What already lies in linear memory is hashed where it is: growth for a copy of it would detach it.
    const isInMemory = content.buffer === memory.bytes.buffer;
    const pointer = isInMemory ? content.byteOffset : memory.write(content).pointer;
    return memory.kernels.xxh64Low(pointer, content.byteLength) >>> 0;
  });
  new DataView(checked.buffer).setUint32(frame.byteLength, hash, true);
  return checked;
}

/** Below this many decoded bytes the WebAssembly build is faster than a call to `node:zlib`. */
const hostThreshold = 16 * 1024;

function backendFor(size: number): Backend {
  const backend = size < hostThreshold ? (wasm ?? host) : (host ?? wasm);
  if (backend === undefined) {
    throw new RuntimeError(
      "CODEC_NOT_LOADED",
      'The zstd codec is not loaded: `await init()` or `await init(["zstd"])` once, before synchronous calls',
    );
  }
  return backend;
}

/** Makes the WebAssembly build ready, once for all callers. */
export function loadZstd(): Promise<void> {
  loading ??= loadWasm().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** Encodes `decoded` as one frame that states its content size. */
export function compressZstd(decoded: Uint8Array, level: number, checksum: boolean): Uint8Array {
  return backendFor(decoded.byteLength).compress(decoded, level, checksum);
}

/** Decodes all frames of `encoded`. Throws a {@link DataError} for bad frames, and for more bytes than `size` allows. */
export function decompressZstd(encoded: Uint8Array, size: ByteSize): Uint8Array {
  const limit = size.kind === "unbounded" ? Number.POSITIVE_INFINITY : size.bytes;
  const frames = parseZstdFrames(encoded);
  let declared = 0;
  for (const { contentSize } of frames) declared += contentSize ?? 0;
  if (declared > limit) {
    throw new DataError("CORRUPT_DATA", "zstd frame declares more bytes than the chunk holds", {
      expected: limit,
      found: declared,
    });
  }
  if (frames.length === 1) return decodeFrame(encoded, frames[0]!, limit);
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const frame of frames) {
    const part = decodeFrame(encoded, frame, limit - total);
    parts.push(part);
    total += part.byteLength;
  }
  const decoded = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    decoded.set(part, offset);
    offset += part.byteLength;
  }
  return decoded;
}

/** A frame of unknown size in a chunk of unknown size gets room for what its blocks can hold, up to this. */
const unknownSizeLimit = 2 ** 30;

function decodeFrame(encoded: Uint8Array, frame: ZstdFrame, limit: number): Uint8Array {
  const size = frame.contentSize ?? Math.min(limit, frame.maximumSize, unknownSizeLimit);
  const backend = backendFor(size);
  let decoded: Uint8Array;
  try {
    decoded = backend.decompress(encoded.subarray(frame.start, frame.end), size);
  } catch (error) {
    throw new DataError("CORRUPT_DATA", "zstd data is corrupt or decodes to more bytes than the chunk holds", {
      found: error instanceof Error ? error.message : String(error),
      offset: frame.start,
      cause: error,
    });
  }
  if (frame.contentSize !== undefined && decoded.byteLength !== frame.contentSize) {
    throw new DataError("CORRUPT_DATA", "zstd frame does not hold the bytes it declares", {
      expected: frame.contentSize,
      found: decoded.byteLength,
      offset: frame.start,
    });
  }
  return decoded;
}
