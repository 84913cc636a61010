/** The obvious version of assembly/byteswap.ts. */

/** `bytes` with the bytes of each element of `width` bytes reversed. */
export function byteswap(bytes: Uint8Array, width: number): Uint8Array {
  return bytes.map((_, i) => bytes[i - (i % width) + (width - 1 - (i % width))]!);
}
