import numcodecsZstd from "numcodecs/zstd";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseZstdFrames } from "../../src/codecs/zstd_frame.js";
import { backends, type Library, restoreModules } from "../support/zstd_backends.js";
import { frame, magic, raw, runLength, sized, skippable } from "../support/zstd_frames.js";
import { join, syncodecError, syncodecErrorIfAny } from "./support.js";

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

  test("decodes frames of unknown content size, several blocks, run lengths", () => {
    expect(decode(frame([raw([...hundred])]), 100)).toEqual(hundred);
    expect(decode(frame([raw([...hundred.subarray(0, 60)], false), raw([...hundred.subarray(60)])]), 100)).toEqual(
      hundred,
    );
    const run = frame([runLength(7, 70_000, false), raw([], false), runLength(9, 30_000)], { window: 80 });
    expect(decode(run, 100_000)).toEqual(Uint8Array.from({ length: 100_000 }, (_, i) => (i < 70_000 ? 7 : 9)));
  });

  test("a frame that says nothing takes what its blocks can hold, in a chunk of any length", () => {
    const remove = library.registerCodec({
      name: "test.any_length",
      kind: "bytes_to_bytes",
      fromConfig: () => ({ encodeSync: (bytes) => bytes, decodeSync: (bytes) => bytes }),
    });
    const pipeline = library.createCodecPipeline({
      shape: [100],
      dataType: "uint8",
      codecs: ["bytes", "test.any_length", "zstd"],
    });
    remove();
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    expect(pipeline.decodeSync(frame([raw([...hundred])])).data).toEqual(hundred);
    const gibibyte = join(magic, [0xe0, 0, 0, 0, 64, 0, 0, 0, 0], raw([...hundred]));
    expect(() => pipeline.decodeSync(gibibyte)).toThrow("zstd frame declares more bytes than its blocks can hold");
    expect(grow.mock.calls.reduce((sum, [pages]) => sum + pages, 0)).toBeLessThan(512);
    grow.mockRestore();
  });

  test("numcodecs.zstd takes any level, and uses the nearest there is", () => {
    const encode = (name: string, configuration: Record<string, unknown>) =>
      library
        .createCodecPipeline({ shape: [text.length], dataType: "uint8", codecs: ["bytes", { name, configuration }] })
        .encodeSync(text);
    expect(encode("numcodecs.zstd", {})).toEqual(encode("zstd", { level: 0, checksum: false }));
    expect(encode("numcodecs.zstd", { level: 100 })).toEqual(encode("zstd", { level: 22 }));
    expect(encode("numcodecs.zstd", { level: -(2 ** 31) })).toEqual(encode("zstd", { level: -131072 }));
    expect(encode("numcodecs.zstd", { checksum: true })).toEqual(encode("zstd", { checksum: true }));
  });
});

describe("parseZstdFrames", () => {
  test("gives the bounds and declared sizes of the frames, not of what is skippable", () => {
    const first = sized(3, raw([1, 2, 3]));
    const second = frame([runLength(1, 9)]);
    const data = join(first, skippable([9, 9]), second);
    expect(parseZstdFrames(data)).toEqual([
      { start: 0, end: first.length, contentSize: 3, maximumSize: 3 },
      { start: data.length - second.length, end: data.length, contentSize: undefined, maximumSize: 9 },
    ]);
  });

  test("reads content sizes of every width", () => {
    const blocks = (count: number) => Array.from({ length: count }, (_, i) => runLength(0, 2 ** 17, i === count - 1));
    const size = (...header: number[]) => parseZstdFrames(join(magic, header, ...blocks(1)))[0]!.contentSize;
    expect(size(0x20, 255)).toBe(255);
    expect(size(0x60, 0, 0)).toBe(256);
    expect(size(0x60, 255, 255)).toBe(65_791);
    expect(size(0xa0, 1, 0, 1, 0)).toBe(2 ** 16 + 1);
    const claimed = (...header: number[]) => syncodecErrorIfAny(() => size(...header))?.reason;
    expect(claimed(0xa0, 0, 0, 2, 0)).toBeUndefined();
    const tooMuch = "zstd frame declares more bytes than its blocks can hold";
    expect(claimed(0xa0, 1, 0, 2, 0)).toBe(tooMuch);
    expect(claimed(0xa0, 1, 0, 0, 128)).toBe(tooMuch);
    expect(claimed(0xe0, 0, 0, 0, 0, 0, 0, 1, 0)).toBe(tooMuch);
    const many = parseZstdFrames(join(magic, [0xe0, 1, 0, 0, 128, 0, 0, 0, 0], ...blocks(2 ** 14 + 1)))[0]!;
    expect(many.contentSize).toBe(2 ** 31 + 1);
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
