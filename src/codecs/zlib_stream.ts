/**
 * The zlib format: a DEFLATE stream between a header of two bytes and an Adler-32.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc1950
 */

import { zlibSync } from "fflate";
import { DataError } from "../errors.js";
import { hostZlib, ownBytes } from "../platform.js";
import { deflateKernels } from "../wasm/deflate_kernels.js";
import { type Memory, type Span, useMemory } from "../wasm/memory.js";
import type { ByteSize } from "./codec.js";
import { inflateStreams } from "./inflate.js";

const headerSize = 2;
const checksumSize = 4;
/** With an empty block. */
const minimumSize = headerSize + 2 + checksumSize;

const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;

function corrupt(reason: string, details: { expected?: string | number; found?: string | number } = {}): DataError {
  return new DataError("CORRUPT_DATA", reason, details);
}

/** Decodes `encoded`, which must be one whole zlib stream, into the open scope. Throws a {@link DataError}. */
export function inflateZlibSpan(memory: Memory, encoded: Span, size: ByteSize): Span {
  if (encoded.byteLength < minimumSize)
    throw corrupt("zlib data is cut short", { expected: `at least ${minimumSize} bytes`, found: encoded.byteLength });
  const header = new DataView(memory.bytes.buffer).getUint16(encoded.pointer);
  const method = header >>> 8;
  if ((method & 15) !== 8 || method >>> 4 > 7 || header % 31 !== 0)
    throw corrupt("zlib data does not begin with its header", { found: hex(header) });
  if ((header & 32) !== 0) throw corrupt("zlib data needs a dictionary");
  const checksumAt = encoded.byteLength - checksumSize;
  return inflateStreams(memory, memory.slice(encoded, 0, checksumAt), headerSize, size, (end, decoded) => {
    if (end !== checksumAt)
      throw corrupt("zlib data goes on after its end", {
        expected: `${end + checksumSize} bytes`,
        found: `${encoded.byteLength} bytes`,
      });
    const stored = new DataView(memory.bytes.buffer).getUint32(encoded.pointer + checksumAt);
    const computed = memory.kernelsOf(deflateKernels).adler32(decoded.pointer, decoded.byteLength, 1) >>> 0;
    if (stored !== computed)
      throw corrupt("zlib data does not match its Adler-32", { expected: hex(stored), found: hex(computed) });
    return undefined;
  });
}

/**
 * As {@link inflateZlibSpan}, from and to the JavaScript heap. `encoded` may be a view of linear memory, and is not kept; where `size` is
 * fixed the result has as many bytes.
 */
export function inflateZlib(encoded: Uint8Array, size: ByteSize): Uint8Array {
  return useMemory((memory) => {
    const decoded = inflateZlibSpan(memory, memory.write(encoded), size);
    if (size.kind === "fixed" && decoded.byteLength !== size.bytes)
      throw corrupt("zlib data holds too few bytes", { expected: size.bytes, found: decoded.byteLength });
    return memory.read(decoded);
  });
}

function isLevel(level: number): level is 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 {
  return Number.isInteger(level) && level >= 0 && level <= 9;
}

/** Encodes `decoded` at level 0 to 9, or -1 for the default. The result owns exactly its bytes. */
export function deflateZlib(decoded: Uint8Array, level: number): Uint8Array {
  // fflate has no name for the default.
  if (hostZlib === undefined) return zlibSync(decoded, { level: isLevel(level) ? level : 6 });
  return ownBytes(hostZlib.deflateSync(decoded, { level }));
}
