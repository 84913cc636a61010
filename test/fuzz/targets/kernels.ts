/**
 * The kernels that decode, on changed streams: what codecs check before they call them, and other room than a chunk's. Both builds must do
 * between guard bytes what the obvious version does. Input: room for the decoded bytes (u16, little-endian), then the stream; the shuffles
 * take the size of an item and their content.
 */

import { constants, deflateRawSync } from "node:zlib";
import type { Random } from "../../model/random.js";
import { type BlosclzInstruction, blosclzDecode, blosclzStream } from "../../reference/blosclz.js";
import { inflate } from "../../reference/inflate.js";
import { lz4Decode } from "../../reference/lz4.js";
import { bitshuffle, shuffle } from "../../reference/shuffle.js";
import { snappyDecode } from "../../reference/snappy.js";
import { zstdDecode } from "../../reference/zstd.js";
import { type AllKernels, allKernels } from "../../support/all_kernels.js";
import { compressed, frame, raw, runLength } from "../../support/zstd_frames.js";
import { loadZstdLibrary, type ZstdLibrary } from "../../support/zstd_library.js";
import { type GuardedMemory, guardedMemories } from "../guarded_memory.js";
import { mutateBytes, splice } from "../mutate.js";
import { check, checkBytes, type Target } from "../target.js";

const headerSize = 2;
/** Most room for decoded bytes: the obvious versions are slow. */
const mostRoom = 1 << 13;

function roomOf(input: Uint8Array): number {
  return ((input[0] ?? 0) | ((input[1] ?? 0) << 8)) % mostRoom;
}

function withRoom(room: number, stream: Uint8Array): Uint8Array {
  return splice(stream, 0, 0, [room & 255, room >> 8]);
}

/** Data with repeats at many distances. */
function content(random: Random): Uint8Array {
  const length = random.pick([0, 1, 15, 16, 40, 200, 1000, 3000]);
  const bytes = new Uint8Array(length);
  const values = random.pick([1, 3, 255]);
  for (let i = 0; i < length; i++) {
    const distance = random.integer(1, 70);
    bytes[i] = i >= distance && random.chance(0.8) ? bytes[i - distance]! : random.integer(0, values);
  }
  return bytes;
}

/** Inputs with fitting, too little and too much room. */
function inputsOf(stream: Uint8Array, length: number): Uint8Array[] {
  return [length, length + 20, Math.max(0, length - 1)].map((room) => withRoom(Math.min(room, mostRoom - 1), stream));
}

const mutate: Target["mutate"] = (input, other, random) => {
  const stream = mutateBytes(input.subarray(headerSize), other.subarray(headerSize), random);
  const room = random.chance(0.8) ? roomOf(input) : random.integer(0, random.pick([64, 1024, mostRoom - 1]));
  return withRoom(room, stream);
};

interface Result {
  readonly code: number;
  readonly decoded: Uint8Array;
  /** Bytes of the stream that were taken, where a kernel says so. */
  readonly taken: number;
}

type Call = (
  kernels: AllKernels,
  dst: number,
  dstLength: number,
  src: number,
  srcLength: number,
  taken: number,
) => number;

/** Runs a kernel between guard bytes. */
function callGuarded(memory: GuardedMemory, call: Call, stream: Uint8Array, room: number): Result {
  return memory.scope(() => {
    memory.allocate(0);
    const src = memory.write(stream);
    const dst = memory.allocate(room);
    const taken = memory.write(new Uint8Array(4));
    const code = call(allKernels(memory), dst.pointer, room, src.pointer, stream.length, taken.pointer);
    check(code <= room, `${code} bytes written into ${room}`);
    checkBytes(memory.read(src), stream, "what was decoded from");
    const word = new DataView(memory.bytes.buffer, taken.pointer, 4);
    return { code, decoded: memory.read(memory.slice(dst, 0, Math.max(0, code))), taken: word.getUint32(0, true) };
  });
}

