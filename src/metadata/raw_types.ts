/**
 * Uninterpreted bytes, a fixed number of them an element: `r*` of the core specification, and `raw_bytes`, which is NumPy's void type.
 * In JavaScript the elements follow one another in one `Uint8Array`.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html
 * https://zarr.readthedocs.io/en/stable/user-guide/data_types/
 */

import { decodeBase64, encodeBase64 } from "./base64.js";
import type { FixedDataType } from "./data_type.js";
import { type DataTypeFamily, maximumItemSize, sizedFamily } from "./data_type_family.js";
import { type JsonValue, jsonNumber } from "./json.js";
import { elementBytes, storage, wrongType } from "./numeric_types.js";
import { at, expectInteger, invalid, rejectUnknownFields, type Where } from "./validate.js";

function raw(
  identity: Pick<FixedDataType, "name" | "configuration">,
  length: number,
  formatFill: (bytes: Uint8Array) => JsonValue,
): FixedDataType {
  const { name } = identity;
  return {
    ...storage(Uint8Array, length, { unitsPerItem: length }),
    ...identity,
    hasObjectScalars: true,
    decodeScalar: (element) => elementBytes(element, name, length).slice(),
    encodeScalar(value) {
      if (!(value instanceof Uint8Array)) throw wrongType(name, "a Uint8Array", value);
      return elementBytes(value, name, length).slice();
    },
    parseFill: (json, where) => parseBytes(json, length, where),
    formatFill: (element) => formatFill(elementBytes(element, name, length)),
  };
}

/** Both types are found with either form: tensorstore writes `r*` as base64. */
function parseBytes(json: JsonValue | undefined, length: number, where: Where): Uint8Array {
  if (Array.isArray(json) && json.length === length) {
    return Uint8Array.from(json, (each, i) => expectInteger(each, { minimum: 0, maximum: 255 }, at(where, i)));
  }
  const bytes = typeof json === "string" ? decodeBase64(json) : undefined;
  if (bytes?.length !== length) throw invalid(where, `${length} bytes, as an array or as base64 text`, json);
  return bytes;
}

/** `bits` is a positive multiple of 8. */
export function rawBits(bits: number): FixedDataType {
  return raw({ name: `r${bits}` }, bits / 8, (bytes) => Array.from(bytes, jsonNumber));
}

/** `length` bytes an element, 1 or more. */
export function rawBytes(length: number): FixedDataType {
  const configuration = new Map([["length_bytes", jsonNumber(length)]]);
  return raw({ name: "raw_bytes", configuration }, length, encodeBase64);
}

/** The family whose names have the number of bits in them. */
export const bitsFamily: DataTypeFamily = {
  name: "r*",
  parse({ name, configuration }, where) {
    const bits = /^r[1-9][0-9]{0,10}$/.test(name) ? Number(name.slice(1)) : 0;
    if (bits === 0 || bits % 8 !== 0 || bits / 8 > maximumItemSize) {
      throw invalid(where, '"r" and a positive multiple of 8', name);
    }
    rejectUnknownFields(configuration, [], at(where, "configuration"));
    return rawBits(bits);
  },
};

export const rawFamilies: readonly DataTypeFamily[] = [bitsFamily, sizedFamily("raw_bytes", 1, rawBytes)];
