/** `bytes` on elements whose numbers differ in size or in byte order. */

import { describe, expect, test } from "vitest";
import { bytesCodec } from "../../src/codecs/bytes.js";
import { isSpan, type WasmCodec } from "../../src/codecs/codec.js";
import { dataTypeByName, type ItemDataType } from "../../src/metadata/data_type.js";
import { structType } from "../../src/metadata/struct_type.js";
import { fixedLengthUtf32 } from "../../src/metadata/text_types.js";
import { useMemory } from "../../src/wasm/memory.js";
import { generator } from "../support/arbitraries.js";
import { hex } from "../support/reference_array.js";

function bind(dataType: ItemDataType, endian: "little" | "big", shape: readonly number[]) {
  const spec = { shape, dataType, fillValue: dataType.defaultFill() };
  return bytesCodec.configure(new Map([["endian", endian]]), { field: "" }).bind(spec, () => {
    throw new Error("bytes has no inner codecs");
  });
}

function wasm(bound: ReturnType<typeof bind>): WasmCodec {
  if (bound.place !== "wasm") throw new TypeError(`bytes runs in ${bound.place}`);
  return bound;
}

const [int16, int64, uint8] = ["int16", "int64", "uint8"].map((name) => dataTypeByName(name) as ItemDataType) as [
  ItemDataType,
  ItemDataType,
  ItemDataType,
];

/** One byte that never swaps, numbers that go with the codec, and numbers that go against it. */
const mixed = structType([
  { name: "a", dataType: uint8 },
  { name: "b", dataType: int16 },
  { name: "c", dataType: int64, isSwapped: true },
  { name: "d", dataType: fixedLengthUtf32(2), isSwapped: true },
  { name: "e", dataType: structType([{ name: "f", dataType: int16, isSwapped: true }]), isSwapped: true },
]);
const withCodec = [
  [1, 2],
  [19, 2],
] as const;
const against = [
  [3, 8],
  [11, 4],
  [15, 4],
] as const;

function swapped(bytes: Uint8Array, numbers: readonly (readonly [number, number])[]): Uint8Array {
  const result = bytes.slice();
  for (let start = 0; start < bytes.length; start += mixed.itemSize) {
    for (const [offset, size] of numbers) result.subarray(start + offset, start + offset + size).reverse();
  }
  return result;
}

describe.each([
  ["little", against],
  ["big", withCodec],
] as const)("%s", (endian, numbers) => {
  test.each([[[1]], [[3, 7]], [[0]], [[]], [[5000]]])("a chunk of %j", (shape) => {
    const count = shape.reduce((a: number, b: number) => a * b, 1);
    const random = generator(count);
    const decoded = Uint8Array.from({ length: count * mixed.itemSize }, () => random() & 255);
    const { encode, decode, kernel, encodedSize } = wasm(bind(mixed, endian, shape));
    expect(kernel, "no kernel of whole shards can do this").toBeUndefined();
    expect(encodedSize).toEqual({ kind: "fixed", bytes: decoded.length });
    useMemory((memory) => {
      const input = memory.write(decoded);
      const encoded = encode(memory, input);
      if (!isSpan(encoded)) return expect.fail("a kernel's result lies in linear memory");
      expect(hex(memory.read(encoded))).toBe(hex(swapped(decoded, numbers)));
      expect(hex(memory.read(decode(memory, encoded)))).toBe(hex(decoded));
      expect(hex(memory.read(input)), "the input stays").toBe(hex(decoded));
    });
  });
});

test("what no byte order changes is no step", () => {
  const against = structType([{ name: "a", dataType: int16, isSwapped: true }]);
  expect(bind(against, "little", [2]).place).toBe("wasm");
  expect(bind(against, "big", [2]).place).toBe("identity");
  expect(bind(structType([{ name: "a", dataType: uint8 }]), "big", [2]).place).toBe("identity");
  expect(wasm(bind(structType([{ name: "a", dataType: int16 }]), "big", [2])).kernel).toEqual({
    kind: "swap",
    swapSize: 2,
  });
  expect(wasm(bind(fixedLengthUtf32(3), "big", [2])).kernel).toEqual({ kind: "swap", swapSize: 4 });
});
