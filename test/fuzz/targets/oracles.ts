/** Other implementations of codecs, which must agree with ours about damaged bytes. */

import type { BoundChain } from "../../../src/codecs/codec.js";
import { gunzipPortable } from "../../../src/codecs/gzip.js";
import { hostZlib } from "../../../src/platform.js";
import { crc32 } from "../../reference/crc32.js";
import { crc32c as referenceCrc32c } from "../../reference/crc32c.js";
import { attempt, check, checkBytes } from "../target.js";

/** `decoded` is what ours made of `encoded`, unless it refused. */
export type Oracle = (encoded: Uint8Array, decoded: Uint8Array | undefined, chain: BoundChain) => void;

/** What `node:zlib` makes of all the bytes, if it takes them. */
function gunzip(encoded: Uint8Array, limit: number): Uint8Array | undefined {
  try {
    const { buffer, engine } = hostZlib!.gunzipSync(encoded, { maxOutputLength: Math.max(limit, 1), info: true });
    return engine.bytesWritten === encoded.length ? new Uint8Array(buffer) : undefined;
  } catch {
    return undefined;
  }
}

/** Both of our ways take what `node:zlib` takes; the portable one does not look at all of a damaged stream, but at its checksum. */
function gzip(encoded: Uint8Array, decoded: Uint8Array | undefined, { byteLength }: BoundChain): void {
  const size = { kind: "fixed", bytes: byteLength } as const;
  const portable = attempt(["CORRUPT_DATA"], () => gunzipPortable(encoded, size)).value;
  const host = gunzip(encoded, byteLength);
  if (host?.length === byteLength) {
    check(portable !== undefined, "the portable decoder refuses what node:zlib takes");
    checkBytes(portable, host, "the portable decoder");
    check(decoded !== undefined, "the codec refuses what node:zlib takes");
  } else if (portable !== undefined && !hasMoreMembers(encoded)) {
    const trailer = new DataView(encoded.buffer, encoded.byteOffset + encoded.length - 8, 8);
    check(trailer.getUint32(4, true) === portable.length, "taken though its trailer gives another length");
    check(trailer.getUint32(0, true) === crc32(portable), "taken though its checksum is wrong");
  }
}

/** Whether there may be a second member, whose trailer speaks for itself only. */
function hasMoreMembers(encoded: Uint8Array): boolean {
  return encoded.some((byte, i) => i > 0 && byte === 0x1f && encoded[i + 1] === 0x8b);
}

/** The checksum by the obvious loop. */
function crc32c(encoded: Uint8Array, decoded: Uint8Array | undefined, { encodedSize }: BoundChain): void {
  if (encodedSize.kind !== "fixed" || encoded.length !== encodedSize.bytes) {
    check(decoded === undefined, "a chunk of the wrong length");
    return;
  }
  const end = encoded.length - 4;
  const stored = new DataView(encoded.buffer, encoded.byteOffset + end).getUint32(0, true);
  check((referenceCrc32c(encoded.subarray(0, end)) === stored) === (decoded !== undefined), "verified wrongly");
}

/** Zstandard of `node:zlib`, where it is. */
function zstd(encoded: Uint8Array, decoded: Uint8Array | undefined, { byteLength }: BoundChain): void {
  const decompress = hostZlib?.zstdDecompressSync;
  if (decompress === undefined || decoded === undefined) return;
  checkBytes(decompress(encoded, { maxOutputLength: byteLength + 1 }), decoded, "zstd of node:zlib");
}

export const oracles: Readonly<Record<string, Oracle | undefined>> = { crc32c, gzip, zstd };
