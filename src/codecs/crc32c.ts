/**
 * `crc32c`: appends the CRC-32C of the bytes before it, four bytes little-endian, and verifies it on decode.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/crc32c/index.html
 */

import { DataError } from "../errors.js";
import { rejectUnknownFields } from "../metadata/validate.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type BytesToBytesCodec, plusBytes } from "./codec.js";

const checksumSize = 4;

function checksum(memory: Memory, { pointer, byteLength }: Span): number {
  return memory.kernels.crc32c(pointer, byteLength, 0) >>> 0;
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;

function encode(memory: Memory, decoded: Span): Span {
  const encoded = memory.allocate(decoded.byteLength + checksumSize);
  const sum = checksum(memory, decoded);
  const { bytes } = memory;
  bytes.copyWithin(encoded.pointer, decoded.pointer, decoded.pointer + decoded.byteLength);
  new DataView(bytes.buffer).setUint32(encoded.pointer + decoded.byteLength, sum, true);
  return encoded;
}

function decode(memory: Memory, encoded: Span): Span {
  if (encoded.byteLength < checksumSize) {
    throw new DataError("CORRUPT_DATA", "Chunk is shorter than its checksum", {
      expected: `at least ${checksumSize} bytes`,
      found: encoded.byteLength,
    });
  }
  const decoded = memory.slice(encoded, 0, encoded.byteLength - checksumSize);
  const stored = new DataView(memory.bytes.buffer).getUint32(encoded.pointer + decoded.byteLength, true);
  const computed = checksum(memory, decoded);
  if (stored !== computed) {
    throw new DataError("CHECKSUM_MISMATCH", "Checksum does not match the data", {
      expected: hex(stored),
      found: hex(computed),
    });
  }
  return decoded;
}

export const crc32cCodec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "crc32c",
  configure(configuration, where) {
    rejectUnknownFields(configuration, [], where);
    return {
      bind: (decodedSize) => ({
        name: "crc32c",
        place: "wasm",
        kernel: { kind: "crc32c" },
        decodedSize,
        encodedSize: plusBytes(decodedSize, checksumSize),
        encode,
        decode,
      }),
    };
  },
};
