import numcodecsZstd from "numcodecs/zstd";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseZstdFrames } from "../../src/codecs/zstd_frame.js";
import type { SyncodecError } from "../../src/errors.js";
import { hostZlib } from "../../src/platform.js";
import { flipped, fromHex, join, syncodecError, syncodecErrorIfAny } from "./support.js";

type Library = typeof import("../../src/index.js");

/** A library whose zstd can only run in one place. Its error classes are its own. */
const backends: (readonly [string, () => Promise<Library>])[] = [
  [
    "WebAssembly",
    async () => {
      vi.resetModules();
      vi.doMock("../../src/platform.js", () => ({ hostZlib: undefined }));
      const library = await import("../../src/index.js");
      await library.init(["zstd"]);
      return library;
    },
  ],
];
if (hostZlib?.zstdDecompressSync !== undefined) {
  backends.push([
    "node:zlib",
    () => {
      vi.resetModules();
      vi.doUnmock("../../src/platform.js");
      return import("../../src/index.js");
    },
  ]);
}

const magic = [0x28, 0xb5, 0x2f, 0xfd];
type Block = readonly number[];

function block(type: 0 | 1 | 2 | 3, size: number, content: readonly number[], isLast: boolean): Block {
  const header = (size << 3) | (type << 1) | (isLast ? 1 : 0);
  return [header & 255, (header >> 8) & 255, header >> 16, ...content];
}

const raw = (content: readonly number[], isLast = true): Block => block(0, content.length, content, isLast);
const runLength = (value: number, length: number, isLast = true): Block => block(1, length, [value], isLast);

/** A frame of unknown content size, with a window of 1 KiB unless `window` says otherwise. */
function frame(blocks: readonly Block[], { descriptor = 0, window = 0 } = {}): Uint8Array {
  return join(magic, [descriptor, window], ...blocks);
}

/** A single-segment frame that declares its content size in one byte. */
const sized = (size: number, ...blocks: Block[]): Uint8Array => join(magic, [0x20, size], ...blocks);

function skippable(content: readonly number[], length = content.length): Uint8Array {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint32(0, 0x184d2a53, true);
  header.setUint32(4, length, true);
  return join(new Uint8Array(header.buffer), content);
}

const hundred = Uint8Array.from({ length: 100 }, (_, i) => i);
const text = Uint8Array.from({ length: 40_000 }, (_, i) => (i % 11) * (i % 7));

