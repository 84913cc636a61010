/** Elements as the conformance protocol of `dump` prints them: one a line. */

import { StructArray } from "../index.js";
import { encodeBase64 } from "../metadata/base64.js";
import type { DataType } from "../metadata/data_type.js";
import { bfloat16ToNumber, float16ToNumber } from "../metadata/float.js";
import { formatJson, fromPlain } from "../metadata/json.js";

type Data = ReturnType<DataType["allocate"]>;

/** Writes the elements `start` to `stop`, each followed by a newline. */
export type ElementFormatter = (start: number, stop: number) => string;

/** JavaScript's shortest decimal that gives the same double, but with the sign of −0, and what JSON has no number for in quotes. */
function numberText(value: number): string {
  if (value === 0) return 1 / value < 0 ? "-0" : "0";
  return Number.isFinite(value) ? `${value}` : `"${value}"`;
}

/** The text of an entry of a JavaScript array. */
function entryText(value: unknown): string {
  return value instanceof Uint8Array ? `"${encodeBase64(value)}"` : formatJson(fromPlain(value), 0);
}

/** Formats contiguous elements of `dataType`. */
export function elementFormatter(dataType: DataType, data: Data): ElementFormatter {
  const each = elementText(dataType, data);
  return (start, stop) => {
    let text = "";
    for (let i = start; i < stop; i++) text += `${each(i)}\n`;
    return text;
  };
}

/** Gives the text of the element with a number. */
function elementText(dataType: DataType, data: Data): (i: number) => string {
  if (data instanceof StructArray) {
    // Field by field: a record for each element would take twenty times as long.
    const members = data.dataType.fields.map((field) => ({
      label: `${JSON.stringify(field.name)}:`,
      text: elementText(field.dataType, data.field(field.name).toArray()),
    }));
    return (i) => `{${members.map(({ label, text }) => label + text(i)).join(",")}}`;
  }
  if (Array.isArray(data)) return (i) => entryText(data[i]);
  switch (dataType.name) {
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
    default:
      return dataType.hasObjectScalars ? bytesText(dataType, data) : (i) => `${data[i]}`;
  }
}

function bytesText({ itemSize }: DataType, { buffer, byteOffset }: ArrayBufferView): (i: number) => string {
  return (i) => entryText(new Uint8Array(buffer, byteOffset + i * itemSize, itemSize));
}
