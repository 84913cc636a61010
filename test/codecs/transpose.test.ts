import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteStrides, elementCount } from "../../src/codecs/codec.js";
import { createCodecPipeline } from "../../src/index.js";
import { dataTypeByName, type NumericDataTypeName } from "../../src/metadata/data_type.js";
import { bytesOf, dataTypeNames, elements, syncodecError } from "./support.js";

/** Encoded axis `i` is decoded axis `order[i]`. */
function transposed(
  bytes: Uint8Array,
  shape: readonly number[],
  order: readonly number[],
  itemSize: number,
): Uint8Array {
  const encodedShape = order.map((axis) => shape[axis]!);
  const result = new Uint8Array(bytes.length);
  const strides = byteStrides(shape, 1);
  for (let i = 0; i < elementCount(shape); i++) {
    let rest = i;
    let source = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += (rest % encodedShape[axis]!) * strides[order[axis]!]!;
      rest = Math.floor(rest / encodedShape[axis]!);
    }
    result.set(bytes.subarray(source * itemSize, (source + 1) * itemSize), i * itemSize);
  }
  return result;
}

const pipelineOf = (shape: readonly number[], dataType: NumericDataTypeName, ...orders: (readonly number[])[]) =>
  createCodecPipeline({
    shape,
    dataType,
    codecs: [...orders.map((order) => ({ name: "transpose", configuration: { order } })), "bytes"],
  });

describe("transpose", () => {
  test("[1, 2, 0] of an asymmetric chunk", () => {
    const data = Uint8Array.from({ length: 24 }, (_, i) => i);
    const encoded = pipelineOf([2, 3, 4], "uint8", [1, 2, 0]).encodeSync(data)!;
    // Encoded shape [3, 4, 2]: element [j, k, i] is element [i, j, k].
    expect([...encoded.subarray(0, 8)]).toEqual([0, 12, 1, 13, 2, 14, 3, 15]);
    expect([...encoded.subarray(8, 10)]).toEqual([4, 16]);
  });

  test("is the reference, for every order, shape and data type", () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
    const cases = fc.tuple(shapes, fc.constantFrom(...dataTypeNames)).chain(([shape, dataType]) =>
      fc.record({
        shape: fc.constant(shape),
        dataType: fc.constant(dataType),
        order: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
        data: elements(dataType, elementCount(shape)).map(bytesOf),
      }),
    );
    fc.assert(
      fc.property(cases, ({ shape, dataType, order, data }) => {
        const { itemSize, view } = dataTypeByName(dataType);
        const pipeline = pipelineOf(shape, dataType, order);
        const encoded = pipeline.encodeSync(view(data.slice().buffer, 0, data.length / itemSize), {
          writeEmptyChunks: true,
        })!;
        expect(encoded).toEqual(transposed(data, shape, order, itemSize));
        expect(bytesOf(pipeline.decodeSync(encoded).data)).toEqual(data);
      }),
      { numRuns: 200 },
    );
  });

  test("two of them compose, each bound to the shape that the first one makes", () => {
    const shape = [2, 3, 4];
    const data = Uint16Array.from({ length: 24 }, (_, i) => i);
    const pipeline = pipelineOf(shape, "uint16", [1, 2, 0], [2, 1, 0]);
    const encoded = pipeline.encodeSync(data)!;
    const once = transposed(bytesOf(data), shape, [1, 2, 0], 2);
    expect(encoded).toEqual(transposed(once, [3, 4, 2], [2, 1, 0], 2));
    expect(pipeline.decodeSync(encoded).data).toEqual(data);
  });

  test("of rank 0 and of axes of length 1 changes no bytes", () => {
    expect([...pipelineOf([], "uint8", []).encodeSync(Uint8Array.of(5))!]).toEqual([5]);
    const data = Uint8Array.from({ length: 6 }, (_, i) => i);
    expect(pipelineOf([1, 6, 1], "uint8", [2, 0, 1]).encodeSync(data)).toEqual(data);
  });

  test.each([
    [[0], "2 axes"],
    [[0, 1, 2], "2 axes"],
    [[0, 0], "a permutation of 0 to 1"],
    [[1, 2], "a permutation of 0 to 1"],
    [[], "2 axes"],
  ])("refuses order %j for rank 2", (order, expected) => {
    expect(syncodecError(() => pipelineOf([2, 3], "uint8", order))).toMatchObject({
      name: "MetadataError",
      code: "INVALID_METADATA",
      reason: "Invalid codecs[0].configuration.order",
      expected,
    });
  });

  test("refuses an order that was not fitted to the transposed shape of a shard", () => {
    const sharding = {
      name: "sharding_indexed",
      configuration: { chunk_shape: [1, 3], codecs: ["bytes"], index_codecs: ["bytes"] },
    };
    const codecs = [{ name: "transpose", configuration: { order: [1, 0] } }, sharding];
    const create = (shape: number[]) => createCodecPipeline({ shape, dataType: "uint8", codecs });
    expect(syncodecError(() => create([2, 3]))).toMatchObject({
      code: "INVALID_METADATA",
      expected: "a shape that divides the shard's [3, 2]",
    });
    const data = Uint8Array.from({ length: 6 }, (_, i) => i);
    expect(create([3, 2]).decodeSync(create([3, 2]).encodeSync(data)!).data).toEqual(data);
  });
});
