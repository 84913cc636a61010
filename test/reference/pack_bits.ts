/** The obvious version of assembly/pack_bits.ts. */

import { fromUnsigned, unsignedElements } from "./elements.js";

export function packBits(bytes: Uint8Array, itemSize: number, firstBit: number, bitCount: number): Uint8Array {
  const bits = unsignedElements(bytes, itemSize).flatMap((element) =>
    Array.from({ length: bitCount }, (_, i) => Number((element >> BigInt(firstBit + i)) & 1n)),
  );
  const packed = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    packed[i >> 3]! |= bit << (i & 7);
  });
  return packed;
}

export function unpackBits(
  packed: Uint8Array,
  count: number,
  itemSize: number,
  firstBit: number,
  bitCount: number,
  isSigned: boolean,
): Uint8Array {
  const elements = Array.from({ length: count }, (_, element) => {
    let bits = 0n;
    for (let i = 0; i < bitCount; i++) {
      const at = element * bitCount + i;
      bits |= BigInt((packed[at >> 3]! >> (at & 7)) & 1) << BigInt(i);
    }
    return (isSigned ? BigInt.asIntN(bitCount, bits) : bits) << BigInt(firstBit);
  });
  return fromUnsigned(elements, itemSize);
}
