import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { ArgumentError, MetadataError } from "../../src/errors.js";
import {
  dataTypeByName,
  dataTypeFamilies,
  type Elements,
  type FixedDataType,
  float16ToNumber,
  lazyFamilies,
  numberToFloat16Bits,
  parseDataType,
} from "../../src/metadata/data_type.js";
import { formatJson, JsonNumber, parseJson } from "../../src/metadata/json.js";
import { numericTypes } from "../../src/metadata/numeric_types.js";

const where = { field: "fill_value", key: "/a/zarr.json" };
const integers = numericTypes.filter(({ name }) => name.includes("int"));
const byName = (types: readonly FixedDataType[]): [string, FixedDataType][] => types.map((type) => [type.name, type]);

/** The bits of a scalar as hexadecimal digits, most significant first. */
function hex(bytes: Elements): string {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("not bytes");
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .reverse()
    .join("");
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)).reverse();
}

function fill(type: string, text: string): string {
  return hex(dataTypeByName(type).parseFill(parseJson(text), where));
}

function caught(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error("did not throw");
}

describe("every data type", () => {
  test.each(byName(numericTypes))("%s: arrays", (name, type) => {
    expect(type).toMatchObject({ name, variable: false });
    expect(dataTypeByName(name)).toBe(type);
    const array = type.allocate(3);
    expect([array.length, array.byteLength, array.BYTES_PER_ELEMENT]).toEqual([3, 3 * type.itemSize, type.itemSize]);
    expect(new Uint8Array(array.buffer).every((byte) => byte === 0)).toBe(true);
    expect(type.allocate(3, true).buffer).toBeInstanceOf(SharedArrayBuffer);
    const view = type.view(new ArrayBuffer(64), 16, 2);
    expect([view.byteOffset, view.length]).toEqual([16, 2]);
    expect([array, view, type.allocate(0, true)].every((value) => type.accepts(value))).toBe(true);
    for (const value of [[1], null, 3, new DataView(new ArrayBuffer(8)), new Uint8ClampedArray(1), {}]) {
      expect(type.accepts(value)).toBe(false);
    }
    expect(type.swapSize).toBe(type.itemSize);
    expect(type.defaultFill()).toEqual(new Uint8Array(type.itemSize));
  });

  test("accepts the arrays of its own class only", () => {
    const arrays = [
      Int8Array,
      Uint8Array,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float32Array,
      Float64Array,
    ];
    const accepted = (name: string): string[] =>
      [...arrays, BigInt64Array, BigUint64Array]
        .filter((c) => dataTypeByName(name).accepts(new c(1)))
        .map((c) => c.name);
    expect(accepted("bool")).toEqual(["Uint8Array"]);
    expect(accepted("float16")).toEqual(["Uint16Array"]);
    expect(accepted("int64")).toEqual(["BigInt64Array"]);
    expect(accepted("float32")).toEqual(["Float32Array"]);
    expect(integers.map(({ name }) => accepted(name).length)).toEqual(integers.map(() => 1));
  });

  test.each(byName(numericTypes))("%s: any bytes, at any alignment, survive as fill value", (name, type) => {
    const { itemSize } = type;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: itemSize, maxLength: itemSize }), fc.nat(7), (random, offset) => {
        const bytes = name === "bool" ? random.map((byte) => byte & 1) : random;
        const padded = new Uint8Array(16).fill(0xa5);
        padded.set(bytes, offset);
        const unaligned = padded.subarray(offset, offset + itemSize);
        const json = parseJson(formatJson(type.formatFill(unaligned)));
        expect(hex(type.parseFill(json, where))).toBe(hex(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test.each(byName(numericTypes))("%s: scalars agree with the array class", (name, type) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: type.itemSize, maxLength: type.itemSize }), (random) => {
        const bytes = name === "bool" ? random.map((byte) => byte & 1) : random;
        const scalar = type.decodeScalar(bytes);
        const element = type.view(bytes.slice().buffer, 0, 1)[0];
        if (name === "bool") expect(scalar).toBe(element === 1);
        else if (name !== "float16") expect(scalar).toBe(element);
        if (!Number.isNaN(scalar)) expect(hex(type.encodeScalar(scalar))).toBe(hex(bytes));
      }),
    );
  });

  test("float16 uses the engine's Float16Array where there is one", async () => {
    class Float16Array extends Uint16Array {}
    vi.stubGlobal("Float16Array", Float16Array);
    vi.resetModules();
    const fresh = await import("../../src/metadata/data_type.js");
    vi.unstubAllGlobals();
    const type = fresh.dataTypeByName("float16");
    expect(type.allocate(2)).toBeInstanceOf(Float16Array);
    expect(type.view(new ArrayBuffer(4), 2, 1)).toBeInstanceOf(Float16Array);
    expect(type.accepts(new Uint16Array(1))).toBe(true);
  });

  test("wants exactly itemSize bytes", () => {
    expect(() => dataTypeByName("int16").decodeScalar(new Uint8Array(3))).toThrow(
      new ArgumentError("INVALID_ARGUMENT", "Wrong number of bytes for int16", { expected: 2, found: 3 }),
    );
  });
});

