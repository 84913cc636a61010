/** `struct`: its documents, fill values and byte order, and the arrays of its elements. */

import { describe, expect, test } from "vitest";
import {
  dataTypeByName,
  formatDataType,
  type ItemDataType,
  parseDataType,
  type StructDataType,
} from "../../src/metadata/data_type.js";
import { formatJson, parseJson } from "../../src/metadata/json.js";
import { StructArray } from "../../src/metadata/struct_array.js";
import { structType } from "../../src/metadata/struct_type.js";
import { fixedLengthUtf32, nullTerminatedBytes } from "../../src/metadata/text_types.js";
import { hex } from "../support/reference_array.js";

const where = { field: "fill_value", key: "/a/zarr.json" };
const place = { field: "data_type", key: "/a/zarr.json" };

function parse(fields: unknown, name = "struct"): StructDataType {
  const type = parseDataType(parseJson(JSON.stringify({ name, configuration: { fields } })), place);
  if (type.fields === undefined) throw new TypeError("not a struct");
  return type;
}

const named = (entries: Record<string, unknown>) =>
  Object.entries(entries).map(([name, data_type]) => ({ name, data_type }));
const item = (name: string) => dataTypeByName(name) as ItemDataType;
const nested = { name: "struct", configuration: { fields: named({ x: "float32", y: "float32" }) } };
const u2 = { name: "fixed_length_utf32", configuration: { length_bytes: 8 } };

function caught(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("did not throw");
}

describe("documents", () => {
  const text =
    '{"name":"struct","configuration":{"fields":[{"name":"id","data_type":"int32"},' +
    '{"name":"point","data_type":{"name":"struct","configuration":{"fields":[{"name":"x","data_type":"float32"},{"name":"y","data_type":"float32"}]}}},' +
    '{"name":"t","data_type":{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":1}}}]}}';

  test("fields lie one after another, and are written as they are read", () => {
    const type = parseDataType(parseJson(text), place) as StructDataType;
    expect(type.fields.map(({ name, offset }) => [name, offset])).toEqual([
      ["id", 0],
      ["point", 4],
      ["t", 12],
    ]);
    expect(type.itemSize).toBe(20);
    expect(formatJson(formatDataType(type), 0)).toBe(text);
  });

  test("the older form is read: pairs, under either name; what is written is the new one", () => {
    const older = {
      name: "structured",
      configuration: {
        fields: [
          ["x", "float32"],
          ["y", "float32"],
        ],
      },
    };
    const pairs = [
      ["id", "int32"],
      ["point", older],
      ["t", { name: "numpy.datetime64", configuration: { unit: "s", scale_factor: 1 } }],
    ];
    for (const name of ["structured", "struct"]) {
      expect(formatJson(formatDataType(parse(pairs, name)), 0)).toBe(text);
      expect(parse(named({ x: "int8" }), name).name).toBe("struct");
    }
  });

  test.each([
    [
      undefined,
      "Invalid data_type.configuration.fields in zarr.json (expected an array; found nothing; key /a/zarr.json)",
    ],
    [
      [],
      "Invalid data_type.configuration.fields in zarr.json (expected one field or more; found an array; key /a/zarr.json)",
    ],
    [[3], "Invalid data_type.configuration.fields[0] in zarr.json (expected an object; found 3; key /a/zarr.json)"],
    [
      [["x"]],
      "Invalid data_type.configuration.fields[0] in zarr.json (expected a name and a data type; found an array; key /a/zarr.json)",
    ],
    [
      [["x", "int8", [2]]],
      "Invalid data_type.configuration.fields[0] in zarr.json (expected a name and a data type; found an array; key /a/zarr.json)",
    ],
    [
      [{ name: "", data_type: "int8" }],
      'Invalid data_type.configuration.fields[0].name in zarr.json (expected a name; found ""; key /a/zarr.json)',
    ],
    [
      [{ data_type: "int8" }],
      "Invalid data_type.configuration.fields[0].name in zarr.json (expected a string; found nothing; key /a/zarr.json)",
    ],
    [
      [{ name: "x" }],
      "Invalid data_type.configuration.fields[0].data_type in zarr.json (expected a name or an object with a name; found nothing; key /a/zarr.json)",
    ],
    [
      [{ name: "x", data_type: "int8", offset: 3 }],
      "Unknown field data_type.configuration.fields[0].offset in zarr.json (expected only name, data_type; key /a/zarr.json)",
    ],
    [
      [["x", "string"]],
      'Invalid data_type.configuration.fields[0][1] in zarr.json (expected a data type of fixed size; found "string"; key /a/zarr.json)',
    ],
    [
      named({ x: "int8" }).concat(named({ x: "int16" })),
      'Invalid data_type.configuration.fields[1] in zarr.json (expected unique names; found "x"; key /a/zarr.json)',
    ],
  ])("refuses fields %j", (fields, message) => {
    expect(caught(() => parse(fields))).toMatchObject({ code: "INVALID_METADATA", message });
  });

  test("refuses unknown types, unknown members and elements of 2 GiB", () => {
    expect(caught(() => parse(named({ x: "int4" })))).toMatchObject({
      code: "UNSUPPORTED",
      reason: 'Unsupported data type "int4": data_type.configuration.fields[0].data_type in zarr.json',
    });
    expect(() =>
      parseDataType(parseJson('{"name":"struct","configuration":{"fields":[],"align":true}}'), place),
    ).toThrow("Unknown field data_type.configuration.align");
    const large = { name: "raw_bytes", configuration: { length_bytes: 2 ** 31 - 1 } };
    expect(caught(() => parse(named({ a: large, b: "int8" })))).toMatchObject({ code: "UNSUPPORTED" });
  });

  test("many fields", () => {
    const type = parse(
      Array.from({ length: 30_000 }, (_, i) => ({ name: `f${i}`, data_type: i % 2 ? "int8" : "int16" })),
    );
    expect(type.itemSize).toBe(45_000);
    const json = type.formatFill(type.encodeScalar(Object.fromEntries(type.fields.map(({ name }) => [name, 3]))));
    expect(type.parseFill(json, where).slice(0, 6)).toEqual(Uint8Array.of(3, 0, 3, 3, 0, 3));
  });

  test("names that mean something in JavaScript are names like any other", () => {
    const type = parse([
      ["__proto__", "int8"],
      ["constructor", "int8"],
      ["toString", "int8"],
    ]);
    const record = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}');
    const element = type.encodeScalar(record);
    expect(hex(element)).toBe("010203");
    const decoded = type.decodeScalar(element) as object;
    expect(Object.entries(decoded)).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
      ["toString", 3],
    ]);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(() => type.encodeScalar({})).toThrow('no field "__proto__"');
    expect(formatJson(type.formatFill(element), 0)).toBe('{"__proto__":1,"constructor":2,"toString":3}');
  });
});

