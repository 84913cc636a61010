import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCodecPipeline } from "../../src/index.js";
import { crc32c as reference } from "../reference/crc32c.js";
import { flipped, fromHex, syncodecError } from "./support.js";

const pipelineOf = (length: number, count = 1) =>
  createCodecPipeline({
    shape: [length],
    dataType: "uint8",
    codecs: ["bytes", ...Array<string>(count).fill("crc32c")],
  });

const checksumOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);

describe("crc32c", () => {
  // RFC 3720, appendix B.4.
  test.each([
    ["32 zeros", new Uint8Array(32), "aa36918a"],
    ["32 ones", new Uint8Array(32).fill(255), "43aba862"],
    ["ascending", Uint8Array.from({ length: 32 }, (_, i) => i), "4e79dd46"],
    ["descending", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), "5cdb3f11"],
  ])("appends four bytes, little-endian: %s", (_, data, checksum) => {
    const encoded = pipelineOf(32).encodeSync(data, { writeEmptyChunks: true })!;
    expect(encoded.subarray(0, 32)).toEqual(data);
    expect(encoded.subarray(32)).toEqual(fromHex(checksum));
  });

  test("is the reference's checksum", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), (data) => {
        const encoded = pipelineOf(data.length).encodeSync(data, { writeEmptyChunks: true })!;
        expect(checksumOf(encoded)).toBe(reference(data, 0) >>> 0);
      }),
    );
  });

  test("a flipped bit is reported with both checksums and the codec", () => {
    const data = Uint8Array.from({ length: 40 }, (_, i) => i);
    const pipeline = pipelineOf(40);
    const encoded = pipeline.encodeSync(data)!;
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const error = syncodecError(() => pipeline.decodeSync(flipped(encoded, bit)));
      expect(error).toMatchObject({ name: "DataError", code: "CHECKSUM_MISMATCH", codec: "crc32c" });
      expect(error.expected).not.toBe(error.found);
    }
    expect(syncodecError(() => pipeline.decodeSync(flipped(encoded, 0))).message).toMatch(
      /^Checksum does not match the data \(expected 0x[0-9a-f]{8}; found 0x[0-9a-f]{8}; codec crc32c\)$/,
    );
  });

  test("may stand twice", () => {
    const data = Uint8Array.of(1, 2, 3);
    const encoded = pipelineOf(3, 2).encodeSync(data)!;
    expect([encoded.length, pipelineOf(3, 2).computeEncodedSize()]).toEqual([11, 11]);
    expect(pipelineOf(3, 2).decodeSync(encoded).data).toEqual(data);
  });

  test("after a compressor: too short for a checksum is an error", () => {
    const codecs = ["bytes", "gzip", "crc32c"];
    const pipeline = createCodecPipeline({ shape: [3], dataType: "uint8", codecs });
    for (const length of [0, 1, 2, 3]) {
      expect(syncodecError(() => pipeline.decodeSync(new Uint8Array(length)))).toMatchObject({
        code: "CORRUPT_DATA",
        codec: "crc32c",
        expected: "at least 4 bytes",
        found: length,
      });
    }
    const empty = new Uint8Array(4);
    expect(syncodecError(() => pipeline.decodeSync(empty))).toMatchObject({ codec: "gzip" });
  });
});
