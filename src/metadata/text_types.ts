/**
 * Text of a fixed number of bytes an element, padded with nulls at the end, as NumPy's `U` and `S` types. In JavaScript: strings without
 * the padding. A text that is too long is refused, never cut.
 *
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/fixed_length_utf32
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/null_terminated_bytes
 */

import { ArgumentError, DataError } from "../errors.js";
import { decodeBase64, encodeBase64 } from "./base64.js";
import type { BoxedDataType, Elements } from "./data_type.js";
import { type DataTypeFamily, sizedFamily } from "./data_type_family.js";
import { jsonNumber } from "./json.js";
import { elementBytes, wrongType } from "./numeric_types.js";
import { invalid } from "./validate.js";

/** What the two types have in common. */
function boxed(
  name: BoxedDataType["name"],
  itemSize: number,
  swapSize: number,
): Omit<BoxedDataType, "decodeScalar" | "encodeScalar" | "parseFill" | "formatFill"> {
  return {
    name,
    configuration: new Map([["length_bytes", jsonNumber(itemSize)]]),
    variable: false,
    isBoxed: true,
    itemSize,
    swapSize,
    unitsPerItem: 1,
    arrayName: "Array",
    hasObjectScalars: false,
    allocate: (length) => new Array<unknown>(length).fill(""),
    accepts: (value): value is unknown[] => Array.isArray(value),
    defaultFill: () => new Uint8Array(itemSize),
  };
}

function doesNotFit(name: string, expected: string, found: string): ArgumentError {
  return new ArgumentError("INVALID_ARGUMENT", `Text does not fit ${name}`, { expected, found });
}

/** `bytes` without the zeros at its end, rounded up to whole units of `unit` bytes. */
function contentLength(bytes: Uint8Array, unit: number): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return Math.ceil(end / unit) * unit;
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}

/** Code points as little-endian 32-bit numbers, at most `lengthInCharacters` (1 or more) of them. */
export function fixedLengthUtf32(lengthInCharacters: number): BoxedDataType {
  const name = "fixed_length_utf32";
  const itemSize = lengthInCharacters * 4;

  /** `fail` makes the error for a text that the type cannot hold. */
  function encode(text: string, fail: (expected: string, found: string) => Error): Uint8Array {
    const bytes = new Uint8Array(itemSize);
    let offset = 0;
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i) ?? 0;
      if (codePoint > 0xffff) i++;
      if (isSurrogate(codePoint)) throw fail("Unicode text", `a lone surrogate at character ${offset / 4}`);
      if (offset === itemSize) throw fail(`at most ${lengthInCharacters} characters`, `${[...text].length}`);
      bytes[offset] = codePoint;
      bytes[offset + 1] = codePoint >> 8;
      bytes[offset + 2] = codePoint >> 16;
      offset += 4;
    }
    return bytes;
  }
  function decode(element: Elements): string {
    const bytes = elementBytes(element, name, itemSize);
    const end = contentLength(bytes, 4);
    let text = "";
    for (let i = 0; i < end; i += 4) {
      const codePoint = bytes[i]! + bytes[i + 1]! * 0x100 + bytes[i + 2]! * 0x10000 + bytes[i + 3]! * 0x1000000;
      if (codePoint > 0x10ffff || isSurrogate(codePoint)) {
        throw new DataError("CORRUPT_DATA", "Text is not valid UTF-32", {
          expected: "code points",
          found: `0x${codePoint.toString(16)} at character ${i / 4}`,
        });
      }
      text += String.fromCodePoint(codePoint);
    }
    return text;
  }
  return {
    ...boxed(name, itemSize, 4),
    decodeScalar: decode,
    encodeScalar(value) {
      if (typeof value !== "string") throw wrongType(name, "a string", value);
      return encode(value, (expected, found) => doesNotFit(name, expected, found));
    },
    parseFill(json, where) {
      if (typeof json !== "string") throw invalid(where, "a string", json);
      return encode(json, (expected) => invalid(where, expected, json));
    },
    formatFill: decode,
  };
}

/**
 * Bytes, at most `length` (1 or more) of them. Strings have one character for each, with the byte's number as its code (Latin-1): that
 * loses nothing, whatever the encoding is, and is the text itself where it is ASCII.
 */
export function nullTerminatedBytes(length: number): BoxedDataType {
  const name = "null_terminated_bytes";

  function padded(bytes: Uint8Array): Uint8Array {
    const element = new Uint8Array(length);
    element.set(bytes);
    return element;
  }
  function content(element: Elements): Uint8Array {
    const bytes = elementBytes(element, name, length);
    return bytes.subarray(0, contentLength(bytes, 1));
  }
  return {
    ...boxed(name, length, 1),
    decodeScalar(element) {
      const bytes = content(element);
      let text = "";
      for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
      return text;
    },
    encodeScalar(value) {
      if (typeof value !== "string") throw wrongType(name, "a string", value);
      if (value.length > length) throw doesNotFit(name, `at most ${length} characters`, `${value.length}`);
      const bytes = new Uint8Array(length);
      for (let i = 0; i < value.length; i++) {
        const code = value.charCodeAt(i);
        if (code > 0xff) throw doesNotFit(name, "characters up to U+00FF, one for each byte", JSON.stringify(value[i]));
        bytes[i] = code;
      }
      return bytes;
    },
    parseFill(json, where) {
      const bytes = typeof json === "string" ? decodeBase64(json) : undefined;
      if (bytes === undefined || bytes.length > length) {
        throw invalid(where, `at most ${length} bytes as base64 text`, json);
      }
      return padded(bytes);
    },
    formatFill: (element) => encodeBase64(content(element)),
  };
}

export const textFamilies: readonly DataTypeFamily[] = [
  sizedFamily("null_terminated_bytes", 1, nullTerminatedBytes),
  sizedFamily("fixed_length_utf32", 4, (byteLength) => fixedLengthUtf32(byteLength / 4)),
];
