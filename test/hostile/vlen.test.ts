/** Row V1: chunks of strings and of byte strings whose counts and lengths lie, and JSON that is something else. */

import { beforeAll, describe, expect, test } from "vitest";
import { CodecPipeline } from "../../src/codec_pipeline.js";
import { init } from "../../src/index.js";
import { jsonType } from "../../src/metadata/variable_types.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import { join, syncodecError } from "../codecs/support.js";
import { expectRefused } from "./support.js";

beforeAll(() => init());

const word = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
const item = (...bytes: number[]): number[] => [...word(bytes.length), ...bytes];
const most = 2 ** 32 - 1;
const four = [item(0x61), item(0x62), item(), item(0x63, 0x64)];

const damaged: readonly (readonly [string, Uint8Array])[] = [
  ["no bytes", new Uint8Array(0)],
  ["half a count", Uint8Array.of(4, 0)],
  ["a count of 2^32 - 1", join(word(most), ...four)],
  ["a count of 2^31", join(word(2 ** 31), ...four)],
  ["a count of 3", join(word(3), ...four)],
  ["a count of 5", join(word(5), ...four)],
  ["only the count", Uint8Array.from(word(4))],
  ["a length of 2^32 - 1", join(word(4), word(most), [0x61], ...four.slice(1))],
  ["a length that wraps to the item's start", join(word(4), word(2 ** 32 - 4), [0x61], ...four.slice(1))],
  ["a length past the end", join(word(4), ...four.slice(0, 3), word(3), [0x63, 0x64])],
  ["a last item without a length", join(word(4), ...four.slice(0, 3))],
  ["a last item with half a length", join(word(4), ...four.slice(0, 3), [1, 0])],
  ["trailing bytes", join(word(4), ...four, [0])],
  ["an item more", join(word(4), ...four, item(0x65))],
];

const invalidUtf8: readonly (readonly [string, readonly number[]])[] = [
  ["a byte that no character has", [0xff]],
  ["a continuation byte by itself", [0x80]],
  ["half a character", [0x61, 0xe2, 0x82]],
  ["a slash in two bytes", [0xc0, 0xaf]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["a character beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["a bad byte after many good ones", [...Array<number>(40).fill(0x61), 0xfe]],
];

describe.each([
  ["vlen-utf8", "string"],
  ["vlen-bytes", "bytes"],
] as const)("%s", (codec, dataType) => {
  const refusal = { code: "CORRUPT_DATA", details: { codec } } as const;

  test.each(damaged)("V1: %s", async (_, value) => {
    await expectRefused({ dataType, codecs: [codec] }, value, refusal);
  });

  test("V1: behind a compressor and in a shard", async () => {
    const value = join(word(most), ...four);
    await expectRefused({ dataType, codecs: [codec, "crc32c"] }, value, { code: "CHECKSUM_MISMATCH" });
    const inner = join(word(2), word(most), [0x61]);
    const entries = [0, inner.length].map((offset) => [...word(offset), ...word(0), ...word(inner.length), ...word(0)]);
    const options = { dataType, codecs: [codec], chunkShape: [2], shardShape: [4], indexCodecs: ["bytes"] };
    const shard = join(inner, inner, ...entries);
    await expectRefused(options, shard, { ...refusal, mayPass: ["write elsewhere"] });
  });
});

test.each(invalidUtf8)("V1: %s in a string", async (_, bytes) => {
  const value = join(word(4), item(...bytes), ...four.slice(1));
  const details = { codec: "vlen-utf8", reason: "Item 0 is not valid UTF-8" };
  await expectRefused({ dataType: "string", codecs: ["vlen-utf8"] }, value, { code: "CORRUPT_DATA", details });
});

describe("numcodecs.json2", () => {
  const pipelineOf = (shape: readonly number[]) =>
    new CodecPipeline(
      bindCodecs(
        [{ name: "numcodecs.json2", configuration: new Map(), mustUnderstand: true }],
        { shape, dataType: jsonType, fillValue: [null] },
        { field: "codecs" },
      ),
    );
  const decode = (text: string | Uint8Array, shape: readonly number[]): unknown =>
    pipelineOf(shape).decodeSync(typeof text === "string" ? new TextEncoder().encode(text) : text).data;

  test("the documents that the others are made of are good ones", () => {
    expect(decode('[1,"a","|O",[2]]', [2])).toEqual([1, "a"]);
    expect(decode('[[1,2],[3,{}],"|O",[2,2]]', [2, 2])).toEqual([1, 2, 3, {}]);
    expect(decode('[7,"|O",[]]', [])).toEqual([7]);
  });

  test.each([
    ["nothing", ""],
    ["no array", "{}"],
    ["an array of nothing", "[]"],
    ["a shape only", "[[2]]"],
    ["no shape", '[1,2,"|O"]'],
    ["too few items", '[1,"|O",[2]]'],
    ["too many items", '[1,2,3,"|O",[2]]'],
    ["a shape of other lengths", '[1,2,3,"|O",[3]]'],
    ["a shape of another rank", '[[1,2],"|O",[1,2]]'],
    ["a shape that is too long", `[1,2,"|O",[${"2,".repeat(1000)}2]]`],
    ["lengths that are no integers", '[1,2,"|O",["2"]]'],
    ["a length of 2.0", '[1,2,"|O",[2.0]]'],
    ["a length of 1e400", '[1,2,"|O",[1e400]]'],
    ["half a document", '[1,2,"|O",['],
    ["two documents", '[1,2,"|O",[2]][]'],
    ["a byte order mark", '\ufeff[1,2,"|O",[2]]'],
    ["arrays 100,000 deep", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["an item 100,000 deep", `[1,${"[".repeat(100_000)}${"]".repeat(100_000)},"|O",[2]]`],
    ["objects 100,000 deep", `[1,${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)},"|O",[2]]`],
  ])("V1: %s", (_, text) => {
    expect(syncodecError(() => decode(text, [2]))).toMatchObject({ code: "CORRUPT_DATA", codec: "json2" });
  });

  test.each([
    ["items that are not nested", '[1,2,3,4,"|O",[2,2]]'],
    ["rows of other lengths", '[[1,2],[3],"|O",[2,2]]'],
    ["a row that is an object", '[[1,2],{"length":2},"|O",[2,2]]'],
    ["a row that is text", '[[1,2],"ab","|O",[2,2]]'],
    ["a row too many", '[[1,2],[3,4],[5,6],"|O",[2,2]]'],
  ])("V1: %s", (_, text) => {
    expect(syncodecError(() => decode(text, [2, 2]))).toMatchObject({ code: "CORRUPT_DATA", codec: "json2" });
  });

  test("V1: invalid UTF-8", () => {
    const good = new TextEncoder().encode('["a","b","|O",[2]]');
    for (const byte of [0xff, 0x80, 0xc0])
      expect(syncodecError(() => decode(good.with(2, byte), [2])).code).toBe("CORRUPT_DATA");
  });

  test("V1: names that are special in JavaScript are names like any other", () => {
    const items = decode('[{"__proto__":{"polluted":1}},{"constructor":1,"toString":2},"|O",[2]]', [2]);
    expect(items).toEqual([JSON.parse('{"__proto__":{"polluted":1}}'), { constructor: 1, toString: 2 }]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
