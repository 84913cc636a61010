/** The obvious version of assembly/crc32.ts: one bit at a time. */

/** CRC-32 of `bytes` after `seed`. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  let remainder = ~seed;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  }
  return ~remainder >>> 0;
}
