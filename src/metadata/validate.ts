/**
 * Readers for the fields of a metadata document. Each returns the value it was asked for, or throws a {@link MetadataError} that names
 * the field, what it had to be and what it was:
 * `Invalid shape[1] in zarr.json (expected an integer >= 0; found 2.5; key /a/zarr.json)`.
 */

import { type ErrorCode, MetadataError } from "../errors.js";
import { JsonNumber, type JsonObject, type JsonValue, jsonNumber } from "./json.js";

/** A place in a document. */
export interface Where {
  /** Path of the field, for example `codecs[0].configuration.level`; empty for the document itself. */
  readonly field: string;
  /** Store key of the document; absent where a configuration comes from a caller. */
  readonly key?: string | undefined;
}

/** The highest array rank that is accepted: numpy's limit until version 2. */
export const maximumRank = 32;

/** The place of a document's member (by name) or an array's item (by index) inside `where`. */
export function at(where: Where, member: string | number): Where {
  if (typeof member === "number") return { field: `${where.field}[${member}]`, key: where.key };
  const isWord = /^[A-Za-z_][A-Za-z0-9_]*$/.test(member);
  const step = isWord ? member : `[${quoteText(member)}]`;
  return { field: isWord && where.field !== "" ? `${where.field}.${step}` : where.field + step, key: where.key };
}

function quoteText(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** A value as an error message shows it; `undefined` is a missing field. */
export function describeJson(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value instanceof JsonNumber) return value.text.length > 60 ? `${value.text.slice(0, 60)}…` : value.text;
  if (typeof value === "string") return quoteText(value);
  if (Array.isArray(value)) return "an array";
  return value instanceof Map ? "an object" : `${value}`;
}

/** The subject of a message about `where`: `shape[1] in zarr.json`. */
export function describeWhere(where: Where): string {
  const document = where.key === undefined ? undefined : where.key.slice(where.key.lastIndexOf("/") + 1);
  if (where.field === "") return document ?? "metadata";
  return document === undefined ? where.field : `${where.field} in ${document}`;
}

/** The error for a field that is not what it must be; to be thrown by the caller. */
export function invalid(where: Where, expected: string, found: JsonValue | undefined): MetadataError {
  return metadataError("INVALID_METADATA", `Invalid ${describeWhere(where)}`, where, expected, describeJson(found));
}

/** The error for a field that is legal, but that this version cannot honour; `what` names it, for example `chunk grid "hilbert"`. */
export function unsupported(what: string, where: Where, expected?: string): MetadataError {
  return metadataError("UNSUPPORTED", `Unsupported ${what}: ${describeWhere(where)}`, where, expected);
}

function metadataError(
  code: ErrorCode,
  reason: string,
  where: Where,
  expected?: string,
  found?: string,
): MetadataError {
  return new MetadataError(code, reason, { expected, found, key: where.key });
}

export function expectObject(value: JsonValue | undefined, where: Where): JsonObject {
  if (!(value instanceof Map)) throw invalid(where, "an object", value);
  return value;
}

export function expectArray(value: JsonValue | undefined, where: Where): JsonValue[] {
  if (!Array.isArray(value)) throw invalid(where, "an array", value);
  return value;
}

export function expectString(value: JsonValue | undefined, where: Where): string {
  if (typeof value !== "string") throw invalid(where, "a string", value);
  return value;
}

export function expectBoolean(value: JsonValue | undefined, where: Where): boolean {
  if (typeof value !== "boolean") throw invalid(where, "true or false", value);
  return value;
}

/** One of the given strings. */
export function expectOneOf<T extends string>(value: JsonValue | undefined, options: readonly T[], where: Where): T {
  for (const option of options) if (option === value) return option;
  throw invalid(where, options.map((option) => JSON.stringify(option)).join(" or "), value);
}

/** Inclusive bounds; both default to the safe integers. */
export interface IntegerRange {
  readonly minimum?: number;
  readonly maximum?: number;
}

/** An integer literal (no fraction, no exponent) within `range` and within ±(2^53 − 1). */
export function expectInteger(value: JsonValue | undefined, range: IntegerRange, where: Where): number {
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = range;
  if (value instanceof JsonNumber && value.isInteger) {
    const integer = Number(value.text);
    // + 0 turns the literal -0 into 0.
    if (Number.isSafeInteger(integer) && integer >= minimum && integer <= maximum) return integer + 0;
  }
  throw invalid(where, describeRange(range), value);
}

