import { describe, expect, test } from "vitest";
import { syncodecError } from "./support.js";
import { checkVector, parseVectors, pipelineOf } from "./vectors.js";

/** By numcodecs 0.17.1. */
const vectors = parseVectors(`
bool {} 01 -> 0780
bool {} 00010001010000 -> 0158
bool {} 0001000100000101 -> 0053
bool {} 000100010100000101 -> 075980
bool {} 00010001000101010001000001000101 -> 00574b
bool {} 010100000100010001000100010101000100000101 -> 03caae98
`);

const name = "numcodecs.packbits";

describe(name, () => {
  test.each(vectors)("%s", (_, vector) => {
    checkVector(vector, (...rest) => pipelineOf(name, ...rest));
  });

  test("a wrong number of padding bits is an error", () => {
    const pipeline = pipelineOf(name, {}, "bool", 13);
    for (const [padding, bytes] of [
      [0, 3],
      [4, 3],
      [255, 3],
    ]) {
      const encoded = new Uint8Array(bytes!);
      encoded[0] = padding!;
      expect(syncodecError(() => pipeline.decodeSync(encoded))).toMatchObject({
        name: "DataError",
        code: "CORRUPT_DATA",
        codec: name,
        expected: 3,
        found: padding,
        offset: 0,
      });
    }
    for (const length of [0, 1, 2, 4]) {
      expect(syncodecError(() => pipeline.decodeSync(new Uint8Array(length).fill(3))).code).toBe("CORRUPT_DATA");
    }
  });

  test("refuses other types by name", () => {
    expect(syncodecError(() => pipelineOf(name, {}, "uint8", 8))).toMatchObject({
      code: "UNSUPPORTED",
      reason: 'Unsupported data type "uint8" for codec "numcodecs.packbits": codecs[0].configuration',
      expected: "one of bool",
    });
  });
});
