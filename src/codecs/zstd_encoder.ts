/**
 * Encoding of Zstandard data (RFC 8878): `node:zlib` where it has Zstandard (Node 22.15), otherwise the WebAssembly build of
 * `@bokuweb/zstd-wasm`, which {@link loadZstd} brings in; little data goes there whenever it is loaded, because a call costs less.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc8878
 */

import { RuntimeError } from "../errors.js";
import { hostZlib, ownBytes } from "../platform.js";
import { useMemory } from "../wasm/memory.js";
import { zstdKernels } from "../wasm/zstd_kernels.js";

/** Encodes `data` as one frame that states its content size. */
type Encode = (data: Uint8Array, level: number, checksum: boolean) => Uint8Array;

const compressionLevelParameter = 100;
const checksumFlagParameter = 201;

function hostEncoder(): Encode | undefined {
  const compress = hostZlib?.zstdCompressSync;
  if (compress === undefined) return undefined;
  return (data, level, checksum) => {
    const params = { [compressionLevelParameter]: level, [checksumFlagParameter]: checksum ? 1 : 0 };
    return ownBytes(compress(data, { params, pledgedSrcSize: data.byteLength }));
  };
}

const host = hostEncoder();
let wasm: Encode | undefined;
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
  // An empty dictionary makes these plain calls that reuse their context: encoding 4 KB takes 30 µs instead of 70.
  const none = new Uint8Array(0);
  const context = library.createCCtx();
  wasm = (data, level, checksum) => {
    const frame = library.compressUsingDict(context, data, none, level);
    return checksum ? withChecksum(frame, data) : frame;
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
    return memory.kernelsOf(zstdKernels).xxh64Low(pointer, content.byteLength) >>> 0;
  });
  new DataView(checked.buffer).setUint32(frame.byteLength, hash, true);
  return checked;
}

/** Below this many bytes the WebAssembly build is faster than a call to `node:zlib`. */
const hostThreshold = 16 * 1024;

/** Makes the WebAssembly build ready, once for all callers. */
export function loadZstd(): Promise<void> {
  loading ??= loadWasm().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** Encodes `decoded`, which may be a view of linear memory, as one frame that states its content size. */
export function compressZstd(decoded: Uint8Array, level: number, checksum: boolean): Uint8Array {
  const encode = decoded.byteLength < hostThreshold ? (wasm ?? host) : (host ?? wasm);
  if (encode === undefined) {
    throw new RuntimeError(
      "CODEC_NOT_LOADED",
      'The zstd encoder is not loaded: `await init()` or `await init(["zstd"])` once, before synchronous calls that write',
    );
  }
  return encode(decoded, level, checksum);
}
