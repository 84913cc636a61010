/** Shards made by hand. */

import { crc32c } from "../reference/crc32c.js";
import { join } from "./bytes.js";

/** Bytes from the shard's start; taken as they are. */
export type Entry = readonly [offset: bigint, length: bigint];
export type Location = "start" | "end";

export const missing: Entry = [2n ** 64n - 1n, 2n ** 64n - 1n];
export const entryBytes = 16;

export interface Index {
  readonly location?: Location;
  readonly isLittle?: boolean;
  readonly hasChecksum?: boolean;
}

export function encodeIndex(
  entries: readonly Entry[],
  { isLittle = true, hasChecksum = true }: Index = {},
): Uint8Array {
  const view = new DataView(new ArrayBuffer(entries.length * entryBytes));
  entries.forEach(([offset, length], i) => {
    view.setBigUint64(i * entryBytes, offset, isLittle);
    view.setBigUint64(i * entryBytes + 8, length, isLittle);
  });
  const bytes = new Uint8Array(view.buffer);
  if (!hasChecksum) return bytes;
  const checksum = new DataView(new ArrayBuffer(4));
  checksum.setUint32(0, crc32c(bytes), true);
  return join(bytes, new Uint8Array(checksum.buffer));
}

/** `data`, and the index before or after it. Offsets are taken as they are. */
export function shard(data: readonly number[], entries: readonly Entry[], index: Index = {}): Uint8Array {
  const encoded = encodeIndex(entries, index);
  return index.location === "start" ? join(encoded, data) : join(data, encoded);
}
