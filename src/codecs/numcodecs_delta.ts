/**
 * `numcodecs.delta`: stores each element less the one before it in C order, the first one as it is.
 *
 * Integers wrap around, so that decoding gives back what was encoded if the encoded type holds all differences modulo its size. Between
 * integer types sums are taken in the decoded type; with a float on either side in the type that numpy finds for both. numcodecs takes
 * the sum of uint64 and signed integers as floats, which loses all beyond 2^53, and that of booleans by "or", which loses nearly everything:
 * there this codec gives the elements that were encoded.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/numcodecs.delta,
 * https://numcodecs.readthedocs.io/en/stable/filter/delta.html
 */

import { dataTypeByName } from "../metadata/data_type.js";
import { float16ToNumber, numberToFloat16Bits } from "../metadata/float.js";
import { rejectUnknownFields } from "../metadata/validate.js";
import { filterKernels } from "../wasm/filter_kernels.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ArrayToArrayCodec, elementCount, fillBytes } from "./codec.js";
import { parseFilterTypes } from "./numcodecs_dtypes.js";
import {
  type FloatName,
  isFloat,
  itemSizes,
  type NumericName,
  newElements,
  numbersOf,
  numericNames,
} from "./numeric.js";
import { astype } from "./numpy_cast.js";

const name = "numcodecs.delta";

/** The data type in which differences of `encoded` are added up to elements of `decoded`. */
function sumType(decoded: NumericName, encoded: NumericName): NumericName {
  const floats = [decoded, encoded].filter(isFloat);
  const other = [decoded, encoded].find((each) => !isFloat(each));
  if (floats.length === 0 || other === "bool") return decoded;
  if (other !== undefined) floats.push(floatThatHolds(itemSizes[other]));
  return floats.reduce((a, b) => (itemSizes[a] < itemSizes[b] ? b : a));
}

/** The float type that numpy joins with integers of so many bytes. */
function floatThatHolds(itemSize: number): FloatName {
  if (itemSize === 1) return "float16";
  return itemSize === 2 ? "float32" : "float64";
}

function cast(memory: Memory, span: Span, from: NumericName, to: NumericName): Span {
  const isSameBits = from === to || (itemSizes[from] === itemSizes[to] && isInteger(from) && isInteger(to));
  return isSameBits ? span : memory.write(astype(memory.view(span), from, to));
}

function isInteger(type: NumericName): boolean {
  return type !== "bool" && !isFloat(type);
}

type Kernel = "deltaEncode" | "deltaDecode";

function run(memory: Memory, src: Span, kernel: Kernel, type: NumericName): Span {
  const dst = memory.allocate(src.byteLength);
  const { pointer, byteLength } = src;
  memory
    .kernelsOf(filterKernels)
    [kernel](dst.pointer, byteLength, pointer, byteLength, itemSizes[type], isFloat(type) ? 1 : 0);
  if (type === "bool") {
    // Differences and sums of single bits.
    const bits = memory.view(dst);
    for (let i = 0; i < bits.length; i++) bits[i]! &= 1;
  }
  return dst;
}

function differences(memory: Memory, src: Span, type: NumericName): Span {
  if (type !== "float16") return run(memory, src, "deltaEncode", type);
  const wide = run(memory, cast(memory, src, type, "float32"), "deltaEncode", "float32");
  return cast(memory, wide, "float32", type);
}

function sums(memory: Memory, src: Span, type: NumericName): Span {
  if (type !== "float16") return run(memory, src, "deltaDecode", type);
  return memory.write(sumsOfFloat16(memory.view(src)));
}

/** Every sum is rounded before the next. */
function sumsOfFloat16(bytes: Uint8Array): Uint8Array {
  const halves = numbersOf(bytes, "float16");
  const summed = newElements(halves.length, "float16");
  const target = numbersOf(summed, "float16");
  let sum = halves[0]!;
  target[0] = sum;
  for (let i = 1; i < halves.length; i++) {
    const half = halves[i]!;
    if (isNaN16(half)) sum = half | 0x200;
    else if (!isNaN16(sum)) {
      const value = float16ToNumber(sum) + float16ToNumber(half);
      sum = Number.isNaN(value) ? 0xfe00 : numberToFloat16Bits(value);
    }
    target[i] = sum;
  }
  return summed;
}

function isNaN16(half: number): boolean {
  return (half & 0x7fff) > 0x7c00;
}

export const numcodecsDeltaCodec: ArrayToArrayCodec = {
  kind: "array_to_array",
  name,
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["dtype", "astype"], where);
    const fields = { decoded: "dtype", encoded: "astype" } as const;
    const bindTypes = parseFilterTypes(configuration, fields, name, numericNames, where);
    return {
      bind({ shape, dataType, fillValue }) {
        const { decoded, encoded } = bindTypes(dataType);
        const summed = sumType(decoded, encoded);
        const count = elementCount(shape);
        return {
          // No element stands for a chunk of fill values; numcodecs keeps theirs.
          encoded: {
            shape,
            dataType: dataTypeByName(encoded),
            fillValue: astype(fillBytes(fillValue), decoded, encoded),
          },
          codec: {
            name,
            place: "wasm",
            decodedSize: { kind: "fixed", bytes: count * itemSizes[decoded] },
            encodedSize: { kind: "fixed", bytes: count * itemSizes[encoded] },
            encode: (memory, span) => cast(memory, differences(memory, span, decoded), decoded, encoded),
            decode: (memory, span) =>
              cast(memory, sums(memory, cast(memory, span, encoded, summed), summed), summed, decoded),
          },
        };
      },
    };
  },
};
