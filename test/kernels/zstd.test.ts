import { beforeAll, describe, expect, it, test } from "vitest";
import { mutateBytes } from "../fuzz/mutate.js";
import { Random } from "../model/random.js";
import { xxh64 } from "../reference/xxh64.js";
import { zstdDecode } from "../reference/zstd.js";
import { join } from "../support/bytes.js";
import {
  type Block,
  bitsBackwards,
  block,
  compressed,
  frame,
  magic,
  raw,
  runLength,
  sized,
  skippable,
} from "../support/zstd_frames.js";
import { loadZstdLibrary, type ZstdLibrary } from "../support/zstd_library.js";
import { builds } from "./arena.js";
import { decodeGuarded, expectSame } from "./streams.js";

/** Data of every kind of redundancy. */
const contents: Readonly<Record<string, (length: number, random: Random) => Uint8Array>> = {
  noise: (length, random) => Uint8Array.from({ length }, () => random.next()),
  zeros: (length) => new Uint8Array(length),
  sine: (length, random) => Uint8Array.from({ length }, (_, i) => 128 + 80 * Math.sin(i / 40) + random.integer(0, 40)),
  ramp(length, random) {
    const words = new Int32Array(Math.ceil(length / 4));
    for (let i = 1; i < words.length; i++) words[i] = words[i - 1]! + random.integer(-2, 5);
    return new Uint8Array(words.buffer).slice(0, length);
  },
  words(length, random) {
    const words = Array.from({ length: 60 }, () => random.next().toString(36));
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const word = new TextEncoder().encode(words[random.integer(0, random.integer(0, 59))]).subarray(0, length - at);
      bytes.set(word, at);
      at += word.length;
    }
    return bytes;
  },
  repeats(length, random) {
    const bytes = new Uint8Array(length);
    let period = 1;
    for (let i = 0; i < length; i++) {
      if (random.chance(0.02)) period = random.integer(1, 40);
      bytes[i] = i >= period && random.chance(0.98) ? bytes[i - period]! : random.next();
    }
    return bytes;
  },
  /** Codes of very different lengths. */
  skewed: (length, random) => Uint8Array.from({ length }, () => Math.clz32(random.next()) * 17 + random.integer(0, 2)),
};
const kinds = Object.keys(contents);
const levels = Array.from({ length: 28 }, (_, i) => i - 5);

let library: ZstdLibrary;
beforeAll(async () => {
  library = await loadZstdLibrary();
});

function withChecksum(plain: Uint8Array, content: Uint8Array): Uint8Array {
  const checksum = new Uint8Array(new BigUint64Array([xxh64(content)]).buffer, 0, 4);
  const checked = join(plain, checksum);
  checked[4]! |= 4;
  return checked;
}

/** A frame of hand-made kind, and what it holds; `undefined` if it is bad. */
type Case = readonly [name: string, encoded: Uint8Array, decoded: readonly number[] | undefined];

/** Header of literals with Huffman codes. */
function literalsHeader(kind: 2 | 3, format: 0 | 1 | 2 | 3, length: number, encodedLength: number): number[] {
  const bits = [10, 10, 14, 18][format]!;
  const header = BigInt(kind | (format << 2) | (length << 4)) + (BigInt(encodedLength) << BigInt(4 + bits));
  return Array.from({ length: Math.max(format, 1) + 2 }, (_, i) => Number((header >> BigInt(8 * i)) & 255n));
}

/** Symbols 0 and 1, with codes of one bit. */
const twoSymbols = [128, 0x10];
/** Symbols 0 to 12; the code of symbol 12 has one bit, those of 0 and 1 have twelve. */
const thirteenSymbols = [127 + 12, 0x11, 0x23, 0x45, 0x67, 0x89, 0xab];
const noSequences = 0;

function oneStream(kind: 2 | 3, tree: readonly number[], length: number, digits: string): number[] {
  const stream = [...tree, ...bitsBackwards(digits)];
  return [...literalsHeader(kind, 0, length, stream.length), ...stream];
}