describe("fill values", () => {
  const type = parse(named({ x: "float32", p: nested, s: u2, b: "bool" }));
  const text = '{"x":"NaN","p":{"x":-0.0,"y":"0x7fc00001"},"s":"é","b":true}';
  const bytes = "0000c07f" + "00000080" + "0100c07f" + "e900000000000000" + "01";

  test("are objects", () => {
    expect(hex(type.parseFill(parseJson(text), where))).toBe(bytes);
    expect(formatJson(type.formatFill(Buffer.from(bytes, "hex")), 0)).toBe(text);
  });

  test("base64 of the little-endian bytes is read", () => {
    expect(hex(type.parseFill(Buffer.from(bytes, "hex").toString("base64"), where))).toBe(bytes);
  });

  test.each([
    ['{"x":0,"p":{"x":0,"y":0},"s":""}', "Invalid fill_value.b in zarr.json"],
    ['{"x":0,"p":{"x":0},"s":"","b":true}', "Invalid fill_value.p.y in zarr.json"],
    ['{"x":0,"p":{"x":0,"y":0},"s":"","b":true,"q":1}', "Unknown field fill_value.q in zarr.json"],
    ['{"x":"no","p":{"x":0,"y":0},"s":"","b":true}', "Invalid fill_value.x in zarr.json"],
    ["[0]", "expected an object; found an array"],
    ["0", "expected an object; found 0"],
    ['"AAAA"', "expected an object, or 21 bytes as base64 text"],
    [
      JSON.stringify(Buffer.from(`${"00".repeat(12)}ffffffff${"00".repeat(5)}`, "hex").toString("base64")),
      "expected bytes that every field can hold",
    ],
  ])("refuses %s", (json, message) => {
    const error = caught(() => type.parseFill(parseJson(json), where));
    expect(error).toMatchObject({ code: "INVALID_METADATA" });
    expect(String(error)).toContain(message);
  });
});

describe("byte order", () => {
  const run = (offset: number, size: number, count: number, isSwapped = false) => ({ offset, size, count, isSwapped });

  test.each([
    ["numbers of one size", named({ a: "int32", b: "float32", c: "complex64", d: nested, e: u2 }), 4],
    ["bytes only", named({ a: "int8", b: "r24", c: "bool" }), 1],
    ["two sizes", named({ a: "int32", b: "float64" }), [run(0, 4, 1), run(4, 8, 1)]],
    ["bytes between", named({ a: "int32", b: "r8", c: "int32", d: nested }), [run(0, 4, 1), run(5, 4, 3)]],
    ["bytes after", named({ a: "complex128", b: "r8" }), [run(0, 8, 2)]],
    [
      "a struct inside",
      named({ a: "r8", s: { name: "struct", configuration: { fields: named({ a: "r8", b: "int16", c: "int64" }) } } }),
      [run(2, 2, 1), run(4, 8, 1)],
    ],
  ])("%s", (_, fields, swapSize) => {
    expect(parse(fields).swapSize).toEqual(swapSize);
  });

  test("fields in the other byte order", () => {
    const [int32, uint8] = [item("int32"), item("uint8")];
    const a = { name: "a", dataType: int32 };
    const swapped = { name: "b", dataType: int32, isSwapped: true };
    expect(structType([a, swapped]).swapSize).toEqual([run(0, 4, 1), run(4, 4, 1, true)]);
    expect(structType([swapped]).swapSize).toEqual([run(0, 4, 1, true)]);
    expect(structType([{ name: "u", dataType: uint8, isSwapped: true }, a]).swapSize).toEqual([run(1, 4, 1)]);
    const inner = structType([a, swapped]);
    expect(structType([{ name: "s", dataType: inner, isSwapped: true }]).swapSize).toEqual([
      run(0, 4, 1, true),
      run(4, 4, 1),
    ]);
    // Documents of version 3 cannot say it: the element in memory is the same.
    expect(formatJson(formatDataType(structType([swapped])), 0)).not.toContain("wapped");
  });
});