/** What both builds do, which must be the same. */
function callBoth(call: Call, stream: Uint8Array, room: number): Result {
  const [simd, scalar] = guardedMemories.map((memory) => callGuarded(memory, call, stream, room));
  check(simd!.code === scalar!.code, `the builds return ${simd!.code} and ${scalar!.code}`);
  checkBytes(simd!.decoded, scalar!.decoded, "the SIMD build");
  if (simd!.code >= 0)
    check(simd!.taken === scalar!.taken, `the builds take ${simd!.taken} and ${scalar!.taken} bytes`);
  return simd!;
}

function progress(code: number): string {
  return code >= 0
    ? `ok ${Math.round(2 * Math.log2(code + 1))}`
    : `bad ${Math.min(64, -code)} ${Math.round(8 * Math.log2(-code))}`;
}

function targetOf(name: string, seeds: Target["seeds"], run: Target["run"]): Target {
  let good: readonly Uint8Array[] = [];
  const outcomes: string[] = [];
  return {
    name: `kernel:${name}`,
    seeds: (random) => (good = seeds(random)),
    mutate,
    run,
    canary() {
      for (const [i, input] of good.slice(0, 12).entries()) {
        const outcome = `${run(input)}`;
        outcomes[i] ??= outcome;
        check(outcome === outcomes[i], `a good stream is ${outcome}, not ${outcomes[i]}`);
      }
    },
  };
}

/** A decoder of whole streams; `reference` says exactly what it does, negative results included. */
function decoder(
  name: string,
  decode: Call,
  reference: (stream: Uint8Array, limit: number) => Uint8Array | number,
  streams: (random: Random) => readonly Uint8Array[],
): Target {
  const seeds = (random: Random): Uint8Array[] =>
    streams(random).flatMap((stream) => {
      const decoded = reference(stream, Number.POSITIVE_INFINITY);
      return inputsOf(stream, typeof decoded === "number" ? 100 : decoded.length);
    });
  return targetOf(name, seeds, (input) => {
    const stream = input.slice(headerSize);
    const room = roomOf(input);
    const { code, decoded } = callBoth(decode, stream, room);
    const expected = reference(stream, room);
    if (typeof expected === "number") check(code === expected, `returns ${code}, not ${expected}`);
    else {
      check(code === expected.length, `returns ${code}, not ${expected.length}`);
      checkBytes(decoded, expected, "what the obvious version decodes");
    }
    return progress(code);
  });
}

/** Streams that an encoding kernel makes. */
function encoded(encode: Call, random: Random): Uint8Array[] {
  return Array.from({ length: 24 }, () => {
    const bytes = content(random);
    return callBoth(encode, bytes, 2 * bytes.length + 100).decoded;
  });
}

function instructions(random: Random): BlosclzInstruction[] {
  return Array.from({ length: random.integer(1, 12) }, (_, i) =>
    i === 0 || random.chance(0.5)
      ? { literals: Array.from({ length: random.integer(4, 32) }, () => random.integer(0, 255)) }
      : { distance: random.integer(1, 4), match: random.integer(3, 300) },
  );
}

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;

const inflateTarget = targetOf(
  "inflate",
  (random) =>
    [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE].flatMap((strategy) =>
      [0, 1, 9].flatMap((level) => {
        const bytes = content(random);
        return inputsOf(Uint8Array.from(deflateRawSync(bytes, { strategy, level })), bytes.length);
      }),
    ),
  (input) => {
    const stream = input.slice(headerSize);
    const room = roomOf(input);
    const { code, decoded, taken } = callBoth(
      ({ inflate }, dst, dstLength, src, srcLength, end) => inflate(dst, dstLength, src, srcLength, end),
      stream,
      room,
    );
    const full = -(2 ** 31);
    // A stream that fills its room may be bad behind that, and unpack to very much: the obvious version is not asked.
    if (code === full) return "full";
    const expected = inflate(stream);
    if (expected === undefined) {
      check(code < 0 && -1 - code <= stream.length, `returns ${code} for a bad stream`);
    } else {
      check(code === expected.decoded.length, `returns ${code}, not ${expected.decoded.length}`);
      check(taken === expected.end, `takes ${taken} bytes, not ${expected.end}`);
      checkBytes(decoded, expected.decoded, "what the obvious version decodes");
    }
    return progress(code);
  },
);

