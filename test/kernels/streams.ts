/** What the tests of the byte compressors share: data that compresses, streams that are damaged, and a place where no overrun goes unseen. */
import * as fc from "fast-check";
import { expect } from "vitest";
import type { Kernels } from "../../src/wasm/kernels.js";
import { Arena } from "./arena.js";

type Decode = (dst: number, dstLength: number, src: number, srcLength: number) => number;

/**
 * Runs a decoder with `src` at the very end of memory, where reading on traps, and `dst` between guard bytes. Returns the decoded bytes,
 * or the negative result, which must point into `src`.
 */
export function decodeGuarded(
  kernels: Kernels,
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
export const compressible: fc.Arbitrary<Uint8Array> = fc.array(piece, { maxLength: 12 }).map((pieces) => {
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
export const damages: fc.Arbitrary<Damage> = fc
  .array(damage, { minLength: 1, maxLength: 3 })
  .map((all) => (stream) => all.reduce((bytes, each) => each(bytes), stream));
