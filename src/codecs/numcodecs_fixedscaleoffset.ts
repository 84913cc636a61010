/**
 * `numcodecs.fixedscaleoffset`: stores `round((x - offset) * scale)`, usually as integers, and gives back `x / scale + offset`.
 *
 * The arithmetic is numpy's. It makes a difference whether a number has a fraction or an exponent (`10`, `10.0`): an integer keeps integers
 * what they are, and they wrap around; anything else makes them float64. Floats keep their type, and the numbers are rounded to it.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/numcodecs.fixedscaleoffset,
 * https://numcodecs.readthedocs.io/en/stable/filter/fixedscaleoffset.html
 */

import { JsonNumber, type JsonObject } from "../metadata/json.js";
import { at, invalid, rejectUnknownFields, type Where } from "../metadata/validate.js";
import { type ArrayToArrayCodec, fillBytes } from "./codec.js";
import { bindElementwise } from "./elementwise.js";
import { parseFilterTypes } from "./numcodecs_dtypes.js";
import { doublesOf, integerRange, isFloat, isWide, type NumericName, numericNames, type RealName } from "./numeric.js";
import { applyToIntegers, divideAndAdd, roundTo, roundToIntegers, subtractAndMultiply } from "./numpy_arithmetic.js";
import { astype, bytesOf, settleNaNs } from "./numpy_cast.js";

const name = "numcodecs.fixedscaleoffset";
const fields = { decoded: "dtype", encoded: "astype" } as const;

function expectNumber(configuration: JsonObject, field: string, where: Where): JsonNumber {
  const value = configuration.get(field);
  if (value instanceof JsonNumber && Number.isFinite(Number(value.text))) return value;
  throw invalid(at(where, field), "a number in the range of float64", value);
}

/** The data type of `array operator constant`. */
function resultType(name: NumericName, constant: JsonNumber): RealName {
  if (isFloat(name)) return name;
  if (!constant.isInteger) return "float64";
  return name === "bool" ? "int64" : name;
}

/** Throws if an integer array cannot take the constant. */
function checkInteger(constant: JsonNumber, type: RealName, where: Where): void {
  if (isFloat(type)) return;
  const [minimum, maximum] = integerRange(type);
  const value = constant.text.length > 20 ? maximum + 1n : BigInt(constant.text);
  if (value < minimum || value > maximum) throw invalid(where, `an integer in the range of ${type}`, constant);
}

/** The elements of any type as doubles of their own. */
function asDoubles(bytes: Uint8Array, type: NumericName): Float64Array {
  return isWide(type) ? doublesOf(astype(bytes, type, "float64"), "float64") : doublesOf(bytes, type);
}

export const numcodecsFixedScaleOffsetCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["offset", "scale", fields.decoded, fields.encoded], where);
    const offset = expectNumber(configuration, "offset", where);
    const scale = expectNumber(configuration, "scale", where);
    const [offsetNumber, scaleNumber] = [Number(offset.text), Number(scale.text)];
    const bindTypes = parseFilterTypes(configuration, fields, name, numericNames, where);
    return {
      bind(spec) {
        const { decoded, encoded } = bindTypes(spec.dataType);
        const difference = resultType(decoded, offset);
        const product = resultType(difference, scale);
        const quotient = isFloat(encoded) ? encoded : "float64";
        checkInteger(offset, difference, at(where, "offset"));
        checkInteger(scale, product, at(where, "scale"));
        for (const type of [product, quotient]) {
          const nearest = isFloat(type) ? roundTo(type, scaleNumber) : scaleNumber;
          if (nearest === 0) throw invalid(at(where, "scale"), `a number that is not 0 as ${type}`, scale);
        }

        function encode(bytes: Uint8Array): Uint8Array {
          if (isFloat(difference)) {
            const values = asDoubles(bytes, decoded);
            subtractAndMultiply(values, difference, offsetNumber, scaleNumber);
            return finish(values, bytes);
          }
          const values = astype(bytes, decoded, difference);
          applyToIntegers(values, difference, "subtract", BigInt(offset.text));
          if (isFloat(product)) {
            const products = asDoubles(values, difference);
            subtractAndMultiply(products, product, 0, scaleNumber);
            return finish(products, bytes);
          }
          applyToIntegers(values, product, "multiply", BigInt(scale.text));
          return astype(values, product, encoded);
        }
        function finish(values: Float64Array, bytes: Uint8Array): Uint8Array {
          roundToIntegers(values);
          if (isFloat(decoded)) settleNaNs(values, bytes, decoded);
          return astype(bytesOf(values), "float64", encoded);
        }
        function decode(bytes: Uint8Array): Uint8Array {
          const values = asDoubles(bytes, encoded);
          divideAndAdd(values, quotient, scaleNumber, offsetNumber);
          if (isFloat(encoded)) settleNaNs(values, bytes, encoded);
          return astype(bytesOf(values), "float64", decoded);
        }
        return bindElementwise(spec, {
          name,
          decoded,
          encoded,
          convert: { encode, decode },
          fillValue: encode(fillBytes(spec.fillValue)),
        });
      },
    };
  },
};