describe("encodeScalar", () => {
  test.each([
    ["int8", -128, "80"],
    ["int8", 127n, "7f"],
    ["uint8", 255, "ff"],
    ["uint32", -0, "00000000"],
    ["int64", -1, "ffffffffffffffff"],
    ["int64", -(2n ** 63n), "8000000000000000"],
    ["uint64", 2 ** 63, "8000000000000000"],
    ["uint64", 2n ** 64n - 1n, "ffffffffffffffff"],
    ["bool", true, "01"],
    ["bool", 0, "00"],
    ["bool", 1n, "01"],
    ["float16", 65519.99, "7bff"],
    ["float16", -0, "8000"],
    ["float16", Number.NaN, "7e00"],
    ["float32", 0.1, "3dcccccd"],
    ["float32", Number.NaN, "7fc00000"],
    ["float64", Number.NaN, "7ff8000000000000"],
    ["float64", Number.NEGATIVE_INFINITY, "fff0000000000000"],
  ])("%s %s", (name, value, bits) => {
    expect(hex(dataTypeByName(name).encodeScalar(value))).toBe(bits);
  });

  test.each([
    ["uint8", 300, "Value does not fit uint8 (expected an integer from 0 to 255; found 300)"],
    ["uint8", -1n, "Value does not fit uint8 (expected an integer from 0 to 255; found -1)"],
    ["int8", 1.5, "Value does not fit int8 (expected an integer from -128 to 127; found 1.5)"],
    ["int16", Number.NaN, "Value does not fit int16 (expected an integer from -32768 to 32767; found NaN)"],
    [
      "uint64",
      2 ** 64,
      "Value does not fit uint64 (expected an integer from 0 to 18446744073709551615; found 18446744073709552000)",
    ],
    ["bool", 2, "Value does not fit bool (expected a boolean, 0 or 1; found 2)"],
    ["float16", 65520, "Value does not fit float16 (expected a number in the range of float16; found 65520)"],
    ["float32", 1e39, "Value does not fit float32 (expected a number in the range of float32; found 1e+39)"],
  ])("%s refuses %s", (name, value, message) => {
    const error = caught(() => dataTypeByName(name).encodeScalar(value));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message });
  });

  test.each([
    ["int32", "1", "Value for int32 must be a number or a bigint, not string"],
    ["uint64", true, "Value for uint64 must be a number or a bigint, not boolean"],
    ["float32", 1n, "Value for float32 must be a number, not bigint"],
    ["float64", null, "Value for float64 must be a number, not null"],
    ["bool", "true", "Value for bool must be a boolean, 0 or 1, not string"],
  ])("%s refuses the type of %s", (name, value, message) => {
    expect(caught(() => dataTypeByName(name).encodeScalar(value))).toEqual(new TypeError(message));
  });
});

