/**
 * `gzip` (RFC 1952). `node:zlib` where the host has it, `fflate` elsewhere and for tiny chunks.
 *
 * fflate checks neither CRC-32 nor length, so those checks are made here with the crc32 kernel.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/gzip/index.html
 */

import { Gunzip, gunzipSync, gzipSync } from "fflate";
import { DataError } from "../errors.js";
import { at, expectInteger, rejectUnknownFields } from "../metadata/validate.js";
import { hostZlib } from "../platform.js";
import { useMemory } from "../wasm/memory.js";
import { type ByteSize, type BytesToBytesCodec, boundedBy } from "./codec.js";

/** Decoding less than this is faster in fflate than through a call to `node:zlib` (10 to 35 µs a call). Encoded bytes. */
const hostThreshold = 400;
/** fflate decodes a pushed piece whole, to at most 1032 times its size: small pieces bound what a stream that lies can take. */
const pieceBytes = 1024;
/** Header (10), trailer (8). */
const minimumSize = 18;

function corrupt(
  reason: string,
  details: { expected?: string | number; found?: string | number; cause?: unknown } = {},
): DataError {
  return new DataError("CORRUPT_DATA", reason, details);
}

function crc32(bytes: Uint8Array): number {
  return useMemory((memory) => {
    const { pointer, byteLength } = memory.write(bytes);
    return memory.kernels.crc32(pointer, byteLength, 0) >>> 0;
  });
}

function trailerAt(encoded: Uint8Array, end: number): { crc: number; length: number } {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  return { crc: view.getUint32(end - 8, true), length: view.getUint32(end - 4, true) };
}

function matchesTrailer(decoded: Uint8Array, encoded: Uint8Array, end: number): boolean {
  const { crc, length } = trailerAt(encoded, end);
  return length === decoded.byteLength >>> 0 && crc === crc32(decoded);
}

/** The general case in fflate: several members, each verified by its own trailer. */
function gunzipMembers(encoded: Uint8Array, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let memberStart = 0;
  let total = 0;
  const finishMember = (end: number): void => {
    const member = concatenate(parts.splice(memberStart));
    if (end - 8 < 0 || !matchesTrailer(member, encoded, end))
      throw corrupt("gzip member does not match its CRC-32 and length");
    parts.push(member);
    memberStart = parts.length;
  };
  const stream = new Gunzip((part) => {
    total += part.byteLength;
    if (total > limit) throw corrupt("gzip data decodes to more bytes than the chunk holds", { expected: limit });
    parts.push(part);
  });
  stream.onmember = (offset) => {
    if (offset > 0) finishMember(offset);
  };
  for (let start = 0; start < encoded.byteLength; start += pieceBytes)
    stream.push(encoded.subarray(start, start + pieceBytes), start + pieceBytes >= encoded.byteLength);
  finishMember(encoded.byteLength);
  return concatenate(parts);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

/** Decodes in fflate, with the checks that it leaves out. `size` is the decoded length, as far as it is known. Exported for tests. */
export function gunzipPortable(input: Uint8Array, size: ByteSize): Uint8Array {
  // The input may lie in linear memory, which the checksum kernel may grow.
  const encoded = input.slice();
  if (encoded.byteLength < minimumSize)
    throw corrupt("gzip data is cut short", { expected: `at least ${minimumSize} bytes`, found: encoded.byteLength });
  if ((encoded[3]! & 0xe0) !== 0) throw corrupt("gzip header has reserved flags set", { found: encoded[3]! });
  const limit = size.kind === "unbounded" ? Number.POSITIVE_INFINITY : size.bytes;
  try {
    if (size.kind === "fixed" && trailerAt(encoded, encoded.byteLength).length === size.bytes >>> 0) {
      const decoded = gunzipSync(encoded, { out: new Uint8Array(size.bytes) });
      if (matchesTrailer(decoded, encoded, encoded.byteLength)) return decoded;
    }
    return gunzipMembers(encoded, limit);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw corrupt("gzip data is corrupt", {
      cause: error,
      found: error instanceof Error ? error.message : String(error),
    });
  }
}

function gunzipHost(zlib: NonNullable<typeof hostZlib>, encoded: Uint8Array, size: ByteSize): Uint8Array {
  const limit = size.kind === "unbounded" ? 2 ** 32 : size.bytes;
  let result: ReturnType<typeof zlib.gunzipSync>;
  try {
    result = zlib.gunzipSync(encoded, { maxOutputLength: Math.max(limit, 1), info: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw corrupt("gzip data is corrupt or decodes to more bytes than the chunk holds", {
      cause: error,
      found: message,
    });
  }
  const { buffer, engine } = result;
  // It stops at a zero byte after a member without an error.
  if (engine.bytesWritten !== encoded.byteLength)
    throw corrupt("gzip data goes on after its last member", {
      expected: `${engine.bytesWritten} bytes`,
      found: `${encoded.byteLength} bytes`,
    });
  return buffer;
}

/** A copy that owns exactly its bytes: zlib's results are views of 16 KiB buffers, which a store would keep alive. */
function exact(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength === bytes.byteLength ? bytes : new Uint8Array(bytes);
}

function isLevel(level: number): level is 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 {
  return Number.isInteger(level) && level >= 0 && level <= 9;
}

export const gzipCodec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "gzip",
  defaults: { level: 5 },
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["level"], where);
    const value = configuration.get("level");
    const level = value === undefined ? 5 : expectInteger(value, { minimum: 0, maximum: 9 }, at(where, "level"));
    return {
      bind: (decodedSize) => ({
        name: "gzip",
        place: "heap",
        decodedSize,
        encodedSize: boundedBy(decodedSize, (bytes) => bytes + (bytes >>> 10) + 64),
        encode(decoded) {
          if (hostZlib !== undefined) return exact(hostZlib.gzipSync(decoded, { level }));
          return gzipSync(decoded, { level: isLevel(level) ? level : 5, mtime: 0 });
        },
        decode(encoded) {
          if (hostZlib === undefined || encoded.byteLength < hostThreshold) return gunzipPortable(encoded, decodedSize);
          return gunzipHost(hostZlib, encoded, decodedSize);
        },
      }),
    };
  },
};
