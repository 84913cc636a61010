import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BlosclzInstruction, blosclzDecode, blosclzStream } from "../reference/blosclz.js";
import { builds } from "./arena.js";
import { decodeGuarded, encodeGuarded, expectSame, testDecoder, testEncoder } from "./streams.js";

const literals = (maxLength: number) =>
  fc.array(fc.nat(255), { minLength: 1, maxLength }).map((bytes): BlosclzInstruction => ({ literals: bytes }));

/** Streams in which a match may begin before the start. */
const streams: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    literals(32),
    fc.array(
      fc.oneof(
        literals(32),
        fc.record({
          distance: fc.oneof(
            { weight: 5, arbitrary: fc.integer({ min: 1, max: 24 }) },
            { weight: 5, arbitrary: fc.integer({ min: 1, max: 700 }) },
            { weight: 1, arbitrary: fc.integer({ min: 8100, max: 8300 }) },
          ),
          match: fc.oneof(fc.integer({ min: 3, max: 40 }), fc.integer({ min: 3, max: 700 })),
        }),
      ),
      { maxLength: 12 },
    ),
    fc.boolean(),
  )
  .map(([first, list, isLong]) => {
    // A long run first makes the far form reach back to something.
    const start: BlosclzInstruction[] = isLong ? [first, { distance: 1, match: 8150 }] : [first];
    const stream = blosclzStream([...start, ...list]);
    stream[0]! |= 32;
    return stream;
  });

const text = new TextEncoder().encode("the cat sat on the mat and the hat; ".repeat(30)).subarray(0, 1000);
const word = Uint8Array.from({ length: 97 }, (_, i) => (i * i * 7 + i * 13) % 251);
/** The word twice, 9097 bytes apart. */
const far = Uint8Array.of(
  ...new Uint8Array(3000),
  ...word,
  ...new Uint8Array(9000).fill(5),
  ...word,
  ...new Uint8Array(3000),
);

/** By c-blosc 1.21.7 through numcodecs.blosc: data, level, stream. */
const vectors: readonly (readonly [string, Uint8Array, number, string])[] = [
  [
    "text",
    text,
    5,
    "3f7468652063617420736174206f6e20746865206d617420616e642074686520680761743b2074686520e0ffffffb72302642074",
  ],
  [
    "a far match",
    far,
    9,
    "2300000000e0ffffffffffffffffffffffb6031f00143666a4f04fb732b64deda061300df3ecf30d3061a0ed4db632b74ff0a4661f361400f502183c6e" +
      "ae015dc744ca630aba7d4e2d1a151e355a8dce227fea68ef1f8931e2a6785846424c648abe0555b3249e2bc16a21e1b49584818ca5cc06499a01f9" +
      "05e0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff40000005ff57ff038900f9ffffffffffffffffffffffff" +
      "b6ff0f9e0300000000",
  ],
];

describe.each(builds)("blosclzDecode (%s)", (_name, kernels) => {
  const decode = (stream: Uint8Array, dstLength: number) =>
    decodeGuarded(kernels, kernels.blosclzDecode, stream, dstLength);

  testDecoder(kernels, kernels.blosclzDecode, blosclzDecode, streams);

  it.each(vectors)("decodes %s", (_case, data, _level, hex) => {
    expect(decode(Buffer.from(hex, "hex"), data.length)).toEqual(data);
  });

  it("takes every distance at every length, at the end of dst too", () => {
    for (let distance = 1; distance <= 32; distance++) {
      const first = { literals: Array.from({ length: distance }, (_, i) => 3 * i + 1) };
      for (let match = 3; match <= 80; match++) {
        const list: BlosclzInstruction[] = [first, { distance, match }];
        if (match % 2 === 0) list.push({ literals: [1, 2, 3] });
        const stream = blosclzStream(list);
        const length = distance + match + (match % 2 === 0 ? 3 : 0);
        expect(decode(stream, length)).toEqual(blosclzDecode(stream, length));
      }
    }
  });

  it.each([8190, 8191, 8192, 8193, 73724, 73727])("takes a distance of %i, and none beyond the start", (distance) => {
    const rest = distance - 32;
    const start = Array.from({ length: 32 }, (_, i) => i + 1);
    const stream = (more: number) =>
      blosclzStream([{ literals: start }, { distance: 1, match: rest }, { distance: distance + more, match: 40 }]);
    const decoded = decode(stream(0), distance + 40);
    expectSame(decoded, blosclzDecode(stream(0), distance + 40));
    if (distance < 73727) {
      const second = 1 + 32 + blosclzStream([{ distance: 1, match: rest }]).length;
      expect(decode(stream(1), distance + 40)).toBe(-(1 + second));
    }
  });

  it("refuses a length that wraps 32 bits", () => {
    // 9 + 16843008 * 255 + 247 = 2^32.
    const more = new Uint8Array(16843011).fill(255);
    more.set([247, 0, 0], 16843008);
    kernels.memory.grow(258);
    const memory = new Uint8Array(kernels.memory.buffer);
    const src = memory.length - more.length - 3;
    memory.set([0, 7, 0xe0], src);
    memory.set(more, src + 3);
    expect(kernels.blosclzDecode(kernels.heapBase, 1000, src, 3 + more.length)).toBe(-3);
  });

  it("refuses no bytes", () => {
    expect(decode(new Uint8Array(0), 10)).toBe(-1);
  });
});

describe.each(builds)("blosclzEncode (%s)", (_name, kernels) => {
  const encode = (data: Uint8Array, level: number, isSplit: 0 | 1) =>
    encodeGuarded(
      kernels,
      (dst, dstLength, src, srcLength) => kernels.blosclzEncode(dst, dstLength, src, srcLength, level, isSplit),
      data,
      2 * data.length,
    );

  describe.each([
    [1, 0],
    [4, 1],
    [9, 0],
    [9, 1],
  ])("at level %i, isSplit %i", (level, isSplit) => {
    testEncoder(
      kernels,
      (dst, dstLength, src, srcLength) => kernels.blosclzEncode(dst, dstLength, src, srcLength, level, isSplit),
      blosclzDecode,
      (length) => 2 * length,
    );
  });

  it.each(vectors)("is byte for byte c-blosc 1.21: %s", (_case, data, level, hex) => {
    // One stream of items of one byte counts as split.
    expect(Buffer.from(encode(data, level, 1)).toString("hex")).toBe(hex);
  });

  it("leaves alone what does not promise the ratio that the level asks for", () => {
    // 19 bytes of noise, then 11 that are equal.
    let state = 1;
    const noise = (): number => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39;
      return state >>> 24;
    };
    const data = Uint8Array.from({ length: 20000 }, (_, i) => (i % 30 < 19 ? noise() : 7));
    const lengths = Array.from({ length: 9 }, (_, i) => encode(data, i + 1, 0).length);
    expect(lengths.map((length) => length > 0)).toEqual([false, false, true, true, true, true, true, true, true]);
    expect(encode(data, 99, 0)).toEqual(encode(data, 9, 0));
    expect(encode(data, -1, 0)).toEqual(encode(data, 1, 0));
  });

  it("leaves out what is too short to probe", () => {
    for (let length = 0; length < 200; length++) {
      const stream = encode(new Uint8Array(length), 9, 1);
      if (length < 56) expect(stream.length).toBe(0);
      if (length > 64) expect(blosclzDecode(stream, length)).toEqual(new Uint8Array(length));
    }
  });
});
