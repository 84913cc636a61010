import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lz4Sequence, lz4Block, lz4Decode } from "../reference/lz4.js";
import { Arena, builds, skew } from "./arena.js";
import { compressible, damages, decodeGuarded } from "./streams.js";

const bound = (length: number) => length + Math.floor(length / 255) + 16;

/** Sequences whose distances may lie before the start. */
const sequences: fc.Arbitrary<Lz4Sequence[]> = fc
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
  .map(([list, literals]) => [{ literals: literals.slice(0, 30), distance: 1, match: 4 }, ...list, { literals }]);

describe.each(builds)("lz4Decode (%s)", (_name, kernels) => {
  const decode = (src: Uint8Array, dstLength: number, dstSkew = 0) =>
    decodeGuarded(kernels, kernels.lz4Decode, src, dstLength, dstSkew);

  it("gives and refuses what the reference does, into any room", () => {
    fc.assert(
      fc.property(sequences, fc.nat(64), skew, (list, room, offset) => {
        const block = lz4Block(list);
        const whole = lz4Decode(block, Infinity);
        const length = typeof whole === "number" ? 1000 : whole.length;
        for (const dstLength of [length, length + room, Math.max(length - room, 0)])
          expect(decode(block, dstLength, offset)).toEqual(lz4Decode(block, dstLength));
      }),
      { numRuns: 500 },
    );
  });

  it("treats damaged blocks as the reference does", () => {
    fc.assert(
      fc.property(sequences, damages, fc.nat(3000), skew, (list, damage, dstLength, offset) => {
        const block = damage(lz4Block(list));
        expect(decode(block, dstLength, offset)).toEqual(lz4Decode(block, dstLength));
      }),
      { numRuns: 3000 },
    );
  });

  it("treats random bytes as the reference does", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(400), skew, (block, dstLength, offset) => {
        expect(decode(block, dstLength, offset)).toEqual(lz4Decode(block, dstLength));
      }),
      { numRuns: 1000 },
    );
  });

  it("takes every distance at every length, at the end of dst too", () => {
    for (let distance = 1; distance <= 33; distance++) {
      for (let match = 4; match <= 80; match += distance % 3 === 0 ? 1 : 3) {
        const literals = Array.from({ length: distance }, (_, i) => 3 * i + 1);
        for (const last of [[], [1, 2, 3, 4, 5]]) {
          const block = lz4Block([{ literals, distance, match }, { literals: last }]);
          expect(decode(block, distance + match + last.length)).toEqual(lz4Decode(block, Infinity));
        }
      }
    }
  });

  it("refuses lengths that wrap 32 bits", () => {
    // 2^32 is 15 + 16843008 * 255 + 241.
    for (const token of [0xf0, 0x1f]) {
      const block = new Uint8Array(16843020).fill(255);
      block.set(token === 0xf0 ? [token] : [token, 7, 1, 0]);
      block[token === 0xf0 ? 16843009 : 16843012] = 241;
      const memory = kernels.memory;
      memory.grow(260);
      const pointer = memory.buffer.byteLength - block.length;
      new Uint8Array(memory.buffer).set(block, pointer);
      expect(kernels.lz4Decode(kernels.heapBase + 64, 1000, pointer, block.length)).toBe(-1);
    }
  });

  it("refuses no bytes, and lengths that are negative", () => {
    expect(decode(new Uint8Array(0), 10)).toBe(-1);
    expect(decode(Uint8Array.of(0), 0)).toEqual(new Uint8Array(0));
    expect(kernels.lz4Decode(0, -1, 0, 1)).toBe(-1);
    expect(kernels.lz4Decode(0, 1, 0, -1)).toBe(-1);
  });
});

describe.each(builds)("lz4Encode (%s)", (_name, kernels) => {
  const encode = (data: Uint8Array, dstLength: number, acceleration = 1, srcSkew = 0, dstSkew = 0) => {
    const arena = new Arena(kernels);
    const src = arena.input(data, srcSkew);
    const dst = arena.output(dstLength, dstSkew);
    const length = kernels.lz4Encode(dst, dstLength, src, data.length, acceleration);
    arena.check();
    return arena.read(dst, length);
  };

  it("encodes what the reference decodes, within the bound", () => {
    fc.assert(
      fc.property(compressible, fc.constantFrom(1, 2, 10, 65537), skew, skew, (data, acceleration, a, b) => {
        const block = encode(data, bound(data.length), acceleration, a, b);
        expect(block.length).toBeGreaterThan(0);
        expect(lz4Decode(block, data.length)).toEqual(data);
      }),
      { numRuns: 500 },
    );
  });

  it("returns 0 exactly where the block does not fit", () => {
    fc.assert(
      fc.property(compressible, skew, (data, offset) => {
        const block = encode(data, bound(data.length));
        expect(encode(data, block.length, 1, offset, 15 - offset)).toEqual(block);
        for (const less of [1, 2, 3, 8, 17, 100]) {
          if (block.length >= less) expect(encode(data, block.length - less, 1, offset).length).toBe(0);
        }
      }),
    );
  });

  it("ends blocks as decoders need it: 5 literals, and no match in the last 12 bytes", () => {
    for (let length = 0; length < 100; length++) {
      const block = encode(new Uint8Array(length), bound(length));
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
      const block = encode(data, bound(data.length));
      expect(lz4Decode(block, data.length)).toEqual(data);
      // The zeros between take 258 bytes, each word that is not found at least 64.
      expect(block.length < 258 + 2 * 64).toBe(found);
    }
  });

  it("clears what an earlier call has left", () => {
    const noise = Uint8Array.from({ length: 70000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
    const first = encode(noise, bound(noise.length));
    encode(new Uint8Array(200000), 2000);
    expect(encode(noise, bound(noise.length))).toEqual(first);
    expect(lz4Decode(first, noise.length)).toEqual(noise);
  });
});
