/**
 * `zlib`, as `numcodecs.zlib`: the zlib format (RFC 1950).
 *
 * Source: https://numcodecs.readthedocs.io/en/stable/compression/zlib.html
 */

import { at, expectInteger, rejectUnknownFields } from "../metadata/validate.js";
import { type BytesToBytesCodec, boundedBy } from "./codec.js";
import { deflateZlib, inflateZlibSpan } from "./zlib_stream.js";

export const zlibCodec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "zlib",
  aliases: ["numcodecs.zlib"],
  defaults: { level: 1 },
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["level"], where);
    const value = configuration.get("level");
    const level = value === undefined ? 1 : expectInteger(value, { minimum: -1, maximum: 9 }, at(where, "level"));
    return {
      bind: (decodedSize) => ({
        name: "zlib",
        place: "wasm",
        decodedSize,
        encodedSize: boundedBy(decodedSize, (bytes) => bytes + (bytes >>> 10) + 64),
        encode: (memory, decoded) => deflateZlib(memory.view(decoded), level),
        decode: (memory, encoded) => inflateZlibSpan(memory, encoded, decodedSize),
      }),
    };
  },
};
