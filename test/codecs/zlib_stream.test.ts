import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ByteSize } from "../../src/codecs/codec.js";
import { deflateZlib, inflatePortable, inflateZlib } from "../../src/codecs/zlib_stream.js";
import { fromHex, join, syncodecError } from "./support.js";

const sizes = (bytes: number): ByteSize[] => [
  { kind: "fixed", bytes },
  { kind: "bounded", bytes: bytes + 5 },
  { kind: "unbounded" },
];

const ascending = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);
/** Random enough that its encoded form is longer than what goes to fflate in Node. */
const long = Uint8Array.from({ length: 3000 }, (_, i) => Math.imul(i, 2654435761) >>> 11);

const decoders = [
  ["the host", inflateZlib],
  ["fflate", inflatePortable],
] as const;

describe.each(decoders)("in %s", (_, inflate) => {
  test("decodes what node:zlib encodes, as part of something larger", () => {
    for (const data of [new Uint8Array(0), ascending(1), ascending(20), long, new Uint8Array(100_000)]) {
      for (const level of [0, 1, 6, 9]) {
        const stored = join([9], deflateSync(data, { level }), [9]);
        for (const size of sizes(data.length))
          expect(Uint8Array.from(inflate(stored.subarray(1, -1), size))).toEqual(data);
        expect(stored[0]).toBe(9);
      }
    }
  });

  test("a wrong header, checksum or length, and bytes after the end, are errors", () => {
    for (const data of [ascending(20), long]) {
      const encoded = deflateSync(data);
      const changed = (position: number, value: number): Uint8Array => {
        const copy = Uint8Array.from(encoded);
        copy[position] = value;
        return copy;
      };
      const bad = [
        changed(0, 0x79), // compression method 9
        changed(0, 0x88), // window of 64 KiB
        changed(1, encoded[1]! ^ 1), // header checksum
        fromHex("78bb"), // dictionary
        ...[1, 2, 3, 4].map((i) => changed(encoded.length - i, encoded[encoded.length - i]! ^ 0x10)),
        ...[[0], [0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7]].map((junk) => join(encoded, junk)),
        ...Array.from({ length: encoded.length }, (_, length) => encoded.subarray(0, length)),
      ];
      for (const bytes of bad) {
        for (const size of sizes(data.length))
          expect(syncodecError(() => inflate(bytes, size)).code).toBe("CORRUPT_DATA");
      }
    }
  });

  test("too many bytes are an error", () => {
    for (const data of [ascending(20), long]) {
      const limit = data.length - 1;
      for (const size of [
        { kind: "fixed", bytes: limit },
        { kind: "bounded", bytes: limit },
      ] as const)
        expect(syncodecError(() => inflate(deflateSync(data), size)).code).toBe("CORRUPT_DATA");
    }
  });
});

test("too few bytes are an error", () => {
  for (const data of [ascending(20), long]) {
    expect(
      syncodecError(() => inflateZlib(deflateSync(data), { kind: "fixed", bytes: data.length + 1 })),
    ).toMatchObject({
      expected: data.length + 1,
      found: data.length,
    });
  }
});

test("levels -1 to 9 are readable by node:zlib, and no result keeps a larger buffer", () => {
  for (let level = -1; level <= 9; level++) {
    const encoded = deflateZlib(long, level);
    expect(Uint8Array.from(inflateSync(encoded))).toEqual(long);
    expect(encoded.buffer.byteLength).toBe(encoded.byteLength);
  }
});
