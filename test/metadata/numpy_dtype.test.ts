import { describe, expect, test } from "vitest";
import { MetadataError } from "../../src/errors.js";
import { jsonNumber } from "../../src/metadata/json.js";
import { numericTypes } from "../../src/metadata/numeric_types.js";
import { parseCodecDtype, parseNumpyDtype } from "../../src/metadata/numpy_dtype.js";

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
    "<M8[ns]",
    "|S4",
    "<U8",
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

  test.each([[undefined], [null], [true], [jsonNumber(4)], [["<i4"]]])("%j is invalid", (value) => {
    expect(() => parseNumpyDtype(value, where)).toThrow(/^Invalid dtype \(expected a string/);
  });
});

test("parseCodecDtype takes null for nothing, and no big-endian items", () => {
  expect(parseCodecDtype(undefined, where)).toBeUndefined();
  expect(parseCodecDtype(null, where)).toBeUndefined();
  expect(parseCodecDtype("<f4", where)?.name).toBe("float32");
  expect(parseCodecDtype(">u1", where)?.name).toBe("uint8");
  expect(() => parseCodecDtype(">f4", where)).toThrow('Unsupported big-endian data type ">f4": dtype');
});
