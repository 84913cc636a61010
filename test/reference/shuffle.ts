/** The obvious version of assembly/shuffle.ts. */

/** Byte `j` of item `i` goes to place `i` of plane `j`. Bytes that fill no item stay where they are. */
export function shuffle(bytes: Uint8Array, itemSize: number): Uint8Array {
  const count = Math.floor(bytes.length / itemSize);
  const shuffled = bytes.slice();
  for (let i = 0; i < count; i++) for (let j = 0; j < itemSize; j++) shuffled[j * count + i] = bytes[i * itemSize + j]!;
  return shuffled;
}

/** Bit `k` of item `i` goes to bit `i` of plane `k`, as long as the planes are whole bytes. */
export function bitshuffle(bytes: Uint8Array, itemSize: number): Uint8Array {
  const count = Math.floor(bytes.length / itemSize);
  const shuffled = bytes.slice();
  if (count % 8 !== 0) return shuffled;
  shuffled.fill(0, 0, count * itemSize);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < itemSize * 8; k++) {
      const bit = (bytes[i * itemSize + (k >> 3)]! >> (k & 7)) & 1;
      const to = k * count + i;
      shuffled[to >> 3]! |= bit << (to & 7);
    }
  }
  return shuffled;
}
