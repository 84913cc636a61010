/** Everything in a store, in a form that `toEqual` compares and prints. */

import type { SyncStore } from "../../src/stores/store.js";

/** Keys of all chunks, sorted. */
export function chunkKeys(store: SyncStore): string[] {
  return [...(store.listSync?.("/") ?? [])].filter((key) => !key.endsWith("zarr.json")).sort();
}

/** Every stored chunk as hexadecimal text. */
export function snapshot(store: SyncStore): Record<string, string> {
  return Object.fromEntries(
    chunkKeys(store).map((key) => [key, Buffer.from(store.getSync(key) ?? []).toString("hex")]),
  );
}

/** Slots of an uncompressed-index shard (`bytes` little, `crc32c`, at the end), by inner chunk number: offset, length, bytes as hexadecimal text. */
export function slotsOf(
  store: SyncStore,
  key: string,
  count: number,
): ({ offset: number; length: number; hex: string } | undefined)[] {
  const value = store.getSync(key)!;
  const index = new DataView(value.buffer, value.byteOffset + value.byteLength - count * 16 - 4, count * 16);
  return Array.from({ length: count }, (_, number) => {
    const offset = index.getBigUint64(number * 16, true);
    const length = index.getBigUint64(number * 16 + 8, true);
    if (offset === 2n ** 64n - 1n && length === offset) return undefined;
    const hex = Buffer.from(value.subarray(Number(offset), Number(offset + length))).toString("hex");
    return { offset: Number(offset), length: Number(length), hex };
  });
}
