import fc from "fast-check";
import numcodecsLz4 from "numcodecs/lz4";
import { describe, expect, test } from "vitest";
import type { ByteSize } from "../../src/codecs/codec.js";
import { numcodecsLz4Codec } from "../../src/codecs/numcodecs_lz4.js";
import { createCodecPipeline } from "../../src/index.js";
import { useMemory } from "../../src/wasm/memory.js";
import { fromHex, join, syncodecError, syncodecErrorIfAny } from "./support.js";

const pipelineOf = (length: number, configuration: Readonly<Record<string, number>> = {}) =>
  createCodecPipeline({
    shape: [length],
    dataType: "uint8",
    codecs: ["bytes", { name: "numcodecs.lz4", configuration }],
  });

const encode = (data: Uint8Array, acceleration = 1) =>
  pipelineOf(data.length, { acceleration }).encodeSync(data, { writeEmptyChunks: true })!;

const text = new TextEncoder().encode("the cat sat on the mat and the hat; ".repeat(30)).subarray(0, 1000);
const steps = new Uint8Array(Int32Array.from({ length: 400 }, (_, i) => Math.floor(i / 100)).buffer);

/** Data and what numcodecs.lz4 0.17.1 makes of it. */
const vectors: readonly (readonly [string, Uint8Array, number, string])[] = [
  ["no match", Uint8Array.of(1, 0, 2, 0, 3, 0), 1, "06000000 60 010002000300"],
  [
    "text",
    text,
    1,
    "e8030000 f0007468652063617420736174206f6e200f00716d617420616e640c00416861743b09000f2400ffffffab50616e642074",
  ],
  ["zeros", new Uint8Array(100000), 7, `a0860100 1f000100${"ff".repeat(392)} 0f 500000000000`],
  ["steps", steps, 50, "40060000 1f000100ff7d 1f010400ff7d 1f020400ff7d 1f030400ff78 500003000000"],
];

describe("numcodecs.lz4", () => {
  test.each(vectors)("reads and writes what numcodecs writes: %s", (_case, data, acceleration, hex) => {
    expect(encode(data, acceleration)).toEqual(fromHex(hex));
    expect(pipelineOf(data.length).decodeSync(fromHex(hex)).data).toEqual(data);
  });

  test("the encoders and decoders of numcodecs.js agree", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(5000).map((length) => new Uint8Array(length).fill(length)),
    );
    const bytes = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => join(...pieces, [1]));
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(1, 5, 300), async (data, acceleration) => {
        const other = numcodecsLz4.fromConfig({ id: "lz4", acceleration });
        expect(await other.decode(encode(data, acceleration))).toEqual(data);
        expect(pipelineOf(data.length).decodeSync(await other.encode(data)).data).toEqual(data);
      }),
    );
  });

  test("is also called lz4, and an acceleration below 1 is 1", () => {
    const codecs = ["bytes", { name: "lz4", configuration: { acceleration: -7 } }];
    const pipeline = createCodecPipeline({ shape: [1000], dataType: "uint8", codecs });
    expect(pipeline.encodeSync(text)).toEqual(encode(text));
    expect(syncodecError(() => pipeline.decodeSync(new Uint8Array(3)))).toMatchObject({ codec: "numcodecs.lz4" });
  });
});

/** `decode` of the codec bound to a size. */
function decodeBound(decodedSize: ByteSize, encoded: Uint8Array): Uint8Array {
  const codec = numcodecsLz4Codec.configure(new Map(), { field: "" }).bind(decodedSize, 1);
  if (codec.place !== "wasm") return expect.fail("runs in linear memory");
  return useMemory((memory) => memory.read(codec.decode(memory, memory.write(encoded))));
}

