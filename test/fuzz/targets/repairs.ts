/** Checksums and lengths made right again after a change, so that what lies behind them is reached. */

import { constants, crc32, inflateRawSync } from "node:zlib";
import type { BoundChain } from "../../../src/codecs/codec.js";
import { crc32c } from "../../../src/index.js";
import type { Random } from "../../model/random.js";
import { adler32 } from "../../reference/adler32.js";

export type Repair = (encoded: Uint8Array, chain: BoundChain, random: Random) => Uint8Array;

/** Writes the CRC-32C of `length` bytes from `start` behind them. */
export function sealCrc32c(bytes: Uint8Array, start: number, length: number): void {
  if (length < 0 || start < 0 || start + length + 4 > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(start + length, crc32c(bytes.subarray(start, start + length)), true);
}

function repairCrc32c(encoded: Uint8Array): Uint8Array {
  const repaired = encoded.slice();
  sealCrc32c(repaired, 0, encoded.length - 4);
  return repaired;
}

/** What a DEFLATE stream holds, as far as it is good. */
function inflated(stream: Uint8Array): Uint8Array | undefined {
  try {
    return inflateRawSync(stream, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 20 });
  } catch {
    return undefined;
  }
}

/** The trailer of a single member with a plain header. */
function repairGzip(encoded: Uint8Array): Uint8Array {
  const repaired = encoded.slice();
  if (encoded.length < 18 || encoded[3] !== 0) return repaired;
  const content = inflated(encoded.subarray(10, encoded.length - 8));
  if (content === undefined) return repaired;
  const view = new DataView(repaired.buffer);
  view.setUint32(encoded.length - 8, crc32(content), true);
  view.setUint32(encoded.length - 4, content.length, true);
  return repaired;
}

function repairZlib(encoded: Uint8Array): Uint8Array {
  const repaired = encoded.slice();
  if (encoded.length < 8) return repaired;
  const content = inflated(encoded.subarray(2, encoded.length - 4));
  if (content !== undefined) new DataView(repaired.buffer).setUint32(encoded.length - 4, adler32(content));
  return repaired;
}

/** The lengths in the header, of the content and of the whole. */
function repairBlosc(encoded: Uint8Array, { byteLength }: BoundChain): Uint8Array {
  const repaired = encoded.slice();
  if (encoded.length < 16) return repaired;
  const view = new DataView(repaired.buffer);
  view.setInt32(4, byteLength, true);
  view.setInt32(12, encoded.length, true);
  return repaired;
}

/** The length of the content. */
function repairLz4(encoded: Uint8Array, { byteLength }: BoundChain): Uint8Array {
  const repaired = encoded.slice();
  if (encoded.length >= 4) new DataView(repaired.buffer).setUint32(0, byteLength, true);
  return repaired;
}

/** The checksums of the index, and those of inner chunks where the sample has them. */
function repairShard(encoded: Uint8Array, { shard }: BoundChain, random: Random): Uint8Array {
  const repaired = encoded.slice();
  if (shard === undefined || encoded.length < shard.indexSize) return repaired;
  const hasChecksum = shard.index.byteSteps.some(({ name }) => name === "crc32c");
  const start = shard.indexLocation === "start" ? 0 : encoded.length - shard.indexSize;
  const size = shard.inner.encodedSize.kind === "fixed" ? shard.inner.encodedSize.bytes : 0;
  const view = new DataView(repaired.buffer);
  if (shard.inner.byteSteps.at(-1)?.name === "crc32c" && random.chance(0.7)) {
    for (let chunk = 0; chunk < shard.chunkCount; chunk++) {
      const offset = Number(view.getBigUint64(start + chunk * 16, true));
      if (offset < encoded.length) sealCrc32c(repaired, offset, size - 4);
    }
  }
  if (hasChecksum) sealCrc32c(repaired, start, shard.indexSize - 4);
  return repaired;
}

export const repairs: Readonly<Record<string, Repair | undefined>> = {
  blosc: repairBlosc,
  crc32c: repairCrc32c,
  gzip: repairGzip,
  "numcodecs.blosc": repairBlosc,
  "numcodecs.gzip": repairGzip,
  "numcodecs.lz4": repairLz4,
  sharding_indexed: repairShard,
  zlib: repairZlib,
};
