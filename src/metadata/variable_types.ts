/**
 * Data types whose elements differ in size. Their decoded form is a JavaScript array with one entry per element.
 *
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/string
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/bytes
 */

import { ArgumentError } from "../errors.js";
import { decodeBase64, encodeBase64 } from "./base64.js";
import type { Elements, VariableDataType } from "./data_type.js";
import { type DataTypeFamily, plainFamily } from "./data_type_family.js";
import { formatJson, fromPlain, JsonNumber, type JsonValue, toPlain } from "./json.js";
import { invalid, type Where } from "./validate.js";

/** What a type decides; the rest is the same for all. */
interface Variable<T> {
  readonly name: VariableDataType["name"];
  readonly hasObjectScalars: boolean;
  readonly empty: T;
  /** @throws TypeError or ArgumentError for what is no value of the type. */
  check(value: unknown): T;
  parse(json: JsonValue | undefined, where: Where): T;
  format(value: T): JsonValue;
  equals(a: T, b: T): boolean;
}

function variable<T extends ReturnType<VariableDataType["decodeScalar"]>>(type: Variable<T>): VariableDataType {
  const { name, hasObjectScalars, empty, check } = type;
  const only = (element: Elements): T => {
    if (Array.isArray(element) && element.length === 1) return check(element[0]);
    throw new ArgumentError("INVALID_ARGUMENT", `Wrong number of elements for ${name}`, {
      expected: 1,
      found: element.length,
    });
  };
  return {
    name,
    variable: true,
    isBoxed: false,
    itemSize: 1,
    swapSize: 1,
    unitsPerItem: 1,
    arrayName: "Array",
    hasObjectScalars,
    allocate: (length) => new Array<unknown>(length).fill(empty),
    accepts: (value): value is unknown[] => Array.isArray(value),
    decodeScalar: only,
    encodeScalar: (value) => [check(value)],
    defaultFill: () => [empty],
    parseFill: (json, where) => [type.parse(json, where)],
    formatFill: (element) => type.format(only(element)),
    equals: (a, b) => type.equals(check(a), check(b)),
  };
}

const string = variable<string>({
  name: "string",
  hasObjectScalars: false,
  empty: "",
  check(value) {
    if (typeof value !== "string") throw new TypeError(`Value for string must be a string, not ${typeof value}`);
    return value;
  },
  parse(json, where) {
    if (typeof json !== "string") throw invalid(where, "a string", json);
    return json;
  },
  format: (value) => value,
  equals: (a, b) => a === b,
});

function isByte(value: JsonValue): value is JsonNumber {
  return value instanceof JsonNumber && value.isInteger && Number(value.text) >= 0 && Number(value.text) <= 255;
}

const bytes = variable<Uint8Array>({
  name: "bytes",
  hasObjectScalars: true,
  empty: new Uint8Array(0),
  check(value) {
    if (!(value instanceof Uint8Array))
      throw new TypeError(`Value for bytes must be a Uint8Array, not ${value === null ? "null" : typeof value}`);
    return value;
  },
  parse(json, where) {
    const decoded = typeof json === "string" ? decodeBase64(json) : undefined;
    if (decoded !== undefined) return decoded;
    if (Array.isArray(json) && json.every(isByte)) return Uint8Array.from(json, ({ text }) => Number(text));
    throw invalid(where, "base64 text or an array of bytes", json);
  },
  format: encodeBase64,
  equals: (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]),
});

/** Python's words for what JSON has no number for. */
const python = { nonFinite: true };

/** Any JSON value, NaN and infinities too: what the filter `json2` of Zarr v2 makes of an object array. Zarr v3 has no such type. */
export const jsonType: VariableDataType = variable({
  name: "json",
  hasObjectScalars: true,
  empty: null,
  check: (value) => toPlain(fromPlain(value, python)),
  parse: (json) => toPlain(json ?? null),
  format: (value) => fromPlain(value, python),
  equals: (a, b) => formatJson(fromPlain(a, python), 0) === formatJson(fromPlain(b, python), 0),
});

export const variableTypes: readonly VariableDataType[] = [string, bytes];

export const variableFamilies: readonly DataTypeFamily[] = [
  plainFamily(string),
  // What zarr-python writes.
  plainFamily(bytes, ["variable_length_bytes"]),
];
