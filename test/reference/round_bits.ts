/** The obvious version of assembly/round_bits.ts. */

import { fromUnsigned, unsignedElements } from "./elements.js";

function roundHalfToEven(bits: bigint, dropped: number): bigint {
  const unit = 1n << BigInt(dropped);
  const units = bits / unit;
  const rest = bits % unit;
  const isUp = 2n * rest > unit || (2n * rest === unit && units % 2n === 1n);
  return (units + (isUp ? 1n : 0n)) * unit;
}

export function roundFloats(bytes: Uint8Array, itemSize: number, dropped: number): Uint8Array {
  return fromUnsigned(
    unsignedElements(bytes, itemSize).map((bits) => roundHalfToEven(bits, dropped)),
    itemSize,
  );
}

export function roundIntegers(bytes: Uint8Array, itemSize: number, kept: number, isSigned: boolean): Uint8Array {
  const width = itemSize * 8;
  const rounded = unsignedElements(bytes, itemSize).map((bits) => {
    const dropped = (bits === 0n ? 0 : bits.toString(2).length) - kept;
    if (dropped <= 0) return bits;
    const nearest = roundHalfToEven(bits, dropped);
    const isNegative = isSigned && bits >> BigInt(width - 1) === 1n;
    const limit = 1n << BigInt(isSigned && !isNegative ? width - 1 : width);
    return nearest < limit ? nearest : (bits >> BigInt(dropped)) << BigInt(dropped);
  });
  return fromUnsigned(rounded, itemSize);
}
