import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lz4Sequence, lz4Block, lz4Decode } from "../reference/lz4.js";
import type { AllKernels } from "../support/all_kernels.js";
import { builds } from "./arena.js";
import { decodeGuarded, encodeGuarded, expectSame, testDecoder, testEncoder } from "./streams.js";

const bound = (length: number) => length + Math.floor(length / 255) + 16;

/** Blocks in which a match may begin before the start. */
const blocks: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.array(
      fc.record({
        literals: fc.array(fc.nat(255), { maxLength: 20 }),
        distance: fc.oneof(fc.integer({ min: 1, max: 24 }), fc.nat(400)),
        match: fc.oneof(fc.integer({ min: 4, max: 40 }), fc.integer({ min: 4, max: 600 })),
      }),
      { maxLength: 6 },
    ),
    fc.array(fc.nat(255), { maxLength: 600 }),
  )
  .map(([list, literals]): Lz4Sequence[] => [
    { literals: [...literals, 7].slice(0, 30), distance: 1, match: 4 },
    ...list,
    { literals },
  ])
  .map(lz4Block);

describe.each(builds)("lz4Decode (%s)", (_name, kernels) => {
  testDecoder(kernels, kernels.lz4Decode, lz4Decode, blocks);

  it("takes every distance at every length, at the end of dst too", () => {
    for (let distance = 1; distance <= 33; distance++) {
      const literals = Array.from({ length: distance }, (_, i) => 3 * i + 1);
      for (let match = 4; match <= 80; match++) {
        const last = match % 2 === 0 ? [] : [1, 2, 3, 4, 5];
        const block = lz4Block([{ literals, distance, match }, { literals: last }]);
        const length = distance + match + last.length;
        expect(decodeGuarded(kernels, kernels.lz4Decode, block, length)).toEqual(lz4Decode(block, length));
      }
    }
  });

  it("refuses lengths that wrap 32 bits", () => {
    // 15 + 16843008 * 255 + 241 = 2^32.
    const more = new Uint8Array(16843009).fill(255);
    more[16843008] = 241;
    kernels.memory.grow(258);
    for (const head of [[0xf0], [0x1f, 7, 1, 0]]) {
      const memory = new Uint8Array(kernels.memory.buffer);
      const src = memory.length - more.length - head.length;
      memory.set(head, src);
      memory.set(more, src + head.length);
      expect(kernels.lz4Decode(kernels.heapBase, 1000, src, head.length + more.length)).toBe(-1);
    }
  });

  it("refuses no bytes at all, and takes a block of none", () => {
    expect(decodeGuarded(kernels, kernels.lz4Decode, new Uint8Array(0), 10)).toBe(-1);
    expect(decodeGuarded(kernels, kernels.lz4Decode, Uint8Array.of(0), 0)).toEqual(new Uint8Array(0));
  });
});

/** The two encoders, each with settings from fast to thorough. */
function encodersOf({ lz4Encode, lz4EncodeHigh }: AllKernels) {
  return [
    ["lz4Encode", lz4Encode, [1, 10, 65537], [-5, 2 ** 31 - 1]],
    ["lz4EncodeHigh", lz4EncodeHigh, [12, 5, 1], [99, -1]],
  ] as const;
}

describe.each(builds)("encoders (%s)", (_name, kernels) => {
  describe.each(encodersOf(kernels))("%s", (_kernel, kernel, settings, outside) => {
    const encoder =
      (setting: number) =>
      (dst: number, dstLength: number, src: number, srcLength: number): number =>
        kernel(dst, dstLength, src, srcLength, setting);
    const encode = (data: Uint8Array, setting: number = settings[0]) =>
      encodeGuarded(kernels, encoder(setting), data, bound(data.length));

    describe.each(settings)("with %i", (setting) => {
      testEncoder(kernels, encoder(setting), lz4Decode, bound);
    });

    it("takes settings out of range as the nearest in it", () => {
      const data = Uint8Array.from({ length: 20000 }, (_, i) => Math.imul(i ^ (i >> 4), 0x9e3779b1) >>> 29);
      const [best, , worst] = settings;
      expectSame(encode(data, outside[0]), encode(data, best));
      expectSame(encode(data, outside[1]), encode(data, worst));
      expect(encode(data, best).length).toBeLessThan(encode(data, worst).length);
    });

    it("ends blocks as decoders need it: 5 literals, and no match in the last 12 bytes", () => {
      for (let length = 0; length < 100; length++) {
        const block = encode(new Uint8Array(length));
        expect(lz4Decode(block, length)).toEqual(new Uint8Array(length));
        if (length < 13) expect(block.length).toBe(1 + length);
        else {
          // One literal, one match at distance 1, the last five literals.
          expect([...block.subarray(1, 4)]).toEqual([0, 1, 0]);
          expect([...block.subarray(-6)]).toEqual([0x50, 0, 0, 0, 0, 0]);
        }
      }
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
        const block = encode(data);
        expectSame(lz4Decode(block, data.length), data);
        // The zeros between take 258 bytes, each word that is not found at least 64.
        expect(block.length < 258 + 2 * 64).toBe(found);
      }
    });
  });

  const text = new TextEncoder().encode("the cat sat on the mat and the hat; ".repeat(30)).subarray(0, 1000);

  it("lz4Encode is byte for byte LZ4_compress_fast", () => {
    const encode = (dst: number, dstLength: number, src: number, srcLength: number) =>
      kernels.lz4Encode(dst, dstLength, src, srcLength, 1);
    expect(Buffer.from(encodeGuarded(kernels, encode, text, bound(1000))).toString("hex")).toBe(
      "f0007468652063617420736174206f6e200f00716d617420616e640c00416861743b09000f2400ffffffab50616e642074",
    );
  });

  it("lz4EncodeHigh takes the longer match of two", () => {
    // "abcd" is there, but "bcdefghij" is longer.
    const data = new TextEncoder().encode("bcdefghij +abcd-*abcdefghij and the end of it");
    const greedy = encodeGuarded(kernels, (a, b, c, d) => kernels.lz4Encode(a, b, c, d, 1), data, bound(data.length));
    const lazy = encodeGuarded(kernels, (a, b, c, d) => kernels.lz4EncodeHigh(a, b, c, d, 3), data, bound(data.length));
    expectSame(lz4Decode(lazy, data.length), data);
    expect(lazy.length).toBeLessThan(greedy.length);
  });
});
