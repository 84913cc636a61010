/** What every built-in codec promises. A codec without an entry in the table fails the first test. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { builtInCodecs } from "../../src/codecs/index.js";
import { MetadataError } from "../../src/errors.js";
import { type CodecPipeline, createCodecPipeline, init } from "../../src/index.js";
import {
  type DataType,
  dataTypeByName,
  type NumericDataTypeName,
  type TypedArray,
} from "../../src/metadata/data_type.js";
import { fromPlain } from "../../src/metadata/json.js";
import { parseNamed } from "../../src/metadata/validate.js";
import { jsonType, variableTypes } from "../../src/metadata/variable_types.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import { type Configuration, chainOf, codecSamples, type Samples, variableCodecSamples } from "./samples.js";
import {
  bytesOf,
  dataTypeNames,
  elements,
  flipped,
  shapeArbitrary,
  syncodecError,
  syncodecErrorIfAny,
} from "./support.js";

interface Case {
  readonly shape: readonly number[];
  readonly dataType: NumericDataTypeName;
  readonly data: ReturnType<typeof bytesOf>;
  readonly configuration: Configuration;
}

function cases({ good, dataTypes }: Samples): fc.Arbitrary<Case> {
  return fc.tuple(shapeArbitrary, fc.constantFrom(...(dataTypes ?? dataTypeNames))).chain(([shape, dataType]) =>
    fc.record({
      shape: fc.constant(shape),
      dataType: fc.constant(dataType),
      data: elements(
        dataType,
        shape.reduce((a, b) => a * b, 1),
      ).map(bytesOf),
      configuration: good(shape, dataType),
    }),
  );
}

beforeAll(() => init());

describe.each(Object.entries(variableCodecSamples))("%s", (name, { dataType: typeName, value, bad }) => {
  const dataType = variableTypes.find((type) => type.name === typeName) ?? jsonType;
  const bind = (shape: readonly number[], configuration: Configuration, type: DataType = dataType) =>
    bindCodecs(
      [parseNamed(fromPlain({ name, configuration }), { field: "" })],
      { shape, dataType: type, fillValue: type.defaultFill() },
      { field: "codecs" },
    );
  const stepOf = (shape: readonly number[]) => {
    const [step] = bind(shape, {}).byteSteps;
    if (step?.place !== "serial") throw new TypeError("not a serial codec");
    return step;
  };
  const arrays = shapeArbitrary.chain((shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return fc.record({ shape: fc.constant(shape), values: fc.array(value, { minLength: count, maxLength: count }) });
  });

  test("decodes what it encodes", () => {
    fc.assert(
      fc.property(arrays, ({ shape, values }) => {
        const { encode, decode } = stepOf(shape);
        const encoded = encode(values);
        const skewed = new Uint8Array(encoded.byteLength + 3).subarray(1, encoded.byteLength + 1);
        skewed.set(encoded);
        expect(decode(skewed)).toEqual(values);
      }),
    );
  });

  test("any damage is an error or the right number of elements", () => {
    fc.assert(
      fc.property(arrays, fc.nat(), fc.nat(), ({ shape, values }, bit, cut) => {
        const { encode, decode } = stepOf(shape);
        const encoded = encode(values);
        for (const damaged of [
          flipped(encoded, bit % (8 * encoded.length)),
          encoded.subarray(0, cut % encoded.length),
          Uint8Array.of(...encoded, cut & 255),
        ]) {
          const error = syncodecErrorIfAny(() => expect(decode(damaged)).toHaveLength(values.length));
          if (error !== undefined) expect(error.code).toBe("CORRUPT_DATA");
        }
      }),
    );
  });

  test.each(bad.map((configuration) => [JSON.stringify(configuration), configuration] as const))(
    "refuses %s",
    (_, configuration) => {
      expect(syncodecError(() => bind([2], configuration))).toBeInstanceOf(MetadataError);
    },
  );

  test("refuses other data types", () => {
    expect(syncodecError(() => bind([2], {}, dataTypeByName("int32"))).code).toBe("UNSUPPORTED");
  });
});

test("every built-in codec has an entry", () => {
  expect([...Object.keys(codecSamples), ...Object.keys(variableCodecSamples)].sort()).toEqual(
    builtInCodecs.map(({ name }) => name).sort(),
  );
});

describe.each(Object.entries(codecSamples))("%s", (name, samples) => {
  const smallType = samples.dataTypes?.[0] ?? "uint16";

  test("decodes what it encodes, within its size bound, and changes no input", () => {
    fc.assert(
      fc.property(cases(samples), ({ shape, dataType, data, configuration }) => {
        const type = dataTypeByName(dataType);
        const array = type.view(data.slice().buffer, 0, data.byteLength / type.itemSize);
        const codecs = chainOf(name, configuration);
        const pipeline = createCodecPipeline({ shape, dataType, codecs });
        expect(pipeline.isSync).toBe(true);
        const encoded = pipeline.encodeSync(array, { writeEmptyChunks: true })!;
        expect(bytesOf(array)).toEqual(data);

        const chain = bindCodecs(
          codecs.map((option) => parseNamed(fromPlain(option), { field: "" })),
          { shape, dataType: type, fillValue: type.defaultFill() },
          { field: "codecs" },
        );
        const size = chain.encodedSize;
        if (size.kind === "fixed") expect(encoded.byteLength).toBe(size.bytes);
        if (size.kind === "bounded") expect(encoded.byteLength).toBeLessThanOrEqual(size.bytes);
        expect(pipeline.computeEncodedSize()).toBe(size.kind === "fixed" ? size.bytes : undefined);

        // At an odd address, as a part of something larger.
        const skewed = new Uint8Array(encoded.byteLength + 3).subarray(1, encoded.byteLength + 1);
        skewed.set(encoded);
        const chunk = pipeline.decodeSync(skewed);
        expect(skewed).toEqual(encoded);
        expect(chunk.shape).toEqual(shape);
        if (samples.isLossy) expect(pipeline.encodeSync(chunk.data, { writeEmptyChunks: true })).toEqual(encoded);
        else expect(bytesOf(chunk.data)).toEqual(data);
      }),
      { numRuns: 150 },
    );
  });

  test.each(samples.bad.map((configuration) => [JSON.stringify(configuration), configuration] as const))(
    "refuses %s",
    (_, configuration) => {
      const error = syncodecError(() =>
        createCodecPipeline({ shape: [2, 3], dataType: smallType, codecs: chainOf(name, configuration) }),
      );
      expect(error).toBeInstanceOf(MetadataError);
      expect(error.message).toMatch(/codecs\[[01]\]|Unknown codec/);
    },
  );

  describe("a damaged chunk", () => {
    const pipeline = () =>
      createCodecPipeline({ shape: [2, 3], dataType: smallType, codecs: chainOf(name, samples.small) });
    const data = smallData(smallType);

    test("cut at every byte is an error", () => {
      const { encodeSync, decodeSync } = bound(pipeline());
      const encoded = encodeSync(data);
      for (let length = 0; length < encoded.byteLength; length++) {
        expect(syncodecError(() => decodeSync(encoded.subarray(0, length))).code).toMatch(/CORRUPT|CHECKSUM|INDEX/);
        expect(decodeSync(encoded).data).toEqual(data);
      }
    });

    test("with a byte more never gives other elements", () => {
      const { encodeSync, decodeSync } = bound(pipeline());
      const encoded = encodeSync(data);
      for (const extra of [0, 1, 0x1f, 0xff]) {
        const longer = Uint8Array.of(...encoded, extra);
        if (syncodecErrorIfAny(() => decodeSync(longer)) === undefined) expect(decodeSync(longer).data).toEqual(data);
      }
    });

    test("with any bit flipped is an error, or elements that no checksum protects", () => {
      const { encodeSync, decodeSync } = bound(pipeline());
      const encoded = encodeSync(data);
      let reported = 0;
      for (let bit = 0; bit < encoded.byteLength * 8; bit++) {
        const damaged = flipped(encoded, bit);
        if (syncodecErrorIfAny(() => decodeSync(damaged)) !== undefined) reported++;
        else {
          const chunk = decodeSync(damaged);
          expect([chunk.shape, chunk.data.length]).toEqual([[2, 3], 6]);
          if (samples.detects === "content") expect(chunk.data).toEqual(data);
        }
        expect(decodeSync(encoded).data).toEqual(data);
      }
      if (samples.detects === "all") expect(reported).toBe(encoded.byteLength * 8);
      if (samples.detects === "nothing") expect(reported).toBe(0);
      if (samples.detects === "header") expect(reported).toBeGreaterThan(encoded.byteLength);
    });
  });
});

/** Six elements that every codec keeps. */
function smallData(dataType: NumericDataTypeName): TypedArray {
  const type = dataTypeByName(dataType);
  const data = type.allocate(6);
  const bytes = new Uint8Array(data.buffer);
  const values =
    dataType === "bool" ? [1, 0, 1, 1, 0, 1] : dataType.startsWith("float") ? [1, 2, 3, -64, 0, 0.5] : undefined;
  (values ?? [1, 2, 3, 2 ** (type.itemSize * 8 - 1) - 1, 0, 0x12]).forEach((value, i) => {
    bytes.set(type.encodeScalar(value), i * type.itemSize);
  });
  return data;
}

function bound(pipeline: CodecPipeline) {
  return {
    encodeSync: (data: TypedArray): Uint8Array => pipeline.encodeSync(data)!,
    decodeSync: (bytes: Uint8Array) => pipeline.decodeSync(bytes),
  };
}
