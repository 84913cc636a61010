/** The obvious version of assembly/fletcher32.ts: one word at a time. */

/** Modulo 65535, where a sum that is not 0 stays so. */
const reduced = (sum: number): number => (sum === 0 ? 0 : ((sum - 1) % 65535) + 1);

/** HDF5's Fletcher-32 of `bytes`. */
export function fletcher32(bytes: Uint8Array): number {
  let first = 0;
  let second = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    first = reduced(first + bytes[i]! * 256 + (bytes[i + 1] ?? 0));
    second = reduced(second + first);
  }
  return second * 65536 + first;
}
