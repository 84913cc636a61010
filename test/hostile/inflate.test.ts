/**
 * Row G2: gzip, zlib and bare DEFLATE streams of every kind, changed: ours takes what node:zlib takes, and nothing else.
 *
 * `SYNCODEC_MUTATED_STREAMS` sets how many there are (default 20,000).
 */

import {
  constants,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
} from "node:zlib";
import { expect, test } from "vitest";
import { inflateZlib } from "../../src/codecs/zlib_stream.js";
import { SyncodecError } from "../../src/errors.js";
import { createCodecPipeline } from "../../src/index.js";
import { builds } from "../kernels/arena.js";
import { Random } from "../model/random.js";
import { crc32 } from "../reference/crc32.js";
import { join } from "../support/bytes.js";
import { inflateHost } from "../support/inflate_host.js";

interface Stream {
  readonly format: "gzip" | "zlib" | "raw";
  readonly encoded: Uint8Array;
  /** Bytes that it decodes to, unchanged. */
  readonly length: number;
}

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;
const strategies = [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED];
const hosts = { gzip: gunzipSync, zlib: inflateSync, raw: inflateRawSync };
const byte = (random: Random): number => random.integer(0, 255);

/** Noise, few symbols, skewed symbols (long codes), repeats at every distance, runs. */
function data(random: Random): Uint8Array {
  const length = random.integer(0, random.pick([4, 40, 300, 3000]));
  const period = random.integer(1, 400);
  const bytes = new Uint8Array(length);
  const kind = random.integer(0, 4);
  for (let i = 0; i < length; i++) {
    if (kind === 0) bytes[i] = byte(random);
    else if (kind === 1) bytes[i] = random.integer(0, 3);
    else if (kind === 2) bytes[i] = Math.clz32(random.next()) * 17;
    else if (kind === 3) bytes[i] = i < period || random.chance(0.01) ? byte(random) : bytes[i - period]!;
    else bytes[i] = random.chance(0.02) ? byte(random) : (bytes[i - 1] ?? 0);
  }
  return bytes;
}

function options(random: Random): ZlibOptions {
  return {
    level: random.integer(0, 9),
    strategy: random.pick(strategies),
    // The less memory, the more blocks.
    memLevel: random.pick([1, 2, 8]),
    windowBits: random.pick([9, 12, 15]),
  };
}

/** A gzip member with any of the optional fields of RFC 1952. */
function member(bytes: Uint8Array, random: Random): Uint8Array {
  const plain = Uint8Array.from(gzipSync(bytes, options(random)));
  if (random.chance(0.5)) return plain;
  const text = (): number[] => [...Array.from({ length: random.integer(0, 9) }, () => random.integer(1, 255)), 0];
  const extra = Array.from({ length: random.integer(0, 9) }, () => byte(random));
  const flags = random.integer(0, 31);
  const head = join(
    plain.subarray(0, 3),
    [flags],
    plain.subarray(4, 10),
    flags & 4 ? [extra.length, 0, ...extra] : [],
    flags & 8 ? text() : [],
    flags & 16 ? text() : [],
  );
  const checksum = crc32(head);
  return join(head, flags & 2 ? [checksum & 255, (checksum >>> 8) & 255] : [], plain.subarray(10));
}

function stream(random: Random): Stream {
  const format = random.pick(["gzip", "zlib", "raw", "raw"] as const);
  if (format === "gzip") {
    const parts = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => data(random));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return { format, encoded: join(...parts.map((part) => member(part, random))), length };
  }
  const bytes = data(random);
  const encoded = (format === "zlib" ? deflateSync : deflateRawSync)(bytes, options(random));
  return { format, encoded: Uint8Array.from(encoded), length: bytes.length };
}

