/** A checksum of four bytes, little-endian, before or after the bytes that it is of: added on encode, verified and taken away on decode. */

import { DataError } from "../errors.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ByteSize, plusBytes, type WasmCodec } from "./codec.js";

export type ChecksumLocation = "start" | "end";

const checksumSize = 4;

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;

/** `checksum` gives 32 bits; it may allocate. */
export function checksumStep(
  name: string,
  decodedSize: ByteSize,
  location: ChecksumLocation,
  checksum: (memory: Memory, bytes: Span) => number,
): WasmCodec {
  const before = location === "start" ? checksumSize : 0;
  return {
    name,
    place: "wasm",
    decodedSize,
    encodedSize: plusBytes(decodedSize, checksumSize),
    encode(memory, decoded) {
      const { pointer, byteLength } = decoded;
      const encoded = memory.allocate(byteLength + checksumSize);
      const sum = checksum(memory, decoded);
      const { bytes } = memory;
      bytes.copyWithin(encoded.pointer + before, pointer, pointer + byteLength);
      new DataView(bytes.buffer).setUint32(encoded.pointer + (before > 0 ? 0 : byteLength), sum, true);
      return encoded;
    },
    decode(memory, encoded) {
      if (encoded.byteLength < checksumSize) {
        throw new DataError("CORRUPT_DATA", "Chunk is shorter than its checksum", {
          expected: `at least ${checksumSize} bytes`,
          found: encoded.byteLength,
        });
      }
      const byteLength = encoded.byteLength - checksumSize;
      const decoded = memory.slice(encoded, before, before + byteLength);
      const computed = checksum(memory, decoded) >>> 0;
      const stored = new DataView(memory.bytes.buffer).getUint32(encoded.pointer + (before > 0 ? 0 : byteLength), true);
      if (stored !== computed) {
        throw new DataError("CHECKSUM_MISMATCH", "Checksum does not match the data", {
          expected: hex(stored),
          found: hex(computed),
        });
      }
      return decoded;
    },
  };
}
