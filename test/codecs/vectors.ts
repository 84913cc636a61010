/** Test vectors: one chunk of a one-dimensional array, by another engine. */

import { expect } from "vitest";
import { type CodecPipeline, createCodecPipeline } from "../../src/index.js";
import { dataTypeByName, type NumericDataTypeName, type Scalar } from "../../src/metadata/data_type.js";
import { type JsonObject, parseJson } from "../../src/metadata/json.js";
import { numericTypes } from "../../src/metadata/numeric_types.js";
import { bytesOf, fromHex } from "./support.js";

/** Bytes are little-endian. */
export interface Vector {
  readonly dataType: NumericDataTypeName;
  readonly configuration: JsonObject;
  readonly elements: Uint8Array;
  readonly encoded: Uint8Array;
  readonly decoded: Uint8Array;
}

/** One vector a line: `data-type configuration elements -> encoded`, and `-> decoded` where the elements change; with its line for a name. */
export function parseVectors(text: string): (readonly [line: string, vector: Vector])[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [, name, json = "", elements = "", encoded = "", decoded = elements] =
        /^(\S+) (\{.*\}) (\S+) -> (\S+)(?: -> (\S+))?$/.exec(line) ?? [];
      const dataType = numericTypes.find((each) => each.name === name)?.name;
      const configuration = parseJson(json);
      if (dataType === undefined || !(configuration instanceof Map)) throw new Error(`no vector: ${line}`);
      const bytes = { elements: fromHex(elements), encoded: fromHex(encoded), decoded: fromHex(decoded) };
      return [line, { dataType, configuration, ...bytes }];
    });
}

/** A configuration from JSON that JavaScript would not keep: `1.0`, `-0`, integers of 64 bits. */
export function configurationOf(json: string): Readonly<Record<string, unknown>> {
  const configuration = parseJson(json);
  if (!(configuration instanceof Map)) throw new Error(`no configuration: ${json}`);
  return Object.fromEntries(configuration);
}

/** The codec and `bytes`, for `length` elements. */
export function pipelineOf(
  name: string,
  configuration: Readonly<Record<string, unknown>>,
  dataType: NumericDataTypeName,
  length: number,
  fillValue?: Scalar,
): CodecPipeline<NumericDataTypeName> {
  return createCodecPipeline({
    shape: [length],
    dataType,
    ...(fillValue === undefined ? {} : { fillValue }),
    codecs: [{ name, configuration }, "bytes"],
  });
}

/** Checks both directions of a vector with the pipeline of its codec. */
export function checkVector(
  { dataType, configuration, elements, encoded, decoded }: Vector,
  pipeline: (
    configuration: Readonly<Record<string, unknown>>,
    dataType: NumericDataTypeName,
    length: number,
  ) => CodecPipeline<NumericDataTypeName>,
): void {
  const type = dataTypeByName(dataType);
  const length = elements.length / type.itemSize;
  const bound = pipeline(Object.fromEntries(configuration), dataType, length);
  expect(bound.computeEncodedSize()).toBe(encoded.length);
  const array = type.view(elements.slice().buffer, 0, length);
  expect(bound.encodeSync(array, { writeEmptyChunks: true })).toEqual(encoded);
  expect(bytesOf(bound.decodeSync(encoded).data)).toEqual(decoded);
}