/** Bit flips, other bytes, cuts, insertions, removals, repeats; half of them in the first bytes, where headers and codes lie. */
function mutate(encoded: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = encoded.slice();
  for (let count = random.pick([1, 1, 1, 2, 4]); count > 0 && bytes.length > 0; count--) {
    const place = random.integer(0, (random.chance(0.5) ? Math.min(bytes.length, 24) : bytes.length) - 1);
    const other = random.integer(place, Math.min(bytes.length, place + 8));
    const how = random.integer(0, 9);
    if (how < 4) bytes[place]! ^= 1 << random.integer(0, 7);
    else if (how < 6) bytes[place] = random.pick([0, 255, byte(random)]);
    else if (how === 6) bytes = bytes.slice(0, random.chance(0.5) ? place : bytes.length - random.integer(0, 9));
    else if (how === 7) bytes = join(bytes.subarray(0, place), [byte(random)], bytes.subarray(place));
    else if (how === 8) bytes = join(bytes.subarray(0, place), bytes.subarray(other));
    else bytes = join(bytes.subarray(0, other), bytes.subarray(place));
  }
  return bytes;
}

/** What a build of the kernel makes of a bare stream, which must take all of `encoded`. */
function inflateRaw([, kernels]: (typeof builds)[number], encoded: Uint8Array, room: number): Uint8Array | undefined {
  const memory = new Uint8Array(kernels.memory.buffer);
  const end = kernels.heapBase;
  const src = end + 4;
  const dst = src + encoded.length;
  memory.set(encoded, src);
  const code = kernels.inflate(dst, room, src, encoded.length, end);
  if (code < 0 || new DataView(memory.buffer).getUint32(end, true) !== encoded.length) return undefined;
  return memory.slice(dst, dst + code);
}

function refusable(decode: () => Uint8Array): Uint8Array | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof SyncodecError && error.code === "CORRUPT_DATA") return undefined;
    throw error;
  }
}

/** What ours makes of a stream that should decode to `length` bytes, by each way that there is. */
function decodeAll(format: Stream["format"], encoded: Uint8Array, length: number): (Uint8Array | undefined)[] {
  if (format === "raw") return builds.map((build) => inflateRaw(build, encoded, length));
  if (format === "zlib") return [refusable(() => inflateZlib(encoded, { kind: "bounded", bytes: length }))];
  const pipeline = createCodecPipeline({ shape: [length], dataType: "uint8", codecs: ["bytes", "gzip"] });
  return [refusable(() => pipeline.decodeSync(encoded).data as Uint8Array)];
}

test("G2: changed streams are taken as node:zlib takes them", { timeout: 3_600_000 }, async () => {
  const count = Number(process.env.SYNCODEC_MUTATED_STREAMS ?? 20_000);
  const random = new Random(1);
  const taken = { gzip: 0, zlib: 0, raw: 0 };
  const refused = { gzip: 0, zlib: 0, raw: 0 };
  const wrong: string[] = [];
  let { format, encoded, length } = stream(random);
  // No error of node:zlib is looked at.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  for (let i = 0; i < count && wrong.length === 0; i++) {
    if (i % 8 === 0) ({ format, encoded, length } = stream(random));
    const mutated = mutate(encoded, random);
    const expected = inflateHost(mutated, hosts[format]);
    for (const found of decodeAll(format, mutated, Math.max(1, expected?.length ?? length))) {
      // A chunk of no elements does not exist.
      if (format === "gzip" && expected?.length === 0 && found === undefined) continue;
      const isSame =
        expected === undefined ? found === undefined : found !== undefined && Buffer.compare(found, expected) === 0;
      if (!isSame) wrong.push(`${format} ${Buffer.from(mutated).toString("base64")}`);
    }
    if (expected === undefined) refused[format]++;
    else taken[format]++;
    // Engines of node:zlib that have thrown are freed by a later turn of the event loop.
    if (i % 1000 === 0) await new Promise(setImmediate);
  }
  Error.stackTraceLimit = stackTraceLimit;
  expect(wrong).toEqual([]);
  for (const name of ["gzip", "zlib", "raw"] as const) {
    expect(taken[name], `${name} taken`).toBeGreaterThan(count / 2000);
    expect(refused[name], `${name} refused`).toBeGreaterThan(count / 10);
  }
});
