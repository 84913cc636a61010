/**
 * `json2` of numcodecs: a chunk of JSON values as one JSON array, followed by the data type and the shape. Found in Zarr v2, as the filter of
 * object arrays.
 *
 * Source: https://numcodecs.readthedocs.io/en/stable/other/json.html
 */

import { DataError, SyncodecError } from "../errors.js";
import {
  formatJson,
  fromPlain,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  jsonNumber,
  parseJson,
  toPlain,
} from "../metadata/json.js";
import { at, expectBoolean, expectOneOf, rejectUnknownFields, unsupported, type Where } from "../metadata/validate.js";
import { type ArrayToBytesCodec, elementCount, maximumSerialBytes } from "./codec.js";
import { checkSerialBytes } from "./vlen.js";

/** Python's words for what JSON has no number for. */
const python = { nonFinite: true };

/** Options of Python's encoder that change bytes. The others (`separators`, `indent`, …) only matter to it: any JSON can be read. */
interface Style {
  readonly ensureAscii: boolean;
  readonly sortKeys: boolean;
}

const pythonFields = ["skipkeys", "check_circular", "allow_nan", "indent", "separators", "strict"];

function parseStyle(configuration: JsonObject, where: Where): Style {
  rejectUnknownFields(configuration, ["encoding", "ensure_ascii", "sort_keys", ...pythonFields], where);
  if (configuration.has("encoding")) expectOneOf(configuration.get("encoding"), ["utf-8"], at(where, "encoding"));
  const flag = (name: string): boolean =>
    configuration.has(name) ? expectBoolean(configuration.get(name), at(where, name)) : true;
  return { ensureAscii: flag("ensure_ascii"), sortKeys: flag("sort_keys") };
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!(value instanceof Map)) return value;
  const names = [...value.keys()].sort();
  return new Map(names.map((name) => [name, sorted(value.get(name) ?? null)]));
}

/** Characters beyond ASCII as escapes of their UTF-16 code units. */
function escapeUnicode(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Elements in C order as the nested arrays of `shape`. */
function nest(elements: readonly JsonValue[], shape: readonly number[]): JsonValue[] {
  let level: JsonValue[] = [...elements];
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const length = shape[axis]!;
    const above: JsonValue[] = [];
    for (let start = 0; start < level.length; start += length) above.push(level.slice(start, start + length));
    level = above;
  }
  return level;
}

function corrupt(reason: string, expected: string, found: string): DataError {
  return new DataError("CORRUPT_DATA", reason, { expected, found });
}

/** The inverse of {@link nest}. */
function flatten(items: readonly JsonValue[], shape: readonly number[]): JsonValue[] {
  let level = [...items];
  shape.forEach((length, axis) => {
    if (axis === 0) {
      if (level.length !== length) throw corrupt("Chunk has the wrong number of items", `${length}`, `${level.length}`);
      return;
    }
    level = level.flatMap((item) => {
      if (Array.isArray(item) && item.length === length) return item;
      throw corrupt(
        "Chunk is not nested like its shape",
        `arrays of ${length} items`,
        Array.isArray(item) ? `${item.length} items` : "no array",
      );
    });
  });
  return level;
}

function decodeDocument(encoded: Uint8Array): JsonValue {
  try {
    return parseJson(encoded, undefined, python);
  } catch (cause) {
    if (!(cause instanceof SyncodecError)) throw cause;
    throw new DataError("CORRUPT_DATA", "Chunk is not valid JSON", {
      ...(cause.expected === undefined ? {} : { expected: cause.expected }),
      ...(cause.found === undefined ? {} : { found: cause.found }),
      ...(cause.offset === undefined ? {} : { offset: cause.offset }),
      cause,
    });
  }
}

export const numcodecsJson2Codec: ArrayToBytesCodec = {
  kind: "array_to_bytes",
  name: "numcodecs.json2",
  configure(configuration, where) {
    const { ensureAscii, sortKeys } = parseStyle(configuration, where);
    return {
      bind({ shape, dataType }) {
        if (dataType.name !== "json") {
          throw unsupported(`data type ${dataType.name} for codec "json2"`, where, "objects of Zarr v2");
        }
        const count = elementCount(shape);
        // A chunk of rank 0 is stored as one item with an empty shape.
        const stored = shape.length === 0 ? [1] : shape;
        const trailer: JsonValue[] = ["|O", shape.map(jsonNumber)];
        return {
          name: "json2",
          place: "serial",
          decodedSize: { kind: "fixed", bytes: count },
          encodedSize: { kind: "bounded", bytes: maximumSerialBytes },
          encode(values) {
            const items = nest(
              values.map((value) => fromPlain(value, python)),
              stored,
            );
            const document = [...(sortKeys ? items.map(sorted) : items), ...trailer];
            const text = formatJson(document, 0);
            const encoded = new TextEncoder().encode(ensureAscii ? escapeUnicode(text) : text);
            checkSerialBytes(encoded.byteLength);
            return encoded;
          },
          decode(encoded) {
            const document = decodeDocument(encoded);
            if (!Array.isArray(document) || document.length < 2)
              throw corrupt("Chunk is no json2 document", "an array that ends in data type and shape", "another value");
            const found = document.at(-1);
            const lengths = Array.isArray(found)
              ? found.map((each) => (each instanceof JsonNumber ? each.text : "?"))
              : ["?"];
            if (lengths.join() !== shape.join()) {
              throw corrupt("Chunk has the wrong shape", `[${shape.join(", ")}]`, `[${lengths.join(", ")}]`);
            }
            return flatten(document.slice(0, -2), stored).map((item) => toPlain(item));
          },
        };
      },
    };
  },
};
