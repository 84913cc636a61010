/**
 * `numcodecs.lz4`: the decoded length in four bytes, little-endian, then one LZ4 block.
 *
 * Source: https://numcodecs.readthedocs.io/en/stable/compression/lz4.html
 */

import { DataError, RuntimeError } from "../errors.js";
import { at, expectInteger, rejectUnknownFields } from "../metadata/validate.js";
import { bloscKernels } from "../wasm/blosc_kernels.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ByteSize, type BytesToBytesCodec, boundedBy } from "./codec.js";

const headerSize = 4;
/** No LZ4 block holds more bytes. */
const blockLimit = 0x7e000000;
/** No byte of a block stands for more bytes of data: what allows for no more is refused before memory is taken. */
const highestRatio = 255;

function encodedBound(byteLength: number): number {
  return headerSize + byteLength + Math.floor(byteLength / 255) + 16;
}

function encode(memory: Memory, decoded: Span, acceleration: number): Span {
  const { pointer, byteLength } = decoded;
  if (byteLength > blockLimit) {
    throw new RuntimeError("UNSUPPORTED", "LZ4 cannot encode this many bytes at once", {
      expected: `at most ${blockLimit} bytes`,
      found: byteLength,
    });
  }
  const encoded = memory.allocate(encodedBound(byteLength));
  const block = memory.slice(encoded, headerSize);
  const length = memory
    .kernelsOf(bloscKernels)
    .lz4Encode(block.pointer, block.byteLength, pointer, byteLength, acceleration);
  new DataView(memory.bytes.buffer).setUint32(encoded.pointer, byteLength, true);
  return memory.slice(encoded, 0, headerSize + length);
}

function decode(memory: Memory, encoded: Span, decodedSize: ByteSize): Span {
  if (encoded.byteLength <= headerSize) {
    throw new DataError("CORRUPT_DATA", "LZ4 data is cut short", {
      expected: `more than ${headerSize} bytes`,
      found: encoded.byteLength,
    });
  }
  const block = memory.slice(encoded, headerSize);
  const declared = new DataView(memory.bytes.buffer).getUint32(encoded.pointer, true);
  if (decodedSize.kind === "fixed" && declared !== decodedSize.bytes) {
    throw new DataError("CORRUPT_DATA", "LZ4 data declares another length than the chunk's", {
      expected: decodedSize.bytes,
      found: declared,
      offset: 0,
    });
  }
  const limit = Math.min(
    highestRatio * block.byteLength,
    decodedSize.kind === "unbounded" ? blockLimit : Math.min(decodedSize.bytes, blockLimit),
  );
  if (declared > limit) {
    throw new DataError("CORRUPT_DATA", "LZ4 data declares more bytes than it can hold", {
      expected: `at most ${limit}`,
      found: declared,
      offset: 0,
    });
  }
  const decoded = memory.allocate(declared);
  const length = memory.kernelsOf(bloscKernels).lz4Decode(decoded.pointer, declared, block.pointer, block.byteLength);
  if (length < 0) {
    throw new DataError("CORRUPT_DATA", "LZ4 block is corrupt", { offset: headerSize - 1 - length });
  }
  if (length !== declared) {
    throw new DataError("CORRUPT_DATA", "LZ4 block does not hold the bytes that its header declares", {
      expected: declared,
      found: length,
    });
  }
  return decoded;
}

export const numcodecsLz4Codec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "numcodecs.lz4",
  aliases: ["lz4"],
  defaults: { acceleration: 1 },
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["acceleration"], where);
    const value = configuration.get("acceleration");
    // Any C int is legal; the kernel takes what LZ4 takes it for.
    const acceleration =
      value === undefined
        ? 1
        : expectInteger(value, { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }, at(where, "acceleration"));
    return {
      bind: (decodedSize) => ({
        name: "numcodecs.lz4",
        place: "wasm",
        decodedSize,
        encodedSize: boundedBy(decodedSize, encodedBound),
        encode: (memory, decoded) => encode(memory, decoded, acceleration),
        decode: (memory, encoded) => decode(memory, encoded, decodedSize),
      }),
    };
  },
};
