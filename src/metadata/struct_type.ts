/**
 * `struct`: elements with named fields of fixed size, packed one after another.
 *
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/struct
 * https://github.com/zarr-developers/zarr-extensions/tree/main/data-types/structured (the older name, with fields as pairs)
 */

import { DataError } from "../errors.js";
import { decodeBase64 } from "./base64.js";
import type { DataType, ItemDataType, NumberRun, StructDataType, StructField } from "./data_type.js";
import { type DataTypeFamily, formatDataType, maximumItemSize, type ParseDataType } from "./data_type_family.js";
import { formatJson, type JsonObject, type JsonValue } from "./json.js";
import { elementBytes, wrongType } from "./numeric_types.js";
import { StructArray } from "./struct_array.js";
import {
  at,
  expectArray,
  expectObject,
  expectString,
  invalid,
  rejectUnknownFields,
  unsupported,
  type Where,
} from "./validate.js";

/** A field before it has its place. */
export interface FieldOption {
  readonly name: string;
  readonly dataType: ItemDataType;
  /** Stored in the other byte order than the codec says. */
  readonly isSwapped?: boolean;
}

function runsOf({ swapSize, itemSize }: ItemDataType): readonly NumberRun[] {
  if (typeof swapSize !== "number") return swapSize;
  return swapSize === 1 ? [] : [{ offset: 0, size: swapSize, count: itemSize / swapSize, isSwapped: false }];
}

/** The numbers of all fields, with neighbours that are alike in one run. */
function joinRuns(options: readonly FieldOption[]): NumberRun[] {
  const runs: NumberRun[] = [];
  let start = 0;
  for (const { dataType, isSwapped = false } of options) {
    for (const run of runsOf(dataType)) {
      const next = { ...run, offset: start + run.offset, isSwapped: run.isSwapped !== isSwapped };
      const last = runs.at(-1);
      const isNeighbour = last !== undefined && last.offset + last.size * last.count === next.offset;
      if (isNeighbour && last.size === next.size && last.isSwapped === next.isSwapped) {
        runs[runs.length - 1] = { ...last, count: last.count + next.count };
      } else runs.push(next);
    }
    start += dataType.itemSize;
  }
  return runs;
}

/** One number if every part of the element has a byte order, and the same one. */
function swapSizeOf(runs: readonly NumberRun[], itemSize: number): StructDataType["swapSize"] {
  const [first] = runs;
  if (first === undefined) return 1;
  return first.size * first.count === itemSize && !first.isSwapped ? first.size : runs;
}

/** The element whose fields `encode` gives. */
function join(
  { fields, itemSize }: Pick<StructDataType, "fields" | "itemSize">,
  encode: (field: StructField) => Uint8Array,
): Uint8Array {
  const element = new Uint8Array(itemSize);
  for (const field of fields) element.set(encode(field), field.offset);
  return element;
}

/**
 * The element of `value`, an object with all fields and no others, by `encode` for each of them.
 *
 * @throws TypeError for any other value.
 */
function packRecord(
  type: Pick<StructDataType, "fields" | "itemSize">,
  value: unknown,
  encode: (dataType: ItemDataType, value: unknown) => Uint8Array,
): Uint8Array {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw wrongType("struct", "an object with its fields", value);
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const element = join(type, ({ name, dataType }) => {
    if (!members.has(name)) throw new TypeError(`Value for struct has no field ${JSON.stringify(name)}`);
    const member = members.get(name);
    members.delete(name);
    return encode(dataType, member);
  });
  for (const name of members.keys()) {
    throw new TypeError(`Value for struct has ${JSON.stringify(name)}, which is no field`);
  }
  return element;
}

