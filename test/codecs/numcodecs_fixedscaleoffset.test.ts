import { describe, expect, test } from "vitest";
import { syncodecError } from "./support.js";
import { checkVector, configurationOf, parseVectors, pipelineOf } from "./vectors.js";

/** By numcodecs 0.17.1 and numpy 2.5.5 on x86-64. */
const vectors = parseVectors(`
int8 {"offset": 3, "scale": 2, "dtype": "|i1", "astype": "|i1"} 8ed53d807f -> 16a474faf8 -> 0ed53d00ff
int8 {"offset": 0.5, "scale": 2.5, "dtype": "|i1", "astype": "<i4"} f41ad5807f -> e1ffffff4000000093ffffffbffeffff3c010000 -> f51ad5817e
int8 {"offset": 1.25, "scale": 10, "dtype": "|i1", "astype": "<f4"} dd850e807f -> 0000b5c300409bc4000000430080a1c400409d44 -> de860e817f
int8 {"offset": 1, "scale": 0.1, "dtype": "|i1", "astype": "<i8"} e2d5bd807f -> fdfffffffffffffffcfffffffffffffff9ffffffffffffff0d000000000000000d00000000000000 -> e3d9bb8383
int16 {"offset": 3, "scale": 2, "dtype": "<i2", "astype": "<i2"} 29039600a9010080ff7f -> 4c0626014c03fafff8ff -> 29039600a9010000ffff
int16 {"offset": 0.5, "scale": 2.5, "dtype": "<i2", "astype": "<i4"} 930169001102 -> ee0300000501000029050000 -> 920168001002
int16 {"offset": 1.25, "scale": 10, "dtype": "<i2", "astype": "<f4"} 3f0075021600 -> 00801a440030c44500005043
int16 {"offset": 1, "scale": 0.1, "dtype": "<i2", "astype": "<i8"} 6501da039002 -> 240000000000000062000000000000004200000000000000 -> 6901d5039502
int32 {"offset": 3, "scale": 2, "dtype": "<i4", "astype": "<i4"} a1000000cd000000e601000000000080ffffff7f -> 3c01000094010000c6030000fafffffff8ffffff -> a1000000cd000000e601000000000000ffffffff
int32 {"offset": 0.5, "scale": 2.5, "dtype": "<i4", "astype": "<i4"} 9d03000081010000b103000000000080ffffff7f -> 07090000c1030000390900000000008000000080 -> 9c03000080010000b0030000cecccccccecccccc
int32 {"offset": 1.25, "scale": 10, "dtype": "<i4", "astype": "<f4"} f800000082030000b3000000 -> 00401a4500200c460040de44
int32 {"offset": 1, "scale": 0.1, "dtype": "<i4", "astype": "<i8"} fe020000e60300004c000000 -> 4c0000000000000064000000000000000800000000000000 -> f9020000e903000051000000
int64 {"offset": 3, "scale": 2, "dtype": "<i8", "astype": "<i8"} d201000000000000650200000000000087000000000000000000000000000080ffffffffffffff7f -> 9e03000000000000c4040000000000000801000000000000fafffffffffffffff8ffffffffffffff -> d201000000000000650200000000000087000000000000000000000000000000ffffffffffffffff
int64 {"offset": 0.5, "scale": 2.5, "dtype": "<i8", "astype": "<i4"} d402000000000000ad00000000000000e902000000000000 -> 11070000af01000045070000 -> d402000000000000ac00000000000000e802000000000000
int64 {"offset": 1.25, "scale": 10, "dtype": "<i8", "astype": "<f4"} c70300000000000001020000000000003800000000000000 -> 00e8164600f09f4500000944
int64 {"offset": 1, "scale": 0.1, "dtype": "<i8", "astype": "<i8"} 15030000000000008a0000000000000007010000000000000000000000000080ffffffffffffff7f -> 4f000000000000000e000000000000001a0000000000000000cdcccccccccc0c00cdcccccccccc0c -> 17030000000000008d00000000000000050100000000000000000000000000800000000000000080
uint8 {"offset": 3, "scale": 2, "dtype": "|u1", "astype": "|u1"} 18d88e00ff -> 2aaa16faf8 -> 18580e807f
uint8 {"offset": 0.5, "scale": 2.5, "dtype": "|u1", "astype": "<i4"} 9c509700ff -> 85010000c700000078010000ffffffff7c020000 -> 9c509600fe
uint8 {"offset": 1.25, "scale": 10, "dtype": "|u1", "astype": "<f4"} 08830500ff -> 000088420040a24400001842000040c100a01e45
uint8 {"offset": 1, "scale": 0.1, "dtype": "|u1", "astype": "<i8"} 8a43ac00ff -> 0e00000000000000070000000000000011000000000000001a000000000000001900000000000000 -> 8d47ab05fb
uint16 {"offset": 3, "scale": 2, "dtype": "<u2", "astype": "<u2"} 4b02d10269000000ffff -> 90049c05cc00fafff8ff -> 4b02d10269000080ff7f
uint16 {"offset": 0.5, "scale": 2.5, "dtype": "<u2", "astype": "<i4"} 0701a701e802 -> 900200002004000043070000 -> 0601a601e802
uint16 {"offset": 1.25, "scale": 10, "dtype": "<u2", "astype": "<f4"} 9c02e3032101 -> 0060d04500481b4600e03345
uint16 {"offset": 1, "scale": 0.1, "dtype": "<u2", "astype": "<i8"} 7f0325027501 -> 590000000000000037000000000000002500000000000000 -> 7b0327027301
uint32 {"offset": 3, "scale": 2, "dtype": "<u4", "astype": "<u4"} d50200003f0100002703000000000000ffffffff -> a40500007802000048060000fafffffff8ffffff -> d50200003f0100002703000000000080ffffff7f
uint32 {"offset": 0.5, "scale": 2.5, "dtype": "<u4", "astype": "<i4"} a901000075010000d5010000 -> 25040000a303000093040000 -> a801000074010000d4010000
uint32 {"offset": 1.25, "scale": 10, "dtype": "<u4", "astype": "<f4"} d603000019010000c6000000 -> 0040194600e02e450000f644
uint32 {"offset": 1, "scale": 0.1, "dtype": "<u4", "astype": "<i8"} 5e0000003601000046010000 -> 09000000000000001f000000000000002000000000000000 -> 5b0000003701000041010000
uint64 {"offset": 3, "scale": 2, "dtype": "<u8", "astype": "<u8"} d3010000000000001b00000000000000be000000000000000000000000000000ffffffffffffffff -> a00300000000000030000000000000007601000000000000fafffffffffffffff8ffffffffffffff -> d3010000000000001b00000000000000be0000000000000000000000000000800000000000000080
uint64 {"offset": 0.5, "scale": 2.5, "dtype": "<u8", "astype": "<i4"} 2c01000000000000b800000000000000ae00000000000000 -> ed020000cb010000b2010000
uint64 {"offset": 1.25, "scale": 10, "dtype": "<u8", "astype": "<f4"} 6201000000000000fb02000000000000c400000000000000 -> 00805c450010ee450080f344
uint64 {"offset": 1, "scale": 0.1, "dtype": "<u8", "astype": "<i8"} 05030000000000009d010000000000008b00000000000000 -> 4d0000000000000029000000000000000e00000000000000 -> 03030000000000009b010000000000008d00000000000000
float16 {"offset": 3, "scale": 2, "dtype": "<f2", "astype": "<f2"} b5d053c686c30080007e -> 10d5c0cc00cb00c6007e -> b0d080c600c40000007e
float16 {"offset": 0.5, "scale": 2.5, "dtype": "<f2", "astype": "<i4"} dfbbb74a254e0080 -> fcffffff200000003c000000ffffffff -> 66bca64a204e662e
float16 {"offset": 1.25, "scale": 10, "dtype": "<f2", "astype": "<f4"} 9e44204a7acd0080007e -> 000008420000dc42000068c3000040c10000c07f -> a644204a7dcd662a007e
float16 {"offset": 1, "scale": 0.1, "dtype": "<f2", "astype": "<i8"} e2cdba44a64a0080 -> feffffffffffffff000000000000000001000000000000000000000000000000 -> c0cc003c8049003c
float32 {"offset": 3, "scale": 2, "dtype": "<f4", "astype": "<f4"} dd6568416dad3d4183ef7a41000000800000c07f -> 0000b841000090410000c8410000c0c00000c07f -> 000068410000404100007841000000000000c07f
float32 {"offset": 0.5, "scale": 2.5, "dtype": "<f4", "astype": "<i4"} 8e928141c22c0cc2dcee6ac100000080 -> 27000000a7ffffffdaffffffffffffff -> cdcc804166660cc233336bc1cdcccc3d
float32 {"offset": 1.25, "scale": 10, "dtype": "<f4", "astype": "<f4"} b0a611415eef3e414eeff1c1000000800000c07f -> 00009e420000d64200809dc3000040c10000c07f -> 6666124133333f410000f2c1c0cc4c3d0000c07f
float32 {"offset": 1, "scale": 0.1, "dtype": "<f4", "astype": "<i8"} 98b0bb411c6d0cc179c094c000000080 -> 0200000000000000ffffffffffffffffffffffffffffffff0000000000000000 -> 0000a841000010c1000010c10000803f
float64 {"offset": 3, "scale": 2, "dtype": "<f8", "astype": "<f8"} 7676d64bcee71540e4185fc843fc2d40c02c071b8fa93cc00000000000000080000000000000f87f -> 000000000000144000000000000038400000000000804fc000000000000018c0000000000000f87f -> 00000000000016400000000000002e400000000000803cc00000000000000000000000000000f87f
float64 {"offset": 0.5, "scale": 2.5, "dtype": "<f8", "astype": "<i4"} 7f0f80365acc3340eb261281e1bbf83f4222005421d52ec00000000000000080 -> 3000000003000000d8ffffffffffffff -> 3333333333b33340333333333333fb3f0000000000002fc0989999999999b93f
float64 {"offset": 1.25, "scale": 10, "dtype": "<f8", "astype": "<f4"} 4a455a0c980516c0b7bc2705bfdb45c038fde91a9de729c00000000000000080000000000000f87f -> 000088c20000e1c300000ec3000040c10000c07f -> 00000040333316c00000000000e045c00000006066e629c0000000009899a93f000000000000f87f
float64 {"offset": 1, "scale": 0.1, "dtype": "<f8", "astype": "<i8"} 78453af1041b0d40d0331b47ad5c2cc09e936212b43d1ac00000000000000080 -> 0000000000000000feffffffffffffffffffffffffffffff0000000000000000 -> 000000000000f03f00000000000033c000000000000022c0000000000000f03f
`);

