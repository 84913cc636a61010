/**
 * Complex numbers: pairs of floats, real part first, one after another in the array.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/complex_float32
 */

import type { DataTypeName, Elements, FixedDataType, NumericDataType } from "./data_type.js";
import { type DataTypeFamily, plainFamily } from "./data_type_family.js";
import { elementBytes, float32Type, float64Type, storage, type TypedArrayClass, wrongType } from "./numeric_types.js";
import { at, invalid } from "./validate.js";

function complex(name: DataTypeName, part: NumericDataType, arrayClass: TypedArrayClass): FixedDataType {
  const partSize = part.itemSize;
  const itemSize = 2 * partSize;

  function parts(element: Elements): [Uint8Array, Uint8Array] {
    const bytes = elementBytes(element, name, itemSize);
    return [bytes.subarray(0, partSize), bytes.subarray(partSize)];
  }
  function join(real: Uint8Array, imaginary: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(itemSize);
    bytes.set(real);
    bytes.set(imaginary, partSize);
    return bytes;
  }
  return {
    ...storage(arrayClass, itemSize, { unitsPerItem: 2 }),
    name,
    hasObjectScalars: true,
    decodeScalar(element) {
      const [real, imaginary] = parts(element);
      return [Number(part.decodeScalar(real)), Number(part.decodeScalar(imaginary))];
    },
    encodeScalar(value) {
      if (typeof value === "number") return join(part.encodeScalar(value), part.defaultFill());
      const isPair = Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === "number");
      if (!isPair) throw wrongType(name, "a pair of numbers or a number", value);
      return join(part.encodeScalar(value[0]), part.encodeScalar(value[1]));
    },
    parseFill(json, where) {
      if (!Array.isArray(json) || json.length !== 2) throw invalid(where, "an array of real and imaginary part", json);
      return join(part.parseFill(json[0], at(where, 0)), part.parseFill(json[1], at(where, 1)));
    },
    formatFill: (element) => parts(element).map((bytes) => part.formatFill(bytes)),
  };
}

export const complexTypes: readonly FixedDataType[] = [
  complex("complex64", float32Type, Float32Array),
  complex("complex128", float64Type, Float64Array),
];

/** The aliases name the float type, as those of the newer complex types do. */
const aliases = ["complex_float32", "complex_float64"];

export const complexFamilies: readonly DataTypeFamily[] = complexTypes.map((type, i) =>
  plainFamily(type, [aliases[i]!]),
);
