/**
 * `vlen-bytes`: byte strings, each with its length before it.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-bytes
 */

import { rejectUnknownFields, unsupported } from "../metadata/validate.js";
import { type ArrayToBytesCodec, elementCount, maximumSerialBytes } from "./codec.js";
import { decodeItems, encodeItems } from "./vlen.js";

function checkBytes(value: unknown, item: number): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`Element ${item} must be a Uint8Array, not ${value === null ? "null" : typeof value}`);
}

export const vlenBytesCodec: ArrayToBytesCodec = {
  kind: "array_to_bytes",
  name: "vlen-bytes",
  configure(configuration, where) {
    rejectUnknownFields(configuration, [], where);
    return {
      bind({ shape, dataType }) {
        if (dataType.name !== "bytes") {
          throw unsupported(`data type ${dataType.name} for codec "vlen-bytes"`, where, "bytes");
        }
        const count = elementCount(shape);
        return {
          name: "vlen-bytes",
          place: "serial",
          decodedSize: { kind: "fixed", bytes: count },
          encodedSize: { kind: "bounded", bytes: maximumSerialBytes },
          encode: (values) => encodeItems(values.map(checkBytes)),
          decode(encoded) {
            const items: Uint8Array[] = [];
            decodeItems(encoded, count, (start, end) => items.push(encoded.slice(start, end)));
            return items;
          },
        };
      },
    };
  },
};
