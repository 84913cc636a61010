/**
 * `gzip` (RFC 1952), also under the name and with the default level of `numcodecs.gzip`.
 *
 * Sources: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/gzip/index.html,
 * https://numcodecs.readthedocs.io/en/stable/compression/gzip.html
 */

import { gzipSync } from "fflate";
import { DataError } from "../errors.js";
import { at, expectInteger, rejectUnknownFields } from "../metadata/validate.js";
import { hostZlib, ownBytes } from "../platform.js";
import { deflateKernels } from "../wasm/deflate_kernels.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ByteSize, type BytesToBytesCodec, boundedBy, type SpanDecoder } from "./codec.js";
import { inflateStreams } from "./inflate.js";

const plainHeaderSize = 10;
const trailerSize = 8;
/** Fixed fields of the header, an empty block, trailer. */
const minimumSize = 20;

const checksumFlag = 2;
const extraFlag = 4;
const nameFlag = 8;
const commentFlag = 16;
const reservedFlags = 0xe0;

function corrupt(reason: string, details: { expected?: string | number; found?: string | number } = {}): DataError {
  return new DataError("CORRUPT_DATA", reason, details);
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;

function crc32(memory: Memory, { pointer, byteLength }: Span): number {
  return memory.kernelsOf(deflateKernels).crc32(pointer, byteLength, 0) >>> 0;
}

/** Where the data of the member that begins at `start` begins. */
function headerEnd(memory: Memory, encoded: Span, start: number): number {
  const member = memory.slice(encoded, start);
  if (member.byteLength < minimumSize)
    throw corrupt("gzip data is cut short", {
      expected: `at least ${minimumSize} bytes`,
      found: member.byteLength,
    });
  const bytes = memory.view(member);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8)
    throw corrupt(start === 0 ? "gzip data does not begin with its header" : "gzip data goes on after its last member");
  const flags = bytes[3]!;
  if ((flags & reservedFlags) !== 0) throw corrupt("gzip header has reserved flags set", { found: flags });
  let end = 10;
  if ((flags & extraFlag) !== 0) end += 2 + (bytes[10]! | (bytes[11]! << 8));
  for (const flag of [nameFlag, commentFlag]) {
    if ((flags & flag) === 0) continue;
    const zero = bytes.indexOf(0, end);
    if (zero < 0) throw corrupt("gzip header is cut short");
    end = zero + 1;
  }
  if ((flags & checksumFlag) !== 0) {
    end += 2;
    if (end > bytes.byteLength) throw corrupt("gzip header is cut short");
    const stored = bytes[end - 2]! | (bytes[end - 1]! << 8);
    if (stored !== (crc32(memory, memory.slice(member, 0, end - 2)) & 0xffff))
      throw corrupt("gzip header does not match its checksum");
  }
  if (end + trailerSize > bytes.byteLength) throw corrupt("gzip header is cut short");
  return start + end;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Decodes single members without optional fields, which is what encoders of chunks write: no view is made, and no error. */
function decoder(memory: Memory): SpanDecoder {
  const kernels = memory.kernelsOf(deflateKernels);
  const taken = memory.allocate(4).pointer;
  return ({ pointer, byteLength }, target) => {
    if (byteLength < minimumSize) return false;
    const { bytes } = memory;
    // The magic number, the method, and no flags.
    if (uint32(bytes, pointer) !== 0x00088b1f) return false;
    const start = pointer + plainHeaderSize;
    const written = kernels.inflate(target.pointer, target.byteLength, start, byteLength - plainHeaderSize, taken);
    const trailer = pointer + byteLength - trailerSize;
    return (
      written === target.byteLength &&
      start + uint32(bytes, taken) === trailer &&
      uint32(bytes, trailer) === crc32(memory, target) &&
      uint32(bytes, trailer + 4) === written
    );
  };
}

/** For chunks of up to this many bytes, `decoder` is tried first: 0.3 µs less. */
const smallSize = 2 ** 16;

function decode(memory: Memory, encoded: Span, size: ByteSize): Span {
  if (size.kind === "fixed" && size.bytes <= smallSize) {
    const target = memory.allocate(size.bytes);
    if (decoder(memory)(encoded, target)) return target;
  }
  return inflateStreams(memory, encoded, headerEnd(memory, encoded, 0), size, (end, decoded) => {
    if (end + trailerSize > encoded.byteLength) throw corrupt("gzip data is cut short");
    const view = new DataView(memory.bytes.buffer, encoded.pointer + end, trailerSize);
    const [checksum, length] = [view.getUint32(0, true), view.getUint32(4, true)];
    if (length !== decoded.byteLength)
      throw corrupt("gzip member does not have its length", { expected: length, found: decoded.byteLength });
    const computed = crc32(memory, decoded);
    if (checksum !== computed)
      throw corrupt("gzip member does not match its CRC-32", { expected: hex(checksum), found: hex(computed) });
    const next = end + trailerSize;
    return next === encoded.byteLength ? undefined : headerEnd(memory, encoded, next);
  });
}

function isLevel(level: number): level is 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 {
  return Number.isInteger(level) && level >= 0 && level <= 9;
}

function encode(decoded: Uint8Array, level: number): Uint8Array {
  if (hostZlib !== undefined) return ownBytes(hostZlib.gzipSync(decoded, { level }));
  // fflate has no name for the default level.
  return gzipSync(decoded, { level: isLevel(level) ? level : 6, mtime: 0 });
}

function codecOf(name: string, defaultLevel: number, lowestLevel: number): BytesToBytesCodec {
  return {
    kind: "bytes_to_bytes",
    name,
    defaults: { level: defaultLevel },
    configure(configuration, where) {
      rejectUnknownFields(configuration, ["level"], where);
      const value = configuration.get("level");
      const range = { minimum: lowestLevel, maximum: 9 };
      const level = value === undefined ? defaultLevel : expectInteger(value, range, at(where, "level"));
      return {
        bind: (decodedSize) => ({
          name,
          place: "wasm",
          decodedSize,
          encodedSize: boundedBy(decodedSize, (bytes) => bytes + (bytes >>> 10) + 64),
          encode: (memory, decoded) => encode(memory.view(decoded), level),
          decode: (memory, encoded) => decode(memory, encoded, decodedSize),
          decoder,
        }),
      };
    },
  };
}

export const gzipCodec: BytesToBytesCodec = codecOf("gzip", 5, 0);
export const numcodecsGzipCodec: BytesToBytesCodec = codecOf("numcodecs.gzip", 1, -1);