describe("a header that lies", () => {
  const block = encode(text).subarray(4);
  const withHeader = (length: number) =>
    join([length & 255, (length >> 8) & 255, (length >> 16) & 255, length >>> 24], block);

  test.each([0, 1, 999, 1001, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])("%i instead of 1000", (length) => {
    for (const size of [
      { kind: "fixed", bytes: 1000 },
      { kind: "bounded", bytes: 1000 },
      { kind: "unbounded" },
    ] as const) {
      const error = syncodecError(() => decodeBound(size, withHeader(length)));
      expect(error).toMatchObject({ name: "DataError", code: "CORRUPT_DATA" });
    }
    expect(syncodecError(() => pipelineOf(1000).decodeSync(withHeader(length)))).toMatchObject({
      codec: "numcodecs.lz4",
      expected: 1000,
      found: length,
      offset: 0,
    });
  });

  test("is believed as far as the block can hold it, and no memory is taken for more", () => {
    for (const size of [{ kind: "bounded", bytes: 10 ** 12 }, { kind: "unbounded" }] as const) {
      expect(decodeBound(size, withHeader(1000))).toEqual(text);
      const limit = 255 * block.length;
      expect(syncodecError(() => decodeBound(size, withHeader(limit))).reason).toMatch(/is corrupt|does not hold/);
      const before = useMemory((memory) => memory.bytes.byteLength);
      expect(syncodecError(() => decodeBound(size, withHeader(limit + 1))).reason).toMatch(
        /more bytes than it can hold/,
      );
      expect(syncodecError(() => decodeBound(size, withHeader(2 ** 32 - 1)))).toMatchObject({
        expected: `at most ${limit}`,
      });
      expect(useMemory((memory) => memory.bytes.byteLength)).toBe(before);
    }
  });

  test("is refused above the bound", () => {
    expect(decodeBound({ kind: "bounded", bytes: 1000 }, withHeader(1000))).toEqual(text);
    expect(syncodecError(() => decodeBound({ kind: "bounded", bytes: 999 }, withHeader(1000)))).toMatchObject({
      expected: "at most 999",
      found: 1000,
    });
  });
});

describe("a damaged chunk", () => {
  test.each([
    ["a distance of 0", "05000000 17 01 0000", 4],
    ["a match before the start", "05000000 10 01 0200 00", 4],
    ["a match before the start later on", "10000000 10 01 0100 10 02 0700 00", 8],
    ["a length run that does not end", `05000000 f0 ${"ff".repeat(500)}`, 4],
    ["a match beyond the end", "05000000 1f 01 0100 ff 00 00", 4],
    ["a block without last literals", "05000000 10 01 0100", 4],
    ["half a distance", "05000000 10 01 01", 4],
  ])("%s is an error with the offset of its sequence", (_case, hex, offset) => {
    const encoded = fromHex(hex);
    expect(syncodecError(() => pipelineOf(encoded[0]!).decodeSync(encoded))).toMatchObject({
      name: "DataError",
      code: "CORRUPT_DATA",
      codec: "numcodecs.lz4",
      offset,
    });
  });

  test("cut or lengthened anywhere is an error, and the next call works", () => {
    const encoded = encode(text);
    for (let length = 0; length < encoded.length; length++) {
      const error = syncodecError(() => pipelineOf(1000).decodeSync(encoded.subarray(0, length)));
      expect(error.code).toBe("CORRUPT_DATA");
    }
    expect(syncodecError(() => pipelineOf(1000).decodeSync(join(encoded, [0]))).code).toBe("CORRUPT_DATA");
    expect(pipelineOf(1000).decodeSync(encoded).data).toEqual(text);
  });

  test("with any byte changed gives an error or as many bytes", () => {
    const pipeline = pipelineOf(1000);
    const encoded = encode(text);
    fc.assert(
      fc.property(fc.nat(encoded.length - 1), fc.nat(255), fc.nat(encoded.length - 1), fc.nat(255), (i, a, j, b) => {
        const damaged = encoded.slice();
        damaged[i] = a;
        damaged[j] = b;
        if (syncodecErrorIfAny(() => pipeline.decodeSync(damaged)) === undefined)
          expect(pipeline.decodeSync(damaged).data.length).toBe(1000);
      }),
      { numRuns: 3000 },
    );
  });
});