function fourStreams(
  format: 1 | 2 | 3,
  tree: readonly number[],
  length: number,
  streams: readonly (readonly number[])[],
  kind: 2 | 3 = 2,
): number[] {
  const sizes = streams.slice(0, 3).flatMap((stream) => [stream.length & 255, stream.length >> 8]);
  const content = [...tree, ...sizes, ...streams.flat()];
  return [...literalsHeader(kind, format, length, content.length), ...content];
}

const literals = (...bytes: number[]): number[] => [bytes.length << 3, ...bytes];

/** Sequences that all have the same codes; `digits` are their extra bits. */
function sequences(count: number, [literal, offset, match]: readonly [number, number, number], digits = ""): number[] {
  return [count, 0x54, literal, offset, match, ...bitsBackwards(digits)];
}

const digitsOf = (value: number, width: number): string => value.toString(2).padStart(width, "0");
const window1M = { window: 80 };
const content = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
const after = (...blocks: Block[]): Uint8Array => frame([raw(content, false), ...blocks], window1M);
const bitsOf = (digits: string): number[] => [...digits].map(Number);
const treeless = compressed([...oneStream(3, [], 3, "110"), noSequences]);

const goodAndBad: readonly Case[] = [
  ["nothing", new Uint8Array(0), []],
  ["skippable frames", join(skippable([1, 2]), skippable([])), []],
  [
    "two frames and a skippable one",
    join(sized(2, raw([1, 2])), skippable([9]), frame([runLength(7, 3)])),
    [1, 2, 7, 7, 7],
  ],
  ["an empty raw block", frame([raw([])]), []],
  ["an empty run", frame([runLength(1, 0)]), []],
  ["a reserved block", frame([block(3, 1, [0], true)]), undefined],
  [
    "a dictionary of number 0 in 1, 2, 4 bytes",
    join(
      ...[
        [1, 0],
        [2, 0, 0],
        [3, 0, 0, 0, 0],
      ].map(([flags, ...id]) => join(magic, [flags!, 0, ...id], raw([5]))),
    ),
    [5, 5, 5],
  ],
  ["a dictionary", join(magic, [3, 0, 0, 0, 0, 1], raw([5])), undefined],
  ["a window of 128 MiB", frame([raw([5])], { window: 17 << 3 }), [5]],
  ["a window of more", frame([raw([5])], { window: (17 << 3) | 1 }), undefined],
  ["a checksum", withChecksum(frame([raw(content)]), Uint8Array.from(content)), content],
  ["a wrong checksum", withChecksum(frame([raw(content)]), Uint8Array.of(1)), undefined],
  ["a checksum cut short", withChecksum(frame([raw(content)]), Uint8Array.from(content)).subarray(0, -1), undefined],
  ["less content than declared", sized(3, raw([1, 2])), undefined],
  ["more content than declared", sized(1, raw([1, 2])), undefined],

  ["literals that are a run", frame([compressed([(5 << 3) | 1, 7, noSequences])]), [7, 7, 7, 7, 7]],
  [
    "literals that are a run, lengths in 2 and 3 bytes",
    frame([compressed([0x25, 0, 7, noSequences], false), compressed([0x2d, 0, 0, 7, noSequences])]),
    [7, 7, 7, 7],
  ],
  ["no literals, no sequences", frame([compressed([0, noSequences])]), []],
  [
    "literals as they are, lengths in 1, 2 and 3 bytes",
    frame([compressed([8, 1, 0], false), compressed([0x14, 0, 2, 0], false), compressed([0x1c, 0, 0, 3, 0])]),
    [1, 2, 3],
  ],
  ["literals cut short", frame([compressed([24, 1, 2])]), undefined],
  ["a block of one byte", frame([compressed([0])]), undefined],
  ["no sequences, in two bytes", frame([compressed([8, 1, 0x80, 0])]), [1]],
  ["bytes after no sequences", frame([compressed([8, 1, 0, 0])]), undefined],
  ["more literals than a block has", frame([compressed([0x0d | ((1025 & 15) << 4), 1025 >> 4, 0, 7, 0])]), undefined],

  ["one stream", frame([compressed([...oneStream(2, twoSymbols, 4, "0110"), noSequences])]), [0, 1, 1, 0]],
  ["one stream of nothing", frame([compressed([...oneStream(2, twoSymbols, 0, ""), noSequences])]), []],
  ["one stream with a bit left", frame([compressed([...oneStream(2, twoSymbols, 3, "0110"), noSequences])]), undefined],
  [
    "one stream with a bit too few",
    frame([compressed([...oneStream(2, twoSymbols, 5, "0110"), noSequences])]),
    undefined,
  ],
  [
    "codes of twelve bits",
    frame([
      compressed([...oneStream(2, thirteenSymbols, 5, `1${digitsOf(0, 12)}${digitsOf(1, 12)}01001`), noSequences]),
    ]),
    [12, 0, 1, 11, 10],
  ],
  [
    "codes of thirteen bits",
    frame([compressed([...oneStream(2, [127 + 13, 0x11, 0x23, 0x45, 0x67, 0x89, 0xab, 0xc0], 1, "1"), noSequences])]),
    undefined,
  ],
  [
    "a tree of weights that do not add up",
    frame([compressed([...oneStream(2, [129, 0x13], 1, "1"), noSequences])]),
    undefined,
  ],
  ["a tree of no weights", frame([compressed([...oneStream(2, [129, 0x00], 1, "1"), noSequences])]), undefined],
  ["a tree alone", frame([compressed([...literalsHeader(2, 0, 1, 2), ...twoSymbols, noSequences])]), undefined],
  [
    "four streams of six literals",
    frame([compressed([...fourStreams(1, twoSymbols, 6, ["01", "10", "11", ""].map(bitsBackwards)), noSequences])]),
    bitsOf("011011"),
  ],
  [
    "four streams of seven literals",
    frame([compressed([...fourStreams(2, twoSymbols, 7, ["01", "10", "11", "0"].map(bitsBackwards)), noSequences])]),
    bitsOf("0110110"),
  ],
  [
    "four streams of nine literals",
    frame([compressed([...fourStreams(3, twoSymbols, 9, ["011", "100", "110", ""].map(bitsBackwards)), noSequences])]),
    bitsOf("011100110"),
  ],
  [
    "four streams of five literals",
    frame([compressed([...fourStreams(1, twoSymbols, 5, ["01", "10", "1", ""].map(bitsBackwards)), noSequences])]),
    undefined,
  ],
  [
    "four streams, one of no bytes",
    frame([compressed([...fourStreams(1, twoSymbols, 6, [[6], [6], [], [1]]), noSequences])]),
    undefined,
  ],
  [
    "four streams, one without its last bit",
    frame([compressed([...fourStreams(1, twoSymbols, 6, [[6], [0], [6], [1]]), noSequences])]),
    undefined,
  ],
  [
    "four streams, the last before its beginning",
    frame([compressed([...literalsHeader(2, 1, 6, 12), ...twoSymbols, 1, 0, 1, 0, 9, 0, 6, 6, 6, 1, noSequences])]),
    undefined,
  ],
  [
    "a tree that is used again",
    frame([compressed([...oneStream(2, twoSymbols, 2, "01"), noSequences], false), raw([9], false), treeless]),
    [0, 1, 9, 1, 1, 0],
  ],
  [
    "a tree that is used again by four streams",
    frame([
      compressed([...oneStream(2, twoSymbols, 2, "01"), noSequences], false),
      compressed([...fourStreams(1, [], 6, ["01", "10", "11", ""].map(bitsBackwards), 3), noSequences]),
    ]),
    bitsOf("01011011"),
  ],
  ["no tree that could be used again", frame([raw([9], false), treeless]), undefined],
  [
    "the tree of another frame",
    join(frame([compressed([...oneStream(2, twoSymbols, 2, "01"), noSequences])]), frame([treeless])),
    undefined,
  ],

  [
    "a repeat of the last byte",
    frame([compressed([...literals(1, 2, 3), ...sequences(1, [3, 0, 0])])]),
    [1, 2, 3, 3, 3, 3],
  ],
  [
    "literals after the last sequence",
    frame([compressed([...literals(1, 2, 3, 4, 5), ...sequences(1, [3, 0, 0])])]),
    [1, 2, 3, 3, 3, 3, 4, 5],
  ],
  ["more literals than there are", frame([compressed([...literals(1, 2), ...sequences(1, [3, 0, 0])])]), undefined],
  [
    "recent offsets 1, 4, 8 after literals",
    after(
      compressed([...literals(1), ...sequences(1, [1, 0, 0])], false),
      compressed([...literals(2), ...sequences(1, [1, 1, 0], "0")], false),
      compressed([...literals(3), ...sequences(1, [1, 1, 0], "1")]),
    ),
    [...content, 1, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1],
  ],
  [
    "recent offsets without literals: 4, then 8",
    after(
      compressed([...literals(), ...sequences(1, [0, 0, 0])], false),
      compressed([...literals(), ...sequences(1, [0, 1, 0], "0")]),
    ),
    [...content, 16, 17, 18, 15, 16, 17],
  ],
  [
    "a recent offset less 1",
    after(
      compressed([...literals(), ...sequences(1, [0, 0, 0])], false),
      compressed([...literals(), ...sequences(1, [0, 1, 0], "1")]),
    ),
    [...content, 16, 17, 18, 16, 17, 18],
  ],
  ["a recent offset of 1 less 1", after(compressed([...literals(), ...sequences(1, [0, 1, 0], "1")])), undefined],
  [
    "recent offsets of another frame",
    join(
      after(compressed([...literals(), ...sequences(1, [0, 0, 0])])),
      after(compressed([...literals(1), ...sequences(1, [1, 0, 0])])),
    ),
    [...content, 16, 17, 18, ...content, 1, 1, 1, 1],
  ],
  [
    "an offset of the first byte",
    after(compressed([...literals(), ...sequences(1, [0, 3, 0], digitsOf(5, 3))])),
    [...content, 10, 11, 12],
  ],
  [
    "an offset before the first byte",
    after(compressed([...literals(), ...sequences(1, [0, 3, 0], digitsOf(6, 3))])),
    undefined,
  ],
  ["an offset of 2 GiB", after(compressed([...literals(), ...sequences(1, [0, 31, 0], digitsOf(0, 31))])), undefined],
  [
    "an offset in another frame",
    join(after(), frame([raw(content)]), frame([compressed([...literals(1), ...sequences(1, [1, 2, 0], "00")])])),
    undefined,
  ],
  [
    "an offset beyond the window",
    frame([
      ...Array.from({ length: 3 }, (_, i) => raw(Array<number>(1000).fill(i), false)),
      compressed([...literals(), ...sequences(1, [0, 11, 0], digitsOf(952, 11))]),
    ]),
    [...Array<number>(1000).fill(0), ...Array<number>(1000).fill(1), ...Array<number>(1000).fill(2), 0, 0, 0],
  ],
  [
    "the highest codes: too long for a block",
    frame([compressed([...literals(1), ...sequences(1, [35, 31, 52], digitsOf(0, 63))])]),
    undefined,
  ],
  ["codes that are none: literal length", after(compressed([...literals(), ...sequences(1, [36, 0, 0])])), undefined],
  ["codes that are none: offset", after(compressed([...literals(), ...sequences(1, [0, 32, 0])])), undefined],
  ["codes that are none: match", after(compressed([...literals(), ...sequences(1, [0, 0, 53])])), undefined],
  [
    "tables used again",
    after(
      compressed([...literals(), ...sequences(1, [0, 0, 0])], false),
      raw([1], false),
      compressed([...literals(5), noSequences], false),
      compressed([...literals(), 1, 0xfc, 1]),
    ),
    [...content, 16, 17, 18, 1, 5, 5, 5, 5],
  ],
  ["no tables that could be used again", after(compressed([...literals(), 1, 0xfc, 1])), undefined],
  [
    "tables of another frame",
    join(
      after(compressed([...literals(), ...sequences(1, [0, 0, 0])])),
      after(compressed([...literals(), 1, 0xfc, 1])),
    ),
    undefined,
  ],
  ["reserved kinds of tables", after(compressed([...literals(), 1, 0x55, 0, 0, 0, 1])), undefined],
  ["a bit left after the sequences", after(compressed([...literals(), ...sequences(1, [0, 0, 0], "0")])), undefined],
  ["a bit too few for the sequences", after(compressed([...literals(), ...sequences(1, [0, 2, 0], "0")])), undefined],
  ["sequences without bits", after(compressed([...literals(), 1, 0x54, 0, 0, 0])), undefined],
  ["sequences with no last bit", after(compressed([...literals(), 1, 0x54, 0, 0, 0, 0])), undefined],
  [
    "sequences counted in two bytes",
    after(compressed([...literals(), 0x80, 2, 0x54, 0, 0, 0, 1])),
    [...content, 16, 17, 18, 18, 18, 18],
  ],
];

