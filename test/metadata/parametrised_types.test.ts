/** The data types beyond the twelve numeric ones: their JSON forms, byte for byte, and what they refuse. */

import { describe, expect, test } from "vitest";
import { complexTypes } from "../../src/metadata/complex_types.js";
import {
  type DataTypeOption,
  dataTypeByName,
  dataTypeFromOption,
  type ItemDataType,
  parseDataType,
} from "../../src/metadata/data_type.js";
import { bfloat16ToNumber, numberToBfloat16Bits } from "../../src/metadata/float.js";
import { formatJson, parseJson } from "../../src/metadata/json.js";
import { rawBits, rawBytes } from "../../src/metadata/raw_types.js";
import { datetime64, timedelta64, timeUnits } from "../../src/metadata/temporal_types.js";
import { fixedLengthUtf32, nullTerminatedBytes } from "../../src/metadata/text_types.js";
import { hex } from "../support/reference_array.js";

const where = { field: "fill_value", key: "/a/zarr.json" };
const parse = (text: string) => parseDataType(parseJson(text), { field: "data_type", key: "/a/zarr.json" });

function fill(type: ItemDataType, text: string): string {
  return hex(type.parseFill(parseJson(text), where));
}

function written(type: ItemDataType, bytes: string): string {
  return formatJson(type.formatFill(Uint8Array.from(Buffer.from(bytes, "hex"))), 0);
}

function caught(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("did not throw");
}

function refusesFill(type: ItemDataType, text: string, expected: string, found: string, field = "fill_value"): void {
  expect(caught(() => type.parseFill(parseJson(text), where))).toMatchObject({
    code: "INVALID_METADATA",
    message: `Invalid ${field} in zarr.json (expected ${expected}; found ${found}; key /a/zarr.json)`,
  });
}

describe("bfloat16", () => {
  const type = parse('"bfloat16"') as ItemDataType;

  test("all 65,536 patterns are the upper halves of float32's", () => {
    const view = new DataView(new ArrayBuffer(4));
    for (let bits = 0; bits < 0x10000; bits++) {
      view.setUint16(0, bits);
      const value = bfloat16ToNumber(bits);
      if (!Object.is(value, view.getFloat32(0))) throw new Error(`0x${bits.toString(16)}`);
      if (!Number.isNaN(value) && numberToBfloat16Bits(value) !== bits) throw new Error(`0x${bits.toString(16)}`);
      const bytes = Uint8Array.of(bits & 0xff, bits >> 8);
      if (hex(type.parseFill(type.formatFill(bytes), where)) !== hex(bytes)) throw new Error(`0x${bits.toString(16)}`);
    }
  });

  test("between two neighbours, the nearer one; halfway, the even one", () => {
    for (let bits = 0; bits < 0x7f7f; bits++) {
      const low = bfloat16ToNumber(bits);
      const middle = (low + bfloat16ToNumber(bits + 1)) / 2;
      const even = bits + (bits & 1);
      const gap = middle * 2 ** -50;
      const rounded = [middle - gap, middle, middle + gap, -middle].map(numberToBfloat16Bits);
      const expected = [bits, even, bits + 1, even | 0x8000];
      if (rounded.join() !== expected.join()) throw new Error(`0x${bits.toString(16)}: ${rounded} is not ${expected}`);
    }
    expect([3.39e38, 3.4e38, 1e300, -1e300, 1e-41, 4e-41, 5e-324].map(numberToBfloat16Bits)).toEqual([
      0x7f7f, 0x7f80, 0x7f80, 0xff80, 0, 0, 0,
    ]);
    // A float32 in between would round this up: to the middle first, then to the even one.
    expect(numberToBfloat16Bits(1 + 2 ** -8 - 2 ** -30)).toBe(0x3f80);
    expect(numberToBfloat16Bits(1 + 2 ** -7 + 2 ** -8 - 2 ** -30)).toBe(0x3f81);
  });

  test.each([
    ['"NaN"', "c07f"],
    ['"0x7fc1"', "c17f"],
    ['"-Infinity"', "80ff"],
    ["1", "803f"],
    ["-0.0", "0080"],
    ["0.1", "cd3d"],
  ])("fill %s", (text, bytes) => {
    expect(fill(type, text)).toBe(bytes);
    if (text !== "1") expect(written(type, bytes)).toBe(text);
  });

  test("refuses", () => {
    const texts = '"NaN", "Infinity", "-Infinity" or "0x" and 4 hexadecimal digits';
    for (const text of ["3.4e38", '"0x7fc00000"', '"nan"'])
      refusesFill(type, text, `a number in the range of bfloat16, ${texts}`, text);
    expect(() => type.encodeScalar(3.4e38)).toThrow("Value does not fit bfloat16");
    expect(() => type.encodeScalar(1n)).toThrow(new TypeError("Value for bfloat16 must be a number, not bigint"));
    expect(type.accepts(new Uint16Array(1))).toBe(true);
    expect(type.accepts(new Float32Array(1))).toBe(false);
  });
});

