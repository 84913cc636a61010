import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dataTypeByName } from "../../src/metadata/data_type.js";
import { bytesOf, elements } from "./support.js";
import { checkVector, parseVectors, pipelineOf } from "./vectors.js";

/** By numcodecs 0.17.1, but that the booleans, and int32 as uint64, are decoded as what they were. */
const vectors = parseVectors(`
bool {"dtype": "|b1"} 0101000100000101 -> 0100010101000100
int8 {"dtype": "|i1"} b84f59807f -> b8970a27ff
int16 {"dtype": "<i2"} 1c8836c0a8160080ff7f -> 1c881a3872565869ffff
int32 {"dtype": "<i4"} 9e665e7272c07d90fc4c77b000000080ffffff7f -> 9e665e72d4591f1e8a8cf91f04b388cfffffffff
int64 {"dtype": "<i8"} 93821133b80ae6adc044f8945d5792d97067937b4ac004bb0000000000000080ffffffffffffff7f -> 93821133b80ae6ad2dc2e661a54cac2bb0229be6ec6872e190986c84b53ffbc4ffffffffffffffff
uint8 {"dtype": "|u1"} 9b0f9800ff -> 9b748968ff
uint16 {"dtype": "<u2"} 0a55a2ab71170000ffff -> 0a559856cf6b8fe8ffff
uint32 {"dtype": "<u4"} a6d7751d109feb28f78774e500000000ffffffff -> a6d7751d6ac7750be7e888bc09788b1affffffff
uint64 {"dtype": "<u8"} 481add509270aedb302f49c9ba45b9007ae80d79c0869d8a0000000000000000ffffffffffffffff -> 481add509270aedbe8146c7828d50a254ab9c4af0541e4898617f2863f796275ffffffffffffffff
float16 {"dtype": "<f2"} f9d95a4babd50080 -> f9d96f5a96d6ab55 -> f9d9604baad5002c
float32 {"dtype": "<f4"} f8893143ac5eb142b2debd4200000080 -> f889314344b5b1c26000c840b2debdc2 -> f8893143ac5eb142b2debd4200000000
float64 {"dtype": "<f8"} 27300521592417c05a42b119a3a44e40019bd33d7f7250400000000000000080 -> 27300521592417c02ff4e81e97c45040409daf0fdb021240019bd33d7f7250c0 -> 27300521592417c05942b119a3a44e40009bd33d7f72504000000000000010bd
int64 {"dtype": "<i8", "astype": "|i1"} 0500000000000000070000000000000007000000000000000300000000000000ffffffffffffffff6400000000000000 -> 050200fcfc65
uint16 {"dtype": "<u2", "astype": "<i4"} 050007000700030000006400 -> 050000000200000000000000fcff0000fdff000064000000
int32 {"dtype": "<i4", "astype": "<u8"} 05000000070000000700000003000000ffffffff64000000 -> 050000000000000002000000000000000000000000000000fcfffffffffffffffcffffffffffffff6500000000000000
float64 {"dtype": "<f8", "astype": "<f4"} 00000000000014400000000000001e400000000000001d400000000000000840000000000000ecbf0000000000305940 -> 0000a04000002040000080be000088c0000078c00040cb42
float32 {"dtype": "<f4", "astype": "<f8"} 0000a0400000f0400000e84000004040000060bf0080c942 -> 00000000000014400000000000000440000000000000d0bf00000000000011c00000000000000fc00000000000685940
float16 {"dtype": "<f2", "astype": "<i4"} 004580474047004200bb4c56 -> 050000000200000000000000fcfffffffdffffff65000000 -> 004500470047004200005056
int16 {"dtype": "<i2", "astype": "<f2"} 0500070007000300ffff6400 -> 00450040000000c400c45056
float64 {"dtype": "<f8", "astype": "<i4"} 00000000000014400000000000001e400000000000001d400000000000000840000000000000ecbf0000000000305940 -> 050000000200000000000000fcfffffffdffffff65000000 -> 00000000000014400000000000001c400000000000001c40000000000000084000000000000000000000000000405940
uint8 {"dtype": "|u1", "astype": "<f4"} 050707030064 -> 0000a040000000400000000000007c4300007d430000c842
`);

const name = "numcodecs.delta";

describe(name, () => {
  test.each(vectors)("%s", (_, vector) => {
    checkVector(vector, (...rest) => pipelineOf(name, ...rest));
  });

  test("the example of its documentation", () => {
    const pipeline = pipelineOf(name, { dtype: "i2", astype: "i1" }, "int16", 10);
    const data = Int16Array.from({ length: 10 }, (_, i) => 100 + 2 * i);
    const encoded = pipeline.encodeSync(data)!;
    expect([...encoded]).toEqual([100, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(pipeline.decodeSync(encoded).data).toEqual(data);
  });

  test.each([
    ["uint64", "<i8"],
    ["int64", "<u8"],
    ["bool", "|b1"],
    ["bool", "<i4"],
    ["int8", "<u8"],
  ] as const)("%s as %s survives, whatever the values", (dataType, astype) => {
    fc.assert(
      fc.property(elements(dataType, 9), (data) => {
        const pipeline = pipelineOf(name, { astype }, dataType, 9);
        const encoded = pipeline.encodeSync(data, { writeEmptyChunks: true })!;
        expect(bytesOf(pipeline.decodeSync(encoded).data)).toEqual(bytesOf(data));
      }),
    );
  });

  test("float16 sums are rounded one by one, and a NaN stays", () => {
    const pipeline = pipelineOf(name, {}, "float16", 5);
    // 2048 + 1 + 1 is 2048 each time; infinity less infinity is a NaN.
    const decoded = pipeline.decodeSync(bytesOf(Uint16Array.of(0x6800, 0x3c00, 0x3c00, 0x7c00, 0xfc00)));
    expect(decoded.data).toEqual(
      dataTypeByName("float16").view(Uint16Array.of(0x6800, 0x6800, 0x6800, 0x7c00, 0xfe00).buffer, 0, 5),
    );
  });

  test("runs over the whole chunk in C order", () => {
    const data = Uint8Array.of(1, 2, 3, 5, 8, 13);
    const encoded = pipelineOf(name, {}, "uint8", 6).encodeSync(data)!;
    expect([...encoded]).toEqual([1, 1, 1, 2, 3, 5]);
  });
});
