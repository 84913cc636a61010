/** Changes of bytes that tend to break decoders: flipped bits, lengths that lie, pieces that are missing, repeated or from elsewhere. */

import type { Random } from "../model/random.js";

export type Mutate = (input: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;

/** Values at which a length, an offset or a count goes wrong. */
const edges: readonly bigint[] = [
  0n,
  1n,
  2n,
  4n,
  ...[7n, 8n, 15n, 16n, 24n, 31n, 32n, 33n, 53n, 63n, 64n].flatMap((power) => [2n ** power - 1n, 2n ** power]),
];

const interestingBytes = [0, 1, 2, 3, 4, 0x1f, 0x20, 0x7f, 0x80, 0xfe, 0xff];

/** `input` with the bytes from `start` to before `end` replaced. */
export function splice(input: Uint8Array, start: number, end: number, replacement: ArrayLike<number>): Uint8Array {
  const result = new Uint8Array(start + replacement.length + input.length - end);
  result.set(input.subarray(0, start));
  result.set(replacement, start);
  result.set(input.subarray(end), start + replacement.length);
  return result;
}

/** A part of `input`, mostly a short one, as [start, end]. */
function part(input: Uint8Array, random: Random): [number, number] {
  const start = random.integer(0, input.length);
  const longest = random.chance(0.8) ? Math.min(16, input.length - start) : input.length - start;
  return [start, start + random.integer(0, longest)];
}

/** Overwrites an integer of 1, 2, 4 or 8 bytes, in either byte order. */
function setInteger(input: Uint8Array, random: Random, change: (old: bigint) => bigint): Uint8Array {
  const size = random.pick([1, 2, 4, 4, 8, 8]);
  if (input.length < size) return input;
  const copy = input.slice();
  const unit = random.chance(0.5) ? size : 1;
  const position = Math.floor(random.integer(0, input.length - size) / unit) * unit;
  const isLittle = random.chance(0.75);
  const at = (i: number): number => position + (isLittle ? i : size - 1 - i);
  let old = 0n;
  for (let i = size - 1; i >= 0; i--) old = (old << 8n) | BigInt(copy[at(i)]!);
  let value = BigInt.asUintN(size * 8, change(old));
  for (let i = 0; i < size; i++, value >>= 8n) copy[at(i)] = Number(value & 0xffn);
  return copy;
}

const mutations: readonly Mutate[] = [
  (input, _, random) => {
    const copy = input.slice();
    for (let count = random.integer(1, 3); count > 0; count--)
      copy[random.integer(0, input.length - 1)]! ^= 1 << random.integer(0, 7);
    return copy;
  },
  (input, _, random) => {
    const copy = input.slice();
    copy[random.integer(0, input.length - 1)] = random.chance(0.5)
      ? random.pick(interestingBytes)
      : random.integer(0, 255);
    return copy;
  },
  (input, _, random) => setInteger(input, random, (old) => old + BigInt(random.integer(-9, 9))),
  (input, _, random) => setInteger(input, random, () => random.pick(edges) + BigInt(random.integer(-1, 1))),
  // A length near that of the input, or of a part of it.
  (input, _, random) => setInteger(input, random, () => BigInt(input.length - random.integer(-2, input.length))),
  (input, _, random) => input.slice(0, random.integer(0, input.length)),
  (input, _, random) => input.slice(random.integer(0, Math.min(input.length, 32))),
  (input, _, random) => {
    const [start, end] = part(input, random);
    return splice(input, start, end, []);
  },
  (input, _, random) => {
    const [start, end] = part(input, random);
    const to = random.chance(0.5) ? end : random.integer(0, input.length);
    return splice(input, to, to, input.subarray(start, end));
  },
  (input, _, random) => {
    const at = random.integer(0, input.length);
    const value = random.pick([0, 0, 0xff, random.integer(0, 255)]);
    return splice(input, at, at, new Uint8Array(random.integer(1, random.chance(0.9) ? 16 : 300)).fill(value));
  },
  (input, _, random) => {
    const [start, end] = part(input, random);
    return input.slice().fill(random.pick([0, 0xff, random.integer(0, 255)]), start, end);
  },
  (input, other, random) => {
    const [start, end] = part(other, random);
    const at = random.integer(0, input.length);
    return splice(
      input,
      at,
      random.chance(0.5) ? at : Math.min(input.length, at + end - start),
      other.subarray(start, end),
    );
  },
  (input, other, random) =>
    splice(input, random.integer(0, input.length), input.length, other.subarray(random.integer(0, other.length))),
  (input, _, random) => {
    const at = random.integer(0, input.length);
    return splice(
      input,
      at,
      random.chance(0.5) ? at : input.length,
      Uint8Array.from({ length: random.integer(1, 8) }, () => random.integer(0, 255)),
    );
  },
];

/** One to six changes, mostly few. `other` lends pieces. */
export const mutateBytes: Mutate = (input, other, random) => {
  let result = input;
  do {
    // An empty input can only grow.
    result =
      result.length === 0 ? Uint8Array.of(random.integer(0, 255)) : random.pick(mutations)(result, other, random);
  } while (random.chance(0.4));
  return result;
};
