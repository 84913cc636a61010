import { describe, expect, test } from "vitest";
import { syncodecError } from "./support.js";
import { checkVector, parseVectors, pipelineOf } from "./vectors.js";

/** By numcodecs 0.17.1 and numpy 2.5.5 on x86-64, every type to every other. */
const vectors = parseVectors(`
bool {"encode_dtype": "|i1", "decode_dtype": "|b1"} 0001 -> 0001
bool {"encode_dtype": "<i2", "decode_dtype": "|b1"} 0001 -> 00000100
bool {"encode_dtype": "<i4", "decode_dtype": "|b1"} 0001 -> 0000000001000000
bool {"encode_dtype": "<i8", "decode_dtype": "|b1"} 0001 -> 00000000000000000100000000000000
bool {"encode_dtype": "|u1", "decode_dtype": "|b1"} 0001 -> 0001
bool {"encode_dtype": "<u2", "decode_dtype": "|b1"} 0001 -> 00000100
bool {"encode_dtype": "<u4", "decode_dtype": "|b1"} 0001 -> 0000000001000000
bool {"encode_dtype": "<u8", "decode_dtype": "|b1"} 0001 -> 00000000000000000100000000000000
bool {"encode_dtype": "<f2", "decode_dtype": "|b1"} 0001 -> 0000003c
bool {"encode_dtype": "<f4", "decode_dtype": "|b1"} 0001 -> 000000000000803f
bool {"encode_dtype": "<f8", "decode_dtype": "|b1"} 0001 -> 0000000000000000000000000000f03f
int8 {"encode_dtype": "|b1", "decode_dtype": "|i1"} 807f03 -> 010101 -> 010101
int8 {"encode_dtype": "<i2", "decode_dtype": "|i1"} 807f03 -> 80ff7f000300
int8 {"encode_dtype": "<i4", "decode_dtype": "|i1"} 807f03 -> 80ffffff7f00000003000000
int8 {"encode_dtype": "<i8", "decode_dtype": "|i1"} 807f03 -> 80ffffffffffffff7f000000000000000300000000000000
int8 {"encode_dtype": "|u1", "decode_dtype": "|i1"} 807f03 -> 807f03
int8 {"encode_dtype": "<u2", "decode_dtype": "|i1"} 807f03 -> 80ff7f000300
int8 {"encode_dtype": "<u4", "decode_dtype": "|i1"} 807f03 -> 80ffffff7f00000003000000
int8 {"encode_dtype": "<u8", "decode_dtype": "|i1"} 807f03 -> 80ffffffffffffff7f000000000000000300000000000000
int8 {"encode_dtype": "<f2", "decode_dtype": "|i1"} 807f03 -> 00d8f0570042
int8 {"encode_dtype": "<f4", "decode_dtype": "|i1"} 807f03 -> 000000c30000fe4200004040
int8 {"encode_dtype": "<f8", "decode_dtype": "|i1"} 807f03 -> 00000000000060c00000000000c05f400000000000000840
int16 {"encode_dtype": "|b1", "decode_dtype": "<i2"} 0080ff7f0300 -> 010101 -> 010001000100
int16 {"encode_dtype": "|i1", "decode_dtype": "<i2"} 0080ff7f0300 -> 00ff03 -> 0000ffff0300
int16 {"encode_dtype": "<i4", "decode_dtype": "<i2"} 0080ff7f0300 -> 0080ffffff7f000003000000
int16 {"encode_dtype": "<i8", "decode_dtype": "<i2"} 0080ff7f0300 -> 0080ffffffffffffff7f0000000000000300000000000000
int16 {"encode_dtype": "|u1", "decode_dtype": "<i2"} 0080ff7f0300 -> 00ff03 -> 0000ff000300
int16 {"encode_dtype": "<u2", "decode_dtype": "<i2"} 0080ff7f0300 -> 0080ff7f0300
int16 {"encode_dtype": "<u4", "decode_dtype": "<i2"} 0080ff7f0300 -> 0080ffffff7f000003000000
int16 {"encode_dtype": "<u8", "decode_dtype": "<i2"} 0080ff7f0300 -> 0080ffffffffffffff7f0000000000000300000000000000
int16 {"encode_dtype": "<f2", "decode_dtype": "<i2"} 0080ff7f0300 -> 00f800780042 -> 008000800300
int16 {"encode_dtype": "<f4", "decode_dtype": "<i2"} 0080ff7f0300 -> 000000c700feff4600004040
int16 {"encode_dtype": "<f8", "decode_dtype": "<i2"} 0080ff7f0300 -> 000000000000e0c000000000c0ffdf400000000000000840
int32 {"encode_dtype": "|b1", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 010101 -> 010000000100000001000000
int32 {"encode_dtype": "|i1", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 00ff03 -> 00000000ffffffff03000000
int32 {"encode_dtype": "<i2", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 0000ffff0300 -> 00000000ffffffff03000000
int32 {"encode_dtype": "<i8", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 00000080ffffffffffffff7f000000000300000000000000
int32 {"encode_dtype": "|u1", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 00ff03 -> 00000000ff00000003000000
int32 {"encode_dtype": "<u2", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 0000ffff0300 -> 00000000ffff000003000000
int32 {"encode_dtype": "<u4", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 00000080ffffff7f03000000
int32 {"encode_dtype": "<u8", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 00000080ffffffffffffff7f000000000300000000000000
int32 {"encode_dtype": "<f2", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 00fc007c0042 -> 000000800000008003000000
int32 {"encode_dtype": "<f4", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 000000cf0000004f00004040 -> 000000800000008003000000
int32 {"encode_dtype": "<f8", "decode_dtype": "<i4"} 00000080ffffff7f03000000 -> 000000000000e0c10000c0ffffffdf410000000000000840
int64 {"encode_dtype": "|b1", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 010101 -> 010000000000000001000000000000000100000000000000
int64 {"encode_dtype": "|i1", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 00ff03 -> 0000000000000000ffffffffffffffff0300000000000000
int64 {"encode_dtype": "<i2", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 0000ffff0300 -> 0000000000000000ffffffffffffffff0300000000000000
int64 {"encode_dtype": "<i4", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 00000000ffffffff03000000 -> 0000000000000000ffffffffffffffff0300000000000000
int64 {"encode_dtype": "|u1", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 00ff03 -> 0000000000000000ff000000000000000300000000000000
int64 {"encode_dtype": "<u2", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 0000ffff0300 -> 0000000000000000ffff0000000000000300000000000000
int64 {"encode_dtype": "<u4", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 00000000ffffffff03000000 -> 0000000000000000ffffffff000000000300000000000000
int64 {"encode_dtype": "<u8", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 0000000000000080ffffffffffffff7f0300000000000000
int64 {"encode_dtype": "<f2", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 00fc007c0042 -> 000000000000008000000000000000800300000000000000
int64 {"encode_dtype": "<f4", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 000000df0000005f00004040 -> 000000000000008000000000000000800300000000000000
int64 {"encode_dtype": "<f8", "decode_dtype": "<i8"} 0000000000000080ffffffffffffff7f0300000000000000 -> 000000000000e0c3000000000000e0430000000000000840 -> 000000000000008000000000000000800300000000000000
uint8 {"encode_dtype": "|b1", "decode_dtype": "|u1"} 00ff03 -> 000101 -> 000101
uint8 {"encode_dtype": "|i1", "decode_dtype": "|u1"} 00ff03 -> 00ff03
uint8 {"encode_dtype": "<i2", "decode_dtype": "|u1"} 00ff03 -> 0000ff000300
uint8 {"encode_dtype": "<i4", "decode_dtype": "|u1"} 00ff03 -> 00000000ff00000003000000
uint8 {"encode_dtype": "<i8", "decode_dtype": "|u1"} 00ff03 -> 0000000000000000ff000000000000000300000000000000
uint8 {"encode_dtype": "<u2", "decode_dtype": "|u1"} 00ff03 -> 0000ff000300
uint8 {"encode_dtype": "<u4", "decode_dtype": "|u1"} 00ff03 -> 00000000ff00000003000000
uint8 {"encode_dtype": "<u8", "decode_dtype": "|u1"} 00ff03 -> 0000000000000000ff000000000000000300000000000000
uint8 {"encode_dtype": "<f2", "decode_dtype": "|u1"} 00ff03 -> 0000f85b0042
uint8 {"encode_dtype": "<f4", "decode_dtype": "|u1"} 00ff03 -> 0000000000007f4300004040
uint8 {"encode_dtype": "<f8", "decode_dtype": "|u1"} 00ff03 -> 00000000000000000000000000e06f400000000000000840
uint16 {"encode_dtype": "|b1", "decode_dtype": "<u2"} 0000ffff0300 -> 000101 -> 000001000100
uint16 {"encode_dtype": "|i1", "decode_dtype": "<u2"} 0000ffff0300 -> 00ff03
uint16 {"encode_dtype": "<i2", "decode_dtype": "<u2"} 0000ffff0300 -> 0000ffff0300
uint16 {"encode_dtype": "<i4", "decode_dtype": "<u2"} 0000ffff0300 -> 00000000ffff000003000000
uint16 {"encode_dtype": "<i8", "decode_dtype": "<u2"} 0000ffff0300 -> 0000000000000000ffff0000000000000300000000000000
uint16 {"encode_dtype": "|u1", "decode_dtype": "<u2"} 0000ffff0300 -> 00ff03 -> 0000ff000300
uint16 {"encode_dtype": "<u4", "decode_dtype": "<u2"} 0000ffff0300 -> 00000000ffff000003000000
uint16 {"encode_dtype": "<u8", "decode_dtype": "<u2"} 0000ffff0300 -> 0000000000000000ffff0000000000000300000000000000
uint16 {"encode_dtype": "<f2", "decode_dtype": "<u2"} 0000ffff0300 -> 0000007c0042 -> 000000000300
uint16 {"encode_dtype": "<f4", "decode_dtype": "<u2"} 0000ffff0300 -> 0000000000ff7f4700004040
uint16 {"encode_dtype": "<f8", "decode_dtype": "<u2"} 0000ffff0300 -> 000000000000000000000000e0ffef400000000000000840
uint32 {"encode_dtype": "|b1", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 000101 -> 000000000100000001000000
uint32 {"encode_dtype": "|i1", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 00ff03
uint32 {"encode_dtype": "<i2", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 0000ffff0300
uint32 {"encode_dtype": "<i4", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 00000000ffffffff03000000
uint32 {"encode_dtype": "<i8", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 0000000000000000ffffffff000000000300000000000000
uint32 {"encode_dtype": "|u1", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 00ff03 -> 00000000ff00000003000000
uint32 {"encode_dtype": "<u2", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 0000ffff0300 -> 00000000ffff000003000000
uint32 {"encode_dtype": "<u8", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 0000000000000000ffffffff000000000300000000000000
uint32 {"encode_dtype": "<f2", "decode_dtype": "<u4"} 0000000003000000 -> 00000042
uint32 {"encode_dtype": "<f4", "decode_dtype": "<u4"} 0000000003000000 -> 0000000000004040
uint32 {"encode_dtype": "<f8", "decode_dtype": "<u4"} 00000000ffffffff03000000 -> 00000000000000000000e0ffffffef410000000000000840
uint64 {"encode_dtype": "|b1", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 000101 -> 000000000000000001000000000000000100000000000000
uint64 {"encode_dtype": "|i1", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 00ff03
uint64 {"encode_dtype": "<i2", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 0000ffff0300
uint64 {"encode_dtype": "<i4", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 00000000ffffffff03000000
uint64 {"encode_dtype": "<i8", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 0000000000000000ffffffffffffffff0300000000000000
uint64 {"encode_dtype": "|u1", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 00ff03 -> 0000000000000000ff000000000000000300000000000000
uint64 {"encode_dtype": "<u2", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 0000ffff0300 -> 0000000000000000ffff0000000000000300000000000000
uint64 {"encode_dtype": "<u4", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 00000000ffffffff03000000 -> 0000000000000000ffffffff000000000300000000000000
uint64 {"encode_dtype": "<f2", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 0000007c0042 -> 000000000000000000000000000000000300000000000000
uint64 {"encode_dtype": "<f4", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 000000000000805f00004040 -> 000000000000000000000000000000000300000000000000
uint64 {"encode_dtype": "<f8", "decode_dtype": "<u8"} 0000000000000000ffffffffffffffff0300000000000000 -> 0000000000000000000000000000f0430000000000000840 -> 000000000000000000000000000000000300000000000000
float16 {"encode_dtype": "|b1", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 0101010101 -> 003c003c003c003c003c
float16 {"encode_dtype": "|i1", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 01fee00000 -> 003c00c000d000000000
float16 {"encode_dtype": "<i2", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 0100feffe0ff00000000 -> 003c00c000d000000000
float16 {"encode_dtype": "<i4", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 01000000feffffffe0ff00000000008000000080 -> 003c00c0ff7b00fc00fc
float16 {"encode_dtype": "<i8", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 0100000000000000feffffffffffffffe0ff00000000000000000000000000800000000000000080 -> 003c00c0ff7b00fc00fc
float16 {"encode_dtype": "|u1", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 01fee00000 -> 003cf05b005b00000000
float16 {"encode_dtype": "<u2", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 0100feffe0ff00000000 -> 003c007cff7b00000000
float16 {"encode_dtype": "<u4", "decode_dtype": "<f2"} 003e00c1ff7b -> 01000000feffffffe0ff0000 -> 003c007cff7b
float16 {"encode_dtype": "<u8", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 0100000000000000feffffffffffffffe0ff00000000000000000000000000800000000000000080 -> 003c007cff7b007c007c
float16 {"encode_dtype": "<f4", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 0000c03f000020c000e07f47000080ff0000c07f
float16 {"encode_dtype": "<f8", "decode_dtype": "<f2"} 003e00c1ff7b00fc007e -> 000000000000f83f00000000000004c00000000000fcef40000000000000f0ff000000000000f87f
float32 {"encode_dtype": "|b1", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 0101010101 -> 0000803f0000803f0000803f0000803f0000803f
float32 {"encode_dtype": "|i1", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 01feef0000 -> 0000803f000000c0000088c10000000000000000
float32 {"encode_dtype": "<i2", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 0100feffefff00000000 -> 0000803f000000c0000088c10000000000000000
float32 {"encode_dtype": "<i4", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 01000000feffffffefff00000000008000000080 -> 0000803f000000c000ef7f47000000cf000000cf
float32 {"encode_dtype": "<i8", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 0100000000000000feffffffffffffffefff00000000000000000000000000800000000000000080 -> 0000803f000000c000ef7f47000000df000000df
float32 {"encode_dtype": "|u1", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 01feef0000 -> 0000803f00007e4300006f430000000000000000
float32 {"encode_dtype": "<u2", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 0100feffefff00000000 -> 0000803f00fe7f4700ef7f470000000000000000
float32 {"encode_dtype": "<u4", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47 -> 01000000feffffffefff0000 -> 0000803f0000804f00ef7f47
float32 {"encode_dtype": "<u8", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 0100000000000000feffffffffffffffefff00000000000000000000000000800000000000000080 -> 0000803f0000805f00ef7f470000005f0000005f
float32 {"encode_dtype": "<f2", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 003e00c1ff7b00fc007e -> 0000c03f000020c000e07f47000080ff0000c07f
float32 {"encode_dtype": "<f8", "decode_dtype": "<f4"} 0000c03f000020c000ef7f47000080ff0000c07f -> 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f
float64 {"encode_dtype": "|b1", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 0101010101 -> 000000000000f03f000000000000f03f000000000000f03f000000000000f03f000000000000f03f
float64 {"encode_dtype": "|i1", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 01feef0000 -> 000000000000f03f00000000000000c000000000000031c000000000000000000000000000000000
float64 {"encode_dtype": "<i2", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 0100feffefff00000000 -> 000000000000f03f00000000000000c000000000000031c000000000000000000000000000000000
float64 {"encode_dtype": "<i4", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 01000000feffffffefff00000000008000000080 -> 000000000000f03f00000000000000c000000000e0fdef40000000000000e0c1000000000000e0c1
float64 {"encode_dtype": "<i8", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 0100000000000000feffffffffffffffefff00000000000000000000000000800000000000000080 -> 000000000000f03f00000000000000c000000000e0fdef40000000000000e0c3000000000000e0c3
float64 {"encode_dtype": "|u1", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 01feef0000 -> 000000000000f03f0000000000c06f400000000000e06d4000000000000000000000000000000000
float64 {"encode_dtype": "<u2", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 0100feffefff00000000 -> 000000000000f03f00000000c0ffef4000000000e0fdef4000000000000000000000000000000000
float64 {"encode_dtype": "<u4", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40 -> 01000000feffffffefff0000 -> 000000000000f03f0000c0ffffffef4100000000e0fdef40
float64 {"encode_dtype": "<u8", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 0100000000000000feffffffffffffffefff00000000000000000000000000800000000000000080 -> 000000000000f03f000000000000f04300000000e0fdef40000000000000e043000000000000e043
float64 {"encode_dtype": "<f2", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 003e00c1ff7b00fc007e -> 000000000000f83f00000000000004c00000000000fcef40000000000000f0ff000000000000f87f
float64 {"encode_dtype": "<f4", "decode_dtype": "<f8"} 000000000000f83f00000000000004c000000000e0fdef40000000000000f0ff000000000000f87f -> 0000c03f000020c000ef7f47000080ff0000c07f
`);