describe("complex numbers", () => {
  const [complex64, complex128] = complexTypes as [ItemDataType, ItemDataType];

  test("names", () => {
    expect(parse('"complex64"')).toBe(complex64);
    expect(parse('"complex_float32"')).toBe(complex64);
    expect(parse('{"name": "complex_float64"}')).toBe(complex128);
    expect(dataTypeByName("complex128")).toBe(complex128);
    expect([complex64.itemSize, complex64.swapSize, complex64.unitsPerItem]).toEqual([8, 4, 2]);
    expect([complex128.itemSize, complex128.swapSize, complex128.unitsPerItem]).toEqual([16, 8, 2]);
  });

  test.each([
    ["[0.0, 0.0]", "0000000000000000", "[0,0]"],
    ["[1, -2.5]", "0000803f000020c0", "[1,-2.5]"],
    ['["NaN", "Infinity"]', "0000c07f0000807f", '["NaN","Infinity"]'],
    ['["0x7fc00001", "-Infinity"]', "0100c07f000080ff", '["0x7fc00001","-Infinity"]'],
    ["[-0.0, 0.1]", "00000080cdcccc3d", "[-0.0,0.1]"],
  ])("complex64 fill %s", (text, bytes, canonical) => {
    expect(fill(complex64, text)).toBe(bytes);
    expect(written(complex64, bytes)).toBe(canonical);
  });

  test("complex128 fill", () => {
    expect(fill(complex128, '[0.1, "NaN"]')).toBe("9a9999999999b93f000000000000f87f");
    expect(fill(complex128, '["0xfff8000000000001", 1]')).toBe("010000000000f8ff000000000000f03f");
  });

  test("refuses", () => {
    const expected = "an array of real and imaginary part";
    refusesFill(complex64, "1", expected, "1");
    refusesFill(complex64, "[1]", expected, "an array");
    refusesFill(complex64, "[1, 2, 3]", expected, "an array");
    refusesFill(complex64, '"NaN"', expected, '"NaN"');
    const numbers = `a number in the range of float32, "NaN", "Infinity", "-Infinity" or "0x" and 8 hexadecimal digits`;
    refusesFill(complex64, "[0, 1e39]", numbers, "1e39", "fill_value[1]");
    expect(() => complex64.encodeScalar([1e39, 0])).toThrow("Value does not fit float32");
    expect(() => complex64.encodeScalar(["1", 0])).toThrow(TypeError);
  });
});