const name = "numcodecs.fixedscaleoffset";

describe(name, () => {
  test.each(vectors)("%s", (_, vector) => {
    checkVector(vector, (...rest) => pipelineOf(name, ...rest));
  });

  test("an integer keeps integers, a number with a fraction makes them float64", () => {
    const encode = (json: string) => {
      const pipeline = pipelineOf(name, configurationOf(json), "uint8", 3);
      return [...new Float64Array(pipeline.encodeSync(Uint8Array.of(0, 1, 2))!.slice().buffer)];
    };
    expect(encode('{"offset": 1, "scale": 3, "astype": "<f8"}')).toEqual([253, 0, 3]);
    expect(encode('{"offset": 1.0, "scale": 3, "astype": "<f8"}')).toEqual([-3, 0, 3]);
    expect(encode('{"offset": 1, "scale": 3.0, "astype": "<f8"}')).toEqual([765, 0, 3]);
  });

  test("halves go to even, and keep the sign of zero", () => {
    const pipeline = pipelineOf(name, { offset: 0, scale: 1 }, "float64", 6);
    const encoded = pipeline.encodeSync(Float64Array.of(0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994))!;
    expect([...new Float64Array(encoded.slice().buffer)]).toEqual([0, 2, 2, -0, -2, 0]);
  });

  test.each(["0", "0.0", "-0", "-0.0", "0e5", "0E-3", "1e-400"])("refuses scale %s", (scale) => {
    const configuration = configurationOf(`{"offset": 0, "scale": ${scale}}`);
    for (const dataType of ["float64", "int32", "bool"] as const) {
      expect(syncodecError(() => pipelineOf(name, configuration, dataType, 1))).toMatchObject({
        name: "MetadataError",
        code: "INVALID_METADATA",
        reason: "Invalid codecs[0].configuration.scale",
        found: scale,
      });
    }
  });

  test.each([
    ["float32", "1e-46"],
    ["float16", "1e-9"],
  ] as const)("refuses a scale that is 0 as %s", (dataType, scale) => {
    const configuration = configurationOf(`{"offset": 0, "scale": ${scale}}`);
    expect(syncodecError(() => pipelineOf(name, configuration, dataType, 1)).expected).toBe(
      `a number that is not 0 as ${dataType}`,
    );
  });

  test.each([
    ["int8", '{"offset": 128, "scale": 1}', "offset"],
    ["uint8", '{"offset": -1, "scale": 1}', "offset"],
    ["int64", '{"offset": 9223372036854775808, "scale": 1}', "offset"],
    ["bool", '{"offset": 1e400, "scale": 1}', "offset"],
    ["int16", '{"offset": 0, "scale": 32768}', "scale"],
    ["uint64", `{"offset": 0, "scale": 1${"0".repeat(500)}}`, "scale"],
  ] as const)("of %s refuses %s, which numpy cannot calculate with", (dataType, json, field) => {
    expect(syncodecError(() => pipelineOf(name, configurationOf(json), dataType, 1))).toMatchObject({
      code: "INVALID_METADATA",
      reason: `Invalid codecs[0].configuration.${field}`,
    });
  });
});
