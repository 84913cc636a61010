/**
 * numpy's conversion of numbers from one data type to another, `astype`: integers wrap around, floats lose their fraction on the way to
 * integers and are rounded half to even on the way to narrower floats.
 *
 * What C leaves undefined is what numpy gives on x86-64: a float beyond int32 becomes the low bits of the lowest int32, for 64-bit types one
 * beyond int64 the lowest int64; but unsigned types take all of their own range, and 0 above it. A NaN keeps its sign and the head of its
 * payload, and is quiet.
 *
 * https://numpy.org/doc/stable/reference/generated/numpy.ndarray.astype.html
 */

import { numberToFloat16Bits } from "../metadata/float.js";
import {
  countOf,
  type FloatName,
  isFloat,
  isWide,
  type NarrowName,
  type NumberArray,
  type NumericName,
  newElements,
  numbersOf,
  type WideName,
  widenFloat16,
} from "./numeric.js";

/** The elements of `bytes` as `to`: bytes that nobody else holds. */
export function astype(bytes: Uint8Array, from: NumericName, to: NumericName): Uint8Array {
  if (from === to) return bytes.slice();
  if (from === "float16") return astype(bytesOf(widenFloat16(Uint16Array.from(numbersOf(bytes, from)))), "float32", to);
  const converted = newElements(countOf(bytes, from), to);
  if (to === "bool") toBool(bytes, from, converted);
  else if (to === "float16") toFloat16(bytes, from, converted);
  else if (isWide(from)) fromWide(bytes, from, converted, to);
  else if (isWide(to)) toWide(numbersOf(bytes, from), isFloat(from), converted, to);
  else if (isFloat(from) && !isFloat(to)) truncate(numbersOf(bytes, from), numbersOf(converted, to), to);
  else {
    numbersOf(converted, to).set(numbersOf(bytes, from));
    if (isFloat(from) && isFloat(to)) copyNaNs(converted, to, bytes, from);
  }
  return converted;
}

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function toBool(bytes: Uint8Array, from: Exclude<NumericName, "float16">, converted: Uint8Array): void {
  if (isWide(from)) {
    const words = numbersOf(bytes, "uint32");
    for (let i = 0; i < converted.length; i++) converted[i] = (words[2 * i]! | words[2 * i + 1]!) === 0 ? 0 : 1;
    return;
  }
  const numbers = numbersOf(bytes, from);
  for (let i = 0; i < converted.length; i++) converted[i] = numbers[i] === 0 ? 0 : 1;
}

function toFloat16(bytes: Uint8Array, from: NumericName, converted: Uint8Array): void {
  // numpy takes integers there by way of float32.
  const name = isFloat(from) ? from : "float32";
  const source = name === from ? bytes : astype(bytes, from, name);
  const numbers = numbersOf(source, name);
  const halves = numbersOf(converted, "float16");
  for (let i = 0; i < halves.length; i++) halves[i] = numberToFloat16Bits(numbers[i]!);
  copyNaNs(converted, "float16", source, name);
}

function fromWide(bytes: Uint8Array, from: WideName, converted: Uint8Array, to: NumericName): void {
  if (isWide(to)) {
    converted.set(bytes);
    return;
  }
  const low = numbersOf(bytes, "uint32");
  const high = from === "int64" ? numbersOf(bytes, "int32") : low;
  const target = numbersOf(converted, to);
  for (let i = 0; i < target.length; i++) {
    const lowWord = low[2 * i]!;
    const highWord = high[2 * i + 1]!;
    if (to === "float64") target[i] = highWord * 2 ** 32 + lowWord;
    else if (to === "float32") target[i] = highWord * 2 ** 32 + oddTail(lowWord, highWord);
    else target[i] = lowWord;
  }
}

/**
 * The low word, with all bits that a double would lose gathered in one that it keeps: such a number is never halfway between two floats
 * unless the integer is, so that rounding it twice is rounding it once.
 */
function oddTail(lowWord: number, highWord: number): number {
  if (highWord >= -(2 ** 20) && highWord < 2 ** 20) return lowWord;
  return ((lowWord & ~0xfff) | ((lowWord & 0xfff) === 0 ? 0 : 0x800)) >>> 0;
}

