/** What the tests of the byte compressors share: data that compresses, streams that are damaged, and a place where no overrun goes unseen. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { AllKernels } from "../support/all_kernels.js";
import { Arena, skew } from "./arena.js";

type Decode = (dst: number, dstLength: number, src: number, srcLength: number) => number;

/**
 * Runs a decoder with `src` at the very end of memory, where reading on traps, and `dst` between guard bytes. Returns the decoded bytes,
 * or the negative result, which must point into `src`.
 */
export function decodeGuarded(
  kernels: AllKernels,
  decode: Decode,
  src: Uint8Array,
  dstLength: number,
  dstSkew = 0,
): Uint8Array | number {
  const arena = new Arena(kernels);
  const dst = arena.output(dstLength, dstSkew);
  const memory = new Uint8Array(kernels.memory.buffer);
  const pointer = memory.length - src.length;
  memory.set(src, pointer);
  const result = decode(dst, dstLength, pointer, src.length);
  arena.check();
  expect(Buffer.compare(memory.subarray(pointer), src)).toBe(0);
  if (result >= 0) {
    expect(result).toBeLessThanOrEqual(dstLength);
    return arena.read(dst, result);
  }
  expect(result).toBeGreaterThanOrEqual(-Math.max(src.length, 1));
  return result;
}

/** A run of new bytes, then a repeat of what lies `distance` bytes back (1 = the last byte; further than the start = the start). */
interface Piece {
  readonly fresh: Uint8Array;
  readonly distance: number;
  readonly length: number;
}

const lengths = fc.oneof(
  { weight: 4, arbitrary: fc.nat(40) },
  { weight: 2, arbitrary: fc.nat(400) },
  { weight: 1, arbitrary: fc.nat(3000) },
);

const piece: fc.Arbitrary<Piece> = fc.record({
  fresh: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 300, max: 3 })),
  distance: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5000 })),
  length: lengths,
});

/** Bytes with repeats of every length and distance. */
const compressible: fc.Arbitrary<Uint8Array> = fc.array(piece, { maxLength: 12 }).map((pieces) => {
  const bytes: number[] = [];
  for (const { fresh, distance, length } of pieces) {
    bytes.push(...fresh);
    for (let i = 0; i < length && bytes.length > 0; i++) bytes.push(bytes[Math.max(bytes.length - distance, 0)]!);
  }
  return Uint8Array.from(bytes);
});

/** A change of a stream: bytes replaced, cut out or put in, all at places between 0 (start) and 1 (end). */
type Damage = (stream: Uint8Array) => Uint8Array;

const place = fc.double({ min: 0, max: 1, noNaN: true });
const byte = fc.oneof(fc.constantFrom(0, 15, 16, 31, 32, 224, 240, 255), fc.nat(255));

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(place, byte).map(([where, value]): Damage => {
    return (stream) => stream.map((old, i) => (i === Math.floor(where * stream.length) ? value : old));
  }),
  fc.tuple(place, fc.nat(7)).map(([where, bit]): Damage => {
    return (stream) => stream.map((old, i) => (i === Math.floor(where * stream.length) ? old ^ (1 << bit) : old));
  }),
  place.map(
    (where): Damage =>
      (stream) =>
        stream.slice(0, Math.floor(where * stream.length)),
  ),
  fc.tuple(place, fc.nat(5)).map(([where, count]): Damage => {
    const at = (stream: Uint8Array) => Math.floor(where * stream.length);
    return (stream) => Uint8Array.of(...stream.slice(0, at(stream)), ...stream.slice(at(stream) + count));
  }),
  fc.tuple(place, byte, fc.integer({ min: 1, max: 40 })).map(([where, value, count]): Damage => {
    const at = (stream: Uint8Array) => Math.floor(where * stream.length);
    return (stream) =>
      Uint8Array.of(...stream.slice(0, at(stream)), ...Array<number>(count).fill(value), ...stream.slice(at(stream)));
  }),
);

/** One to three changes after another. */
const damages: fc.Arbitrary<Damage> = fc
  .array(damage, { minLength: 1, maxLength: 3 })
  .map((all) => (stream) => all.reduce((bytes, each) => each(bytes), stream));