describe("float16", () => {
  test("all 65,536 patterns", () => {
    const type = dataTypeByName("float16");
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = float16ToNumber(bits);
      const bytes = Uint8Array.of(bits & 0xff, bits >> 8);
      if (!Number.isNaN(value) && numberToFloat16Bits(value) !== bits) throw new Error(`0x${bits.toString(16)}`);
      if (hex(type.parseFill(type.formatFill(bytes), where)) !== hex(bytes)) throw new Error(`0x${bits.toString(16)}`);
    }
    expect(float16ToNumber(0x3c00)).toBe(1);
    expect(float16ToNumber(0x0001)).toBe(2 ** -24);
    expect(float16ToNumber(0x7bff)).toBe(65504);
    expect(float16ToNumber(0xfc00)).toBe(Number.NEGATIVE_INFINITY);
    expect(float16ToNumber(0x7c01)).toBeNaN();
  });

  test("between two neighbours, the nearer one; halfway, the even one", () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const low = float16ToNumber(bits);
      const middle = (low + float16ToNumber(bits + 1)) / 2;
      const even = bits + (bits & 1);
      const gap = middle * 2 ** -50;
      const rounded = [middle - gap, middle, middle + gap, -middle].map(numberToFloat16Bits);
      const expected = [bits, even, bits + 1, even | 0x8000];
      if (rounded.join() !== expected.join()) throw new Error(`0x${bits.toString(16)}: ${rounded} is not ${expected}`);
    }
    expect([65519.999, 65520, 1e300, -65520].map(numberToFloat16Bits)).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00]);
    expect([2 ** -25, 2 ** -25 * 1.0001, 5e-324, -5e-324].map(numberToFloat16Bits)).toEqual([0, 1, 0, 0x8000]);
  });
});

