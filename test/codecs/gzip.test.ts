import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type CodecOption, createCodecPipeline, registerCodec } from "../../src/index.js";
import { currentMemory } from "../../src/wasm/memory.js";
import { crc32 } from "../reference/crc32.js";
import { bareHost } from "../support/bare_host.js";
import { flipped, fromHex, inflateHost, join, syncodecError, syncodecErrorIfAny } from "./support.js";

const ascending = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);
const noise = Uint8Array.from({ length: 3000 }, (_, i) => Math.imul(i, 2654435761) >>> 11);

const pipelineOf = (length: number, codec: CodecOption = "gzip") =>
  createCodecPipeline({ shape: [length], dataType: "uint8", codecs: ["bytes", codec] });

const decode = (encoded: Uint8Array, length: number) => pipelineOf(length).decodeSync(encoded).data;

/** Data of RFC 1952's header fields, each optional. */
function withHeader(data: Uint8Array, flags: number, fields: Uint8Array): Uint8Array {
  const plain = gzipSync(data);
  plain[3] = flags;
  return join(plain.subarray(0, 10), fields, plain.subarray(10));
}

test("the length of a chunk that nothing bounds is found out", () => {
  const data = new Uint8Array(2 ** 20).fill(3);
  // Its own codec hides what it makes of a chunk.
  const half = Uint8Array.from({ length: 2 ** 19 }, (_, i) => i >> 9);
  for (const encoded of [gzipSync(data), join(gzipSync(half), gzipSync(half))]) {
    const found = unboundedLength(Uint8Array.from(encoded));
    expect(found).toBe(2 ** 20);
  }
});

test("a bound far above the length of a chunk takes no memory", () => {
  const values = Array.from({ length: 5000 }, (_, i) => `${Math.imul(i, 2654435761)}`.repeat(8));
  const pipeline = createCodecPipeline({ shape: [5000], dataType: "string", codecs: ["vlen-utf8", "gzip"] });
  const encoded = pipeline.encodeSync(values)!;
  const before = currentMemory();
  const { byteLength } = before.bytes;
  expect(pipeline.decodeSync(encoded).data).toEqual(values);
  expect(currentMemory()).toBe(before);
  expect(before.bytes.byteLength - byteLength).toBeLessThan(2 ** 23);
});

/** The length of what `encoded` holds, by a codec that takes chunks of any length. */
function unboundedLength(encoded: Uint8Array): number {
  let found = -1;
  const remove = registerCodec({
    name: "test.any_length",
    kind: "bytes_to_bytes",
    fromConfig: () => ({
      encodeSync: (decoded) => decoded,
      decodeSync(bytes) {
        found = bytes.length;
        return bytes.subarray(0, 1);
      },
    }),
  });
  createCodecPipeline({ shape: [1], dataType: "uint8", codecs: ["bytes", "test.any_length", "gzip"] }).decodeSync(
    encoded,
  );
  remove();
  return found;
}

test("header fields are skipped, and their checksum is verified", () => {
  const data = ascending(9);
  const fields = join([3, 0, 9, 9, 9], Buffer.from("name\0comment\0"));
  expect(decode(withHeader(data, 4 | 8 | 16, fields), 9)).toEqual(data);
  const unchecked = withHeader(data, 2 | 8, Buffer.from("name\0"));
  const sum = crc32(unchecked.subarray(0, 15)) & 0xffff;
  const checked = withHeader(data, 2 | 8, join(Buffer.from("name\0"), [sum & 255, sum >> 8]));
  expect(decode(checked, 9)).toEqual(data);
  expect(Uint8Array.from(gunzipSync(checked))).toEqual(data);
  expect(syncodecError(() => decode(flipped(checked, 15 * 8), 9)).reason).toContain("header");
  for (const flag of [0x20, 0x40, 0x80])
    expect(syncodecError(() => decode(withHeader(data, flag, new Uint8Array(0)), 9)).reason).toContain("reserved");
  for (const endless of [
    withHeader(data, 4, Uint8Array.of(255, 255)),
    join(withHeader(data, 8, Uint8Array.of()).subarray(0, 10), Array(40).fill(1)),
  ])
    expect(syncodecError(() => decode(endless, 9)).reason).toBe("gzip header is cut short");
});

test("errors say what was wrong", () => {
  expect(syncodecError(() => decode(new Uint8Array(5), 4))).toMatchObject({
    reason: "gzip data is cut short",
    expected: "at least 20 bytes",
    found: 5,
  });
  const broken = Uint8Array.from(gzipSync(noise));
  broken[10] = 7;
  expect(syncodecError(() => decode(broken, noise.length))).toMatchObject({
    reason: "DEFLATE data is corrupt or cut short",
    offset: 11,
  });
});

describe.each(["node:zlib", "fflate"])("encoding in %s", (host) => {
  let library: typeof import("../../src/index.js");
  beforeAll(async () => {
    vi.resetModules();
    if (host === "fflate") vi.doMock("../../src/platform.js", () => bareHost);
    library = await import("../../src/index.js");
  });
  afterAll(() => {
    vi.doUnmock("../../src/platform.js");
    vi.resetModules();
  });

  test.each([
    ["gzip", 0, 5],
    ["numcodecs.gzip", -1, 1],
  ])("%s: levels %i to 9 are readable by node:zlib; %i is the default", (name, lowest, byDefault) => {
    const encode = (configuration: Record<string, number>) =>
      library
        .createCodecPipeline({ shape: [3000], dataType: "uint8", codecs: ["bytes", { name, configuration }] })
        .encodeSync(noise)!;
    for (let level = lowest; level <= 9; level++) {
      const encoded = encode({ level });
      expect(Uint8Array.from(gunzipSync(encoded))).toEqual(noise);
      expect(encoded.buffer.byteLength).toBe(encoded.byteLength);
    }
    expect(encode({})).toEqual(encode({ level: byDefault }));
    if (lowest < 0) expect(encode({ level: -1 })).toEqual(encode({ level: 6 }));
  });
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

describe("on damaged streams", () => {
  test("refuses what node:zlib refuses, and nothing else", () => {
    let good = 0;
    fc.assert(
      fc.property(mutations, ({ encoded, data }) => {
        const expected = inflateHost(encoded, gunzipSync);
        const length = expected?.length || data.length || 1;
        let found: Uint8Array | undefined;
        const error = syncodecErrorIfAny(() => {
          found = decode(encoded, length);
        });
        if (expected?.length === length) {
          expect(found).toEqual(expected);
          good++;
        } else expect(error?.code).toBe("CORRUPT_DATA");
      }),
      { numRuns: 3000 },
    );
    expect(good).toBeGreaterThan(100);
  });

  test("a stored block whose complement does not match", () => {
    // It says 4 bytes and, as a complement, 0xdffb; the trailer holds.
    const stream = fromHex("1f8b0800000000000403 010400fbdf02010201 b42fbecf04000000");
    expect(syncodecError(() => decode(stream, 4)).code).toBe("CORRUPT_DATA");
  });

  test("arbitrary bytes are errors", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(syncodecError(() => decode(bytes, 1000)).code).toBe("CORRUPT_DATA");
        const disguised = join([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], bytes);
        expect(syncodecError(() => decode(disguised, 1000)).code).toBe("CORRUPT_DATA");
      }),
      { numRuns: 1000 },
    );
  });
});
