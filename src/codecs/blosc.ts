/**
 * `blosc` and `numcodecs.blosc`: the container of c-blosc 1, with any of its compressors and shuffles. The two differ in how their
 * configurations are written. What is read depends on the chunk alone.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/blosc/index.html
 * https://numcodecs.readthedocs.io/en/stable/compression/blosc.html
 */

import type { JsonObject } from "../metadata/json.js";
import {
  at,
  expectInteger,
  expectOneOf,
  invalid,
  rejectUnknownFields,
  unsupported,
  type Where,
} from "../metadata/validate.js";
import {
  type BloscSettings,
  bloscOverhead,
  type CompressorName,
  compressorNames,
  decodeBlosc,
  encodeBlosc,
  maximumContent,
} from "./blosc_container.js";
import { type BoundCodec, type ByteSize, type BytesToBytesCodec, boundedBy } from "./codec.js";
import { loadZstd } from "./zstd_encoder.js";

const fields = ["cname", "clevel", "shuffle", "typesize", "blocksize"] as const;
const int32 = 2 ** 31 - 1;

/** What a configuration says that reads the same under both names. */
interface Shared {
  readonly compressor: CompressorName;
  readonly level: number;
  readonly blockSize: number;
  /** Absent where the configuration leaves it out. */
  readonly typeSize: number | undefined;
}

function readShared(configuration: JsonObject, compressor: CompressorName, where: Where): Shared {
  rejectUnknownFields(configuration, fields, where);
  const integer = (name: string, minimum: number, maximum: number): number | undefined => {
    const value = configuration.get(name);
    return value === undefined ? undefined : expectInteger(value, { minimum, maximum }, at(where, name));
  };
  const cname = configuration.get("cname");
  return {
    compressor: cname === undefined ? compressor : expectOneOf(cname, compressorNames, at(where, "cname")),
    level: integer("clevel", 0, 9) ?? 5,
    blockSize: integer("blocksize", 0, int32) ?? 0,
    typeSize: integer("typesize", 1, int32),
  };
}

function bindBlosc(name: string, settings: BloscSettings, decodedSize: ByteSize, where: Where): BoundCodec {
  if (decodedSize.kind === "fixed" && decodedSize.bytes > maximumContent)
    throw unsupported(`chunk of ${decodedSize.bytes} bytes`, where, `at most ${maximumContent} bytes`);
  return {
    name,
    place: "wasm",
    decodedSize,
    encodedSize: boundedBy(decodedSize, (bytes) => bytes + bloscOverhead),
    encode: (memory, decoded) => encodeBlosc(memory, decoded, settings),
    decode: (memory, encoded) => decodeBlosc(memory, encoded, decodedSize),
  };
}

/** Only the encoder of Zstandard has anything to load. */
async function loadFor(compressor: CompressorName): Promise<void> {
  if (compressor === "zstd") await loadZstd();
}

const filters = { noshuffle: "none", shuffle: "bytes", bitshuffle: "bits" } as const;

const automaticFilter = (itemSize: number): "bits" | "bytes" => (itemSize === 1 ? "bits" : "bytes");

export const bloscCodec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "blosc",
  defaults: ({ itemSize }) => ({
    cname: "zstd",
    clevel: 5,
    shuffle: itemSize === 1 ? "bitshuffle" : "shuffle",
    typesize: itemSize,
    blocksize: 0,
  }),
  load: loadZstd,
  configure(configuration, where) {
    const { typeSize, ...shared } = readShared(configuration, "zstd", where);
    const value = configuration.get("shuffle");
    const shuffle =
      value === undefined
        ? undefined
        : expectOneOf(value, ["noshuffle", "shuffle", "bitshuffle"], at(where, "shuffle"));
    if (typeSize === undefined && shuffle !== undefined && shuffle !== "noshuffle")
      throw invalid(at(where, "typesize"), "an integer >= 1, for there is a shuffle", undefined);
    return {
      load: () => loadFor(shared.compressor),
      bind(decodedSize, itemSize) {
        const filter = shuffle === undefined ? automaticFilter(itemSize) : filters[shuffle];
        return bindBlosc("blosc", { ...shared, filter, typeSize: typeSize ?? itemSize }, decodedSize, where);
      },
    };
  },
};

const numberedFilters = ["none", "bytes", "bits"] as const;

export const numcodecsBloscCodec: BytesToBytesCodec = {
  kind: "bytes_to_bytes",
  name: "numcodecs.blosc",
  defaults: { cname: "lz4", clevel: 5, shuffle: 1, blocksize: 0 },
  load: loadZstd,
  configure(configuration, where) {
    const { typeSize, ...shared } = readShared(configuration, "lz4", where);
    const value = configuration.get("shuffle");
    const shuffle = value === undefined ? 1 : expectInteger(value, { minimum: -1, maximum: 2 }, at(where, "shuffle"));
    return {
      load: () => loadFor(shared.compressor),
      bind(decodedSize, itemSize) {
        const size = typeSize ?? itemSize;
        const filter = numberedFilters[shuffle] ?? automaticFilter(size);
        return bindBlosc("numcodecs.blosc", { ...shared, filter, typeSize: size }, decodedSize, where);
      },
    };
  },
};
