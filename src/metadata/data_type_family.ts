/** Families of data types: what a name in a document stands for, once its configuration is known. */

import type { Part } from "../part.js";
import type { DataType } from "./data_type.js";
import type { JsonValue } from "./json.js";
import {
  at,
  expectInteger,
  formatNamed,
  invalid,
  type NamedConfiguration,
  rejectUnknownFields,
  type Where,
} from "./validate.js";

/** The data types that share a name and differ in their configuration; of most names there is just one. */
export interface DataTypeFamily {
  /** The name that is written. "r*" stands for r8, r16, r24 and so on. */
  readonly name: string;
  /** Other names that are read. */
  readonly aliases?: readonly string[];
  /** `where` is the place of the data type, `parseField` reads the data type of a field. */
  parse(named: NamedConfiguration, where: Where, parseField: ParseDataType): DataType;
}

/** Families that are loaded together when one of them is needed. */
export interface LazyFamilies {
  readonly names: readonly string[];
  /** Other names of some of them. */
  readonly aliases?: readonly string[];
  readonly families: Part<readonly DataTypeFamily[]>;
}

/** @throws MetadataError `INVALID_METADATA` or `UNSUPPORTED`. */
export type ParseDataType = (value: JsonValue | undefined, where: Where) => DataType;

/** The `data_type` field: a bare name where that says all, as every reader expects, else the object form. */
export function formatDataType({ name, configuration }: DataType): JsonValue {
  return configuration === undefined ? name : formatNamed({ name, configuration, mustUnderstand: true });
}

/** An element larger than this would fill a chunk by itself. */
export const maximumItemSize: number = 2 ** 31 - 1;

/** The family of one data type without configuration. */
export function plainFamily(dataType: DataType, aliases: readonly string[] = []): DataTypeFamily {
  return {
    name: dataType.name,
    aliases,
    parse({ configuration }, where) {
      rejectUnknownFields(configuration, [], at(where, "configuration"));
      return dataType;
    },
  };
}

/** Types that differ in `length_bytes`, a multiple of `unit`. */
export function sizedFamily(name: string, unit: 1 | 4, make: (byteLength: number) => DataType): DataTypeFamily {
  return {
    name,
    parse({ configuration }, where) {
      const inside = at(where, "configuration");
      rejectUnknownFields(configuration, ["length_bytes"], inside);
      const place = at(inside, "length_bytes");
      const value = configuration.get("length_bytes");
      const byteLength = expectInteger(value, { minimum: unit, maximum: maximumItemSize }, place);
      if (byteLength % unit !== 0) throw invalid(place, `a multiple of ${unit}`, value);
      return make(byteLength);
    },
  };
}
