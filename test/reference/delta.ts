/** The obvious version of assembly/delta.ts. */

import { fromUnsigned, unsignedElements } from "./elements.js";

export function deltaEncode(bytes: Uint8Array, itemSize: number): Uint8Array {
  const elements = unsignedElements(bytes, itemSize);
  const differences = elements.map((bits, i) => (i === 0 ? bits : bits - elements[i - 1]!));
  return fromUnsigned(differences, itemSize);
}

export function deltaDecode(bytes: Uint8Array, itemSize: number): Uint8Array {
  let sum = 0n;
  const sums = unsignedElements(bytes, itemSize).map((bits) => {
    sum += bits;
    return sum;
  });
  return fromUnsigned(sums, itemSize);
}

export function floatDeltaEncode<T extends Float32Array | Float64Array>(elements: T): T {
  const result = elements.slice() as T;
  for (let i = 1; i < elements.length; i++) result[i] = elements[i]! - elements[i - 1]!;
  return result;
}

export function floatDeltaDecode<T extends Float32Array | Float64Array>(elements: T): T {
  const result = elements.slice() as T;
  for (let i = 1; i < elements.length; i++) result[i] = result[i - 1]! + elements[i]!;
  return result;
}
