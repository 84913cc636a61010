/**
 * `vlen-utf8`: strings as UTF-8, each with its length before it.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-utf8
 */

import { ArgumentError, DataError } from "../errors.js";
import { rejectUnknownFields, unsupported } from "../metadata/validate.js";
import { type ArrayToBytesCodec, elementCount, maximumSerialBytes } from "./codec.js";
import { decodeItems, encodeItems } from "./vlen.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Shorter items are built from character codes while they are ASCII: a call of TextDecoder costs more. */
const shortItem = 24;
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function encodeText(value: unknown, item: number): Uint8Array {
  if (typeof value !== "string") throw new TypeError(`Element ${item} must be a string, not ${typeof value}`);
  // TextEncoder would write U+FFFD in its place.
  if (loneSurrogate.test(value)) {
    throw new ArgumentError("INVALID_ARGUMENT", `Element ${item} has a lone surrogate, which UTF-8 cannot hold`);
  }
  return encoder.encode(value);
}

function decodeText(bytes: Uint8Array, start: number, end: number, item: number): string {
  if (end - start <= shortItem) {
    let text = "";
    let i = start;
    for (; i < end && bytes[i]! < 0x80; i++) text += String.fromCharCode(bytes[i]!);
    if (i === end) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw new DataError("CORRUPT_DATA", `Item ${item} is not valid UTF-8`, { cause });
  }
}

export const vlenUtf8Codec: ArrayToBytesCodec = {
  kind: "array_to_bytes",
  name: "vlen-utf8",
  configure(configuration, where) {
    rejectUnknownFields(configuration, [], where);
    return {
      bind({ shape, dataType }) {
        if (dataType.name !== "string") {
          throw unsupported(`data type ${dataType.name} for codec "vlen-utf8"`, where, "string");
        }
        const count = elementCount(shape);
        return {
          name: "vlen-utf8",
          place: "serial",
          decodedSize: { kind: "fixed", bytes: count },
          encodedSize: { kind: "bounded", bytes: maximumSerialBytes },
          encode: (values) => encodeItems(values.map(encodeText)),
          decode(encoded) {
            const texts: string[] = [];
            decodeItems(encoded, count, (start, end, item) => texts.push(decodeText(encoded, start, end, item)));
            return texts;
          },
        };
      },
    };
  },
};