describe.each(builds)("zstdDecode (%s)", (_, kernels) => {
  const run = (encoded: Uint8Array, room: number, skew = 0): Uint8Array | undefined => {
    const decoded = decodeGuarded(kernels, kernels.zstdDecode, encoded, room, skew);
    return typeof decoded === "number" ? undefined : decoded;
  };

  test.each(goodAndBad)("%s", (_name, encoded, decoded) => {
    const expected = decoded && Uint8Array.from(decoded);
    expect(library.decode(encoded, 10_000)).toEqual(expected);
    expect(zstdDecode(encoded, 10_000)).toEqual(expected);
    expect(run(encoded, 10_000)).toEqual(expected);
    if (decoded === undefined || expected === undefined) return;
    expect(run(encoded, decoded.length)).toEqual(expected);
    if (decoded.length > 0) expect(run(encoded, decoded.length - 1)).toBeUndefined();
    for (let length = 1; length < encoded.length; length++) {
      const cut = encoded.subarray(0, length);
      expect(run(cut, 10_000)).toEqual(zstdDecode(cut, 10_000));
    }
  });

  it("refuses blocks that are larger than the window lets them be, of which libzstd takes some", () => {
    const large = [
      frame([raw(Array<number>(1025).fill(1))]),
      frame([runLength(1, 1025)]),
      frame([compressed([...literals(1), ...sequences(1, [1, 0, 46], digitsOf(0, 10))])]),
    ];
    for (const encoded of large) {
      expect(library.decode(encoded, 1100)?.length).toBeGreaterThan(1024);
      expect(zstdDecode(encoded, 1100)).toBeUndefined();
      expect(run(encoded, 1100)).toBeUndefined();
    }
  });

  it("counts sequences in three bytes", () => {
    const many = [255, 0x34, 0x12, 0x54, 0, 0, 0, 1];
    const encoded = frame([raw(content, false), compressed([...literals(), ...many])], window1M);
    const decoded = run(encoded, 2 ** 17)!;
    expect(decoded.length).toBe(10 + 3 * (0x7f00 + 0x1234));
    expectSame(decoded, library.decode(encoded, 2 ** 17)!);
  });

  it.each(kinds)("decodes what libzstd encodes: %s", (kind) => {
    const random = new Random(1);
    const lengths = [0, 1, 2, 15, 16, 100, 255, 256, 257, 1000, 1023, 5000, 16_383, 65_536, 131_072, 131_073, 300_000];
    for (const [i, level] of levels.entries()) {
      const chosen = [...lengths.filter((_, j) => (i + j) % 4 === 0), random.integer(0, 300_000)];
      for (const length of level < 17 ? chosen : chosen.map((each) => Math.min(each, 70_000))) {
        const bytes = contents[kind]!(length, random);
        const encoded = library.encode(bytes, level);
        expectSame(run(encoded, length, random.integer(0, 15)) ?? -1, bytes);
        const skew = random.integer(0, 15);
        const spare = random.integer(1, 40);
        expectSame(run(withChecksum(encoded, bytes), length + spare, skew) ?? -1, bytes);
      }
    }
  });

  it("does with damaged frames what libzstd does, unless it leaves bits of a stream over", () => {
    const random = new Random(2);
    const make = (): { length: number; encoded: Uint8Array } => {
      const length = random.integer(0, random.pick([30, 300, 300, 1500, 4000]));
      const bytes = contents[random.pick(kinds)]!(length, random);
      const encoded = library.encode(bytes, random.pick(levels.slice(0, 20)));
      return { length, encoded: random.chance(0.1) ? withChecksum(encoded, bytes) : encoded };
    };
    const pool = Array.from({ length: 60 }, make);
    const seen = { good: 0, bad: 0, strict: 0 };
    for (let i = 0; i < 20_000; i++) {
      if (i % 50 === 0) pool[random.integer(0, pool.length - 1)] = make();
      const { length, encoded } = random.pick(pool);
      const damaged = mutateBytes(encoded, random.pick(pool).encoded, random);
      const room = length + random.pick([0, 0, 1, 17, 300]);
      const found = run(damaged, room, i % 16);
      const expected = library.decode(damaged, room);
      if (found !== undefined) {
        seen.good++;
        expectSame(found, expected ?? -1);
      } else if (expected === undefined) seen.bad++;
      else {
        seen.strict++;
        expect(zstdDecode(damaged, room)).toBeUndefined();
      }
      // The obvious version is slow.
      if (i % 20 === 0) expect(zstdDecode(damaged, room)).toEqual(found);
    }
    expect(seen.good).toBeGreaterThan(1000);
    expect(seen.bad).toBeGreaterThan(5000);
    expect(seen.strict).toBeLessThan(300);
  });

  it("refuses random blocks as the reference does", () => {
    const random = new Random(3);
    for (let i = 0; i < 3000; i++) {
      const bytes = Array.from({ length: random.integer(2, 60) }, () => random.integer(0, random.pick([255, 3])));
      const encoded = frame([raw(content, false), compressed(bytes)]);
      expect(run(encoded, 2000)).toEqual(zstdDecode(encoded, 2000));
    }
  });

  it("refuses lengths that are negative", () => {
    expect(kernels.zstdDecode(kernels.heapBase, -1, kernels.heapBase, 1)).toBe(-1);
    expect(kernels.zstdDecode(kernels.heapBase, 1, kernels.heapBase, -1)).toBe(-1);
  });

  it("says where a frame goes wrong", () => {
    const fault = (encoded: Uint8Array, room = 100) => decodeGuarded(kernels, kernels.zstdDecode, encoded, room);
    const good = sized(2, raw([1, 2]));
    expect(fault(join(good, [1, 2, 3]))).toBe(-1 - good.length);
    expect(fault(join(good, good), 3)).toBe(-1 - good.length);
    expect(fault(frame([raw([1, 2], false), compressed([0])]))).toBe(-1 - 11);
    expect(fault(frame([raw([1, 2], false)]))).toBe(-1 - 10);
  });

  it("is not confused by the call before", () => {
    const random = new Random(4);
    const frames = kinds.map((kind) => library.encode(contents[kind]!(3000, random), 5));
    const expected = frames.map((encoded) => library.decode(encoded, 3000)!);
    for (let i = 0; i < 100; i++) {
      const which = random.integer(0, frames.length - 1);
      if (random.chance(0.3)) run(frames[which]!.subarray(0, random.integer(0, 200)), 3000);
      expectSame(run(frames[which]!, 3000) ?? -1, expected[which]!);
    }
  });
});
