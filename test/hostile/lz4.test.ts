/** Row L1: LZ4 blocks whose length prefix, literals or matches lie. */

import { beforeAll, describe, expect, test } from "vitest";
import { createCodecPipeline, init } from "../../src/index.js";
import { join, syncodecError } from "../codecs/support.js";
import { lz4Block } from "../reference/lz4.js";
import { expectRefused, type RowOptions } from "./support.js";

beforeAll(() => init());

const word = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
/** Four bytes, as literals. */
const four = lz4Block([{ literals: [1, 2, 3, 4] }]);
const most = 2 ** 32 - 1;

const refused: readonly (readonly [string, Uint8Array])[] = [
  ["no bytes", new Uint8Array(0)],
  ["only the length", Uint8Array.from(word(4))],
  ["a length of 3", join(word(3), four)],
  ["a length of 5", join(word(5), four)],
  ["a length of 2^31", join(word(2 ** 31), four)],
  ["a length of 2^32 - 1", join(word(most), four)],
  ["no length", four],
  ["literals cut short", join(word(4), four.subarray(0, 4))],
  ["more literals than the length says", join(word(4), lz4Block([{ literals: [1, 2, 3, 4, 5] }]))],
  ["fewer literals than the length says", join(word(4), lz4Block([{ literals: [1, 2, 3] }]))],
  ["trailing bytes", join(word(4), four, [0])],
  ["a match before the start", join(word(4), [0x00, 1, 0, 0])],
  ["a match before the start, behind a literal", join(word(4), [0x10, 9, 2, 0, 0])],
  ["a distance of 0", join(word(4), [0x10, 9, 0, 0, 0])],
  ["a match that goes on past the chunk", join(word(4), [0x1f, 9, 1, 0, 200, 0])],
  ["a run of literals without an end", join(word(4), [0xf0], Array<number>(2000).fill(255))],
  ["a run of a match without an end", join(word(4), [0x1f, 9, 1, 0], Array<number>(2000).fill(255))],
  ["a match at the end of the block", join(word(5), [0x10, 9, 1, 0])],
];

describe.each(["lz4", "numcodecs.lz4"])("%s", (codec) => {
  const options: RowOptions = { codecs: ["bytes", codec] };
  test.each(refused)("L1: %s", async (_, value) => {
    await expectRefused(options, value, { code: "CORRUPT_DATA", details: { codec: "numcodecs.lz4" } });
  });
});

/** Their length runs add up to more than 2^32, where a kernel that adds 32-bit numbers would begin anew. */
test.each([
  ["literals", [0xf0]],
  ["a match", [0x1f, 9, 1, 0]],
])("L1: a length run of %s that wraps 32 bits", (_, start) => {
  const value = join(word(4), start, new Uint8Array(2 ** 24 + 2 ** 20).fill(255));
  const pipeline = createCodecPipeline({ shape: [4], dataType: "uint8", codecs: ["bytes", "lz4"] });
  expect(syncodecError(() => pipeline.decodeSync(value))).toMatchObject({ code: "CORRUPT_DATA", offset: 4 });
  expect(pipeline.decodeSync(join(word(4), four)).data).toEqual(Uint8Array.of(1, 2, 3, 4));
});
