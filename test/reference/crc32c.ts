/** The obvious version of assembly/crc32c.ts: one bit at a time. */

/** CRC-32C of `bytes` after `seed`. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  let remainder = ~seed;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  }
  return ~remainder >>> 0;
}
