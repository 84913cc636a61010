/** The kernels that are useful by themselves. */

import { ArgumentError } from "./errors.js";
import { crc32cOf } from "./wasm/checksum.js";
import { useMemory } from "./wasm/memory.js";

function checkBytes(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("Bytes must be a Uint8Array");
}

/** CRC-32C (Castagnoli) of `bytes`, unsigned. Chains: `crc32c(b, crc32c(a))` is the checksum of `a` followed by `b`. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  checkBytes(bytes);
  return crc32cOf(bytes, seed);
}

/** A new array with the bytes of each item of `itemSize` (2, 4, 8 or 16) bytes reversed. */
export function byteswap(bytes: Uint8Array, itemSize: 2 | 4 | 8 | 16): Uint8Array {
  checkBytes(bytes);
  if (![2, 4, 8, 16].includes(itemSize)) {
    throw new ArgumentError("INVALID_ARGUMENT", "Invalid item size", {
      expected: "2, 4, 8 or 16",
      found: String(itemSize),
    });
  }
  if (bytes.byteLength % itemSize !== 0) {
    throw new ArgumentError("INVALID_ARGUMENT", "Length is not a multiple of the item size", {
      expected: itemSize,
      found: bytes.byteLength,
    });
  }
  return useMemory((memory) => {
    const span = memory.write(bytes);
    const { pointer, byteLength } = span;
    if (itemSize === 2) memory.kernels.byteswap2(pointer, byteLength, pointer, byteLength);
    else if (itemSize === 4) memory.kernels.byteswap4(pointer, byteLength, pointer, byteLength);
    else if (itemSize === 8) memory.kernels.byteswap8(pointer, byteLength, pointer, byteLength);
    else memory.kernels.byteswap16(pointer, byteLength, pointer, byteLength);
    return memory.read(span);
  });
}