/** One field or more, with different names and at most 2^31 − 1 bytes together. */
export function structType(options: readonly FieldOption[]): StructDataType {
  let itemSize = 0;
  const fields = options.map(({ name, dataType }): StructField => {
    const offset = itemSize;
    itemSize += dataType.itemSize;
    return { name, dataType, offset };
  });
  const configuration: JsonObject = new Map([
    [
      "fields",
      fields.map(
        ({ name, dataType }): JsonObject =>
          new Map<string, JsonValue>([
            ["name", name],
            ["data_type", formatDataType(dataType)],
          ]),
      ),
    ],
  ]);
  const names = fields.map(({ name }) => name);
  const known = new Set(names);

  function partOf(element: Uint8Array, { offset, dataType }: StructField): Uint8Array {
    return element.subarray(offset, offset + dataType.itemSize);
  }
  const type: StructDataType = {
    name: "struct",
    configuration,
    fields,
    variable: false,
    isBoxed: false,
    itemSize,
    swapSize: swapSizeOf(joinRuns(options), itemSize),
    unitsPerItem: 1,
    arrayName: "StructArray",
    hasObjectScalars: true,
    allocate: (length, shared = false) =>
      new StructArray(
        type,
        shared ? new Uint8Array(new SharedArrayBuffer(length * itemSize)) : new Uint8Array(length * itemSize),
      ),
    view: (buffer, byteOffset, length) => new StructArray(type, new Uint8Array(buffer, byteOffset, length * itemSize)),
    accepts: (value): value is StructArray =>
      value instanceof StructArray && (value.dataType === type || sameFields(value.dataType, type)),
    defaultFill: () => new Uint8Array(itemSize),
    decodeScalar(element) {
      return new StructArray(type, elementBytes(element, "struct", itemSize)).get(0);
    },
    encodeRecord: (value, encode) => packRecord(type, value, encode),
    encodeScalar: (value) => packRecord(type, value, (dataType, member) => dataType.encodeScalar(member)),
    parseFill(json, where) {
      if (typeof json === "string") return parseBase64(json, where);
      const object = expectObject(json, where);
      // Filtered first: a struct may have many fields, and each would be compared with all names.
      const others = new Map([...object].filter(([name]) => !known.has(name)));
      rejectUnknownFields(others, names, where);
      return join(type, ({ name, dataType }) => dataType.parseFill(object.get(name), at(where, name)));
    },
    formatFill(element) {
      const bytes = elementBytes(element, "struct", itemSize);
      return new Map(fields.map((field) => [field.name, field.dataType.formatFill(partOf(bytes, field))]));
    },
  };

  /** What zarr-python wrote before the type was specified: the little-endian bytes of the element. */
  function parseBase64(text: string, where: Where): Uint8Array {
    const bytes = decodeBase64(text);
    if (bytes?.length !== itemSize) throw invalid(where, `an object, or ${itemSize} bytes as base64 text`, text);
    try {
      type.decodeScalar(bytes);
    } catch (cause) {
      if (cause instanceof DataError) throw invalid(where, "bytes that every field can hold", text);
      throw cause;
    }
    return bytes;
  }
  return type;
}

function sameFields(a: DataType, b: DataType): boolean {
  return formatJson(formatDataType(a), 0) === formatJson(formatDataType(b), 0);
}

/** A field from its two members, each with its place. */
function parseMembers(
  name: JsonValue | undefined,
  namePlace: Where,
  type: JsonValue | undefined,
  typePlace: Where,
  parseDataType: ParseDataType,
): FieldOption {
  const text = expectString(name, namePlace);
  if (text === "") throw invalid(namePlace, "a name", text);
  const dataType = parseDataType(type, typePlace);
  if (dataType.variable) throw invalid(typePlace, "a data type of fixed size", dataType.name);
  return { name: text, dataType };
}

function parseField(field: JsonValue, where: Where, parseDataType: ParseDataType): FieldOption {
  if (Array.isArray(field)) {
    // The form of "structured".
    if (field.length !== 2) throw invalid(where, "a name and a data type", field);
    return parseMembers(field[0], at(where, 0), field[1], at(where, 1), parseDataType);
  }
  const object = expectObject(field, where);
  rejectUnknownFields(object, ["name", "data_type"], where);
  const [name, type] = ["name", "data_type"] as const;
  return parseMembers(object.get(name), at(where, name), object.get(type), at(where, type), parseDataType);
}

export const structFamily: DataTypeFamily = {
  name: "struct",
  aliases: ["structured"],
  parse({ configuration }, where, parseDataType) {
    const inside = at(where, "configuration");
    rejectUnknownFields(configuration, ["fields"], inside);
    const place = at(inside, "fields");
    const list = expectArray(configuration.get("fields"), place);
    if (list.length === 0) throw invalid(place, "one field or more", list);
    const fields = list.map((field, i) => parseField(field, at(place, i), parseDataType));
    const names = new Set<string>();
    for (const [i, { name }] of fields.entries()) {
      if (names.has(name)) throw invalid(at(place, i), "unique names", name);
      names.add(name);
    }
    const itemSize = fields.reduce((sum, { dataType }) => sum + dataType.itemSize, 0);
    if (itemSize > maximumItemSize) {
      throw unsupported(`struct of ${itemSize} bytes`, place, `at most ${maximumItemSize}`);
    }
    return structType(fields);
  },
};
