import { deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ByteSize } from "../../src/codecs/codec.js";
import { type deflateZlib, inflateZlib } from "../../src/codecs/zlib_stream.js";
import { useMemory } from "../../src/wasm/memory.js";
import { bareHost } from "../support/bare_host.js";
import { fromHex, inflateHost, join, syncodecError, syncodecErrorIfAny } from "./support.js";

const sizes = (bytes: number): ByteSize[] => [
  { kind: "fixed", bytes },
  { kind: "bounded", bytes: bytes + 5 },
  { kind: "unbounded" },
];

const ascending = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);
const noise = Uint8Array.from({ length: 3000 }, (_, i) => Math.imul(i, 2654435761) >>> 11);

describe("inflateZlib", () => {
  test("decodes what node:zlib encodes, as part of something larger", () => {
    for (const data of [new Uint8Array(0), ascending(1), ascending(20), noise, new Uint8Array(10_000)]) {
      for (const level of [0, 1, 6, 9]) {
        const stored = Uint8Array.from([9, ...deflateSync(data, { level }), 9]);
        for (const size of sizes(data.length)) expect(inflateZlib(stored.subarray(1, -1), size)).toEqual(data);
      }
    }
  });

  test("takes a view of linear memory, which may grow meanwhile", () => {
    const data = new Uint8Array(2 ** 22).fill(7);
    const encoded = deflateSync(data);
    useMemory((memory) => {
      const span = memory.write(encoded);
      expect(Buffer.compare(inflateZlib(memory.view(span), { kind: "unbounded" }), data)).toBe(0);
      expect(memory.read(span)).toEqual(Uint8Array.from(encoded));
    });
  });

  test("a wrong header, checksum or length, and bytes after the end, are errors", () => {
    for (const data of [ascending(20), noise]) {
      const encoded = deflateSync(data);
      const changed = (position: number, value: number): Uint8Array => {
        const copy = Uint8Array.from(encoded);
        copy[position] = value;
        return copy;
      };
      const bad = [
        changed(0, 0x79), // compression method 9
        changed(0, 0x88), // window of 64 KiB
        changed(1, encoded[1]! ^ 1), // header checksum
        join(fromHex("78bb"), encoded.subarray(2)), // dictionary
        ...[1, 2, 3, 4].map((i) => changed(encoded.length - i, encoded[encoded.length - i]! ^ 0x10)),
        ...[[0], [0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7], encoded].map((junk) => join(encoded, junk)),
        // Before the checksum.
        ...[[0], [1, 2, 3]].map((junk) => join(encoded.subarray(0, -4), junk, encoded.subarray(-4))),
        ...Array.from({ length: encoded.length }, (_, length) => encoded.subarray(0, length)),
      ];
      for (const bytes of bad) {
        for (const size of sizes(data.length))
          expect(syncodecError(() => inflateZlib(bytes, size)).code).toBe("CORRUPT_DATA");
      }
    }
  });

  test("too many and too few bytes are errors", () => {
    const encoded = deflateSync(noise);
    const most = noise.length - 1;
    for (const kind of ["fixed", "bounded"] as const)
      expect(syncodecError(() => inflateZlib(encoded, { kind, bytes: most })).expected).toBe(most);
    expect(syncodecError(() => inflateZlib(encoded, { kind: "fixed", bytes: noise.length + 1 }))).toMatchObject({
      expected: noise.length + 1,
      found: noise.length,
    });
  });

  test("refuses what node:zlib refuses, and nothing else", () => {
    const [most, least] = [fc.nat(), fc.nat({ max: 255 })];
    let good = 0;
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom(0, 1, 6),
        most,
        least,
        (data, level, place, value) => {
          const encoded = Uint8Array.from(deflateSync(data, { level }));
          encoded[place % encoded.length]! ^= value;
          const expected = inflateHost(encoded, inflateSync);
          for (const size of sizes(expected?.length ?? 1000)) {
            let found: Uint8Array | undefined;
            const error = syncodecErrorIfAny(() => {
              found = inflateZlib(encoded, size);
            });
            expect(error?.code).toBe(expected === undefined ? "CORRUPT_DATA" : undefined);
            expect(found).toEqual(expected);
          }
          if (expected !== undefined) good++;
        },
      ),
      { numRuns: 1000 },
    );
    expect(good).toBeGreaterThan(3);
  });
});

describe.each(["node:zlib", "fflate"])("deflateZlib in %s", (host) => {
  let deflate: typeof deflateZlib;
  beforeAll(async () => {
    vi.resetModules();
    if (host === "fflate") vi.doMock("../../src/platform.js", () => bareHost);
    deflate = (await import("../../src/codecs/zlib_stream.js")).deflateZlib;
  });
  afterAll(() => {
    vi.doUnmock("../../src/platform.js");
    vi.resetModules();
  });

  test("levels -1 to 9 are readable by node:zlib, and no result keeps a larger buffer", () => {
    for (let level = -1; level <= 9; level++) {
      const encoded = deflate(noise, level);
      expect(Uint8Array.from(inflateSync(encoded))).toEqual(noise);
      expect(encoded.buffer.byteLength).toBe(encoded.byteLength);
    }
  });

  test("-1 is level 6", () => {
    expect(deflate(noise, -1)).toEqual(deflate(noise, 6));
  });
});