describe("raw bytes", () => {
  const expected = "2 bytes, as an array or as base64 text";

  test("names of r*", () => {
    expect(parse('"r8"')).toMatchObject({ name: "r8", itemSize: 1, swapSize: 1, unitsPerItem: 1 });
    expect(parse('{"name": "r48"}')).toMatchObject({ name: "r48", itemSize: 6, swapSize: 1, unitsPerItem: 6 });
    for (const name of ["r0", "r1", "r12", "r08", "r*", "r99999999999", "r17179869184"]) {
      expect(caught(() => parse(JSON.stringify(name)))).toMatchObject({
        code: "INVALID_METADATA",
        message: `Invalid data_type in zarr.json (expected "r" and a positive multiple of 8; found "${name}"; key /a/zarr.json)`,
      });
    }
    for (const name of ["r", "r8 ", "R8", "r-8", "r1e1", "raw"]) {
      expect(caught(() => parse(JSON.stringify(name)))).toMatchObject({ code: "UNSUPPORTED" });
    }
    expect(() => parse('{"name": "r8", "configuration": {"x": 1}}')).toThrow("Unknown field data_type.configuration.x");
  });

  test("fill values of r*", () => {
    expect(fill(rawBits(24), "[0, 255, 16]")).toBe("00ff10");
    expect(fill(rawBits(24), '"AP8Q"')).toBe("00ff10");
    expect(written(rawBits(24), "00ff10")).toBe("[0,255,16]");
    refusesFill(rawBits(16), "[1]", expected, "an array");
    refusesFill(rawBits(16), "[1, 256]", "an integer from 0 to 255", "256", "fill_value[1]");
  });

  test("fill values of raw_bytes", () => {
    expect(fill(rawBytes(2), '"/wA="')).toBe("ff00");
    expect(fill(rawBytes(2), "[255, 0]")).toBe("ff00");
    expect(written(rawBytes(2), "ff00")).toBe('"/wA="');
    for (const text of ['""', '"AA=="', '"AAAA"', '"*"', '"/wA"']) refusesFill(rawBytes(2), text, expected, text);
  });

  test("scalars are copies", () => {
    const type = rawBits(16);
    const bytes = Uint8Array.of(1, 2);
    const scalar = type.decodeScalar(bytes) as Uint8Array;
    const element = type.encodeScalar(bytes);
    bytes[0] = 9;
    expect([scalar, element]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(1, 2)]);
    expect(() => type.encodeScalar([1, 2])).toThrow(new TypeError("Value for r16 must be a Uint8Array, not object"));
  });
});

describe.each(["numpy.datetime64", "numpy.timedelta64"])("%s", (name) => {
  const of = (unit: string, scale: string) =>
    parse(`{"name": "${name}", "configuration": {"unit": "${unit}", "scale_factor": ${scale}}}`) as ItemDataType;
  const configurationText = (type: ItemDataType) => formatJson(type.configuration ?? null, 0);

  test("units and scale factors", () => {
    for (const unit of timeUnits) {
      expect(configurationText(of(unit, "2147483647"))).toBe(`{"unit":"${unit}","scale_factor":2147483647}`);
    }
    for (const unit of ["\u03bcs", "\u00b5s"]) {
      expect(configurationText(of(unit, "10"))).toBe('{"unit":"us","scale_factor":10}');
    }
    const make = name === "numpy.datetime64" ? datetime64 : timedelta64;
    expect(configurationText(make("as", 3))).toBe('{"unit":"as","scale_factor":3}');
    expect(make("as", 3)).toMatchObject({
      name,
      itemSize: 8,
      swapSize: 8,
      unitsPerItem: 1,
      arrayName: "BigInt64Array",
    });
  });

  test.each([
    ["{}", "Invalid data_type.configuration.unit in zarr.json"],
    ['{"unit": "S", "scale_factor": 1}', 'found "S"'],
    ['{"unit": "s"}', "Invalid data_type.configuration.scale_factor in zarr.json"],
    ['{"unit": "s", "scale_factor": 0}', "expected an integer from 1 to 2147483647; found 0"],
    ['{"unit": "s", "scale_factor": 2147483648}', "found 2147483648"],
    ['{"unit": "s", "scale_factor": 1.0}', "found 1.0"],
    ['{"unit": "s", "scale_factor": 1, "endian": "little"}', "Unknown field data_type.configuration.endian"],
  ])("refuses %s", (configuration, message) => {
    const error = caught(() => parse(`{"name": "${name}", "configuration": ${configuration}}`));
    expect(error).toMatchObject({ code: "INVALID_METADATA" });
    expect(String(error)).toContain(message);
  });

  test("needs a configuration", () => {
    expect(() => parse(`"${name}"`)).toThrow("Invalid data_type.configuration.unit in zarr.json");
    expect(() => dataTypeByName(name)).toThrow("Invalid dataType.configuration.unit");
  });

  test.each([
    ["0", "0000000000000000", "0"],
    ["-1", "ffffffffffffffff", "-1"],
    ["9223372036854775807", "ffffffffffffff7f", "9223372036854775807"],
    ["-9223372036854775808", "0000000000000080", '"NaT"'],
    ['"NaT"', "0000000000000080", '"NaT"'],
  ])("fill %s", (text, bytes, canonical) => {
    expect(fill(of("s", "1"), text)).toBe(bytes);
    expect(written(of("s", "1"), bytes)).toBe(canonical);
  });

  test("refuses fill values and scalars", () => {
    const range = "an integer from -9223372036854775808 to 9223372036854775807";
    for (const text of ["9223372036854775808", "1.0", '"nat"', '"1970-01-01"'])
      refusesFill(of("s", "1"), text, range, text);
    expect(of("s", "1").decodeScalar(of("s", "1").encodeScalar(-(2n ** 63n)))).toBe(-(2n ** 63n));
    expect(() => of("s", "1").encodeScalar(2n ** 63n)).toThrow(`Value does not fit ${name}`);
    expect(() => of("s", "1").encodeScalar("NaT")).toThrow(TypeError);
  });
});

