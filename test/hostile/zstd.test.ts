/** Rows Z1 to Z4: Zstandard frames that lie, that are cut or changed, and more or fewer of them than one. */

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { SyncodecError } from "../../src/errors.js";
import { init } from "../../src/index.js";
import { flipped, fromHex, join } from "../codecs/support.js";
import { backends, type Library, restoreModules } from "../support/zstd_backends.js";
import { block, frame, magic, raw, runLength, sized, skippable } from "../support/zstd_frames.js";
import { expectRefused, type RowOptions } from "./support.js";

const hundred = Uint8Array.from({ length: 100 }, (_, i) => i);
const text = Uint8Array.from({ length: 40_000 }, (_, i) => (i % 11) * (i % 7));
const windowLog = (log: number, mantissa = 0): number => ((log - 10) << 3) | mantissa;
const huge = fromHex("28b52ffde06c06060663636363");

describe("in an array", () => {
  beforeAll(() => init());

  const options: RowOptions = { codecs: ["bytes", { name: "zstd", configuration: { checksum: true } }] };
  const four = [raw([1, 2, 3, 4])];
  const refused: readonly (readonly [string, Uint8Array])[] = [
    ["Z1: 13 bytes that claim a huge size", huge],
    ["Z1: 4 GiB claimed", join(magic, [0xe0, 0, 0, 0, 0, 1, 0, 0, 0], ...four)],
    ["Z1: fewer bytes than claimed", sized(4, raw([1, 2, 3]))],
    ["Z1: more bytes than claimed", sized(3, ...four)],
    ["Z2: a window log of 31", frame(four, { window: windowLog(31) })],
    ["Z3: a frame cut in its header", sized(4, ...four).subarray(0, 5)],
    ["Z3: a frame cut in its block", sized(4, ...four).subarray(0, 11)],
    ["Z3: a wrong checksum", join(magic, [0x24, 4], ...four, [1, 2, 3, 4])],
    ["Z3: a compressed block of nothing", frame([block(2, 3, [0, 0, 0], true)])],
    ["Z4: trailing junk", join(sized(4, ...four), [0])],
    ["Z4: an empty frame", sized(0, raw([]))],
    ["Z4: no frame", new Uint8Array(0)],
    ["Z4: two frames, one too many", join(sized(4, ...four), sized(4, ...four))],
  ];
  test.each(refused)("%s", async (_, value) => {
    await expectRefused(options, value, { code: "CORRUPT_DATA", details: { codec: "zstd" } });
  });
});

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

  test("Z3: a checksum is written only when asked for, and verified", () => {
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

  test("Z4: decodes concatenated, empty and skippable frames", () => {
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

  test("Z1: too few and too many bytes are errors", () => {
    for (const length of [0, 1, 99, 101, 200]) {
      const content = Array<number>(length).fill(1);
      failure(sized(length, raw(content)));
      failure(frame([raw(content)]));
    }
  });

  test("Z4: trailing junk is an error", () => {
    const encoded = sized(100, raw([...hundred]));
    for (const junk of [[0], [0, 0, 0, 0], magic, [...magic, 0x20], [1, 2, 3, 4, 5], [0x50, 0x2a, 0x4d, 0x18]])
      failure(join(encoded, junk));
    failure(join(encoded, skippable([], 1)));
    failure(join(encoded, skippable([], 0xffffffff)));
  });

  test("Z1: a header that lies is an error", () => {
    for (const length of [1, 100, 2 ** 20]) expect(() => failure(huge, length)).not.toThrow();
    const claims = failure(join(magic, [0xe0, 0, 0, 0, 0, 1, 0, 0, 0], raw([...hundred])));
    expect(claims.reason).toBe("zstd frame declares more bytes than its blocks can hold");
    const tooMuch = failure(join(magic, [0xa0, 101, 0, 0, 0], runLength(1, 101)));
    expect(tooMuch).toMatchObject({ reason: "zstd frame declares more bytes than the chunk holds", found: 101 });
    failure(join(magic, [0xe0, 255, 255, 255, 255, 255, 255, 255, 255], raw([...hundred])));
    failure(sized(100, raw([...hundred.subarray(1)])));
    failure(sized(99, raw([...hundred])));
  });

  test("Z2: a window over 128 MiB is refused, one of 128 MiB is not", () => {
    const content = [raw([...hundred])];
    for (const window of [windowLog(27, 1), windowLog(28), windowLog(31), windowLog(41, 7)])
      expect(failure(frame(content, { window })).reason).toBe("zstd frame asks for a window over 128 MiB");
    expect(decode(frame(content, { window: windowLog(27) }), 100)).toEqual(hundred);
  });

  test("Z3: reserved bits, blocks that are too large, reserved blocks, dictionaries and bad compressed blocks are refused", () => {
    expect(failure(frame([raw([...hundred])], { descriptor: 8 })).reason).toContain("reserved bit");
    expect(failure(frame([block(3, 1, [0], true)])).reason).toContain("reserved type");
    expect(failure(join(magic, [1, 0, 9], raw([...hundred]))).reason).toContain("dictionary");
    expect(failure(join(magic, [0x23, 0, 0, 0, 1, 100], raw([...hundred]))).reason).toContain("dictionary");
    expect(failure(frame([runLength(1, 2 ** 17 + 1)], { window: 80 })).reason).toContain("larger than a block");
    failure(frame([block(2, 3, [0, 0, 0], true)]));
    failure(frame([block(2, 100, [...hundred], true)]));
  });

  test("Z1: the size that the metadata declares bounds a bomb", () => {
    const blocks = Array.from({ length: 2000 }, (_, i) => runLength(1, 2 ** 17, i === 1999));
    failure(frame(blocks, { window: 56 }));
  });

  test("Z3: cut at every byte, and any bit flipped, of a checked frame", () => {
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