/** The decoded bytes, or the negative result. */
type Reference = (src: Uint8Array, limit: number) => Uint8Array | number;

/** As `toEqual`, which takes 10 ms for 8 KB. */
export function expectSame(found: Uint8Array | number, expected: Uint8Array | number): void {
  if (typeof found === "number" || typeof expected === "number") expect(found).toEqual(expected);
  else expect(Buffer.compare(found, expected)).toBe(0);
}

/** Tests a decoder against its reference on the given streams, on damaged ones and on random bytes. */
export function testDecoder(
  kernels: AllKernels,
  decode: Decode,
  reference: Reference,
  streams: fc.Arbitrary<Uint8Array>,
): void {
  const check = (stream: Uint8Array, dstLength: number, offset: number): void => {
    expectSame(decodeGuarded(kernels, decode, stream, dstLength, offset), reference(stream, dstLength));
  };

  it("gives and refuses what the reference does, into any room", () => {
    fc.assert(
      fc.property(streams, fc.nat(64), skew, (stream, room, offset) => {
        const whole = reference(stream, Infinity);
        const length = typeof whole === "number" ? 1000 : whole.length;
        for (const dstLength of [length, length + room, Math.max(length - room, 0)]) check(stream, dstLength, offset);
      }),
      { numRuns: 500 },
    );
  });

  it("treats damaged streams as the reference does", () => {
    fc.assert(
      fc.property(streams, damages, fc.nat(3000), skew, (stream, damage, dstLength, offset) => {
        check(damage(stream), dstLength, offset);
      }),
      { numRuns: 3000 },
    );
  });

  it("treats random bytes as the reference does", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(400), skew, check), { numRuns: 1000 });
  });

  it("refuses lengths that are negative", () => {
    expect(decode(kernels.heapBase, -1, kernels.heapBase, 1)).toBe(-1);
    expect(decode(kernels.heapBase, 1, kernels.heapBase, -1)).toBe(-1);
  });
}

/** An encoder that returns 0 where the stream does not fit. */
type Encode = (dst: number, dstLength: number, src: number, srcLength: number) => number;

/** What `encode` makes of `data`; empty where it returns 0. */
export function encodeGuarded(
  kernels: AllKernels,
  encode: Encode,
  data: Uint8Array,
  dstLength: number,
  srcSkew = 0,
  dstSkew = 0,
): Uint8Array {
  const arena = new Arena(kernels);
  const src = arena.input(data, srcSkew);
  const dst = arena.output(dstLength, dstSkew);
  const length = encode(dst, dstLength, src, data.length);
  arena.check();
  return arena.read(dst, length);
}

/** Tests that an encoder gives what the reference decodes, in no more than `bound` bytes, and 0 exactly where that does not fit. */
export function testEncoder(
  kernels: AllKernels,
  encode: Encode,
  reference: Reference,
  bound: (length: number) => number,
): void {
  it("encodes what the reference decodes, into exactly the room that it takes", () => {
    fc.assert(
      fc.property(compressible, skew, (data, offset) => {
        const stream = encodeGuarded(kernels, encode, data, bound(data.length), offset, 15 - offset);
        if (stream.length === 0) return;
        expectSame(reference(stream, data.length), data);
        expectSame(encodeGuarded(kernels, encode, data, stream.length, 15 - offset, offset), stream);
        for (const less of [1, 2, 3, 4, 8, 17, 100]) {
          if (less <= stream.length)
            expect(encodeGuarded(kernels, encode, data, stream.length - less, offset).length).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("clears what an earlier call has left", () => {
    const noise = Uint8Array.from({ length: 70000 }, (_, i) => Math.imul(i >> 1, 0x9e3779b1) >>> 26);
    const first = encodeGuarded(kernels, encode, noise, bound(noise.length));
    encodeGuarded(kernels, encode, new Uint8Array(200000), 20000);
    expectSame(encodeGuarded(kernels, encode, noise, bound(noise.length)), first);
    expectSame(reference(first, noise.length), noise);
  });
}
