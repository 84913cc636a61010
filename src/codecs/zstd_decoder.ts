/**
 * Decoding of Zstandard data (RFC 8878) in linear memory, by a kernel on every host: nothing is to be loaded.
 *
 * What a frame claims costs no memory beyond what the metadata allows and its blocks can hold.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc8878
 */

import { DataError, RuntimeError } from "../errors.js";
import type { Memory, Span } from "../wasm/memory.js";
import { zstdKernels } from "../wasm/zstd_kernels.js";
import type { ByteSize, SpanDecoder } from "./codec.js";
import { parseZstdFrames } from "./zstd_frame.js";

/** A block of four bytes gives 128 KiB. */
export const maximumZstdRatio: number = 2 ** 15;
const maximumLength = 2 ** 31 - 1;
/** A frame of unknown size in a chunk of unknown size gets room for what its blocks can hold, up to this. */
const unknownSizeLimit = 2 ** 30;

/** Room for the frames of `encoded`, of which no more than `limit` bytes may come. Throws a {@link DataError} for frames that cannot be. */
function roomFor(encoded: Uint8Array, limit: number): number {
  const frames = parseZstdFrames(encoded);
  const declared = frames.reduce((sum, { contentSize }) => sum + (contentSize ?? 0), 0);
  if (declared > limit) {
    throw new DataError("CORRUPT_DATA", "zstd frame declares more bytes than the chunk holds", {
      expected: limit,
      found: declared,
    });
  }
  const most = frames.reduce(
    (sum, { contentSize, maximumSize }) => sum + (contentSize ?? Math.min(maximumSize, unknownSizeLimit)),
    0,
  );
  return Math.min(most, limit);
}

/**
 * Decodes all frames of `encoded` into the open scope. Throws a {@link DataError} for bad frames, and for more bytes than `size` allows.
 */
export function decodeZstd(memory: Memory, encoded: Span, size: ByteSize): Span {
  const limit = size.kind === "unbounded" ? Number.POSITIVE_INFINITY : size.bytes;
  const most =
    size.kind === "fixed"
      ? Math.min(limit, encoded.byteLength * maximumZstdRatio)
      : roomFor(memory.view(encoded), limit);
  const decoded = memory.allocate(Math.min(most, maximumLength));
  const { pointer, byteLength } = decoded;
  const written = memory.kernelsOf(zstdKernels).zstdDecode(pointer, byteLength, encoded.pointer, encoded.byteLength);
  if (written === byteLength) return decoded;
  if (written >= 0) return memory.slice(decoded, 0, written);
  // Only now that it is bad is it looked at closely.
  if (roomFor(memory.view(encoded), limit) > maximumLength) {
    throw new RuntimeError("OUT_OF_MEMORY", "zstd data decodes to more bytes than one chunk can have here", {
      expected: `at most ${maximumLength} bytes`,
    });
  }
  throw new DataError("CORRUPT_DATA", "zstd data is corrupt or decodes to more bytes than the chunk holds", {
    offset: -1 - written,
  });
}

/** Decodes small chunks of known size one after another. */
export function zstdDecoder(memory: Memory): SpanDecoder {
  const kernels = memory.kernelsOf(zstdKernels);
  return (encoded, { pointer, byteLength }) =>
    kernels.zstdDecode(pointer, byteLength, encoded.pointer, encoded.byteLength) === byteLength;
}
