import { describe, expect, test } from "vitest";
import { MetadataError } from "../../src/errors.js";
import { dataTypeByName } from "../../src/metadata/data_type.js";
import { formatJson, JsonNumber, jsonNumber, parseJson } from "../../src/metadata/json.js";
import { numericTypes } from "../../src/metadata/numeric_types.js";
import { formatNumpyDtype, parseCodecDtype, parseNumpyDtype } from "../../src/metadata/numpy_dtype.js";

const where = { field: "dtype" };

describe("parseNumpyDtype", () => {
  test.each([
    ["|b1", "bool", "none"],
    ["|i1", "int8", "none"],
    ["<i2", "int16", "little"],
    ["<i4", "int32", "little"],
    ["<i8", "int64", "little"],
    ["|u1", "uint8", "none"],
    ["<u2", "uint16", "little"],
    ["<u4", "uint32", "little"],
    ["<u8", "uint64", "little"],
    ["<f2", "float16", "little"],
    ["<f4", "float32", "little"],
    ["<f8", "float64", "little"],
    [">f8", "float64", "big"],
    [">u2", "uint16", "big"],
    [">i1", "int8", "none"],
    ["<b1", "bool", "none"],
    ["i4", "int32", "little"],
    ["u1", "uint8", "none"],
    ["float32", "float32", "little"],
    ["bool", "bool", "none"],
  ] as const)("%s is %s, %s", (text, name, byteOrder) => {
    const dtype = parseNumpyDtype(text, where);
    expect([dtype.dataType.name, dtype.byteOrder]).toEqual([name, byteOrder]);
  });

  test("every data type has a name here", () => {
    for (const dataType of numericTypes) expect(parseNumpyDtype(dataType.name, where).dataType).toBe(dataType);
  });

  test.each([
    "",
    "<",
    "i3",
    "<<i4",
    "=i4",
    "<M8[",
    "<M8[]",
    "<M8[0s]",
    "<M8[2147483648s]",
    "<M8[ s]",
    "<M8[xs]",
    "<M8[s]x",
    "<M4",
    "<m16",
    "|S",
    "|S0",
    "<U0",
    "|V0",
    "|V01",
    "|S-1",
    "|S1.5",
    "|S99999999999",
    "|V2147483648",
    "<U536870912",
    "<c4",
    "<f16",
    "|O",
    "float8",
    "<float32",
    "I4",
    "i4 ",
    "__proto__",
  ])("%j is unsupported", (text) => {
    expect(() => parseNumpyDtype(text, where)).toThrow(MetadataError);
    expect(() => parseNumpyDtype(text, where)).toThrow(`Unsupported numpy data type ${JSON.stringify(text)}: dtype`);
  });

  test.each([[undefined], [null], [true], [jsonNumber(4)]])("%j is invalid", (value) => {
    expect(() => parseNumpyDtype(value, where)).toThrow(/^Invalid dtype \(expected a string/);
  });

  test.each([
    ["|S7", "null_terminated_bytes", 7, 1, "none"],
    ["<S7", "null_terminated_bytes", 7, 1, "none"],
    ["|V10", "raw_bytes", 10, 1, "none"],
    ["<U13", "fixed_length_utf32", 52, 4, "little"],
    [">U1", "fixed_length_utf32", 4, 4, "big"],
    ["<c8", "complex64", 8, 4, "little"],
    [">c16", "complex128", 16, 8, "big"],
    ["<M8[ns]", "numpy.datetime64", 8, 8, "little"],
    [">m8[25us]", "numpy.timedelta64", 8, 8, "big"],
  ])("%s is %s of %i bytes", (text, name, itemSize, swapSize, byteOrder) => {
    const dtype = parseNumpyDtype(text, where);
    expect(dtype.dataType).toMatchObject({ name, itemSize, swapSize });
    expect(dtype.byteOrder).toBe(byteOrder);
  });

  test.each([
    ["<M8", "generic", "1", "<M8"],
    ["<M8[generic]", "generic", "1", "<M8"],
    ["<m8[10generic]", "generic", "10", "<m8[10generic]"],
    [">M8[D]", "D", "1", ">M8[D]"],
    ["<M8[1s]", "s", "1", "<M8[s]"],
    ["<M8[2147483647as]", "as", "2147483647", "<M8[2147483647as]"],
    ["<M8[μs]", "us", "1", "<M8[us]"],
    ["<m8[7\u00b5s]", "us", "7", "<m8[7us]"],
  ] as const)("times: %s", (text, unit, scale, written) => {
    const { dataType, byteOrder } = parseNumpyDtype(text, where);
    expect(dataType.configuration?.get("unit")).toBe(unit);
    expect(dataType.configuration?.get("scale_factor")).toEqual(new JsonNumber(scale));
    expect(formatNumpyDtype(dataType, byteOrder === "big" ? "big" : "little", where)).toBe(written);
  });

  test.each(["|i4", "|f8", "|U3", "|M8[s]", "|c8"])("%s has no byte order", (text) => {
    expect(() => parseNumpyDtype(text, where)).toThrow(
      `Invalid dtype (expected a byte order, "<" or ">"; found "${text}")`,
    );
  });
});

describe("structs", () => {
  const parse = (text: string) => parseNumpyDtype(parseJson(text), where);

  test("have their byte orders in the fields, also in fields of fields", () => {
    const { dataType, byteOrder } = parse('[["a", ">i4"], ["b", [["c", "|u1"], ["d", ">f8"]]], ["e", "<U2"]]');
    expect(byteOrder).toBe("none");
    expect(dataType.itemSize).toBe(21);
    expect(dataType.fields?.map(({ name, offset }) => [name, offset])).toEqual([
      ["a", 0],
      ["b", 4],
      ["e", 13],
    ]);
    expect(dataType.swapSize).toEqual([
      { offset: 0, size: 4, count: 1, isSwapped: true },
      { offset: 5, size: 8, count: 1, isSwapped: true },
      { offset: 13, size: 4, count: 2, isSwapped: false },
    ]);
    expect(formatJson(formatNumpyDtype(dataType, "big", where), 0)).toBe(
      '[["a",">i4"],["b",[["c","|u1"],["d",">f8"]]],["e",">U2"]]',
    );
  });

  test.each([
    ["[]", "Invalid dtype (expected one field or more; found an array)"],
    ['["<i4"]', 'Invalid dtype[0] (expected an array; found "<i4")'],
    ['[["a"]]', "Invalid dtype[0] (expected a name and a data type; found 1)"],
    ['[["a", "<i4", [2]]]', "Unsupported field with a shape: dtype[0]"],
    ['[["a", "<i4", [2], 1]]', "Invalid dtype[0] (expected a name and a data type; found 4)"],
    ['[[1, "<i4"]]', "Invalid dtype[0][0] (expected a string; found 1)"],
    ['[["", "|V4"]]', "Unsupported field without a name: dtype[0]"],
    ['[["a", "<i4"], ["a", "<i4"]]', 'Invalid dtype[1] (expected unique names; found "a")'],
    ['[["a", [["b", "|O"]]]]', 'Unsupported numpy data type "|O": dtype[0][1][0][1]'],
    ['[["a", "|V2147483647"], ["b", "|u1"]]', "Unsupported struct of 2147483648 bytes: dtype"],
  ])("%s", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

test.each(["|b1", ">i2", "<f4", ">c16", "|S3", ">U4", "|V5", "<M8[10s]", ">m8"])(
  "%s is written as it was read",
  (text) => {
    const { dataType, byteOrder } = parseNumpyDtype(text, where);
    expect(formatNumpyDtype(dataType, byteOrder === "big" ? "big" : "little", where)).toBe(text);
  },
);

test("formatNumpyDtype refuses what numpy does not have", () => {
  for (const name of ["bfloat16", "r24"]) {
    const dataType = dataTypeByName(name);
    if (dataType.variable) return expect.fail("has a fixed size");
    expect(() => formatNumpyDtype(dataType, "little", where)).toThrow(
      `Unsupported data type ${name} in Zarr v2: dtype`,
    );
  }
});

test("parseCodecDtype takes null for nothing, and no big-endian items", () => {
  expect(parseCodecDtype(undefined, where)).toBeUndefined();
  expect(parseCodecDtype(null, where)).toBeUndefined();
  expect(parseCodecDtype("<f4", where)?.name).toBe("float32");
  expect(parseCodecDtype(">u1", where)?.name).toBe("uint8");
  expect(() => parseCodecDtype(">f4", where)).toThrow('Unsupported big-endian data type ">f4": dtype');
});
