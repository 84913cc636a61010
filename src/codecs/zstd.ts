/**
 * `zstd`: Zstandard frames.
 *
 * Source: https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/zstd
 */

import { at, expectBoolean, expectInteger, rejectUnknownFields } from "../metadata/validate.js";
import { type BytesToBytesCodec, boundedBy } from "./codec.js";
import { compressZstd, decompressZstd, loadZstd } from "./zstd_backend.js";

export const zstdCodec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "zstd",
  defaults: { level: 0, checksum: false },
  load: loadZstd,
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["level", "checksum"], where);
    const levelValue = configuration.get("level");
    const level =
      levelValue === undefined ? 0 : expectInteger(levelValue, { minimum: -131072, maximum: 22 }, at(where, "level"));
    const checksumValue = configuration.get("checksum");
    const checksum = checksumValue === undefined ? false : expectBoolean(checksumValue, at(where, "checksum"));
    return {
      bind: (decodedSize) => ({
        name: "zstd",
        place: "heap",
        decodedSize,
        encodedSize: boundedBy(decodedSize, (bytes) => bytes + (bytes >>> 7) + 512),
        encode: (decoded) => compressZstd(decoded, level, checksum),
        decode: (encoded) => decompressZstd(encoded, decodedSize),
      }),
    };
  },
};