describe("StructArray", () => {
  const type = structType([
    { name: "x", dataType: item("int16") },
    { name: "s", dataType: nullTerminatedBytes(2) },
    { name: "p", dataType: parse(named({ u: "float32", v: "float32" })) },
    { name: "r", dataType: item("r16") },
    { name: "n", dataType: item("int64") },
    { name: "u", dataType: fixedLengthUtf32(1) },
  ]);
  const record = (i: number) => ({
    x: 0 - i,
    s: `${i}`,
    p: { u: i / 2, v: 1 },
    r: Uint8Array.of(i, 255),
    n: BigInt(i) * 10n ** 15n,
    u: "é",
  });
  const filled = (): StructArray => {
    const array = type.allocate(3);
    for (let i = 0; i < 3; i++) array.set(i, record(i));
    return array;
  };

  test("records", () => {
    const array = filled();
    expect([array.length, array.bytes.length, array.fieldNames.join()]).toEqual([3, 78, "x,s,p,r,n,u"]);
    expect([...array]).toEqual([0, 1, 2].map(record));
    expect(array.get(2)).toEqual(record(2));
  });

  test("fields are views", () => {
    const array = filled();
    const x = array.field("x");
    expect([x.length, x.get(2)]).toEqual([3, -2]);
    x.set(1, 300);
    expect(array.get(1)).toEqual({ ...record(1), x: 300 });
    array.field("p").set(0, { u: 8, v: 9 });
    expect(array.get(0)).toEqual({ ...record(0), p: { u: 8, v: 9 } });
    expect(hex(array.bytes.subarray(26, 28))).toBe("2c01");
  });

  test("toArray copies into the field type's own array", () => {
    const array = filled();
    expect(array.field("x").toArray()).toEqual(Int16Array.of(0, -1, -2));
    expect(array.field("s").toArray()).toEqual(["0", "1", "2"]);
    expect(array.field("r").toArray()).toEqual(Uint8Array.of(0, 255, 1, 255, 2, 255));
    expect(array.field("n").toArray()).toEqual(BigInt64Array.of(0n, 10n ** 15n, 2n * 10n ** 15n));
    expect(array.field("u").toArray()).toEqual(["é", "é", "é"]);
    const points = array.field("p").toArray() as StructArray;
    expect(points).toBeInstanceOf(StructArray);
    expect(points.field("u").toArray()).toEqual(Float32Array.of(0, 0.5, 1));
    points.set(0, { u: 5, v: 5 });
    expect(array.get(0)).toEqual(record(0));
    expect(type.allocate(0).field("x").toArray()).toEqual(new Int16Array(0));
  });

  test("a view of existing bytes", () => {
    const bytes = new Uint8Array(2 + 26).fill(1);
    const array = type.view(bytes.buffer, 2, 1);
    array.field("x").set(0, 0x0302);
    expect([bytes[1], bytes[2], bytes[3]]).toEqual([1, 2, 3]);
    expect(() => new StructArray(type, new Uint8Array(27))).toThrow(
      "Wrong number of bytes for a StructArray (expected a multiple of 26; found 27)",
    );
  });

  test("refuses places, fields and values that do not exist, and changes nothing", () => {
    const array = filled();
    for (const i of [-1, 3, 0.5, Number.NaN]) {
      expect(() => array.get(i)).toThrow(`No such element (expected 0 to 2; found ${i})`);
      expect(() => array.set(i, record(0))).toThrow("No such element");
      expect(() => array.field("x").get(i)).toThrow("No such element");
      expect(() => array.field("x").set(i, 0)).toThrow("No such element");
    }
    expect(() => array.field("y")).toThrow('No field "y" (expected one of x, s, p, r, n, u)');
    expect(() => array.set(0, { ...record(0), y: 1 })).toThrow(
      new TypeError('Value for struct has "y", which is no field'),
    );
    const { x: _, ...rest } = record(0);
    expect(() => array.set(0, rest)).toThrow(new TypeError('Value for struct has no field "x"'));
    expect(() => array.set(0, { ...record(5), x: 1e9 })).toThrow("Value does not fit int16");
    expect(() => array.field("s").set(0, "long")).toThrow("Text does not fit");
    expect([...array]).toEqual([0, 1, 2].map(record));
  });

  test("accepts arrays with the same fields only", () => {
    const other = structType(type.fields);
    expect(type.accepts(other.allocate(1))).toBe(true);
    expect(type.accepts(structType(type.fields.slice(1)).allocate(1))).toBe(false);
    expect(type.accepts(type.allocate(1).bytes)).toBe(false);
  });
});
