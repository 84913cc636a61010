import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SnappyElement, snappyDecode, snappyStream } from "../reference/snappy.js";
import { builds } from "./arena.js";
import { decodeGuarded, encodeGuarded, expectSame, testDecoder, testEncoder } from "./streams.js";

const bound = (length: number) => 32 + length + Math.floor(length / 6);

const literals: fc.Arbitrary<SnappyElement> = fc.oneof(
  fc
    .array(fc.nat(255), { minLength: 1, maxLength: 60 })
    .chain((bytes) => fc.record({ literals: fc.constant(bytes), countBytes: fc.constantFrom(0, 1, 2, 3, 4) })),
  fc
    .array(fc.nat(255), { minLength: 61, maxLength: 300 })
    .chain((bytes) => fc.record({ literals: fc.constant(bytes), countBytes: fc.constantFrom(2, 3, 4) })),
);

const match: fc.Arbitrary<SnappyElement> = fc.oneof(
  fc.record({
    match: fc.integer({ min: 4, max: 11 }),
    distance: fc.oneof(fc.nat(24), fc.nat(2047)),
    distanceBytes: fc.constant<1>(1),
  }),
  fc.record({
    match: fc.integer({ min: 1, max: 64 }),
    distance: fc.oneof(fc.nat(24), fc.nat(800)),
    distanceBytes: fc.constantFrom<2 | 4>(2, 4),
  }),
);

function lengthOf(elements: readonly SnappyElement[]): number {
  return elements.reduce((sum, each) => sum + ("literals" in each ? each.literals.length : each.match), 0);
}

/** Streams in which a match may begin before the start, and the length at the beginning may be wrong. */
const streams: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    literals,
    fc.array(fc.oneof(literals, match, match), { maxLength: 12 }),
    fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 3 })),
  )
  .map(([first, list, error]) => {
    const elements = [first, ...list];
    return snappyStream(Math.max(lengthOf(elements) + error, 0), elements);
  });

const text = new TextEncoder().encode("the cat sat on the mat and the hat; ".repeat(30)).subarray(0, 1000);

describe.each(builds)("snappyDecode (%s)", (_name, kernels) => {
  const decode = (stream: Uint8Array, dstLength: number) =>
    decodeGuarded(kernels, kernels.snappyDecode, stream, dstLength);

  testDecoder(kernels, kernels.snappyDecode, snappyDecode, streams);

  it("decodes what libsnappy wrote", () => {
    const hex = `e807387468652063617420736174206f6e20010f186d617420616e64050c0c6861743b0509${"fe2400".repeat(15)}`;
    expect(decode(Buffer.from(hex, "hex"), 1000)).toEqual(text);
  });

  it("takes every distance at every length, at the end of dst too", () => {
    for (let distance = 1; distance <= 33; distance++) {
      const first: SnappyElement = { literals: Array.from({ length: distance }, (_, i) => 3 * i + 1), countBytes: 0 };
      for (let length = 1; length <= 64; length++) {
        const stream = snappyStream(distance + length, [first, { match: length, distance, distanceBytes: 2 }]);
        expect(decode(stream, distance + length)).toEqual(snappyDecode(stream, distance + length));
      }
    }
  });

  it("refuses a length at the beginning that is not the stream's, too large or too long", () => {
    const element: SnappyElement = { literals: [1, 2, 3], countBytes: 0 };
    expect(decode(snappyStream(3, [element]), 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(decode(snappyStream(2, [element]), 9)).toBe(-2);
    expect(decode(snappyStream(4, [element]), 9)).toBe(-1);
    expect(decode(snappyStream(3, [element]), 2)).toBe(-1);
    for (const preamble of [[], [128], [0x83, 128, 128, 128, 16], [0x83, 128, 128, 128, 128, 0], Array(60).fill(255)]) {
      expect(decode(Uint8Array.of(...preamble, 8, 1, 2, 3), 1000)).toBeLessThan(0);
    }
    // Zeros that say nothing are legal.
    expect(decode(Uint8Array.of(0x83, 128, 128, 0, 8, 1, 2, 3), 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(decode(Uint8Array.of(0), 0)).toEqual(new Uint8Array(0));
  });

  it("refuses a count of literals that wraps 32 bits", () => {
    expect(decode(Uint8Array.of(3, 0xfc, 255, 255, 255, 255, 1, 2, 3), 1000)).toBe(-2);
  });
});

describe.each(builds)("snappyEncode (%s)", (_name, kernels) => {
  testEncoder(kernels, kernels.snappyEncode, snappyDecode, bound);

  const encode = (data: Uint8Array) => encodeGuarded(kernels, kernels.snappyEncode, data, bound(data.length));

  it("writes the length first", () => {
    expect(encode(new Uint8Array(0))).toEqual(Uint8Array.of(0));
    expect(encode(Uint8Array.of(7))).toEqual(Uint8Array.of(1, 0, 7));
    expect([...encode(new Uint8Array(300)).subarray(0, 2)]).toEqual([0xac, 2]);
  });

  it("finds matches up to 65535 bytes back, and none further", () => {
    const word = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) ^ (i >> 1));
    for (const [distance, found] of [
      [65535, true],
      [65536, false],
    ] as const) {
      const data = new Uint8Array(distance + 100);
      data.set(word, 1);
      data.set(word, 1 + distance);
      const stream = encode(data);
      expectSame(snappyDecode(stream, data.length), data);
      // The zeros between take 3 bytes for 64, each word that is not found at least 64.
      expect(stream.length < (3 * distance) / 64 + 2 * 64).toBe(found);
    }
  });

  it("writes literals of every count", () => {
    const noise = Uint8Array.from({ length: 70000 }, (_, i) => Math.imul(i ^ (i << 7), 0x9e3779b1) >>> 21);
    for (const length of [1, 59, 60, 61, 62, 255, 256, 257, 258, 65536, 65537, 70000]) {
      const data = noise.subarray(0, length);
      expectSame(snappyDecode(encode(data), length), data);
    }
  });
});
