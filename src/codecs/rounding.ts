/**
 * Rounding of real numbers to integers and to floats, once and in any direction.
 *
 * https://en.wikipedia.org/wiki/IEEE_754#Rounding_rules
 */

import type { FloatName } from "./numeric.js";
import { roundHalfToEven } from "./numpy_arithmetic.js";

export const roundings = [
  "nearest-even",
  "towards-zero",
  "towards-positive",
  "towards-negative",
  "nearest-away",
] as const;

export type Rounding = (typeof roundings)[number];

function roundHalfAway(value: number): number {
  const truncated = Math.trunc(value);
  return Math.abs(value - truncated) >= 0.5 ? truncated + Math.sign(value) : truncated;
}

const integerRoundings: Readonly<Record<Rounding, (value: number) => number>> = {
  "nearest-even": roundHalfToEven,
  "towards-zero": Math.trunc,
  "towards-positive": Math.ceil,
  "towards-negative": Math.floor,
  "nearest-away": roundHalfAway,
};

/** The function that rounds a double to an integer; NaN and infinities stay. */
export function integerRounding(rounding: Rounding): (value: number) => number {
  return integerRoundings[rounding];
}

/** The rounding of magnitudes that is `rounding` for numbers of one sign. */
function ofMagnitudes(rounding: Rounding, isNegative: boolean): Rounding {
  if (rounding === "towards-positive") return isNegative ? "towards-zero" : "towards-positive";
  if (rounding === "towards-negative") return isNegative ? "towards-positive" : "towards-zero";
  return rounding;
}

interface Format {
  /** Significant bits. */
  readonly precision: number;
  /** Exponent of the smallest normal number. */
  readonly lowest: number;
  readonly largest: number;
}

const formats: Readonly<Record<FloatName, Format>> = {
  float16: { precision: 11, lowest: -14, largest: 65504 },
  float32: { precision: 24, lowest: -126, largest: 2 ** 128 - 2 ** 104 },
  float64: { precision: 53, lowest: -1022, largest: Number.MAX_VALUE },
};

const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** floor(log2(value)) of a positive normal double; less for smaller ones. */
function exponentOf(value: number): number {
  scratch[0] = value;
  return (scratchWords[1]! >>> 20) - 1023;
}

/** Divisions and multiplications by a power of two are exact, so all that is rounded is the number of units. */
function roundDouble(value: number, { precision, lowest, largest }: Format, rounding: Rounding): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const magnitude = Math.abs(value);
  const unit = 2 ** (Math.max(exponentOf(magnitude), lowest) - precision + 1);
  const rounded = integerRoundings[ofMagnitudes(rounding, value < 0)](magnitude / unit) * unit;
  return Math.sign(value) * (rounded > largest ? Number.POSITIVE_INFINITY : rounded);
}

/** The value of a 64-bit integer in at most `precision` bits, as a number. */
function roundBigint(value: bigint, { precision, largest }: Format, rounding: Rounding): number {
  const magnitude = value < 0n ? -value : value;
  const dropped = magnitude.toString(2).length - precision;
  if (dropped <= 0) return Number(value);
  const unit = 1n << BigInt(dropped);
  const units = magnitude / unit;
  const rest = magnitude % unit;
  const rounded = Number((units + (carries(units, rest, unit, ofMagnitudes(rounding, value < 0n)) ? 1n : 0n)) * unit);
  const limited = rounded > largest ? Number.POSITIVE_INFINITY : rounded;
  return value < 0n ? -limited : limited;
}

function carries(units: bigint, rest: bigint, unit: bigint, rounding: Rounding): boolean {
  if (rest === 0n || rounding === "towards-zero") return false;
  if (rounding === "towards-positive") return true;
  const half = unit / 2n;
  if (rest !== half) return rest > half;
  return rounding === "nearest-away" || units % 2n === 1n;
}

/** The function that rounds a number or a 64-bit integer to a float type; beyond its range is an infinity, whatever the direction. */
export function floatRounding(target: FloatName, rounding: Rounding): (value: number | bigint) => number {
  const format = formats[target];
  const isNative = target === "float32" && rounding === "nearest-even";
  return (value) => {
    const number = Number(value);
    // From here on the double may already have been rounded.
    if (typeof value === "bigint" && Math.abs(number) >= 2 ** 53) return roundBigint(value, format, rounding);
    return isNative ? Math.fround(number) : roundDouble(number, format, rounding);
  };
}