let zstdLibrary: ZstdLibrary | undefined;

const zstdTarget: Target = {
  ...targetOf(
    "zstd",
    (random) => [
      ...[-5, 1, 3, 7, 12, 19].flatMap((level) =>
        Array.from({ length: 6 }, () => content(random)).flatMap((bytes) =>
          inputsOf(zstdLibrary!.encode(bytes, level), bytes.length),
        ),
      ),
      ...inputsOf(frame([raw([1, 2, 3], false), runLength(4, 9, false), compressed([8, 1, 1, 0x54, 1, 0, 3, 1])]), 19),
    ],
    (input) => {
      const stream = input.slice(headerSize);
      const room = roomOf(input);
      const { code, decoded } = callBoth(
        ({ zstdDecode }, dst, dstLength, src, srcLength) => zstdDecode(dst, dstLength, src, srcLength),
        stream,
        room,
      );
      const expected = zstdDecode(stream, room);
      if (expected === undefined) check(code < 0 && -1 - code < stream.length, `returns ${code} for bad frames`);
      else {
        check(code === expected.length, `returns ${code}, not ${expected.length}`);
        checkBytes(decoded, expected, "what the obvious version decodes");
        const library = zstdLibrary!.decode(stream, room);
        check(library !== undefined, "takes what libzstd refuses");
        checkBytes(decoded, library, "libzstd");
      }
      return progress(code);
    },
  ),
  async prepare() {
    zstdLibrary ??= await loadZstdLibrary();
  },
};

const shuffleTarget = targetOf(
  "shuffle",
  (random) => Array.from({ length: 24 }, (_, i) => withRoom(i + 1, content(random))),
  (input) => {
    const bytes = input.slice(headerSize);
    const itemSize = 1 + (roomOf(input) % 256);
    const same = (call: Call, from: Uint8Array, expected: Uint8Array, what: string): void => {
      const { code, decoded } = callBoth(call, from, bytes.length);
      check(code === bytes.length, `${what} returns ${code}`);
      checkBytes(decoded, expected, what);
      check(callBoth(call, from, Math.max(0, bytes.length - 1)).code <= bytes.length, `${what} into less room`);
    };
    const byBytes = shuffle(bytes, itemSize);
    same((k, dst, room, src, length) => k.shuffle(dst, room, src, length, itemSize), bytes, byBytes, "shuffle");
    same((k, dst, room, src, length) => k.unshuffle(dst, room, src, length, itemSize), byBytes, bytes, "unshuffle");
    const byBits = bitshuffle(bytes, itemSize);
    same((k, dst, room, src, length) => k.bitshuffle(dst, room, src, length, itemSize), bytes, byBits, "bitshuffle");
    same(
      (k, dst, room, src, length) => k.bitunshuffle(dst, room, src, length, itemSize),
      byBits,
      bytes,
      "bitunshuffle",
    );
    return `${itemSize} ${bytes.length % 64} ${Math.min(bytes.length >> 6, 4)}`;
  },
);

export const kernelTargets: readonly Target[] = [
  decoder(
    "lz4",
    ({ lz4Decode }, ...spans) => lz4Decode(spans[0], spans[1], spans[2], spans[3]),
    lz4Decode,
    (random) => encoded(({ lz4Encode }, dst, room, src, length) => lz4Encode(dst, room, src, length, 1), random),
  ),
  decoder(
    "blosclz",
    ({ blosclzDecode }, ...spans) => blosclzDecode(spans[0], spans[1], spans[2], spans[3]),
    blosclzDecode,
    (random) => [
      ...encoded(({ blosclzEncode }, dst, room, src, length) => blosclzEncode(dst, room, src, length, 9, 0), random),
      ...Array.from({ length: 12 }, () => blosclzStream(instructions(random))),
    ],
  ),
  decoder(
    "snappy",
    ({ snappyDecode }, ...spans) => snappyDecode(spans[0], spans[1], spans[2], spans[3]),
    snappyDecode,
    (random) => encoded(({ snappyEncode }, dst, room, src, length) => snappyEncode(dst, room, src, length), random),
  ),
  inflateTarget,
  zstdTarget,
  shuffleTarget,
];
