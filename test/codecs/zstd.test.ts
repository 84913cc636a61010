import numcodecsZstd from "numcodecs/zstd";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseZstdFrames } from "../../src/codecs/zstd_frame.js";
import type { SyncodecError } from "../../src/errors.js";
import { backends, type Library, restoreModules } from "../support/zstd_backends.js";
import { frame, magic, raw, runLength, sized, skippable } from "../support/zstd_frames.js";
import { flipped, join, syncodecError } from "./support.js";

/** Damaged frames: test/hostile/zstd.test.ts. */
const hundred = Uint8Array.from({ length: 100 }, (_, i) => i);
const text = Uint8Array.from({ length: 40_000 }, (_, i) => (i % 11) * (i % 7));

describe.each(backends)("in %s", (_, load) => {
  let library: Library;
  beforeAll(async () => {
    library = await load();
  });
  afterAll(restoreModules);

  const pipelineOf = (length: number, configuration: Record<string, unknown> = {}) =>
    library.createCodecPipeline({
      shape: [length],
      dataType: "uint8",
      codecs: ["bytes", { name: "zstd", configuration }],
    });
  const decode = (encoded: Uint8Array, length: number) => pipelineOf(length).decodeSync(encoded).data;

  /** The `DataError` that the library throws: its classes are its own. */
  function failure(encoded: Uint8Array, length = 100): SyncodecError {
    try {
      decode(encoded, length);
    } catch (error) {
      expect(error).toMatchObject({ name: "DataError" });
      return error as SyncodecError;
    }
    return expect.fail("decoded");
  }

  test.each([-131072, -7, -1, 0, 1, 3, 12, 22])("level %i, readable by another implementation", async (level) => {
    for (const data of [hundred, text]) {
      for (const checksum of [false, true]) {
        const encoded = pipelineOf(data.length, { level, checksum }).encodeSync(data, { writeEmptyChunks: true })!;
        expect(decode(encoded, data.length)).toEqual(data);
        expect(Uint8Array.from(await numcodecsZstd.fromConfig({ level: 1 }).decode(encoded))).toEqual(data);
      }
    }
  });

  test("level 0 is the library's default level", () => {
    const encode = (level: number) => pipelineOf(text.length, { level }).encodeSync(text);
    expect(encode(0)).toEqual(encode(3));
  });

  test("a checksum is written only when asked for, and verified", () => {
    for (const data of [hundred, text]) {
      const encode = (configuration: Record<string, unknown>) =>
        pipelineOf(data.length, configuration).encodeSync(data)!;
      for (const configuration of [{}, { checksum: false }]) expect(encode(configuration)[4]! & 4).toBe(0);
      const encoded = encode({ checksum: true });
      expect(encoded[4]! & 4).toBe(4);
      expect(encoded.byteLength).toBe(encode({}).byteLength + 4);
      for (let bit = 0; bit < 32; bit++) failure(flipped(encoded, (encoded.byteLength - 4) * 8 + bit), data.length);
    }
  });

  test("decodes frames of unknown content size, several blocks, run lengths", () => {
    expect(decode(frame([raw([...hundred])]), 100)).toEqual(hundred);
    expect(decode(frame([raw([...hundred.subarray(0, 60)], false), raw([...hundred.subarray(60)])]), 100)).toEqual(
      hundred,
    );
    const run = frame([runLength(7, 70_000, false), raw([], false), runLength(9, 30_000)], { window: 80 });
    expect(decode(run, 100_000)).toEqual(Uint8Array.from({ length: 100_000 }, (_, i) => (i < 70_000 ? 7 : 9)));
  });

  test("decodes concatenated, empty and skippable frames", () => {
    const halves = [sized(50, raw([...hundred.subarray(0, 50)])), frame([raw([...hundred.subarray(50)])])];
    const empty = sized(0, raw([]));
    expect(decode(join(...halves), 100)).toEqual(hundred);
    expect(decode(join(empty, skippable([1, 2, 3]), ...halves, skippable([]), empty), 100)).toEqual(hundred);
    const own = pipelineOf(100, { checksum: true }).encodeSync(hundred)!;
    expect(decode(join(skippable([0]), own), 100)).toEqual(hundred);
    expect(failure(join(own, own)).found).toBe(200);
    expect(failure(empty).message).toContain("expected 100 bytes; found 0 bytes");
    expect(failure(skippable([1, 2])).message).toContain("found 0 bytes");
    expect(failure(new Uint8Array(0)).message).toContain("found 0 bytes");
  });
});

describe("parseZstdFrames", () => {
  test("gives the bounds and declared sizes of the frames, not of what is skippable", () => {
    const first = sized(3, raw([1, 2, 3]));
    const second = frame([runLength(1, 9)]);
    const data = join(first, skippable([9, 9]), second);
    expect(parseZstdFrames(data)).toEqual([
      { start: 0, end: first.length, contentSize: 3 },
      { start: data.length - second.length, end: data.length, contentSize: undefined },
    ]);
  });

  test("reads content sizes of every width", () => {
    const size = (...header: number[]) => parseZstdFrames(join(magic, header, raw([])))[0]!.contentSize;
    expect(size(0x20, 255)).toBe(255);
    expect(size(0x60, 0, 0)).toBe(256);
    expect(size(0x60, 255, 255)).toBe(65_791);
    expect(size(0xa0, 1, 0, 0, 128)).toBe(2 ** 31 + 1);
    expect(size(0xe0, 0, 0, 0, 0, 0, 0, 1, 0)).toBe(2 ** 48);
    expect(size(0x00, 0)).toBeUndefined();
    expect(size(0x40, 0, 1, 0)).toBe(257);
  });

  test("names the byte at which the data goes wrong", () => {
    const fault = (data: Uint8Array) => syncodecError(() => parseZstdFrames(data));
    expect(fault(join(magic, [8]))).toMatchObject({ offset: 4, reason: "zstd frame header has its reserved bit set" });
    expect(fault(join(sized(1, raw([1])), [1, 2, 3, 4]))).toMatchObject({ offset: 10 });
    expect(fault(join(magic, [0x20, 5], [(5 << 3) | 1, 0, 0, 1, 2]))).toMatchObject({
      offset: 11,
      reason: "zstd data is cut short",
    });
  });
});
