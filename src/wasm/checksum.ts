/** CRC-32C of bytes that lie in the JavaScript heap. */

import { useMemory } from "./memory.js";

/** Input is staged through linear memory in pieces of this many bytes, so that checksumming a large value does not grow it. */
const pieceBytes = 256 * 1024;

/** CRC-32C of `bytes`, unsigned, continuing from `seed`. */
export function crc32cOf(bytes: Uint8Array, seed = 0): number {
  return useMemory((memory) => {
    const piece = memory.allocate(Math.min(bytes.byteLength, pieceBytes));
    let sum = seed;
    for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
      const part = bytes.subarray(offset, offset + pieceBytes);
      memory.bytes.set(part, piece.pointer);
      sum = memory.kernels.crc32c(piece.pointer, part.byteLength, sum);
    }
    return sum >>> 0;
  });
}

/**
 * CRC-32C of each part of `bytes`, `[start, end)`, in ascending order and each at most a piece long. Staged together: the 129 sectors of
 * 64 KiB cost one copy instead of 129.
 */
export function crc32cOfParts(bytes: Uint8Array, parts: readonly (readonly [start: number, end: number])[]): number[] {
  return useMemory((memory) => {
    const { pointer } = memory.allocate(Math.min(bytes.byteLength, pieceBytes));
    let staged = 0;
    let stagedEnd = 0;
    return parts.map(([start, end]) => {
      if (end > stagedEnd) {
        staged = start;
        stagedEnd = Math.min(bytes.byteLength, start + pieceBytes);
        memory.bytes.set(bytes.subarray(staged, stagedEnd), pointer);
      }
      return memory.kernels.crc32c(pointer + start - staged, end - start, 0) >>> 0;
    });
  });
}
