/**
 * `crc32c`: appends the CRC-32C of the bytes before it, four bytes little-endian, and verifies it on decode.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/crc32c/index.html
 */

import { rejectUnknownFields } from "../metadata/validate.js";
import { checksumStep } from "./checksum_step.js";
import type { BytesToBytesCodec } from "./codec.js";

export const crc32cCodec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "crc32c",
  configure(configuration, where) {
    rejectUnknownFields(configuration, [], where);
    return {
      bind: (decodedSize) => ({
        ...checksumStep("crc32c", decodedSize, "end", (memory, { pointer, byteLength }) =>
          memory.kernels.crc32c(pointer, byteLength, 0),
        ),
        kernel: { kind: "crc32c" },
      }),
    };
  },
};
