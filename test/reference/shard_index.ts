/** The obvious version of assembly/shard_index.ts. */

const missing = 2n ** 64n - 1n;

/** A present inner chunk as [offset, length], or undefined where it is missing. */
export type Entry = readonly [bigint, bigint] | undefined;

/** The stored form of an index. */
export function storeIndex(entries: readonly Entry[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(entries.flatMap((entry) => entry ?? [missing, missing])).buffer);
}

/** The number of the first entry that a shard of `valueLength` bytes with its index in `region` cannot have; -1 if there is none. */
export function findBadEntry(
  entries: readonly Entry[],
  valueLength: number,
  region: { readonly offset: number; readonly length: number },
): number {
  const limit = valueLength === Infinity ? 2n ** 53n : BigInt(valueLength);
  return entries.findIndex((entry) => {
    if (entry === undefined) return false;
    const [offset, length] = entry;
    const end = offset + length;
    const touchesIndex =
      length > 0n && region.length > 0 && offset < BigInt(region.offset + region.length) && end > BigInt(region.offset);
    return end > limit || end > 2n ** 53n || touchesIndex;
  });
}

/** The entries of a shard packed from `base` on in the order of `order`, and the end of its last inner chunk. */
export function packIndex(lengths: readonly number[], order: readonly number[], base: number): [Entry[], number] {
  const entries: Entry[] = lengths.map(() => undefined);
  let end = base;
  for (const chunk of order) {
    if (lengths[chunk]! < 0) continue;
    entries[chunk] = [BigInt(end), BigInt(lengths[chunk]!)];
    end += lengths[chunk]!;
  }
  return [entries, end];
}