function describeRange({ minimum, maximum }: IntegerRange): string {
  if (minimum !== undefined && maximum !== undefined) return `an integer from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `an integer >= ${minimum}`;
  return maximum === undefined ? "an integer" : `an integer <= ${maximum}`;
}

/** Dimensions, each at least `minimum`, whose product (the number of elements) is a safe integer; a shape with a 0 in it has none. */
export function expectShape(value: JsonValue | undefined, minimum: 0 | 1, where: Where): number[] {
  const dimensions = expectArray(value, where);
  if (dimensions.length > maximumRank) {
    throw invalid(where, `at most ${maximumRank} dimensions`, new JsonNumber(`${dimensions.length}`));
  }
  const shape = dimensions.map((dimension, axis) => expectInteger(dimension, { minimum }, at(where, axis)));
  // Not multiplied in order: [2^53 - 1, 2^53 - 1, 0] has no elements, whatever its partial products are.
  const elements = shape.includes(0) ? 0 : shape.reduce((product, dimension) => product * dimension, 1);
  if (!Number.isSafeInteger(elements)) {
    throw metadataError(
      "INVALID_METADATA",
      `Invalid ${describeWhere(where)}`,
      where,
      "at most 9007199254740991 elements",
      `[${shape.join(", ")}]`,
    );
  }
  return shape;
}

/** Throws unless `length` entries are one for each axis of a shape of `rank` axes. */
export function expectRank(length: number, rank: number, where: Where): void {
  if (length !== rank) throw invalid(where, `length ${rank}, the rank of shape`, jsonNumber(length));
}

function unknownField(name: string, known: readonly string[], where: Where): MetadataError {
  const expected = known.length === 0 ? "no fields" : `only ${known.join(", ")}`;
  return metadataError("INVALID_METADATA", `Unknown field ${describeWhere(at(where, name))}`, where, expected);
}

/** Throws for a member that is not `known`, unless it is an object with `"must_understand": false`. */
export function rejectUnknownFields(object: JsonObject, known: readonly string[], where: Where): void {
  for (const [name, value] of object) {
    if (known.includes(name)) continue;
    if (value instanceof Map && value.get("must_understand") === false) continue;
    throw unknownField(name, known, where);
  }
}

/** An extension: what stands for a codec, a data type, a chunk grid or a chunk key encoding. */
export interface NamedConfiguration {
  readonly name: string;
  /** Empty where the document has none. */
  readonly configuration: JsonObject;
  /** False only where the document says so. */
  readonly mustUnderstand: boolean;
  /** The place of the configuration, where it is none in a list of codecs: Zarr v2 keeps filters and compressor apart. */
  readonly where?: Where;
}

const namedFields: readonly string[] = ["name", "configuration", "must_understand"];

/** An extension point: a bare name, or `{ name, configuration?, must_understand? }`. */
export function parseNamed(value: JsonValue | undefined, where: Where): NamedConfiguration {
  if (typeof value === "string") {
    return { name: expectName(value, where), configuration: new Map(), mustUnderstand: true };
  }
  if (!(value instanceof Map)) throw invalid(where, "a name or an object with a name", value);
  for (const name of value.keys()) {
    if (!namedFields.includes(name)) throw unknownField(name, namedFields, where);
  }
  const mustUnderstand = value.get("must_understand");
  return {
    name: expectName(expectString(value.get("name"), at(where, "name")), at(where, "name")),
    configuration: value.has("configuration")
      ? expectObject(value.get("configuration"), at(where, "configuration"))
      : new Map(),
    mustUnderstand: mustUnderstand === undefined || expectBoolean(mustUnderstand, at(where, "must_understand")),
  };
}

function expectName(name: string, where: Where): string {
  if (name === "") throw invalid(where, "a name", name);
  return name;
}

/** As {@link parseNamed}, for data types, chunk grids and chunk key encodings: nobody can do without understanding those. */
export function parseNamedMandatory(value: JsonValue | undefined, where: Where): NamedConfiguration {
  const named = parseNamed(value, where);
  if (!named.mustUnderstand) throw invalid(at(where, "must_understand"), "true", false);
  return named;
}

/** The object form, without the members that say nothing; zarr-python demands a configuration of the codecs of numcodecs, be it empty. */
export function formatNamed(named: NamedConfiguration): JsonObject {
  const object: JsonObject = new Map([["name", named.name]]);
  if (named.configuration.size > 0 || named.name.startsWith("numcodecs."))
    object.set("configuration", named.configuration);
  if (!named.mustUnderstand) object.set("must_understand", false);
  return object;
}
