/** Elements as the conformance protocol of `dump` prints them: one a line. */

import type { Chunk, ZarrArray } from "../index.js";
import { encodeBase64 } from "../metadata/base64.js";
import { float16ToNumber } from "../metadata/data_type.js";
import { formatJson, fromPlain } from "../metadata/json.js";

/** Writes the elements `start` to `stop` of contiguous data, each followed by a newline. */
export type ElementFormatter = (data: Chunk["data"], start: number, stop: number) => string;

/** JavaScript's shortest decimal that gives the same double, but with the sign of −0, and what JSON has no number for in quotes. */
function numberText(value: number): string {
  if (value === 0) return 1 / value < 0 ? "-0" : "0";
  return Number.isFinite(value) ? `${value}` : `"${value}"`;
}

function formatterOf(textOf: (value: unknown) => string): ElementFormatter {
  return (data, start, stop) => {
    let text = "";
    for (let i = start; i < stop; i++) text += `${textOf(data[i])}\n`;
    return text;
  };
}

const plain = formatterOf((value) => `${value}`);
const boolean = formatterOf((value) => (value === 0 ? "false" : "true"));
const float = formatterOf((value) => numberText(Number(value)));
const float16Bits = formatterOf((bits) => numberText(float16ToNumber(Number(bits))));
const json = formatterOf((value) => formatJson(fromPlain(value), 0));
const base64 = formatterOf((value) => (value instanceof Uint8Array ? `"${encodeBase64(value)}"` : `${value}`));

export function elementFormatter(array: ZarrArray, data: Chunk["data"]): ElementFormatter {
  switch (array.dataType) {
    case "bool":
      return boolean;
    case "float16":
      return data instanceof Uint16Array ? float16Bits : float;
    case "float32":
    case "float64":
      return float;
    case "string":
    case "json":
      return json;
    case "bytes":
      return base64;
    default:
      return plain;
  }
}
