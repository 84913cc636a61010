/**
 * The codecs that Zarr v3 and numcodecs both have, but with other names and configurations: from one to the other and back. All others stay
 * as they are.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/codecs/index.html
 * https://numcodecs.readthedocs.io/en/stable/
 */

import { JsonNumber, type JsonObject, jsonNumber } from "./json.js";
import type { NamedConfiguration } from "./validate.js";

/** By their numbers in numcodecs. There -1 leaves the choice to the codec, as no name at all does in Zarr v3. */
const shuffles = ["noshuffle", "shuffle", "bitshuffle"];

function without(configuration: JsonObject, field: string): JsonObject {
  const rest = new Map(configuration);
  rest.delete(field);
  return rest;
}

/** A codec of Zarr v3, or one of numcodecs without its prefix, as the codec `numcodecs.…`. */
export function toNumcodecs(named: NamedConfiguration): NamedConfiguration {
  const { name, configuration } = named;
  if (name.startsWith("numcodecs.")) return named;
  if (name !== "blosc") return { ...named, name: `numcodecs.${name}` };
  const own = without(configuration, "typesize");
  const shuffle = own.get("shuffle");
  const number = typeof shuffle === "string" ? shuffles.indexOf(shuffle) : -1;
  return {
    ...named,
    name: "numcodecs.blosc",
    configuration: number < 0 ? own : own.set("shuffle", jsonNumber(number)),
  };
}

/** A codec `numcodecs.…` as that of Zarr v3 which does the same, if there is one. */
export function fromNumcodecs(named: NamedConfiguration): NamedConfiguration {
  const { name, configuration } = named;
  switch (name) {
    case "numcodecs.zstd":
      return { ...named, name: "zstd" };
    case "numcodecs.gzip":
      return { ...named, name: "gzip", configuration: new Map([["level", jsonNumber(1)], ...configuration]) };
    case "numcodecs.crc32c":
      if (configuration.get("location") === "start") return named;
      return { ...named, name: "crc32c", configuration: without(configuration, "location") };
    case "numcodecs.blosc": {
      const value = configuration.get("shuffle");
      const shuffle = value instanceof JsonNumber ? shuffles[Number(value.text)] : "shuffle";
      const own = new Map([["cname", "lz4"], ...without(configuration, "shuffle")]);
      return { ...named, name: "blosc", configuration: shuffle === undefined ? own : own.set("shuffle", shuffle) };
    }
    default:
      return named;
  }
}