describe.each(backends)("in %s", (_, load) => {
  let library: Library;
  beforeAll(async () => {
    library = await load();
  });
  afterAll(() => {
    vi.doUnmock("../../src/platform.js");
    vi.resetModules();
  });

  const pipelineOf = (length: number, configuration: Record<string, unknown> = {}) =>
    library.createCodecPipeline({
      shape: [length],
      dataType: "uint8",
      codecs: ["bytes", { name: "zstd", configuration }],
    });
  const decode = (encoded: Uint8Array, length: number) => pipelineOf(length).decodeSync(encoded).data;

  /** The error must come at once and take no memory, of whichever kind, and the next call must work. */
  function failure(encoded: Uint8Array, length = 100): SyncodecError {
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    const { arrayBuffers } = process.memoryUsage();
    const start = performance.now();
    let error: unknown;
    try {
      decode(encoded, length);
    } catch (caught) {
      error = caught;
    }
    expect(performance.now() - start).toBeLessThan(1000);
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(32 * 2 ** 20);
    expect(grow.mock.calls.reduce((sum, [pages]) => sum + pages, 0) * 65536).toBeLessThan(32 * 2 ** 20);
    grow.mockRestore();
    expect(error).toMatchObject({ name: "DataError", code: expect.stringMatching(/CORRUPT_DATA|CHECKSUM/) });
    expect(decode(sized(100, raw([...hundred])), 100)).toEqual(hundred);
    return error as SyncodecError;
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

  test("Z1–Z4: a checksum is written only when asked for, and verified", () => {
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

  test("Z1–Z4: decodes concatenated, empty and skippable frames", () => {
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

  test("too few and too many bytes are errors", () => {
    for (const length of [0, 1, 99, 101, 200]) {
      const content = Array<number>(length).fill(1);
      failure(sized(length, raw(content)));
      failure(frame([raw(content)]));
    }
  });

  test("Z1–Z4: trailing junk is an error", () => {
    const encoded = sized(100, raw([...hundred]));
    for (const junk of [[0], [0, 0, 0, 0], magic, [...magic, 0x20], [1, 2, 3, 4, 5], [0x50, 0x2a, 0x4d, 0x18]])
      failure(join(encoded, junk));
    failure(join(encoded, skippable([], 1)));
    failure(join(encoded, skippable([], 0xffffffff)));
  });

  test("Z1–Z4: a header that lies is an error", () => {
    const huge = fromHex("28b52ffde06c06060663636363");
    for (const length of [1, 100, 2 ** 20]) expect(() => failure(huge, length)).not.toThrow();
    const claims = failure(join(magic, [0xe0, 0, 0, 0, 0, 1, 0, 0, 0], raw([...hundred])));
    expect(claims.reason).toBe("zstd frame declares more bytes than its blocks can hold");
    const tooMuch = failure(join(magic, [0xa0, 101, 0, 0, 0], runLength(1, 101)));
    expect(tooMuch).toMatchObject({ reason: "zstd frame declares more bytes than the chunk holds", found: 101 });
    failure(join(magic, [0xe0, 255, 255, 255, 255, 255, 255, 255, 255], raw([...hundred])));
    failure(sized(100, raw([...hundred.subarray(1)])));
    failure(sized(99, raw([...hundred])));
  });

  test("Z1–Z4: a window over 128 MiB is refused, one of 128 MiB is not", () => {
    const content = [raw([...hundred])];
    const windowLog = (log: number, mantissa = 0) => ((log - 10) << 3) | mantissa;
    for (const window of [windowLog(27, 1), windowLog(28), windowLog(31), windowLog(41, 7)])
      expect(failure(frame(content, { window })).reason).toBe("zstd frame asks for a window over 128 MiB");
    expect(decode(frame(content, { window: windowLog(27) }), 100)).toEqual(hundred);
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

  test("reserved bits, blocks that are too large, reserved blocks, dictionaries and bad compressed blocks are refused", () => {
    expect(failure(frame([raw([...hundred])], { descriptor: 8 })).reason).toContain("reserved bit");
    expect(failure(frame([block(3, 1, [0], true)])).reason).toContain("reserved type");
    expect(failure(join(magic, [1, 0, 9], raw([...hundred]))).reason).toContain("dictionary");
    expect(failure(join(magic, [0x23, 0, 0, 0, 1, 100], raw([...hundred]))).reason).toContain("dictionary");
    expect(failure(frame([runLength(1, 2 ** 17 + 1)], { window: 80 })).reason).toContain("larger than a block");
    failure(frame([block(2, 3, [0, 0, 0], true)]));
    failure(frame([block(2, 100, [...hundred], true)]));
  });

  test("Z1–Z4: the size that the metadata declares bounds a bomb", () => {
    const blocks = Array.from({ length: 2000 }, (_, i) => runLength(1, 2 ** 17, i === 1999));
    failure(frame(blocks, { window: 56 }));
  });

  test("Z1–Z4: cut at every byte, and any bit flipped, of a checked frame", () => {
    const encoded = pipelineOf(100, { checksum: true }).encodeSync(hundred)!;
    for (let length = 0; length < encoded.byteLength; length++) failure(encoded.subarray(0, length));
    for (let bit = 0; bit < encoded.byteLength * 8; bit++) {
      const damaged = flipped(encoded, bit);
      let decoded: Uint8Array | undefined;
      try {
        decoded = decode(damaged, 100);
      } catch (error) {
        expect(error).toMatchObject({ name: "DataError" });
      }
      if (decoded !== undefined) expect(decoded).toEqual(hundred);
    }
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
