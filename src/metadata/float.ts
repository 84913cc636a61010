/**
 * Floating-point numbers as bits (IEEE 754 binary16, binary32, binary64, and bfloat16) and as decimal text, rounded once, half to even.
 *
 * JavaScript rounds decimal text to a double. Rounding that double again, to 32 or 16 bits, can end one unit off: the double may land
 * exactly halfway between two narrower numbers although the text lies a little to one side. {@link decimalToOddDouble} avoids this.
 */

/** A binary interchange format. Bits travel as bigint, so that NaN payloads never pass through a JavaScript number. */
export interface FloatFormat {
  readonly bits: 16 | 32 | 64;
  /** The quiet NaN with an otherwise empty payload. */
  readonly canonicalNaN: bigint;
  /** The significant decimal digits that tell any two numbers apart. */
  readonly decimalDigits: number;
  /** The nearest number's bits, ties to even; beyond the range ±Infinity; every NaN is the canonical one. */
  toBits(value: number): bigint;
  fromBits(bits: bigint): number;
}

const scratch = new DataView(new ArrayBuffer(8));

function float64ToBits(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

function bitsToFloat64(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

/** The value of a binary16 bit pattern. */
export function float16ToNumber(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (0x400 + fraction) * 2 ** (exponent - 25);
}

/** The value of a bfloat16 bit pattern: the upper half of a binary32 one. */
export function bfloat16ToNumber(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}

/**
 * The bit pattern of the nearest number with a sign, an exponent and `fractionBits` in 16 bits, ties to even; beyond the range ±Infinity's.
 * `value` is not NaN.
 */
function roundTo16Bits(value: number, fractionBits: number): number {
  scratch.setFloat64(0, value);
  const head = scratch.getUint16(0);
  const sign = head & 0x8000;
  const exponent = ((head >> 4) & 0x7ff) - 1023;
  const bias = 2 ** (14 - fractionBits) - 1;
  if (exponent > bias) return sign | ((2 * bias + 1) << fractionBits);
  // Numbers below the smallest normal one share its spacing. Dividing by a power of two is exact.
  const biased = Math.max(exponent + bias, 1);
  const units = Math.abs(value) / 2 ** (biased - bias - fractionBits);
  const floor = Math.floor(units);
  const rest = units - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  // A fraction that overflows by rounding carries into the exponent, in the end into Infinity's pattern.
  return sign | (((biased - 1) << fractionBits) + rounded);
}

/** The bit pattern of the binary16 number nearest to `value`, ties to even; ±Infinity from ±65520 on; NaN is 0x7e00. */
export function numberToFloat16Bits(value: number): number {
  return Number.isNaN(value) ? 0x7e00 : roundTo16Bits(value, 10);
}

/** As {@link numberToFloat16Bits}, for bfloat16; NaN is 0x7fc0. */
export function numberToBfloat16Bits(value: number): number {
  return Number.isNaN(value) ? 0x7fc0 : roundTo16Bits(value, 7);
}

export const float16: FloatFormat = {
  bits: 16,
  canonicalNaN: 0x7e00n,
  decimalDigits: 5,
  toBits: (value) => BigInt(numberToFloat16Bits(value)),
  fromBits: (bits) => float16ToNumber(Number(bits)),
};

export const bfloat16: FloatFormat = {
  bits: 16,
  canonicalNaN: 0x7fc0n,
  decimalDigits: 4,
  toBits: (value) => BigInt(numberToBfloat16Bits(value)),
  fromBits: (bits) => bfloat16ToNumber(Number(bits)),
};

export const float32: FloatFormat = {
  bits: 32,
  canonicalNaN: 0x7fc00000n,
  decimalDigits: 9,
  toBits(value) {
    if (Number.isNaN(value)) return 0x7fc00000n;
    scratch.setFloat32(0, value);
    return BigInt(scratch.getUint32(0));
  },
  fromBits(bits) {
    scratch.setUint32(0, Number(bits));
    return scratch.getFloat32(0);
  },
};

export const float64: FloatFormat = {
  bits: 64,
  canonicalNaN: 0x7ff8000000000000n,
  decimalDigits: 17,
  toBits: (value) => (Number.isNaN(value) ? 0x7ff8000000000000n : float64ToBits(value)),
  fromBits: bitsToFloat64,
};

/** No double needs more decimal digits than 767 to be written exactly, so later ones only tell "equal" from "a little more". */
const comparedDigits = 800;

/** Compares the magnitude of a number literal with that of a finite, non-zero double: negative, zero or positive. */
function compareMagnitude(text: string, value: number): number {
  const [mantissa = "", exponent = "0"] = text.replace(/^-/, "").split(/[eE]/);
  const [whole = "", fraction = ""] = mantissa.split(".");
  let digits = (whole + fraction).replace(/^0+/, "");
  let power = Number(exponent) - fraction.length;
  if (digits.length > comparedDigits) {
    const sticky = /[1-9]/.test(digits.slice(comparedDigits)) ? "1" : "0";
    power += digits.length - comparedDigits - 1;
    digits = digits.slice(0, comparedDigits) + sticky;
  }
  const bits = float64ToBits(Math.abs(value));
  const biased = Number(bits >> 52n);
  const significand = (bits & 0xfffffffffffffn) | (biased === 0 ? 0n : 1n << 52n);
  const binaryPower = Math.max(biased, 1) - 1075;
  const left = BigInt(digits) * 10n ** BigInt(Math.max(power, 0)) * 2n ** BigInt(Math.max(-binaryPower, 0));
  const right = significand * 2n ** BigInt(Math.max(binaryPower, 0)) * 10n ** BigInt(Math.max(-power, 0));
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Number literal to double, rounded to odd: a value that no double has becomes whichever of its two neighbours has an odd significand.
 * Such a double is never halfway between two narrower numbers, so rounding it to binary32 or binary16 gives what rounding the text
 * directly would. (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008)
 */
function decimalToOddDouble(text: string): number {
  const nearest = Number(text);
  if (nearest === 0 || !Number.isFinite(nearest)) return nearest;
  const order = compareMagnitude(text, nearest);
  const bits = float64ToBits(nearest);
  if (order === 0 || (bits & 1n) === 1n) return nearest;
  return bitsToFloat64(order > 0 ? bits + 1n : bits - 1n);
}

/** The bits of the number nearest to a JSON number literal, ties to even; beyond the range ±Infinity. */
export function decimalToBits(format: FloatFormat, text: string): bigint {
  return format.toBits(format.bits === 64 ? Number(text) : decimalToOddDouble(text));
}

/**
 * The shortest literal that reads back as the finite number `value` of `format`, as JavaScript would write it. Negative zero is
 * `-0.0`, because Python reads `-0` as the integer 0.
 */
export function shortestDecimal(format: FloatFormat, value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  if (format.bits === 64) return `${value}`;
  const bits = format.toBits(value);
  for (let digits = 1; digits < format.decimalDigits; digits++) {
    const text = `${Number(value.toPrecision(digits))}`;
    if (decimalToBits(format, text) === bits) return text;
  }
  return `${Number(value.toPrecision(format.decimalDigits))}`;
}
