/** What holds for every data type of fixed size. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { formatDataType, parseDataType } from "../../src/metadata/data_type.js";
import { formatJson, parseJson } from "../../src/metadata/json.js";
import { generator } from "../support/arbitraries.js";
import { bytesOfData, dataOf, namedSamples } from "../support/data_types.js";
import { hex } from "../support/reference_array.js";

const where = { field: "fill_value", key: "/a/zarr.json" };

describe.each(namedSamples)("%s", (_, { type, element }) => {
  const elements = fc.nat().map((seed) => element(generator(seed)));

  test("any element, at any alignment, survives as fill value", () => {
    fc.assert(
      fc.property(elements, fc.nat(7), (bytes, offset) => {
        const padded = new Uint8Array(offset + bytes.length + 8).fill(0xa5);
        padded.set(bytes, offset);
        const json = parseJson(formatJson(type.formatFill(padded.subarray(offset, offset + bytes.length))));
        expect(hex(type.parseFill(json, where))).toBe(hex(bytes));
      }),
    );
  });

  test("scalars are exact but for the payload of a NaN", () => {
    fc.assert(
      fc.property(elements, (bytes) => {
        const scalar = type.decodeScalar(bytes);
        const again = type.encodeScalar(scalar);
        expect(type.decodeScalar(again)).toEqual(scalar);
        if (!formatJson(type.formatFill(bytes), 0).includes('"0x')) expect(hex(again)).toBe(hex(bytes));
        expect(typeof scalar === "object").toBe(type.hasObjectScalars);
      }),
    );
  });

  test("arrays", () => {
    const { itemSize, unitsPerItem } = type;
    const array = type.allocate(3);
    expect(array.length).toBe(3 * unitsPerItem);
    expect(type.accepts(array)).toBe(true);
    expect(hex(bytesOfData(type, array))).toBe(hex(new Uint8Array(3 * itemSize)));
    expect(hex(type.defaultFill())).toBe(hex(new Uint8Array(itemSize)));
    expect(type.accepts(type.allocate(0, true))).toBe(true);
    for (const value of [null, 3, "", {}, new DataView(new ArrayBuffer(8)), new Uint8ClampedArray(1), new Map()]) {
      expect(type.accepts(value)).toBe(false);
    }
    const bytes = Uint8Array.from([1, 2, 3].flatMap((seed) => [...element(generator(seed))]));
    expect(hex(bytesOfData(type, dataOf(type, bytes)))).toBe(hex(bytes));
    expect(array.constructor.name).toBe(type.arrayName);
  });

  test("the data type is written as it is read", () => {
    const again = parseDataType(parseJson(formatJson(formatDataType(type))), { field: "data_type" });
    expect({ ...again, configuration: undefined }).toMatchObject({ name: type.name, itemSize: type.itemSize });
    expect(again.swapSize).toEqual(type.swapSize);
    expect(formatJson(formatDataType(again))).toBe(formatJson(formatDataType(type)));
  });

  test("wants exactly itemSize bytes", () => {
    for (const length of [0, type.itemSize - 1, type.itemSize + 1]) {
      const wrong = new Uint8Array(length);
      expect(() => type.decodeScalar(wrong)).toThrow(ArgumentError);
      expect(() => type.formatFill(wrong)).toThrow(
        `Wrong number of bytes for ${type.name} (expected ${type.itemSize}; found ${length})`,
      );
    }
  });

  test("refuses what is no element, and no fill value", () => {
    for (const value of [undefined, null, Symbol("x"), () => 1, new Map(), [[]], new Date()]) {
      expect(() => type.encodeScalar(value)).toThrow(TypeError);
    }
    for (const text of ["null", "true", "1.5", "{}", "[]", '"*"', '[1, "x"]', '{"x": 1}']) {
      const json = parseJson(text);
      const accepted = type.name === "fixed_length_utf32" ? '"*"' : type.name === "bfloat16" ? "1.5" : undefined;
      if (text === accepted) expect(() => type.parseFill(json, where)).not.toThrow();
      else expect(() => type.parseFill(json, where)).toThrow(expect.objectContaining({ code: "INVALID_METADATA" }));
    }
    expect(() => type.parseFill(undefined, where)).toThrow(expect.objectContaining({ code: "INVALID_METADATA" }));
  });
});
