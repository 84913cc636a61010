/** What the codec tests share: chunks of random bytes, and the error that a call must throw. */

import fc from "fast-check";
import { expect } from "vitest";

export { flipped, fromHex, join } from "../support/bytes.js";
export { dataTypeNames } from "../support/data_types.js";
export { inflateHost } from "../support/inflate_host.js";

import { SyncodecError } from "../../src/errors.js";
import { dataTypeByName, type NumericDataTypeName, type TypedArray } from "../../src/metadata/data_type.js";

export const shapeArbitrary: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });

/** `count` elements of any bit pattern that the type has. */
export function elements(dataType: NumericDataTypeName, count: number): fc.Arbitrary<TypedArray> {
  const { itemSize, view } = dataTypeByName(dataType);
  const byte = fc.integer({ min: 0, max: dataType === "bool" ? 1 : 255 });
  return fc
    .array(byte, { minLength: count * itemSize, maxLength: count * itemSize })
    .map((bytes) => view(Uint8Array.from(bytes).buffer, 0, count));
}

/** The bytes under a typed array: what is compared, so that NaN payloads and the sign of zero count. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

/** The {@link SyncodecError} that `body` throws; any other outcome fails the test. */
export function syncodecError(body: () => unknown): SyncodecError {
  let result: unknown;
  try {
    result = body();
  } catch (error) {
    if (error instanceof SyncodecError) return error;
    throw new Error(`expected a SyncodecError, not ${error}`, { cause: error });
  }
  return expect.fail(`expected a SyncodecError, not ${JSON.stringify(result)?.slice(0, 200)}`);
}

/** As {@link syncodecError}, or `undefined` where the call succeeds. */
export function syncodecErrorIfAny(body: () => unknown): SyncodecError | undefined {
  try {
    body();
    return undefined;
  } catch (error) {
    if (error instanceof SyncodecError) return error;
    throw new Error(`expected a SyncodecError or a result, not ${error}`, { cause: error });
  }
}
