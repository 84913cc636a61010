import { describe, expect, test } from "vitest";
import { type CodecPipeline, createCodecPipeline } from "../../src/index.js";
import { dataTypeByName, type NumericDataTypeName } from "../../src/metadata/data_type.js";
import { bytesOf, fromHex, syncodecError } from "./support.js";
import { checkVector, parseVectors } from "./vectors.js";

/** By zarrs 0.23.14. */
const vectors = parseVectors(`
bool {} 0100010001010000000001 -> 3504
bool {"padding_encoding": "first_byte"} 0000010000000001000101 -> 058406
bool {"padding_encoding": "last_byte"} 0101010001010101000000 -> f70005
int8 {"first_bit": 1, "last_bit": 6, "padding_encoding": "first_byte"} 071f0e201f -> 02c373400f -> 061e0e201e
int8 {"last_bit": 2} 0001020301 -> 8816
int8 {"first_bit": 5, "padding_encoding": "last_byte"} 0001020301 -> 000001 -> 0000000000
int16 {"first_bit": 1, "last_bit": 14, "padding_encoding": "first_byte"} c1030d0581030020ff1f -> 02e081a1001c0040ff0f -> c0030c0580030020fe1f
int16 {"last_bit": 2} 00000100020003000100 -> 8816
int16 {"first_bit": 13, "padding_encoding": "last_byte"} 00000100020003000100 -> 000001 -> 00000000000000000000
int32 {"first_bit": 1, "last_bit": 30, "padding_encoding": "first_byte"} c30c18116c27cb14f05f670500000020ffffff1f -> 0261068c88ed649982ff3a2b00000040ffffff0f -> c20c18116c27cb14f05f670500000020feffff1f
int32 {"last_bit": 2} 0000000001000000020000000300000001000000 -> 8816
int32 {"first_bit": 29, "padding_encoding": "last_byte"} 0000000001000000020000000300000001000000 -> 000001 -> 0000000000000000000000000000000000000000
int64 {"first_bit": 1, "last_bit": 62, "padding_encoding": "first_byte"} 037ed23b8a5f970581334c6b10cbd11b675e6319e301290e0000000000000020ffffffffffffff1f -> 02013fe91dc5afcb027086690d62397a33f31acb180f48710000000000000040ffffffffffffff0f -> 027ed23b8a5f970580334c6b10cbd11b665e6319e301290e0000000000000020feffffffffffff1f
int64 {"last_bit": 2} 00000000000000000100000000000000020000000000000003000000000000000100000000000000 -> 8816
int64 {"first_bit": 61, "padding_encoding": "last_byte"} 00000000000000000100000000000000020000000000000003000000000000000100000000000000 -> 000001 -> 00000000000000000000000000000000000000000000000000000000000000000000000000000000
uint8 {"first_bit": 1, "last_bit": 6, "padding_encoding": "first_byte"} 45131800ff -> 0262c2003f -> 441218007e
uint8 {"last_bit": 2} 9ca20100ff -> 5470 -> 0402010007
uint8 {"first_bit": 5, "padding_encoding": "last_byte"} 21b2da00ff -> a97101 -> 20a0c000e0
uint16 {"first_bit": 1, "last_bit": 14, "padding_encoding": "first_byte"} f3762208df760000ffff -> 02797b04f1b60300ff3f -> f2762208de760000fe7f
uint16 {"last_bit": 2} d3efdd5159930000ffff -> 6b70 -> 03000500010000000700
uint16 {"first_bit": 13, "padding_encoding": "last_byte"} 22d76e90b0b00000ffff -> 667101 -> 00c0008000a0000000e0
uint32 {"first_bit": 1, "last_bit": 30, "padding_encoding": "first_byte"} aa40c6102e67b0c3630fcd8b00000000ffffffff -> 02552063c8e50c76187b685e00000000ffffff3f -> aa40c6102e67b043620fcd0b00000000feffff7f
uint32 {"last_bit": 2} 3ed1ae158a4d7fbaa79793b800000000ffffffff -> d671 -> 0600000002000000070000000000000007000000
uint32 {"first_bit": 29, "padding_encoding": "last_byte"} 6f6bc2b51f1d73b5f222eea300000000ffffffff -> 6d7101 -> 000000a0000000a0000000a000000000000000e0
uint64 {"first_bit": 1, "last_bit": 62, "padding_encoding": "first_byte"} 4cc7d073d519824df593d1acfec0fa8940af65baddc0af290000000000000000ffffffffffffffff -> 02a663e8b9ea0cc1a67e329ad51f583f017a2dd3ed067e4d0100000000000000ffffffffffffff3f -> 4cc7d073d519824df493d1acfec0fa0940af65baddc0af290000000000000000feffffffffffff7f
uint64 {"last_bit": 2} 19aada36511ccf646e2e68b82faa9c9f74de3a8bb9e419b70000000000000000ffffffffffffffff -> 3171 -> 01000000000000000600000000000000040000000000000000000000000000000700000000000000
uint64 {"first_bit": 61, "padding_encoding": "last_byte"} ea78a0d1cde31c8b605eb624dbe190e3a7369aa4b48691e40000000000000000ffffffffffffffff -> fc7101 -> 000000000000008000000000000000e000000000000000e0000000000000000000000000000000e0
float16 {"first_bit": 1, "last_bit": 14, "padding_encoding": "first_byte"} b4d263d8af5a0080007e -> 025a690c7bd50200003f -> b4526258ae5a0000007e
float16 {"last_bit": 2} 74d0f45673cd0080007e -> e400 -> 04000400030000000000
float16 {"first_bit": 13, "padding_encoding": "last_byte"} 7a39b2c501d80080007e -> b13901 -> 002000c000c000800060
float32 {"first_bit": 1, "last_bit": 30, "padding_encoding": "first_byte"} dc08d93fca1a3e421187b842000000800000c07f -> 026e84ec5f59c3478838c415020000000000e03f -> dc08d93fca1a3e421087b842000000000000c07f
float32 {"last_bit": 2} 40c96a420971de42cf451a42000000800000c07f -> c801 -> 0000000001000000070000000000000000000000
float32 {"first_bit": 29, "padding_encoding": "last_byte"} 171a074111ce3bc36e8333c2000000800000c07f -> b23901 -> 00000040000000c0000000c00000008000000060
float64 {"first_bit": 1, "last_bit": 62, "padding_encoding": "first_byte"} 69ade4d0c48064401e76a87113c534403eba2eabe10e56400000000000000080000000000000f87f -> 02b4567268624032e0c30e356ea29806f8d175590d77b0020200000000000000000000000000fc3f -> 68ade4d0c48064401e76a87113c534403eba2eabe10e56400000000000000000000000000000f87f
float64 {"last_bit": 2} 3f54b30aed6329c038bf03c92c734dc0335ba5410ca76a400000000000000080000000000000f87f -> c700 -> 07000000000000000000000000000000030000000000000000000000000000000000000000000000
float64 {"first_bit": 61, "padding_encoding": "last_byte"} 65e1c6eb1d1d46408b82519087bd6340baed0bae6bbc4e400000000000000080000000000000f87f -> 923801 -> 00000000000000400000000000000040000000000000004000000000000000800000000000000060
`);