function toWide(source: NumberArray, isSourceFloat: boolean, converted: Uint8Array, to: WideName): void {
  const words = numbersOf(converted, "uint32");
  const limit = to === "uint64" ? 2 ** 64 : 2 ** 63;
  for (let i = 0; i < source.length; i++) {
    const number = isSourceFloat ? Math.trunc(source[i]!) : source[i]!;
    if (number >= -(2 ** 63) && number < limit) {
      const high = Math.floor(number / 2 ** 32);
      words[2 * i] = number - high * 2 ** 32;
      words[2 * i + 1] = high;
    } else if (to === "int64" || !(number >= limit)) words[2 * i + 1] = 0x80000000;
  }
}

function truncate(source: NumberArray, target: NumberArray, to: NarrowName): void {
  // Storing drops the fraction and all bits above the type's.
  if (to === "uint32") {
    for (let i = 0; i < source.length; i++) {
      const number = source[i]!;
      if (number > -(2 ** 31) - 1 && number < 2 ** 32) target[i] = number;
      else target[i] = number >= 2 ** 32 ? 0 : 2 ** 31;
    }
    return;
  }
  for (let i = 0; i < source.length; i++) {
    const number = source[i]!;
    target[i] = number > -(2 ** 31) - 1 && number < 2 ** 31 ? number : -(2 ** 31);
  }
}

/**
 * Where `source` has a NaN, gives the NaN in `target` the bits that a processor would: JavaScript promises no NaN's bits, whatever is done
 * with it. `target` must be aligned.
 */
export function copyNaNs(target: Uint8Array, to: FloatName, source: Uint8Array, from: FloatName): void {
  const targetWords = wordsOf(target, to);
  const sourceWords = wordsOf(source, from);
  const count = countOf(target, to);
  for (let i = 0; i < count; i++) {
    if (isNaNAt(sourceWords, i, from))
      writeNaN(targetWords, i, to, nanHead(sourceWords, i, from), nanTail(sourceWords, i, from));
  }
}

/** What {@link copyNaNs} does, for the doubles that arithmetic makes of `source`: NaNs that are new get the bits that they have on x86-64. */
export function settleNaNs(values: Float64Array, source: Uint8Array, from: FloatName): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) writeNaN(words, i, "float64", 0xfff80000, 0);
  copyNaNs(bytesOf(values), "float64", source, from);
}

/** Words that a NaN can be told by: halves, or words of 32 bits. */
function wordsOf(bytes: Uint8Array, name: FloatName): NumberArray {
  return numbersOf(bytes, name === "float16" ? "uint16" : "uint32");
}

/** Writes a NaN that is given as two words of 64 bits. */
function writeNaN(words: NumberArray, i: number, name: FloatName, head: number, tail: number): void {
  if (name === "float64") {
    words[2 * i] = tail;
    words[2 * i + 1] = head;
    return;
  }
  const word = (head & 0x80000000) | 0x7fc00000 | ((head & 0xfffff) << 3) | (tail >>> 29);
  words[i] = name === "float32" ? word : ((word >>> 16) & 0x8000) | 0x7e00 | ((word & 0x7fffff) >>> 13);
}

function isNaNAt(words: NumberArray, i: number, name: FloatName): boolean {
  if (name === "float16") return (words[i]! & 0x7fff) > 0x7c00;
  if (name === "float32") return (words[i]! & 0x7fffffff) > 0x7f800000;
  const high = words[2 * i + 1]! & 0x7fffffff;
  return high > 0x7ff00000 || (high === 0x7ff00000 && words[2 * i] !== 0);
}

/** The high word of a NaN as a quiet one of 64 bits. */
function nanHead(words: NumberArray, i: number, name: FloatName): number {
  if (name === "float64") return words[2 * i + 1]! | 0x80000;
  const word = words[i]!;
  if (name === "float32") return (word & 0x80000000) | 0x7ff80000 | ((word & 0x7fffff) >>> 3);
  return ((word & 0x8000) << 16) | 0x7ff80000 | ((word & 0x3ff) << 10);
}

/** The low word of a NaN as one of 64 bits. */
function nanTail(words: NumberArray, i: number, name: FloatName): number {
  if (name === "float64") return words[2 * i]!;
  return name === "float32" ? (words[i]! & 7) << 29 : 0;
}