describe("fixed_length_utf32", () => {
  const type = fixedLengthUtf32(3);

  test("length_bytes", () => {
    const of = (value: string) => parse(`{"name": "fixed_length_utf32", "configuration": {"length_bytes": ${value}}}`);
    expect(of("12")).toMatchObject({ name: "fixed_length_utf32", itemSize: 12, swapSize: 4, isBoxed: true });
    expect(formatJson(of("12").configuration ?? null, 0)).toBe('{"length_bytes":12}');
    for (const [value, expected] of [
      ["0", "an integer from 4 to 2147483647"],
      ["-4", "an integer from 4 to 2147483647"],
      ["6", "a multiple of 4"],
      ["2147483648", "an integer from 4 to 2147483647"],
      ['"12"', "an integer from 4 to 2147483647"],
    ]) {
      expect(caught(() => of(value!))).toMatchObject({
        code: "INVALID_METADATA",
        message: `Invalid data_type.configuration.length_bytes in zarr.json (expected ${expected}; found ${value}; key /a/zarr.json)`,
      });
    }
  });

  test.each([
    ["", "000000000000000000000000"],
    ["Hi", "480000006900000000000000"],
    ["añ😀", "61000000f100000000f60100"],
    ["\u0000a", "000000006100000000000000"],
    ["\u{10ffff}\uffff\u{10000}", "ffff1000ffff000000000100"],
    ["\u0100", "000100000000000000000000"],
  ])("%j", (text, bytes) => {
    expect(hex(type.encodeScalar(text))).toBe(bytes);
    expect(type.decodeScalar(Buffer.from(bytes, "hex"))).toBe(text);
    expect(fill(type, JSON.stringify(text))).toBe(bytes);
    expect(JSON.parse(written(type, bytes))).toBe(text);
  });

  test("nulls at the end are padding", () => {
    expect(type.decodeScalar(type.encodeScalar("a\u0000"))).toBe("a");
  });

  test("refuses", () => {
    expect(caught(() => type.encodeScalar("😀😀😀😀"))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "Text does not fit fixed_length_utf32 (expected at most 3 characters; found 4)",
    });
    expect(caught(() => type.encodeScalar("a\udc00"))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "Text does not fit fixed_length_utf32 (expected Unicode text; found a lone surrogate at character 1)",
    });
    refusesFill(type, '"abcd"', "at most 3 characters", '"abcd"');
    refusesFill(type, '"\\ud800"', "Unicode text", '"\\ud800"');
    refusesFill(type, "0", "a string", "0");
    for (const bytes of ["00d80000", "ffdf0000", "00001100", "00000001", "ffffffff"]) {
      expect(caught(() => fixedLengthUtf32(1).decodeScalar(Buffer.from(bytes, "hex")))).toMatchObject({
        code: "CORRUPT_DATA",
        reason: "Text is not valid UTF-32",
      });
    }
  });
});

