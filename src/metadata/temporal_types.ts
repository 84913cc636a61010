/**
 * Times: signed 64-bit counts of a unit. The most negative count is NaT, "not a time".
 *
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/numpy.datetime64
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/numpy.timedelta64
 */

import type { FixedDataType } from "./data_type.js";
import type { DataTypeFamily } from "./data_type_family.js";
import { type JsonValue, jsonNumber } from "./json.js";
import { integer, readBits, writeBits } from "./numeric_types.js";
import { at, expectInteger, expectOneOf, rejectUnknownFields } from "./validate.js";

type Name = "numpy.datetime64" | "numpy.timedelta64";

export const timeUnits = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"] as const;

/** "generic" is a count of nothing in particular. */
export type TimeUnit = (typeof timeUnits)[number];

/** Other spellings of "us": with the Greek letter, and with the micro sign. */
const microseconds = ["μs", "\u00b5s"] as const;

const notATime = 2n ** 63n;

function temporal(name: Name, unit: TimeUnit, scaleFactor: number): FixedDataType {
  const type = integer(name, BigInt64Array, 8);
  return {
    ...type,
    configuration: new Map<string, JsonValue>([
      ["unit", unit],
      ["scale_factor", jsonNumber(scaleFactor)],
    ]),
    parseFill: (json, where) => (json === "NaT" ? writeBits(notATime, 8) : type.parseFill(json, where)),
    formatFill: (element) => (readBits(element, name, 8) === notATime ? "NaT" : type.formatFill(element)),
  };
}

/** Moments, counted from 1970-01-01T00:00Z in steps of `scaleFactor` units (1 to 2^31 − 1). */
export function datetime64(unit: TimeUnit, scaleFactor: number): FixedDataType {
  return temporal("numpy.datetime64", unit, scaleFactor);
}

/** Durations of `scaleFactor` units (1 to 2^31 − 1) times the count. */
export function timedelta64(unit: TimeUnit, scaleFactor: number): FixedDataType {
  return temporal("numpy.timedelta64", unit, scaleFactor);
}

function family(name: Name): DataTypeFamily {
  return {
    name,
    parse({ configuration }, where) {
      const inside = at(where, "configuration");
      rejectUnknownFields(configuration, ["unit", "scale_factor"], inside);
      const unit = expectOneOf(configuration.get("unit"), [...timeUnits, ...microseconds], at(inside, "unit"));
      const range = { minimum: 1, maximum: 2 ** 31 - 1 };
      const scaleFactor = expectInteger(configuration.get("scale_factor"), range, at(inside, "scale_factor"));
      return temporal(name, unit === "μs" || unit === "\u00b5s" ? "us" : unit, scaleFactor);
    },
  };
}

export const temporalFamilies: readonly DataTypeFamily[] = [family("numpy.datetime64"), family("numpy.timedelta64")];
