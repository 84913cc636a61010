/** Elements as the conformance protocol of `dump` prints them: one a line. */

import { type Chunk, StructArray } from "../index.js";
import { encodeBase64 } from "../metadata/base64.js";
import type { DataType } from "../metadata/data_type.js";
import { bfloat16ToNumber, float16ToNumber } from "../metadata/float.js";
import { formatJson, fromPlain } from "../metadata/json.js";

/** Writes the elements `start` to `stop`, each followed by a newline. */
export type ElementFormatter = (start: number, stop: number) => string;

/** JavaScript's shortest decimal that gives the same double, but with the sign of −0, and what JSON has no number for in quotes. */
function numberText(value: number): string {
  if (value === 0) return 1 / value < 0 ? "-0" : "0";
  return Number.isFinite(value) ? `${value}` : `"${value}"`;
}

/** An element that is no object of its own: a number, a truth value or a text. */
function plainText(value: unknown): string {
  if (typeof value === "number") return numberText(value);
  return typeof value === "string" ? JSON.stringify(value) : `${value}`;
}

/** The text of one element of any data type. */
function scalarText({ name, fields }: DataType, value: unknown): string {
  if (name === "json") return formatJson(fromPlain(value), 0);
  if (value instanceof Uint8Array) return `"${encodeBase64(value)}"`;
  if (Array.isArray(value)) return `[${value.map(plainText).join(",")}]`;
  if (fields === undefined || typeof value !== "object" || value === null) return plainText(value);
  const members = new Map(Object.entries(value));
  const texts = fields.map(
    (each) => `${JSON.stringify(each.name)}:${scalarText(each.dataType, members.get(each.name))}`,
  );
  return `{${texts.join(",")}}`;
}

/** Formats contiguous elements of `dataType`. */
export function elementFormatter(dataType: DataType, data: Chunk["data"]): ElementFormatter {
  const each = elementText(dataType, data);
  return (start, stop) => {
    let text = "";
    for (let i = start; i < stop; i++) text += `${each(i)}\n`;
    return text;
  };
}

/** The text of the element with a number. */
function elementText(dataType: DataType, data: Chunk["data"]): (i: number) => string {
  if (data instanceof StructArray) return (i) => scalarText(dataType, data.get(i));
  const { name, unitsPerItem } = dataType;
  switch (name) {
    case "bool":
      return (i) => (data[i] === 0 ? "false" : "true");
    case "bfloat16":
      return (i) => numberText(bfloat16ToNumber(Number(data[i])));
    case "float16":
      return data instanceof Uint16Array
        ? (i) => numberText(float16ToNumber(Number(data[i])))
        : (i) => numberText(Number(data[i]));
    case "float32":
    case "float64":
      return (i) => numberText(Number(data[i]));
    case "complex64":
    case "complex128":
      return (i) => `[${numberText(Number(data[2 * i]))},${numberText(Number(data[2 * i + 1]))}]`;
  }
  if (Array.isArray(data)) return (i) => scalarText(dataType, data[i]);
  // Only raw bytes have arrays of bytes whose elements are objects.
  if (data instanceof Uint8Array && dataType.hasObjectScalars)
    return (i) => scalarText(dataType, data.subarray(i * unitsPerItem, (i + 1) * unitsPerItem));
  return (i) => `${data[i]}`;
}
