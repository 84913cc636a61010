/**
 * Data in the zlib format (RFC 1950): a DEFLATE stream between a header of two bytes and an Adler-32. `node:zlib` where the host has it,
 * `fflate` elsewhere and for little data.
 *
 * Inputs may be views of linear memory, and are not kept; results lie in the JavaScript heap.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc1950
 */

import { Unzlib, unzlibSync, zlibSync } from "fflate";
import { DataError } from "../errors.js";
import { type HostZlib, hostZlib } from "../platform.js";
import { useMemory } from "../wasm/memory.js";
import type { ByteSize } from "./codec.js";

/** Decoding less than this is faster in fflate than through a call to `node:zlib` (10 to 35 µs a call). Encoded bytes. */
const hostThreshold = 400;
/** fflate decodes a pushed piece whole, to at most 1032 times its size: small pieces bound what a stream that lies can take. */
const pieceBytes = 1024;
/** Header (2), an empty block (2), Adler-32 (4). */
const minimumSize = 8;

function corrupt(
  reason: string,
  details: { expected?: string | number; found?: string | number; cause?: unknown } = {},
): DataError {
  return new DataError("CORRUPT_DATA", reason, details);
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;

function adler32(bytes: Uint8Array): number {
  return useMemory((memory) => {
    const { pointer, byteLength } = memory.write(bytes);
    return memory.kernels.adler32(pointer, byteLength, 1) >>> 0;
  });
}

function inflateHost(zlib: HostZlib, encoded: Uint8Array, limit: number): Uint8Array {
  let result: ReturnType<typeof zlib.inflateSync>;
  try {
    result = zlib.inflateSync(encoded, { maxOutputLength: Math.min(Math.max(limit, 1), 2 ** 32), info: true });
  } catch (error) {
    throw corrupt("zlib data is corrupt or decodes to more bytes than there may be", {
      cause: error,
      found: error instanceof Error ? error.message : String(error),
    });
  }
  const { buffer, engine } = result;
  if (engine.bytesWritten !== encoded.byteLength)
    throw corrupt("zlib data goes on after its end", {
      expected: `${engine.bytesWritten} bytes`,
      found: `${encoded.byteLength} bytes`,
    });
  return buffer;
}

/** Decodes in fflate, which does not look at the Adler-32. `size` is the decoded length, as far as it is known. Exported for tests. */
export function inflatePortable(input: Uint8Array, size: ByteSize): Uint8Array {
  // The input may lie in linear memory, which the checksum kernel may grow.
  const encoded = input.slice();
  if (encoded.byteLength < minimumSize)
    throw corrupt("zlib data is cut short", { expected: `at least ${minimumSize} bytes`, found: encoded.byteLength });
  let decoded: Uint8Array;
  try {
    decoded =
      size.kind === "fixed"
        ? unzlibSync(encoded, { out: new Uint8Array(size.bytes) })
        : inflateInPieces(encoded, size.kind === "bounded" ? size.bytes : Number.POSITIVE_INFINITY);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw corrupt("zlib data is corrupt", {
      cause: error,
      found: error instanceof Error ? error.message : String(error),
    });
  }
  const stored = new DataView(encoded.buffer).getUint32(encoded.byteLength - 4);
  const computed = adler32(decoded);
  if (stored !== computed)
    throw corrupt("zlib data does not match its Adler-32", { expected: hex(stored), found: hex(computed) });
  return decoded;
}

function inflateInPieces(encoded: Uint8Array, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  const stream = new Unzlib((part) => {
    total += part.byteLength;
    if (total > limit) throw corrupt("zlib data decodes to more bytes than there may be", { expected: limit });
    parts.push(part);
  });
  // The last piece holds the whole Adler-32, which fflate cuts off.
  const last = encoded.byteLength - minimumSize;
  let start = 0;
  for (; start < last; start += pieceBytes) stream.push(encoded.subarray(start, Math.min(start + pieceBytes, last)));
  stream.push(encoded.subarray(Math.min(start, last)), true);
  const whole = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

/** Decodes `encoded`, which must be one whole zlib stream of as many bytes as `size` says. Throws a {@link DataError}. */
export function inflateZlib(encoded: Uint8Array, size: ByteSize): Uint8Array {
  const limit = size.kind === "unbounded" ? Number.POSITIVE_INFINITY : size.bytes;
  const decoded =
    hostZlib === undefined || encoded.byteLength < hostThreshold
      ? inflatePortable(encoded, size)
      : inflateHost(hostZlib, encoded, limit);
  if (decoded.byteLength > limit || (size.kind === "fixed" && decoded.byteLength < limit))
    throw corrupt("zlib data holds another number of bytes", { expected: limit, found: decoded.byteLength });
  return decoded;
}

function isLevel(level: number): level is 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 {
  return Number.isInteger(level) && level >= 0 && level <= 9;
}

/** Encodes `decoded` at level 0 to 9, or -1 for the default. The result owns exactly its bytes. */
export function deflateZlib(decoded: Uint8Array, level: number): Uint8Array {
  if (hostZlib === undefined) return zlibSync(decoded, { level: isLevel(level) ? level : 6 });
  const encoded = hostZlib.deflateSync(decoded, { level });
  // A view of zlib's buffer of 16 KiB would keep it alive.
  return encoded.buffer.byteLength === encoded.byteLength ? encoded : new Uint8Array(encoded);
}
