/** What every built-in codec promises. A codec without samples fails the first test. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { builtInCodecs } from "../../src/codecs/index.js";
import { MetadataError } from "../../src/errors.js";
import { createCodecPipeline, init } from "../../src/index.js";
import { type DataTypeName, dataTypeByName } from "../../src/metadata/data_type.js";
import { fromPlain } from "../../src/metadata/json.js";
import { parseNamed } from "../../src/metadata/validate.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import { type Configuration, chainOf, codecSamples, type Samples } from "./samples.js";
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
  readonly dataType: DataTypeName;
  readonly data: ReturnType<typeof bytesOf>;
  readonly configuration: Configuration;
}

function cases({ good }: Samples): fc.Arbitrary<Case> {
  return fc.tuple(shapeArbitrary, fc.constantFrom(...dataTypeNames)).chain(([shape, dataType]) =>
    fc.record({
      shape: fc.constant(shape),
      dataType: fc.constant(dataType),
      data: elements(
        dataType,
        shape.reduce((a, b) => a * b, 1),
      ).map(bytesOf),
      configuration: good(shape),
    }),
  );
}

beforeAll(() => init());

test("every built-in codec has an entry", () => {
  expect(Object.keys(codecSamples).sort()).toEqual(builtInCodecs.map(({ name }) => name).sort());
});

describe.each(Object.entries(codecSamples))("%s", (name, samples) => {
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
        expect(bytesOf(chunk.data)).toEqual(data);
        expect(chunk.shape).toEqual(shape);
      }),
      { numRuns: 150 },
    );
  });

  test.each(samples.bad.map((configuration) => [JSON.stringify(configuration), configuration] as const))(
    "refuses %s",
    (_, configuration) => {
      const error = syncodecError(() =>
        createCodecPipeline({ shape: [2, 3], dataType: "uint16", codecs: chainOf(name, configuration) }),
      );
      expect(error).toBeInstanceOf(MetadataError);
      expect(error.message).toMatch(/codecs\[[01]\]|Unknown codec/);
    },
  );

  describe("a damaged chunk", () => {
    const pipeline = () =>
      createCodecPipeline({ shape: [2, 3], dataType: "uint16", codecs: chainOf(name, samples.small) });
    const data = Uint16Array.of(1, 2, 3, 0xffff, 0, 0x1234);

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
    });
  });
});

function bound(pipeline: ReturnType<typeof createCodecPipeline<"uint16">>) {
  return {
    encodeSync: (data: Uint16Array): Uint8Array => pipeline.encodeSync(data)!,
    decodeSync: (bytes: Uint8Array) => pipeline.decodeSync(bytes),
  };
}
