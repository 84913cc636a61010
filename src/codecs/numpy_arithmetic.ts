/**
 * numpy's arithmetic between an array and constants, in the array's data type: integers wrap around, floats are rounded half to even after
 * each operation.
 *
 * https://numpy.org/doc/stable/reference/ufuncs.html#type-casting-rules
 */

import { float16ToNumber, numberToFloat16Bits } from "../metadata/float.js";
import { bigintsOf, type FloatName, type IntegerName, isWide, numbersOf } from "./numeric.js";

/** The nearest number of the type. */
export function roundTo(name: FloatName, value: number): number {
  if (name === "float64") return value;
  return name === "float32" ? Math.fround(value) : float16ToNumber(numberToFloat16Bits(value));
}

/** `(x - offset) * scale` in place of each value; the constants are rounded to the type first. */
export function subtractAndMultiply(values: Float64Array, name: FloatName, offset: number, scale: number): void {
  const subtrahend = roundTo(name, offset);
  const factor = roundTo(name, scale);
  for (let i = 0; i < values.length; i++) {
    values[i] = roundTo(name, roundTo(name, values[i]! - subtrahend) * factor);
  }
}

/** `x / scale + offset` in place of each value; the constants are rounded to the type first. */
export function divideAndAdd(values: Float64Array, name: FloatName, scale: number, offset: number): void {
  const divisor = roundTo(name, scale);
  const addend = roundTo(name, offset);
  for (let i = 0; i < values.length; i++) values[i] = roundTo(name, roundTo(name, values[i]! / divisor) + addend);
}

/** Rounds each value to an integer, half to even. */
export function roundToIntegers(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) values[i] = roundHalfToEven(values[i]!);
}

/** The nearest integer, with the value's sign; by `Math.floor`, because it is three times as fast as `Math.round` here. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5 || (rest === 0.5 && floor % 2 === 0)) return floor;
  const above = floor + 1;
  return above === 0 ? -0 : above;
}

export type IntegerOperator = "subtract" | "multiply";

/** Applies `operator` with `constant` on its right to every element of `bytes`, which must be aligned, modulo 2 to the power of the type's bits. */
export function applyToIntegers(
  bytes: Uint8Array,
  name: IntegerName,
  operator: IntegerOperator,
  constant: bigint,
): void {
  // Storing the result makes it wrap, so the low 32 bits of a product are enough.
  if (isWide(name)) {
    const elements = bigintsOf(bytes, name);
    for (let i = 0; i < elements.length; i++) {
      elements[i] = operator === "multiply" ? elements[i]! * constant : elements[i]! - constant;
    }
    return;
  }
  const elements = numbersOf(bytes, name);
  const right = Number(constant);
  for (let i = 0; i < elements.length; i++) {
    elements[i] = operator === "multiply" ? Math.imul(elements[i]!, right) : elements[i]! - right;
  }
}
