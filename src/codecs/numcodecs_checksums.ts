/**
 * The checksums of numcodecs: `numcodecs.crc32` and `numcodecs.adler32` (before the data unless the configuration says otherwise),
 * `numcodecs.crc32c` (after it), `numcodecs.fletcher32` and `numcodecs.jenkins_lookup3` (always after it).
 *
 * Source: https://numcodecs.readthedocs.io/en/stable/checksum32.html
 */

import type { JsonObject } from "../metadata/json.js";
import { at, expectArray, expectInteger, expectOneOf, rejectUnknownFields, type Where } from "../metadata/validate.js";
import { deflateKernels } from "../wasm/deflate_kernels.js";
import { filterKernels } from "../wasm/filter_kernels.js";
import type { Memory, Span } from "../wasm/memory.js";
import { type ChecksumLocation, checksumStep } from "./checksum_step.js";
import type { BytesToBytesCodec } from "./codec.js";

type Checksum = (memory: Memory, bytes: Span) => number;

function withLocation(
  name: string,
  defaultLocation: ChecksumLocation,
  checksum: Checksum,
  aliases: readonly string[] = [],
): BytesToBytesCodec {
  return {
    kind: "bytes_to_bytes",
    name,
    aliases,
    configure(configuration, where) {
      rejectUnknownFields(configuration, ["location"], where);
      const value = configuration.get("location");
      const location =
        value === undefined ? defaultLocation : expectOneOf(value, ["start", "end"], at(where, "location"));
      return { bind: (decodedSize) => checksumStep(name, decodedSize, location, checksum) };
    },
  };
}

export const numcodecsCrc32Codec: BytesToBytesCodec = withLocation(
  "numcodecs.crc32",
  "start",
  (memory, { pointer, byteLength }) => memory.kernelsOf(deflateKernels).crc32(pointer, byteLength, 0),
);

export const numcodecsAdler32Codec: BytesToBytesCodec = withLocation(
  "numcodecs.adler32",
  "start",
  (memory, { pointer, byteLength }) => memory.kernelsOf(deflateKernels).adler32(pointer, byteLength, 1),
  ["adler32"],
);

export const numcodecsCrc32cCodec: BytesToBytesCodec = withLocation(
  "numcodecs.crc32c",
  "end",
  (memory, { pointer, byteLength }) => memory.kernels.crc32c(pointer, byteLength, 0),
);

export const numcodecsFletcher32Codec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "numcodecs.fletcher32",
  // Both were written by zarrs before 0.20.
  aliases: ["fletcher32", "https://codec.zarrs.dev/bytes_to_bytes/fletcher32"],
  configure(configuration, where) {
    rejectUnknownFields(configuration, [], where);
    return {
      bind: (decodedSize) =>
        checksumStep("numcodecs.fletcher32", decodedSize, "end", (memory, { pointer, byteLength }) =>
          memory.kernelsOf(filterKernels).fletcher32(pointer, byteLength),
        ),
    };
  },
};

export const numcodecsJenkinsLookup3Codec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "numcodecs.jenkins_lookup3",
  defaults: { initval: 0 },
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["initval", "prefix"], where);
    const value = configuration.get("initval");
    const range = { minimum: 0, maximum: 2 ** 32 - 1 };
    const initial = value === undefined ? 0 : expectInteger(value, range, at(where, "initval"));
    const prefix = prefixOf(configuration, at(where, "prefix"));
    return {
      bind: (decodedSize) =>
        checksumStep("numcodecs.jenkins_lookup3", decodedSize, "end", (memory, bytes) =>
          memory.scope(() => {
            const { pointer, byteLength } = prefix.byteLength === 0 ? bytes : joined(memory, prefix, bytes);
            return memory.kernelsOf(filterKernels).jenkinsLookup3(pointer, byteLength, initial);
          }),
        ),
    };
  },
};

/** Bytes that the checksum covers before those of the chunk. numcodecs has them as an array of uint8, or null. */
function prefixOf(configuration: JsonObject, where: Where): Uint8Array {
  const value = configuration.get("prefix");
  if (value === undefined || value === null) return new Uint8Array(0);
  const range = { minimum: 0, maximum: 255 };
  return Uint8Array.from(expectArray(value, where), (byte, i) => expectInteger(byte, range, at(where, i)));
}

function joined(memory: Memory, prefix: Uint8Array, { pointer, byteLength }: Span): Span {
  const whole = memory.allocate(prefix.byteLength + byteLength);
  const { bytes } = memory;
  bytes.set(prefix, whole.pointer);
  bytes.copyWithin(whole.pointer + prefix.byteLength, pointer, pointer + byteLength);
  return whole;
}
