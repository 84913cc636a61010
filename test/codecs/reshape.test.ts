import { describe, expect, test } from "vitest";
import { createCodecPipeline } from "../../src/index.js";
import { syncodecError } from "./support.js";

/** The shape that reshape makes of `shape`: only a transpose of as many axes can follow it, and its order must fit. */
function reshape(input: readonly number[], shape: unknown, after: readonly number[] = []) {
  const data = Uint16Array.from({ length: input.reduce((a, b) => a * b, 1) }, (_, i) => i);
  const codecs = [
    { name: "reshape", configuration: { shape } },
    { name: "transpose", configuration: { order: after } },
    { name: "bytes", configuration: { endian: "little" } },
  ];
  const pipeline = createCodecPipeline({ shape: input, dataType: "uint16", codecs });
  const encoded = pipeline.encodeSync(data, { writeEmptyChunks: true })!;
  expect(pipeline.decodeSync(encoded).data).toEqual(data);
  return [...new Uint16Array(encoded.slice().buffer)];
}

describe("reshape", () => {
  test("what follows works on the new shape", () => {
    expect(reshape([2, 3], [3, 2], [1, 0])).toEqual([0, 2, 4, 1, 3, 5]);
    expect(reshape([2, 3], [-1, 2], [1, 0])).toEqual([0, 2, 4, 1, 3, 5]);
    expect(reshape([2, 3, 2], [[0, 1], [2]], [1, 0])).toEqual([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
    expect(reshape([2, 3, 2], [[0], -1], [1, 0])).toEqual([0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]);
  });

  test.each([
    [[5, 4, 4, 3], [[0, 1], [2], 3], 3],
    [[5, 4, 4, 3], [[0, 1], -1, [3]], 3],
    [[5, 4, 4, 3], [[0, 1], -1, [3], 1], 4],
    [[5, 4, 4, 3], [[0], 2, 2, [2], [3]], 5],
    [[5, 4, 4, 3], [[], [0, 1, 2, 3]], 2],
    [[5, 4, 4, 3], [[0, 1, 2, 3]], 1],
    [[5, 4, 4, 3], [-1], 1],
    [[5, 1, 4], [[0], [2]], 2],
    [[5, 1, 4], [[0, 2]], 1],
    [[1, 1], [], 0],
    [[], [], 0],
    [[], [1, -1], 2],
  ])("of %j to %j has rank %i and keeps the order of elements", (input, shape, rank) => {
    const order = Array.from({ length: rank }, (_, axis) => axis);
    const count = input.reduce((a, b) => a * b, 1);
    expect(reshape(input, shape, order)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test.each([
    [[2, 3], [5], "as many elements as in [2, 3]"],
    [[2, 3], [4, -1], "as many elements as in [2, 3]"],
    [[2, 3], [[0], [1], 2], "as many elements as in [2, 3]"],
    [[2, 3], [[0, 1, 2]], "as many elements as in [2, 3]"],
    [[2, 3], [2 ** 53 - 1, 2 ** 53 - 1], "as many elements as in [2, 3]"],
    [[2, 3], [-1, -1], "-1 at most once"],
    [[2, 3], [[1], [0]], "axes in increasing order"],
    [[2, 3, 4], [[0, 0], 4], "axes in increasing order"],
    [[4, 6, 4], [[1], [2], 4], "axes that lie in [6, 4, 4] where they lie in [4, 6, 4]"],
    [[2, 3, 2], [[0], 2, 3], undefined],
    [[2, 2, 3], [2, [0], 3], "axes that lie in [2, 2, 3] where they lie in [2, 2, 3]"],
    [[2, 3, 4], [[0, 2], 3], "axes that lie in [8, 3] where they lie in [2, 3, 4]"],
  ])("of %j to %j: %s", (input, shape, expected) => {
    const bind = () =>
      createCodecPipeline({ shape: input, dataType: "int8", codecs: [{ name: "reshape", configuration: { shape } }] });
    if (expected === undefined) expect(bind().isSync).toBe(true);
    else {
      expect(syncodecError(bind)).toMatchObject({
        code: "INVALID_METADATA",
        reason: "Invalid codecs[0].configuration.shape",
        expected,
      });
    }
  });
});
