/** Checksums made right again after a change, so that what lies behind them is reached. */

import { constants, crc32, inflateRawSync } from "node:zlib";
import type { BoundChain } from "../../../src/codecs/codec.js";
import { crc32c } from "../../../src/index.js";
import type { Random } from "../../model/random.js";

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

/** The trailer of a single member with a plain header. */
function repairGzip(encoded: Uint8Array): Uint8Array {
  const repaired = encoded.slice();
  if (encoded.length < 18 || encoded[3] !== 0) return repaired;
  let content: Uint8Array;
  try {
    const body = encoded.subarray(10, encoded.length - 8);
    content = inflateRawSync(body, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 20 });
  } catch {
    return repaired;
  }
  const view = new DataView(repaired.buffer);
  view.setUint32(encoded.length - 8, crc32(content), true);
  view.setUint32(encoded.length - 4, content.length, true);
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
  crc32c: repairCrc32c,
  gzip: repairGzip,
  sharding_indexed: repairShard,
};
