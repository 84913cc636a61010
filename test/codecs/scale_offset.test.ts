import { describe, expect, test } from "vitest";
import { syncodecError } from "./support.js";
import { checkVector, configurationOf, parseVectors, pipelineOf } from "./vectors.js";

/** By zarr-python 3.4.2. */
const vectors = parseVectors(`
int8 {"offset": 5, "scale": 3} 05061e2c -> 00034b75
int16 {"offset": 5, "scale": 3} 050006001e002c00 -> 000003004b007500
int32 {"offset": 5, "scale": 3} 05000000060000001e0000002c000000 -> 00000000030000004b00000075000000
int64 {"offset": 5, "scale": 3} 050000000000000006000000000000001e000000000000002c00000000000000 -> 000000000000000003000000000000004b000000000000007500000000000000
uint8 {"offset": 5, "scale": 3} 05061e2c -> 00034b75
uint16 {"offset": 5, "scale": 3} 050006001e002c00 -> 000003004b007500
uint32 {"offset": 5, "scale": 3} 05000000060000001e0000002c000000 -> 00000000030000004b00000075000000
uint64 {"offset": 5, "scale": 3} 050000000000000006000000000000001e000000000000002c00000000000000 -> 000000000000000003000000000000004b000000000000007500000000000000
float16 {"offset": 5, "scale": 0.1} 4b4a964e68490080007e -> 113a4540a63800b8007e -> 4b4a974e68490000007e
float16 {"offset": -273.15, "scale": 100} 67cbeb47e33c0080007e -> 5076de76b476ac76007e -> 60cb0048003d0000007e
float32 {"offset": 5, "scale": 0.1} 9fb81341639613421dee88c0000000800000c07f -> 30b5d83ed2234c404a8b6dbf000000bf0000c07f -> 9fb81341639613421cee88c0000000000000c07f
float32 {"offset": -273.15, "scale": 100} 6f8f6bbe45dc8dc158edb8c0000000800000c07f -> fe37d5467d8bc74635e2d0460066d5460000c07f -> 00906bbe48dc8dc140edb8c0000000000000c07f
float64 {"offset": 5, "scale": 0.1} 7adb648919c426c0ea676d4d23ff3f40d8bf53b3655118400000000000000080000000000000f87f -> 95af50d47a36fabfbcecbd0ae998054000ff17e28aa2bb3f000000000000e0bf000000000000f87f -> 7adb648919c426c0eb676d4d23ff3f40d8bf53b3655118400000000000000000000000000000f87f
float64 {"offset": -273.15, "scale": 100} a9de88a470e026c0601b83df704b4340d6cbbd4614903ac00000000000000080000000000000f87f -> 2151f77fca8ed940589ba70b7c71de4017771705ae14d840ffffffffbfacda40000000000000f87f -> a0de88a470e026c0601b83df704b4340d8cbbd4614903ac00000000000000000000000000000f87f
`);

const name = "scale_offset";

describe(name, () => {
  test.each(vectors)("%s", (_, vector) => {
    // The fill value 0 would be out of range where integers have an offset.
    const fillValue = vector.dataType.startsWith("float") ? 0 : 5;
    checkVector(vector, (...rest) => pipelineOf(name, ...rest, fillValue));
  });

  test("parameters are fill values of the data type, bit patterns too", () => {
    const pipeline = pipelineOf(name, { offset: "0x3f800000", scale: "0x40000000" }, "float32", 2);
    const encoded = pipeline.encodeSync(Float32Array.of(3, 1))!;
    expect(new Float32Array(encoded.slice().buffer)).toEqual(Float32Array.of(4, 0));
    expect(pipeline.decodeSync(encoded).data).toEqual(Float32Array.of(3, 1));
    const wide = pipelineOf(name, configurationOf('{"offset": 9223372036854775807}'), "uint64", 1, 2n ** 63n);
    expect([...wide.encodeSync(BigUint64Array.of(2n ** 64n - 1n))!]).toEqual([0, 0, 0, 0, 0, 0, 0, 128]);
  });

  test.each([
    ["float64", "0"],
    ["float64", "0.0"],
    ["float64", "-0"],
    ["float64", "-0.0"],
    ["float64", "0e5"],
    ["float64", "1e-400"],
    ["float64", '"0x0000000000000000"'],
    ["float64", '"0x8000000000000000"'],
    ["float32", '"0x00000000"'],
    ["float32", '"0x80000000"'],
    ["float32", "1e-46"],
    ["float16", '"0x0000"'],
    ["float16", "1e-9"],
    ["int8", "0"],
    ["uint64", "0"],
    ["int64", "-0"],
  ] as const)("of %s refuses scale %s", (dataType, scale) => {
    const configuration = configurationOf(`{"scale": ${scale}}`);
    expect(syncodecError(() => pipelineOf(name, configuration, dataType, 1))).toMatchObject({
      name: "MetadataError",
      code: "INVALID_METADATA",
      reason: "Invalid codecs[0].configuration.scale",
      expected: `a number that is not 0 as ${dataType}`,
      found: scale,
    });
  });

  test("an element that leaves the range is an error, in either direction", () => {
    const pipeline = pipelineOf(name, { offset: 10, scale: 2 }, "uint8", 2, 10);
    for (const [value, result] of [
      [9, -2],
      [138, 256],
    ]) {
      expect(syncodecError(() => pipeline.encodeSync(Uint8Array.of(20, value!)))).toMatchObject({
        name: "ArgumentError",
        code: "INVALID_ARGUMENT",
        codec: name,
        expected: "a result from 0 to 255",
        found: `${result}`,
      });
    }
    expect(syncodecError(() => pipeline.decodeSync(Uint8Array.of(20, 3)))).toMatchObject({
      name: "DataError",
      code: "CORRUPT_DATA",
      codec: name,
      expected: "a multiple of the scale",
      found: "3",
    });
    const wide = pipelineOf(name, { offset: 1, scale: -1 }, "int64", 1);
    expect(syncodecError(() => wide.encodeSync(BigInt64Array.of(-(2n ** 63n)))).found).toBe(`${2n ** 63n + 1n}`);
    expect(syncodecError(() => wide.decodeSync(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128))).code).toBe("CORRUPT_DATA");
  });

  test("a fill value that cannot be encoded is refused", () => {
    expect(syncodecError(() => pipelineOf(name, { offset: 1000 }, "uint16", 1))).toMatchObject({
      name: "MetadataError",
      code: "INVALID_METADATA",
      reason: "Invalid codecs[0].configuration",
      expected: "a fill value that can be encoded, with a result from 0 to 65535",
      found: "0",
    });
  });

  test("without a configuration nothing changes, -0 neither", () => {
    const pipeline = pipelineOf(name, {}, "float64", 2);
    expect(pipeline.decodeSync(pipeline.encodeSync(Float64Array.of(-0, 1))!).data).toEqual(Float64Array.of(-0, 1));
  });

  test("refuses booleans by name", () => {
    expect(syncodecError(() => pipelineOf(name, {}, "bool", 1))).toMatchObject({
      code: "UNSUPPORTED",
      reason: 'Unsupported data type "bool" for codec "scale_offset": codecs[0].configuration',
    });
  });
});
