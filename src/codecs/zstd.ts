/**
 * `zstd` (RFC 8878), also as `numcodecs.zstd`.
 *
 * Sources: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/zstd,
 * https://numcodecs.readthedocs.io/en/stable/compression/zstd.html
 */

import { at, expectBoolean, expectInteger, type IntegerRange, rejectUnknownFields } from "../metadata/validate.js";
import { type BytesToBytesCodec, boundedBy } from "./codec.js";
import { decodeZstd, zstdDecoder } from "./zstd_decoder.js";
import { compressZstd, loadZstd } from "./zstd_encoder.js";

const levelRange = { minimum: -131072, maximum: 22 };

function codecOf(name: string, allowedLevels: IntegerRange): BytesToBytesCodec {
  return {
    kind: "bytes_to_bytes",
    name,
    defaults: { level: 0, checksum: false },
    load: loadZstd,
    configure(configuration, where) {
      rejectUnknownFields(configuration, ["level", "checksum"], where);
      const levelValue = configuration.get("level");
      const anyLevel = levelValue === undefined ? 0 : expectInteger(levelValue, allowedLevels, at(where, "level"));
      const level = Math.min(Math.max(anyLevel, levelRange.minimum), levelRange.maximum);
      const checksumValue = configuration.get("checksum");
      const checksum = checksumValue === undefined ? false : expectBoolean(checksumValue, at(where, "checksum"));
      return {
        bind: (decodedSize) => ({
          name,
          place: "wasm",
          decodedSize,
          encodedSize: boundedBy(decodedSize, (bytes) => bytes + (bytes >>> 7) + 512),
          encode: (memory, decoded) => compressZstd(memory.view(decoded), level, checksum),
          decode: (memory, encoded) => decodeZstd(memory, encoded, decodedSize),
          decoder: zstdDecoder,
        }),
      };
    },
  };
}

export const zstdCodec: BytesToBytesCodec = codecOf("zstd", levelRange);
/** numcodecs takes every level that is an int, and uses the nearest that there is. */
export const numcodecsZstdCodec: BytesToBytesCodec = codecOf("numcodecs.zstd", {
  minimum: -(2 ** 31),
  maximum: 2 ** 31 - 1,
});