const name = "numcodecs.astype";

describe(name, () => {
  test.each(vectors)("%s", (_, vector) => {
    checkVector(vector, (...rest) => pipelineOf(name, ...rest));
  });

  test("64-bit integers are rounded once on the way to float32", () => {
    const pipeline = pipelineOf(name, { encode_dtype: "<f4" }, "int64", 4);
    // 2^24 + 1 units and a little: a double would drop the little, and a half would go to even.
    const values = BigInt64Array.of(
      0x40000040_00000001n,
      -0x40000040_00000001n,
      0x40000040_00000000n,
      0x7fffffff_ffffffffn,
    );
    const encoded = pipeline.encodeSync(values)!;
    expect([...new Uint32Array(encoded.slice().buffer)]).toEqual([0x5e800001, 0xde800001, 0x5e800000, 0x5f000000]);
  });

  test("a type to itself changes nothing, a signaling NaN neither", () => {
    const bits = Uint32Array.of(0x7f800001, 0xffc00002, 0x80000000);
    const pipeline = pipelineOf(name, { encode_dtype: "<f4" }, "float32", 3);
    const encoded = pipeline.encodeSync(new Float32Array(bits.buffer))!;
    expect(new Uint32Array(encoded.slice().buffer)).toEqual(bits);
  });

  test("a NaN keeps its sign and the head of its payload", () => {
    const bits = BigUint64Array.of(0xfff8_1234_5678_9abcn, 0x7ff0_0000_0000_0001n);
    const pipeline = pipelineOf(name, { encode_dtype: "<f4" }, "float64", 2);
    const encoded = pipeline.encodeSync(new Float64Array(bits.buffer))!;
    expect([...new Uint32Array(encoded.slice().buffer)]).toEqual([0xffc091a2, 0x7fc00000]);
    const decoded = pipeline.decodeSync(encoded).data;
    expect([...new BigUint64Array(decoded.buffer)]).toEqual([0xfff8_1234_4000_0000n, 0x7ff8_0000_0000_0000n]);
  });

  test("refuses big-endian items by name, and items that are not the array's", () => {
    expect(syncodecError(() => pipelineOf(name, { encode_dtype: ">i4" }, "int64", 1))).toMatchObject({
      code: "UNSUPPORTED",
      reason: 'Unsupported big-endian data type ">i4": codecs[0].configuration.encode_dtype',
    });
    const configuration = { encode_dtype: "<i4", decode_dtype: "<f8" };
    expect(syncodecError(() => pipelineOf(name, configuration, "int64", 1))).toMatchObject({
      code: "INVALID_METADATA",
      reason: "Invalid codecs[0].configuration.decode_dtype",
      expected: "the data type that reaches the codec, int64",
      found: '"float64"',
    });
  });
});