describe("null_terminated_bytes", () => {
  const type = nullTerminatedBytes(4);

  test.each([
    ["", "00000000", '""'],
    ["Hi", "48690000", '"SGk="'],
    ["\u00ff\u0000\u0080", "ff008000", '"/wCA"'],
    ["full", "66756c6c", '"ZnVsbA=="'],
  ])("%j", (text, bytes, json) => {
    expect(hex(type.encodeScalar(text))).toBe(bytes);
    expect(type.decodeScalar(Buffer.from(bytes, "hex"))).toBe(text);
    expect(fill(type, json)).toBe(bytes);
    expect(written(type, bytes)).toBe(json);
  });

  test("refuses", () => {
    expect(caught(() => type.encodeScalar("12345"))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "Text does not fit null_terminated_bytes (expected at most 4 characters; found 5)",
    });
    expect(caught(() => type.encodeScalar("a€"))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message:
        'Text does not fit null_terminated_bytes (expected characters up to U+00FF, one for each byte; found "€")',
    });
    refusesFill(type, '"AAAAAAA="', "at most 4 bytes as base64 text", '"AAAAAAA="');
    refusesFill(type, '"Hi"', "at most 4 bytes as base64 text", '"Hi"');
    expect(() => parse('{"name": "null_terminated_bytes", "configuration": {"length_bytes": 0}}')).toThrow(
      "expected an integer from 1 to 2147483647; found 0",
    );
    expect(() => parse('"null_terminated_bytes"')).toThrow("found nothing");
  });
});

test("the data type of an option", () => {
  const of = (option: unknown) => dataTypeFromOption(option as DataTypeOption);
  expect(of("int8")).toBe(dataTypeByName("int8"));
  expect(of({ name: "int8" })).toBe(dataTypeByName("int8"));
  expect(of({ name: "int8", configuration: undefined })).toBe(dataTypeByName("int8"));
  expect(of("variable_length_bytes")).toBe(dataTypeByName("bytes"));
  expect(of({ name: "raw_bytes", configuration: { length_bytes: 3 } })).toMatchObject({ itemSize: 3 });
  expect(() => of({ name: "raw_bytes", configuration: { length_bytes: 1.5 } })).toThrow(
    "Invalid dataType.configuration.length_bytes (expected an integer from 1 to 2147483647; found 1.5)",
  );
  expect(() => of({ name: "raw_bytes", configurations: {} })).toThrow("Unknown field dataType.configurations");
  expect(() => of(3)).toThrow("Invalid dataType (expected a name or an object with a name; found 3)");
  expect(() => of({ name: "raw_bytes", configuration: { length_bytes: undefined } })).toThrow("found undefined");
});

test.each([
  "int2",
  "int4",
  "uint2",
  "uint4",
  "float4_e2m1fn",
  "float6_e2m3fn",
  "float6_e3m2fn",
  "float8_e3m4",
  "float8_e4m3",
  "float8_e4m3b11fnuz",
  "float8_e4m3fnuz",
  "float8_e5m2",
  "float8_e5m2fnuz",
  "float8_e8m0fnu",
  "complex_bfloat16",
  "complex_float16",
  "complex_float4_e2m1fn",
  "complex_float8_e4m3",
])("%s is named as unsupported", (name) => {
  expect(caught(() => parse(JSON.stringify(name)))).toMatchObject({
    code: "UNSUPPORTED",
    reason: `Unsupported data type "${name}": data_type in zarr.json`,
  });
});
