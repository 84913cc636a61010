/** Row G1: bombs, trailers that lie, streams that are cut, several members. */

import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { createCodecPipeline, init } from "../../src/index.js";
import { currentMemory } from "../../src/wasm/memory.js";
import { flipped, fromHex, join, syncodecError } from "../codecs/support.js";
import { expectRefused, type RowOptions } from "./support.js";

const ascending = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);
const noise = Uint8Array.from({ length: 3000 }, (_, i) => Math.imul(i, 2654435761) >>> 11);

const decode = (encoded: Uint8Array, length: number) =>
  createCodecPipeline({ shape: [length], dataType: "uint8", codecs: ["bytes", "gzip"] }).decodeSync(encoded).data;

describe("in an array", () => {
  beforeAll(() => init());

  const options: RowOptions = { codecs: ["bytes", "gzip"] };
  const four = gzipSync(Uint8Array.of(1, 2, 3, 4));
  const changed = (position: number, value: number) => Uint8Array.from(four).fill(value, position, position + 1);
  const refused: readonly (readonly [string, Uint8Array])[] = [
    ["a bomb of 1000:1", gzipSync(new Uint8Array(2 ** 20), { level: 9 })],
    ["an ISIZE that lies", changed(four.length - 4, 5)],
    ["a wrong CRC", changed(four.length - 8, four.at(-8)! ^ 1)],
    ["a member too many", join(four, gzipSync(Uint8Array.of(5)))],
    ["a second member that is cut", join(four, four.subarray(0, 12))],
    ["a stream cut in its data", four.subarray(0, four.length - 9)],
    ["a stream cut in its trailer", four.subarray(0, four.length - 1)],
    ["only a header", four.subarray(0, 10)],
    ["no bytes", new Uint8Array(0)],
    ["too few elements", gzipSync(Uint8Array.of(1, 2, 3))],
    ["trailing bytes", join(four, [0])],
    ["another format", fromHex("789c636462660100 0018000b")],
  ];
  test.each(refused)("G1: %s", async (_, value) => {
    await expectRefused(options, value, { code: "CORRUPT_DATA", details: { codec: "gzip" } });
  });
});

describe("in the codec", () => {
  test("G1: several members are one chunk", () => {
    for (const data of [ascending(20), noise]) {
      const middle = Math.floor(data.length / 3);
      const parts = [data.subarray(0, middle), new Uint8Array(0), data.subarray(middle)];
      expect(decode(join(...parts.map((part) => gzipSync(part))), data.length)).toEqual(data);
      const many = Array.from(data, (byte) => gzipSync(Uint8Array.of(byte)));
      expect(decode(join(...many), data.length)).toEqual(data);
    }
  });

  test("G1: a wrong CRC, an ISIZE that lies, bytes after the end", () => {
    for (const data of [ascending(20), noise]) {
      const encoded = Uint8Array.from(gzipSync(data));
      const trailer = (encoded.length - 8) * 8;
      for (let bit = trailer; bit < trailer + 64; bit++) {
        const error = syncodecError(() => decode(flipped(encoded, bit), data.length));
        expect(error).toMatchObject({ code: "CORRUPT_DATA", codec: "gzip" });
        expect(error.reason).toBe(
          bit < trailer + 32 ? "gzip member does not match its CRC-32" : "gzip member does not have its length",
        );
      }
      for (const junk of [[0], Array<number>(30).fill(0), [0, 1, 2], [1], [0x1f, 0x8b], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]])
        expect(syncodecError(() => decode(join(encoded, junk), data.length)).code).toBe("CORRUPT_DATA");
      const tooMuch = join(encoded, gzipSync(Uint8Array.of(1)));
      expect(syncodecError(() => decode(tooMuch, data.length)).expected).toBe(data.length);
    }
  });

  test("G1: cut at every byte", () => {
    for (const data of [ascending(20), noise]) {
      const encoded = Uint8Array.from(gzipSync(data));
      for (let length = 0; length < encoded.length; length++)
        expect(syncodecError(() => decode(encoded.subarray(0, length), data.length)).code).toBe("CORRUPT_DATA");
    }
  });

  test("G1: a bomb of 1000:1 takes no memory beyond what the metadata declares", () => {
    const bomb = gzipSync(new Uint8Array(64 * 2 ** 20), { level: 9 });
    const liar = Uint8Array.from(bomb);
    new DataView(liar.buffer).setUint32(liar.length - 4, 1000, true);
    decode(gzipSync(ascending(1000)), 1000);
    const linear = () => currentMemory().bytes.byteLength;
    const before = linear();
    for (const encoded of [bomb, liar]) {
      const { arrayBuffers } = process.memoryUsage();
      expect(syncodecError(() => decode(encoded, 1000)).code).toBe("CORRUPT_DATA");
      expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(2 ** 20);
    }
    // What was stored is 64 KB long.
    expect(linear() - before).toBeLessThan(2 ** 20);
    expect(decode(gzipSync(ascending(1000)), 1000)).toEqual(ascending(1000));
  });
});
