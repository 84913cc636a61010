/** Elements of 1, 2, 4 or 8 bytes as unsigned bigints, little-endian. */

export function unsignedElements(bytes: Uint8Array, itemSize: number): bigint[] {
  return Array.from({ length: bytes.length / itemSize }, (_, i) =>
    bytes.subarray(i * itemSize, (i + 1) * itemSize).reduceRight((bits, byte) => bits * 256n + BigInt(byte), 0n),
  );
}

export function fromUnsigned(elements: readonly bigint[], itemSize: number): Uint8Array {
  return Uint8Array.from(
    elements.flatMap((bits) => Array.from({ length: itemSize }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn))),
  );
}