describe("fill values", () => {
  test.each([
    ["bool", "true", "01"],
    ["bool", "false", "00"],
    ["bool", "0", "00"],
    ["bool", "1", "01"],
    ["int8", "-128", "80"],
    ["uint16", "-0", "0000"],
    ["int64", "-9223372036854775808", "8000000000000000"],
    ["int64", "9007199254740993", "0020000000000001"],
    ["uint64", "18446744073709551615", "ffffffffffffffff"],
    ["float64", "0.1", "3fb999999999999a"],
    ["float64", "-0.0", "8000000000000000"],
    ["float64", "-0", "8000000000000000"],
    ["float64", "9007199254740993", "4340000000000000"],
    ["float64", '"NaN"', "7ff8000000000000"],
    ["float64", '"0xFFF8000000000001"', "fff8000000000001"],
    ["float32", '"NaN"', "7fc00000"],
    ["float32", '"0x7fc00001"', "7fc00001"],
    ["float32", '"0x7f800001"', "7f800001"],
    ["float32", '"-Infinity"', "ff800000"],
    ["float32", "1e-400", "00000000"],
    ["float32", "-1e-400", "80000000"],
    ["float32", "3.4028235e38", "7f7fffff"],
    ["float32", "340282356779733661637539395458142568447", "7f7fffff"],
    ["float16", '"Infinity"', "7c00"],
    ["float16", '"0x3c00"', "3c00"],
    ["float16", "65519.99999999999999999999999", "7bff"],
  ])("%s reads %s", (name, text, bits) => {
    expect(fill(name, text)).toBe(bits);
  });

  test.each([
    ["bool", "2", "true or false", "2"],
    ["bool", "1.0", "true or false", "1.0"],
    ["bool", '"true"', "true or false", '"true"'],
    ["uint8", "256", "an integer from 0 to 255", "256"],
    ["uint8", "-1", "an integer from 0 to 255", "-1"],
    ["uint8", "1.0", "an integer from 0 to 255", "1.0"],
    ["uint8", "1e0", "an integer from 0 to 255", "1e0"],
    ["uint8", "true", "an integer from 0 to 255", "true"],
    ["uint8", "null", "an integer from 0 to 255", "null"],
    ["uint8", '"1"', "an integer from 0 to 255", '"1"'],
    ["uint8", "[1]", "an integer from 0 to 255", "an array"],
    ["uint64", "18446744073709551616", "an integer from 0 to 18446744073709551615", "18446744073709551616"],
    [
      "int64",
      "-9223372036854775809",
      "an integer from -9223372036854775808 to 9223372036854775807",
      "-9223372036854775809",
    ],
  ])("%s refuses %s", (name, text, expected, found) => {
    expect(caught(() => fill(name, text))).toMatchObject({
      code: "INVALID_METADATA",
      message: `Invalid fill_value in zarr.json (expected ${expected}; found ${found}; key /a/zarr.json)`,
    });
  });

  test.each([
    ["float16", "65520"],
    ["float16", '"0x03c00"'],
    ["float32", "1e39"],
    ["float32", "340282356779733661637539395458142568448"],
    ["float32", '"0x7fc0000"'],
    ["float32", '"7fc00000"'],
    ["float32", '"0X7fc00000"'],
    ["float32", '"nan"'],
    ["float32", '"+Infinity"'],
    ["float32", '"1"'],
    ["float64", "1e400"],
    ["float64", "-1e400"],
    ["float64", "true"],
    ["float64", "null"],
    ["float64", "{}"],
  ])("%s refuses %s", (name, text) => {
    const error = caught(() => fill(name, text));
    expect(error).toBeInstanceOf(MetadataError);
    expect(error).toMatchObject({ code: "INVALID_METADATA" });
    expect(String(error)).toContain(
      `expected a number in the range of ${name}, "NaN", "Infinity", "-Infinity" or "0x" and`,
    );
  });

  test("a missing field is named", () => {
    expect(() => dataTypeByName("uint8").parseFill(undefined, where)).toThrow(
      "Invalid fill_value in zarr.json (expected an integer from 0 to 255; found nothing; key /a/zarr.json)",
    );
  });

  test.each([
    ["bool", "01", "true"],
    ["int64", "8000000000000000", "-9223372036854775808"],
    ["uint64", "ffffffffffffffff", "18446744073709551615"],
    ["float16", "2e66", "0.1"],
    ["float16", "7e00", '"NaN"'],
    ["float16", "7e01", '"0x7e01"'],
    ["float16", "fe00", '"0xfe00"'],
    ["float32", "3dcccccd", "0.1"],
    ["float32", "80000000", "-0.0"],
    ["float32", "00000001", "1e-45"],
    ["float32", "7fc00000", '"NaN"'],
    ["float32", "7f800001", '"0x7f800001"'],
    ["float32", "ff800000", '"-Infinity"'],
    ["float64", "3fb999999999999a", "0.1"],
    ["float64", "7ff8000000000000", '"NaN"'],
    ["float64", "fff8000000000000", '"0xfff8000000000000"'],
    ["float64", "7ff0000000000000", '"Infinity"'],
    ["float64", "7e37e43c8800759c", "1e+300"],
  ])("%s 0x%s is written as %s", (name, bits, text) => {
    expect(formatJson(dataTypeByName(name).formatFill(fromHex(bits)))).toBe(text);
  });

  test("a float32 fill value of nine digits or fewer is written with the digits it was read with", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const type = dataTypeByName("float32");
        const json = type.formatFill(type.encodeScalar(value));
        const text = json instanceof JsonNumber ? json.text : "";
        expect(Math.fround(Number(text))).toBe(value);
        expect(text.replace(/e.*|[-.]/g, "").replace(/^0+|0+$/g, "").length).toBeLessThanOrEqual(9);
      }),
    );
  });
});

