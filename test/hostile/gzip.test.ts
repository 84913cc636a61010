/** Row G1: bombs, trailers that lie, streams that are cut, several members. */

import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { gunzipPortable } from "../../src/codecs/gzip.js";
import { createCodecPipeline, init } from "../../src/index.js";
import { fromHex, join, syncodecError } from "../codecs/support.js";
import { expectRefused, type RowOptions } from "./support.js";

const ascending = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);
/** Random enough that its gzip form is longer than what goes to fflate in Node. */
const long = Uint8Array.from({ length: 3000 }, (_, i) => Math.imul(i, 2654435761) >>> 11);

describe("in an array", () => {
  beforeAll(() => init());

  const options: RowOptions = { codecs: ["bytes", "gzip"] };
  const four = gzipSync(Uint8Array.of(1, 2, 3, 4));
  const changed = (position: number, value: number) => Uint8Array.from(four).fill(value, position, position + 1);
  const refused: readonly (readonly [string, Uint8Array])[] = [
    ["a bomb of 1000:1", gzipSync(new Uint8Array(2 ** 20), { level: 9 })],
    ["an ISIZE that lies", changed(four.length - 4, 5)],
    ["a wrong CRC", changed(four.length - 8, four.at(-8)! ^ 1)],
    ["a member too many", join(four, gzipSync(Uint8Array.of(5)))],
    ["a second member that is cut", join(four, four.subarray(0, 12))],
    ["a stream cut in its data", four.subarray(0, four.length - 9)],
    ["a stream cut in its trailer", four.subarray(0, four.length - 1)],
    ["only a header", four.subarray(0, 10)],
    ["no bytes", new Uint8Array(0)],
    ["too few elements", gzipSync(Uint8Array.of(1, 2, 3))],
    ["trailing bytes", join(four, [0])],
    ["another format", fromHex("789c636462660100 0018000b")],
  ];
  test.each(refused)("G1: %s", async (_, value) => {
    await expectRefused(options, value, { code: "CORRUPT_DATA", details: { codec: "gzip" } });
  });
});

/** The two decoders; `length` is that of the chunk. */
const decoders: readonly (readonly [string, (encoded: Uint8Array, length: number) => Uint8Array])[] = [
  [
    "codec",
    (encoded, length) =>
      createCodecPipeline({ shape: [length], dataType: "uint8", codecs: ["bytes", "gzip"] }).decodeSync(encoded).data,
  ],
  ["fflate", (encoded, length) => gunzipPortable(encoded, { kind: "fixed", bytes: length })],
];

describe.each(decoders)("in the %s", (_, decode) => {
  test.each([
    ["short", ascending(20)],
    ["long", long],
  ])("G1: a wrong CRC-32, a length that lies and trailing bytes in a %s chunk are errors", (_, data) => {
    const encoded = gzipSync(data);
    const decoded = (change: (copy: Uint8Array) => Uint8Array) =>
      syncodecError(() => decode(change(Uint8Array.from(encoded)), data.length)).code;
    const set = (position: number) => (copy: Uint8Array) => {
      copy[copy.length - position]! ^= 0x10;
      return copy;
    };
    for (const position of [1, 2, 3, 4, 5, 6, 7, 8]) expect(decoded(set(position))).toBe("CORRUPT_DATA");
    for (const junk of [[0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 1, 2], [1], [0x1f, 0x8b], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]])
      expect(decoded((copy) => join(copy, junk))).toBe("CORRUPT_DATA");
    expect(decoded((copy) => join(copy, gzipSync(Uint8Array.of(1))))).toBe("CORRUPT_DATA");
    for (const flag of [0x20, 0x40, 0x80]) {
      expect(
        decoded((copy) => {
          copy[3] = flag;
          return copy;
        }),
      ).toBe("CORRUPT_DATA");
    }
  });

  test("G1: cut at every byte is an error", () => {
    for (const data of [ascending(20), long]) {
      const encoded = gzipSync(data);
      for (let length = 0; length < encoded.length; length++)
        expect(syncodecError(() => decode(encoded.subarray(0, length), data.length)).code).toBe("CORRUPT_DATA");
    }
  });

  test("G1: the size that the metadata declares bounds a bomb", () => {
    const bomb = gzipSync(new Uint8Array(64 * 2 ** 20), { level: 9 });
    const liar = Uint8Array.from(bomb);
    new DataView(liar.buffer).setUint32(liar.length - 4, 1000, true);
    for (const encoded of [bomb, liar]) {
      const before = process.memoryUsage();
      expect(syncodecError(() => decode(encoded, 1000)).code).toBe("CORRUPT_DATA");
      const after = process.memoryUsage();
      expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32 * 2 ** 20);
    }
    expect(decode(gzipSync(ascending(1000)), 1000)).toEqual(ascending(1000));
  });
});
