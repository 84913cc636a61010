import { constants, deflateRawSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inflate } from "../reference/inflate.js";
import { Arena, builds, skew } from "./arena.js";

const full = -(2 ** 31);

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;

/** Data of every kind of redundancy: noise, few symbols, skewed symbols (long codes), repeats at every distance. */
const data: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 2000, size: "max" }),
  fc.array(fc.nat(3), { maxLength: 2000, size: "max" }).map((bytes) => Uint8Array.from(bytes)),
  fc
    .array(fc.nat(2 ** 16 - 1), { maxLength: 3000, size: "max" })
    .map((words) => Uint8Array.from(words, (word) => Math.clz32(word) * 17)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(1500))
    .map(([unit, length]) => Uint8Array.from({ length }, (_, i) => unit[i % unit.length]!)),
);

const stream: fc.Arbitrary<{ bytes: Uint8Array; encoded: Uint8Array }> = fc
  .record({
    bytes: data,
    level: fc.constantFrom(0, 1, 6, 9),
    strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED),
    memLevel: fc.constantFrom(1, 8),
  })
  .map(({ bytes, ...options }) => ({ bytes, encoded: Uint8Array.from(deflateRawSync(bytes, options)) }));

describe.each(builds)("inflate (%s)", (_name, kernels) => {
  interface Result {
    readonly code: number;
    readonly decoded: Uint8Array;
    readonly end: number;
  }

  function run(encoded: Uint8Array, room: number, [srcSkew, dstSkew]: readonly number[] = [0, 0]): Result {
    const arena = new Arena(kernels);
    const src = arena.input(encoded, srcSkew);
    const dst = arena.output(room, dstSkew);
    const end = arena.output(4);
    const code = kernels.inflate(dst, room, src, encoded.length, end);
    arena.check();
    const taken = arena.read(end, 4);
    return { code, decoded: arena.read(dst, Math.max(0, code)), end: new DataView(taken.buffer).getUint32(0, true) };
  }

  /** The reference's result, or the same refusal. */
  function same(encoded: Uint8Array, room: number, skews?: readonly number[]): number {
    const expected = inflate(encoded);
    const found = run(encoded, room, skews);
    if (expected === undefined || expected.decoded.length > room) {
      expect(found.code).toBeLessThan(0);
      if (expected !== undefined) expect(found.code).toBe(full);
      if (found.code !== full) expect(-1 - found.code).toBeLessThanOrEqual(encoded.length);
    } else {
      expect(found).toEqual({ code: expected.decoded.length, decoded: expected.decoded, end: expected.end });
    }
    return found.code;
  }

  it("decodes what zlib encodes, and says where it ends", () => {
    fc.assert(
      fc.property(stream, fc.uint8Array({ maxLength: 20 }), skew, skew, ({ bytes, encoded }, junk, ...skews) => {
        const longer = new Uint8Array(encoded.length + junk.length);
        longer.set(encoded);
        longer.set(junk, encoded.length);
        const found = run(longer, bytes.length, skews);
        expect(found).toEqual({ code: bytes.length, decoded: bytes, end: encoded.length });
      }),
      { numRuns: 500 },
    );
  });

  it("writes nothing where its target ends", () => {
    fc.assert(
      fc.property(stream, fc.nat(), fc.nat(40), ({ bytes, encoded }, short, spare) => {
        if (bytes.length > 0) expect(run(encoded, short % bytes.length).code).toBe(full);
        expect(run(encoded, bytes.length + spare).decoded).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it("a stream cut at every byte is bad", () => {
    fc.assert(
      fc.property(stream, ({ bytes, encoded }) => {
        for (let length = 0; length < encoded.length; length += 1 + (encoded.length >> 6))
          expect(run(encoded.subarray(0, length), bytes.length).code).toBeLessThan(0);
      }),
      { numRuns: 100 },
    );
  });

  it("takes and refuses what the reference does", () => {
    let good = 0;
    let bad = 0;
    const seen = (code: number): void => {
      if (code >= 0) good++;
      else bad++;
    };
    fc.assert(
      fc.property(stream, fc.nat(), fc.nat(255), fc.nat(2), ({ bytes, encoded }, position, value, how) => {
        const damaged = encoded.slice(0, how === 2 ? position % encoded.length : undefined);
        // Headers of blocks are where most can go wrong.
        const place = how === 0 ? position % Math.min(40, encoded.length) : position % encoded.length;
        if (place < damaged.length) damaged[place]! ^= value;
        seen(same(damaged, bytes.length + 300));
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(1, 2, 3, 4, 5), (bytes, header) => {
        if (bytes.length > 0) bytes[0] = (bytes[0]! & ~7) | header;
        seen(same(bytes, 1000));
      }),
      { numRuns: 1000 },
    );
    expect(good).toBeGreaterThan(50);
    expect(bad).toBeGreaterThan(1000);
  });

  /** Bits lowest first, as numbers of so many bits each; codes as strings of digits. */
  function bitsOf(...parts: readonly (readonly [number, number] | string)[]): Uint8Array {
    const digits = parts
      .map((part) =>
        typeof part === "string" ? part : [...part[0].toString(2).padStart(part[1], "0")].reverse().join(""),
      )
      .join("");
    return Uint8Array.from({ length: Math.ceil(digits.length / 8) }, (_, i) =>
      Number.parseInt([...digits.slice(i * 8, i * 8 + 8)].reverse().join("").padStart(8, "0"), 2),
    );
  }

  /** A dynamic block with these code lengths, each stored in five bits' worth of a flat code. */
  function dynamic(literals: readonly number[], distances: readonly number[], ...body: string[]): Uint8Array {
    // Symbols 0 to 15 have codes of four bits.
    const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    return bitsOf(
      [1, 1],
      [2, 2],
      [literals.length - 257, 5],
      [distances.length - 1, 5],
      [15, 4],
      ...order.map((symbol) => [symbol < 16 ? 4 : 0, 3] as const),
      ...[...literals, ...distances].map((length) => length.toString(2).padStart(4, "0")),
      ...body,
    );
  }

  const literalLengths = (lengths: Readonly<Record<number, number>>, count = 257): number[] =>
    Array.from({ length: count }, (_, symbol) => lengths[symbol] ?? 0);

  it("codes of one symbol, of none, incomplete and oversubscribed ones", () => {
    const end = { 256: 1 };
    expect(same(dynamic(literalLengths(end), [0], "0"), 10)).toBe(0);
    expect(same(dynamic(literalLengths(end), [0], "1"), 10)).toBeLessThan(0);
    expect(same(dynamic(literalLengths({ 7: 1, 256: 1 }), [0], "001"), 10)).toBe(2);
    expect(same(dynamic(literalLengths({ 7: 1, 256: 2 }), [0], "010"), 10)).toBeLessThan(0);
    expect(same(dynamic(literalLengths({ 7: 1, 8: 1, 256: 1 }), [0], "0"), 10)).toBeLessThan(0);
    expect(same(dynamic(literalLengths({ 7: 1 }), [0], "0"), 10)).toBeLessThan(0);
    // Symbol 257 is a match of three bytes; the only distance is 1.
    const matching = literalLengths({ 7: 1, 256: 2, 257: 2 }, 258);
    expect(same(dynamic(matching, [1], "0", "11", "0", "10"), 10)).toBe(4);
    expect(same(dynamic(matching, [1], "0", "11", "1", "10"), 10)).toBeLessThan(0);
    expect(same(dynamic(matching, [0], "0", "11", "0", "10"), 10)).toBeLessThan(0);
    expect(same(dynamic(matching, [1], "11", "0", "10"), 10)).toBeLessThan(0);
    expect(same(dynamic(matching, [2], "0", "11", "00", "10"), 10)).toBeLessThan(0);
    expect(same(dynamic(matching, [1, 1, 1], "0", "11", "0", "10"), 10)).toBeLessThan(0);
  });

  it("codes of fifteen bits in both alphabets", () => {
    const deep = Array.from({ length: 16 }, (_, i) => Math.min(i + 1, 15));
    const lengths: Record<number, number> = {};
    for (const [i, length] of deep.entries()) lengths[[...Array(13).keys(), 256, 257, 285][i]!] = length;
    const ones = (count: number) => "1".repeat(count);
    const code = (i: number) => (i === 15 ? ones(15) : `${ones(i)}0`);
    const literals = literalLengths(lengths, 286);
    const distances = [...deep];
    const body = [...Array.from({ length: 13 }, (_, i) => code(i)), code(14), code(0), code(15), code(3), code(13)];
    expect(same(dynamic(literals, distances, ...body), 1000)).toBe(13 + 3 + 258);
    // Distance symbol 14 has six extra bits.
    expect(same(dynamic(literals, distances, ...Array(3).fill(code(15) + code(0)), code(13)), 1000)).toBeLessThan(0);
    const far = [code(1), ...Array(3).fill(code(15) + code(0)), code(14), code(14), "000000", code(13)];
    expect(same(dynamic(literals, distances, ...far), 2000)).toBe(1 + 3 * 258 + 3);
  });

  it("too many symbols, repetitions out of place", () => {
    for (const [count, expected] of [
      [286, 0],
      [287, -1],
      [288, -1],
    ] as const) {
      const code = same(dynamic(literalLengths({ 256: 1 }, count), [0], "0"), 10);
      expect(Math.sign(code)).toBe(expected);
    }
    expect(same(dynamic(literalLengths({ 256: 1 }), Array<number>(30).fill(0), "0"), 10)).toBe(0);
    expect(same(dynamic(literalLengths({ 256: 1 }), Array<number>(31).fill(0), "0"), 10)).toBeLessThan(0);
    // The first length repeats what is before it: symbols 16 and 17 are the code.
    const repeats = bitsOf([1, 1], [2, 2], [0, 5], [0, 5], [0, 4], [1, 3], [1, 3], [0, 3], [0, 3], "0", [0, 2]);
    expect(same(repeats, 10)).toBeLessThan(0);
    // 138 + 138 zeros are more than 258 lengths.
    const tooMany = bitsOf(
      [1, 1],
      [2, 2],
      [0, 5],
      [0, 5],
      [0, 4],
      [0, 3],
      [1, 3],
      [1, 3],
      [0, 3],
      "1",
      [127, 7],
      "1",
      [127, 7],
    );
    expect(same(tooMany, 10)).toBeLessThan(0);
  });

  it("fixed codes: the symbols and distances that mean nothing", () => {
    const fixed = (...body: string[]) => bitsOf([1, 1], [1, 2], ...body);
    expect(same(fixed("00110000", "0000000"), 10)).toBe(1);
    expect(same(fixed("00110000", "0000001", "00000", "0000000"), 10)).toBe(4);
    expect(same(fixed("00110000", "11000110", "0000000"), 10)).toBeLessThan(0);
    expect(same(fixed("00110000", "11000111", "0000000"), 10)).toBeLessThan(0);
    for (const distance of ["11110", "11111"])
      expect(same(fixed("00110000", "0000001", distance, "0000000"), 10)).toBeLessThan(0);
  });

  it("stored blocks: any length, whatever bit they begin at, and complements that do not match", () => {
    for (const length of [0, 1, 7, 8, 65535]) {
      const body = Array.from({ length }, (_, i) => [i & 255, 8] as const);
      for (const before of [[], ["00", "0000000"]]) {
        // After an empty block of fixed codes, ten bits long.
        const head: (readonly [number, number] | string)[] = before.length === 0 ? [] : [[0, 1], [1, 2], "0000000"];
        const bits = before.length === 0 ? 3 : 13;
        const padding = "0".repeat((8 - (bits % 8)) % 8);
        const block = (complement: number) =>
          bitsOf(...head, [1, 1], [0, 2], padding, [length, 16], [complement, 16], ...body);
        expect(run(block(length ^ 0xffff), length).code).toBe(length);
        if (length > 0) expect(run(block(length ^ 0xffff), length - 1).code).toBe(full);
        expect(run(block(length ^ 0xfffe), length).code).toBeLessThan(0);
      }
    }
  });

  it("is not confused by the call before", () => {
    const fixed = Uint8Array.from(deflateRawSync(Uint8Array.of(1, 2, 3), { strategy: Z_FIXED }));
    const other = Uint8Array.from(deflateRawSync(new Uint8Array(3000).map((_, i) => Math.clz32(i) * 9)));
    for (const bytes of [fixed, other, fixed, other.subarray(0, 20), fixed, other]) same(bytes, 3000);
  });
});