describe("decimal text rounds once", () => {
  /** `value`, an exact double, as decimal text with every digit. */
  function exactDecimal(value: number): string {
    let scale = 0;
    let scaled = value;
    while (!Number.isInteger(scaled)) {
      scaled *= 2;
      scale++;
    }
    const digits = (BigInt(scaled) * 5n ** BigInt(scale)).toString().padStart(scale + 1, "0");
    return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  }

  /** The text of a number a hair below that of `exact`, which must not be zero. */
  function justBelow(exact: string): string {
    const [whole = "", fraction = ""] = exact.split(".");
    const digits = `${BigInt(`${whole}${fraction}`) * 10n ** 30n - 1n}`.padStart(
      whole.length + fraction.length + 30,
      "0",
    );
    return `${digits.slice(0, whole.length)}.${digits.slice(whole.length)}`;
  }

  const justAbove = (exact: string): string => `${exact}${exact.includes(".") ? "" : "."}${"0".repeat(30)}1`;

  test("where two roundings would differ", () => {
    // Halfway between 1 and the next float32, plus less than a double can tell.
    const text = "1.00000005960464477539062500000000001";
    expect(Number(text)).toBe(1 + 2 ** -24);
    expect(Math.fround(Number(text))).toBe(1);
    expect(fill("float32", text)).toBe("3f800001");
    expect(fill("float32", "1.000000059604644775390625")).toBe("3f800000");
    expect(fill("float32", `1000000059604644775390625${"0".repeat(2000)}1e-2025`)).toBe("3f800001");
    expect(fill("float32", `0.${"0".repeat(2000)}1000000059604644775390625e2001`)).toBe("3f800000");
  });

  test.each([
    ["float16", 0x7bff],
    ["float32", 0x7f7fffff],
  ])("%s: just below, at and just above the middle of any two neighbours", (name, maximum) => {
    const type = dataTypeByName(name);
    const bytesOf = (bits: number): Uint8Array => fromHex(bits.toString(16).padStart(type.itemSize * 2, "0"));
    fc.assert(
      fc.property(fc.nat(maximum - 1), fc.boolean(), (bits, isNegative) => {
        const middle = (Number(type.decodeScalar(bytesOf(bits))) + Number(type.decodeScalar(bytesOf(bits + 1)))) / 2;
        const exact = exactDecimal(middle);
        const sign = isNegative ? 2 ** (type.itemSize * 8 - 1) : 0;
        const rounded = [justBelow(exact), exact, justAbove(exact)].map((text) =>
          fill(name, (isNegative ? "-" : "") + text),
        );
        expect(rounded).toEqual([bits, bits + (bits & 1), bits + 1].map((bits) => hex(bytesOf(bits + sign))));
      }),
    );
  });
});

describe("parseDataType", () => {
  const place = { field: "data_type", key: "/a/zarr.json" };

  test.each(byName(numericTypes))("%s as a name and as an object", (name, type) => {
    for (const text of [`"${name}"`, `{"name": "${name}"}`, `{"name": "${name}", "configuration": {}}`]) {
      expect(parseDataType(parseJson(text), place)).toBe(type);
    }
  });

  const supported = [...dataTypeFamilies.map(({ name }) => name), ...lazyFamilies.flatMap(({ names }) => names)].join(
    ", ",
  );
  test.each(["toString", "__proto__", "constructor", "int2", "float8_e4m3", "Float32", "json", "|b1"])("%s", (name) => {
    const message = `Unsupported data type "${name}": data_type in zarr.json (expected one of ${supported}; key /a/zarr.json)`;
    expect(caught(() => parseDataType(name, place))).toMatchObject({ code: "UNSUPPORTED", message });
    expect(() => dataTypeByName(name)).toThrow(
      `Unsupported data type "${name}": dataType (expected one of ${supported})`,
    );
  });

  test.each([
    ["3", "Invalid data_type in zarr.json (expected a name or an object with a name; found 3; key /a/zarr.json)"],
    ['{"name": 3}', "Invalid data_type.name in zarr.json (expected a string; found 3; key /a/zarr.json)"],
    [
      '{"name": "int8", "must_understand": false}',
      "Invalid data_type.must_understand in zarr.json (expected true; found false; key /a/zarr.json)",
    ],
    [
      '{"name": "int8", "configuration": {"endian": "little"}}',
      "Unknown field data_type.configuration.endian in zarr.json (expected no fields; key /a/zarr.json)",
    ],
  ])("refuses %s", (text, message) => {
    expect(() => parseDataType(parseJson(text), place)).toThrow(
      expect.objectContaining({ code: "INVALID_METADATA", message }),
    );
  });
});
