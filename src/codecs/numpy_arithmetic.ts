/**
 * numpy's arithmetic between an array and a constant, in the array's data type: integers wrap around, floats are rounded half to even
 * after each operation.
 *
 * https://numpy.org/doc/stable/reference/ufuncs.html#type-casting-rules
 */

import { float16ToNumber, numberToFloat16Bits } from "../metadata/float.js";
import { bigintsOf, type FloatName, type IntegerName, isWide, numbersOf } from "./numeric.js";

export type FloatOperator = "subtract" | "multiply" | "divide" | "add";
export type IntegerOperator = "subtract" | "multiply";

const floatOperations: Readonly<Record<FloatOperator, (a: number, b: number) => number>> = {
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  add: (a, b) => a + b,
};

/** The nearest number of the type. */
export function roundTo(name: FloatName, value: number): number {
  if (name === "float64") return value;
  return name === "float32" ? Math.fround(value) : float16ToNumber(numberToFloat16Bits(value));
}

/** Applies `operator` with `constant`, rounded to the type, on its right to every element of `bytes`, which must be aligned. */
export function applyToFloats(bytes: Uint8Array, name: FloatName, operator: FloatOperator, constant: number): void {
  const operation = floatOperations[operator];
  const right = roundTo(name, constant);
  mapFloats(bytes, name, (value) => operation(value, right));
}

/** As {@link applyToFloats}, modulo 2 to the power of the type's bits. */
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

/** Rounds every element of `bytes`, which must be aligned, to an integer, half to even. */
export function roundToIntegers(bytes: Uint8Array, name: FloatName): void {
  mapFloats(bytes, name, roundHalfToEven);
}

export function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  // Math.round takes a half upwards.
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function mapFloats(bytes: Uint8Array, name: FloatName, map: (value: number) => number): void {
  const elements = numbersOf(bytes, name);
  if (name === "float16") {
    for (let i = 0; i < elements.length; i++) elements[i] = numberToFloat16Bits(map(float16ToNumber(elements[i]!)));
  } else {
    for (let i = 0; i < elements.length; i++) elements[i] = map(elements[i]!);
  }
}
