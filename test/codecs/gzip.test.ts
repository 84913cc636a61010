import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ByteSize } from "../../src/codecs/codec.js";
import { gunzipPortable } from "../../src/codecs/gzip.js";
import { createCodecPipeline } from "../../src/index.js";
import { hostZlib } from "../../src/platform.js";
import { fromHex, join, syncodecError, syncodecErrorIfAny } from "./support.js";

const exactly = (bytes: number): ByteSize => ({ kind: "fixed", bytes });
const atMost = (bytes: number): ByteSize => ({ kind: "bounded", bytes });
const unbounded: ByteSize = { kind: "unbounded" };

const ascending = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);
/** Random enough that its gzip form is longer than what goes to fflate in Node. */
const long = Uint8Array.from({ length: 3000 }, (_, i) => Math.imul(i, 2654435761) >>> 11);

const pipelineOf = (length: number) =>
  createCodecPipeline({ shape: [length], dataType: "uint8", codecs: ["bytes", { name: "gzip" }] });

/** The two decoders, behind one name each; `length` is that of the chunk. */
const decoders: readonly (readonly [string, (encoded: Uint8Array, length: number) => Uint8Array])[] = [
  ["codec", (encoded, length) => pipelineOf(length).decodeSync(encoded).data],
  ["fflate", (encoded, length) => gunzipPortable(encoded, exactly(length))],
];

describe.each(decoders)("in the %s", (name, decode) => {
  test.each([
    ["short", ascending(20)],
    ["long", long],
  ])("several members make one %s chunk", (_, data) => {
    const middle = Math.floor(data.length / 3);
    const members = [data.subarray(0, middle), new Uint8Array(0), data.subarray(middle)].map((part) => gzipSync(part));
    expect(decode(join(...members), data.length)).toEqual(data);
  });

  test("header fields are skipped", () => {
    const data = ascending(9);
    const [header, body] = [gzipSync(data).subarray(0, 10), gzipSync(data).subarray(10)];
    header[3] = 4 | 8 | 16;
    const named = join(header, [3, 0, 9, 9, 9], Buffer.from("name\0comment\0"), body);
    expect(decode(named, 9)).toEqual(data);
  });

  test(`errors of the ${name} say what was wrong`, () => {
    expect(syncodecError(() => decode(new Uint8Array(5), 4))).toMatchObject({
      reason: "gzip data is cut short",
      expected: "at least 18 bytes",
      found: 5,
    });
  });
});

test("levels 0 to 9 are readable by node:zlib, and no result keeps a larger buffer", () => {
  for (let level = 0; level <= 9; level++) {
    const codecs = ["bytes", { name: "gzip", configuration: { level } }];
    const encoded = createCodecPipeline({ shape: [3000], dataType: "uint8", codecs }).encodeSync(long)!;
    expect(Uint8Array.from(gunzipSync(encoded))).toEqual(long);
    expect(encoded.buffer.byteLength).toBe(encoded.byteLength);
  }
});

interface Mutation {
  readonly encoded: Uint8Array;
  readonly data: Uint8Array;
}

const byte = fc.nat({ max: 255 });
const payload = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat({ max: 3 }), { maxLength: 60 }));
const mutations: fc.Arbitrary<Mutation> = fc
  .tuple(payload, fc.option(payload), fc.constantFrom(0, 1, 6, 9), fc.nat(), fc.nat({ max: 6 }), byte, fc.array(byte))
  .map(([first, second, level, position, how, value, junk]) => {
    const parts = second === null ? [first] : [first, second];
    const data = join(...parts);
    const encoded = join(...parts.map((part) => gzipSync(Uint8Array.from(part), { level })));
    const place = position % encoded.length;
    if (how === 0) encoded[place]! ^= 1 << (value & 7);
    if (how === 1) encoded[place] = value;
    if (how === 2) return { data, encoded: encoded.subarray(0, place) };
    if (how === 3) return { data, encoded: join(encoded, junk) };
    if (how === 4) return { data, encoded: join(encoded, new Uint8Array(value & 15)) };
    if (how === 5) return { data, encoded: join(encoded.subarray(0, place), [value], encoded.subarray(place)) };
    if (how === 6) encoded[3] = value;
    return { data, encoded };
  });

/** What node:zlib makes of it, trailing bytes refused. */
function gunzipHost(encoded: Uint8Array, limit: number): Uint8Array | undefined {
  try {
    const { buffer, engine } = hostZlib!.gunzipSync(encoded, { maxOutputLength: Math.max(limit, 1), info: true });
    return engine.bytesWritten === encoded.length ? Uint8Array.from(buffer) : undefined;
  } catch {
    return undefined;
  }
}

describe("fflate against node:zlib on damaged streams", () => {
  /** fflate does not look at the complement of a stored block's length, nor for bytes between a member's data and its trailer. */
  test("accepts what node:zlib accepts; what only fflate accepts holds the right elements", () => {
    let acceptedByBoth = 0;
    let rejectedByBoth = 0;
    fc.assert(
      fc.property(mutations, ({ encoded, data }) => {
        for (const size of [exactly(data.length), atMost(data.length + 5), unbounded]) {
          const limit = size.kind === "unbounded" ? 2 ** 32 : size.bytes;
          const expected = gunzipHost(encoded, limit);
          let found: Uint8Array | undefined;
          const error = syncodecErrorIfAny(() => {
            found = gunzipPortable(encoded, size);
          });
          if (error !== undefined) expect(error.code).toBe("CORRUPT_DATA");
          if (expected !== undefined) {
            expect(found).toEqual(expected);
            acceptedByBoth++;
          } else if (found === undefined) rejectedByBoth++;
          else if (size.kind === "fixed" && found.length === size.bytes) expect(found).toEqual(data);
        }
      }),
      { numRuns: 3000 },
    );
    expect(acceptedByBoth).toBeGreaterThan(300);
    expect(rejectedByBoth).toBeGreaterThan(4000);
  });

  test("the stream that fflate alone accepts", () => {
    // The stored block says 4 bytes and, as a complement, 0xdffb; the trailer holds.
    const stream = fromHex("1f8b0800000000000403 010400fbdf02010201 b42fbecf04000000");
    expect(gunzipPortable(stream, exactly(4))).toEqual(Uint8Array.of(2, 1, 2, 1));
    expect(gunzipHost(stream, 4)).toBeUndefined();
  });

  test("arbitrary bytes are errors", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(syncodecError(() => gunzipPortable(bytes, unbounded)).code).toBe("CORRUPT_DATA");
        const disguised = join([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], bytes);
        expect(syncodecError(() => gunzipPortable(disguised, exactly(1000))).code).toBe("CORRUPT_DATA");
      }),
      { numRuns: 1000 },
    );
  });
});