function pipelineOf(
  configuration: Readonly<Record<string, unknown>>,
  dataType: NumericDataTypeName,
  length: number,
): CodecPipeline<NumericDataTypeName> {
  return createCodecPipeline({ shape: [length], dataType, codecs: [{ name: "packbits", configuration }] });
}

describe("packbits", () => {
  test.each(vectors)("%s", (_, vector) => {
    checkVector(vector, pipelineOf);
  });

  test("the sign is extended to the element's last bit", () => {
    const pipeline = pipelineOf({ first_bit: 2, last_bit: 4 }, "int32", 3);
    const encoded = pipeline.encodeSync(Int32Array.of(-4, 12, -16))!;
    expect([...encoded]).toEqual([0b0001_1111, 0b1]);
    expect(pipeline.decodeSync(encoded).data).toEqual(Int32Array.of(-4, 12, -16));
  });

  test("whole elements stay as they are, after a byte that counts no padding", () => {
    const data = Float32Array.of(1.5, -0);
    expect(pipelineOf({}, "float32", 2).encodeSync(data)).toEqual(bytesOf(data));
    const pipeline = pipelineOf({ padding_encoding: "first_byte" }, "float32", 2);
    expect(pipeline.encodeSync(data)).toEqual(Uint8Array.of(0, ...bytesOf(data)));
    expect(pipeline.decodeSync(Uint8Array.of(0, ...bytesOf(data))).data).toEqual(data);
  });

  test("null stands for the default of a bit", () => {
    const pipeline = pipelineOf({ first_bit: null, last_bit: null }, "bool", 9);
    expect(pipeline.encodeSync(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 1))).toEqual(fromHex("8101"));
  });

  test.each([
    ["first_byte", 0],
    ["last_byte", 2],
  ] as const)("%s: a wrong number of padding bits is an error", (padding_encoding, offset) => {
    const pipeline = pipelineOf({ padding_encoding }, "bool", 11);
    const encoded = pipeline.encodeSync(new Uint8Array(11).fill(1))!;
    expect(encoded[offset]).toBe(5);
    for (const found of [0, 4, 6, 13, 255]) {
      const damaged = encoded.with(offset, found);
      expect(syncodecError(() => pipeline.decodeSync(damaged))).toMatchObject({
        name: "DataError",
        code: "CORRUPT_DATA",
        codec: "packbits",
        expected: 5,
        found,
        offset,
      });
    }
    for (const length of [0, 1, 2, 4]) {
      expect(syncodecError(() => pipeline.decodeSync(new Uint8Array(length).fill(5)))).toMatchObject({
        code: "CORRUPT_DATA",
        expected: "3 bytes",
        found: `${length} bytes`,
      });
    }
  });

  test("all of two dimensions, in C order", () => {
    const pipeline = createCodecPipeline({ shape: [3, 5], dataType: "bool", codecs: ["packbits"] });
    const data = Uint8Array.from({ length: 15 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const encoded = pipeline.encodeSync(data)!;
    expect([...encoded]).toEqual([0b01001001, 0b0010010]);
    expect(pipeline.decodeSync(encoded).data).toEqual(data);
    expect(dataTypeByName("bool").itemSize).toBe(1);
  });
});
