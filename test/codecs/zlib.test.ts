/** What numcodecs writes as zlib, gzip and zstd; the formats themselves have tests of their own. */

import { beforeAll, describe, expect, test } from "vitest";
import { createCodecPipeline, init } from "../../src/index.js";
import { flipped, fromHex, syncodecError } from "./support.js";

const data = Int16Array.from({ length: 40 }, (_, i) => i - 5);

const pipelineOf = (name: string, configuration: Record<string, unknown> = {}) =>
  createCodecPipeline({ shape: [40], dataType: "int16", codecs: ["bytes", { name, configuration }] });

const deflated =
  "05c1090242001000c071548874d12df5ff1f266be61753fc638e0812a94c6e656da350aa6cd51a3badbd83a393b34eefe2eae6eee1e965f036faf85a00";
const stored = `015000afff${Buffer.from(data.buffer).toString("hex")}`;
const frame =
  "505502000285111eb0b96624300cc3300cc3300c33d99a91ad19d92db2bbbbbbbbbbbbbb770a1f1d1b19171513110f0d0b0907050301b7da2cf66aad52a7d228f4e96c3297ca773739c9450e1200";

/** By numcodecs 0.17.1: Zlib, GZip (with a time in its header) and Zstd. */
const vectors: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ["zlib", { level: 0 }, `7801${stored}25460c40`],
  ["zlib", { level: 1 }, `7801${deflated}25460c40`],
  ["zlib", { level: 9 }, `78da${deflated}25460c40`],
  ["zlib", { level: -1 }, `789c${deflated}25460c40`],
  ["gzip", { level: 0 }, `1f8b0800be22036b00ff${stored}98ad8df750000000`],
  ["gzip", { level: 1 }, `1f8b0800be22036b04ff${deflated}98ad8df750000000`],
  ["gzip", { level: 9 }, `1f8b0800be22036b02ff${deflated}98ad8df750000000`],
  ["zstd", { level: 0 }, `28b52ffd20${frame}`],
  ["zstd", { level: 1, checksum: true }, `28b52ffd24${frame}054e255a`],
  ["zstd", { level: 100 }, `28b52ffd20${frame}`],
];

beforeAll(() => init(["zstd"]));

describe.each(vectors)("numcodecs.%s %o", (name, configuration, encoded) => {
  test("is decoded, and its own encoding too", () => {
    const pipeline = pipelineOf(`numcodecs.${name}`, configuration);
    expect(pipeline.decodeSync(fromHex(encoded)).data).toEqual(data);
    expect(pipeline.decodeSync(pipeline.encodeSync(data)!).data).toEqual(data);
  });

  test("cut at every byte is an error", () => {
    const pipeline = pipelineOf(`numcodecs.${name}`, configuration);
    const bytes = fromHex(encoded);
    for (let length = 0; length < bytes.length; length++)
      expect(syncodecError(() => pipeline.decodeSync(bytes.subarray(0, length))).code).toBe("CORRUPT_DATA");
  });
});

describe("zlib", () => {
  test("is numcodecs.zlib under another name, of level 1 by default", () => {
    expect(pipelineOf("zlib").encodeSync(data)).toEqual(pipelineOf("numcodecs.zlib", { level: 1 }).encodeSync(data));
  });

  test("reports every flipped bit of the checksum, with the codec", () => {
    const bytes = fromHex(`7801${deflated}25460c40`);
    for (let bit = (bytes.length - 4) * 8; bit < bytes.length * 8; bit++) {
      const error = syncodecError(() => pipelineOf("zlib").decodeSync(flipped(bytes, bit)));
      expect(error).toMatchObject({ name: "DataError", code: "CORRUPT_DATA", codec: "zlib" });
    }
  });
});
