import { describe, expect, test } from "vitest";
import { type CodecOption, createArraySync, createCodecPipeline } from "../../src/index.js";
import { flipped, fromHex, join, syncodecError } from "./support.js";

const pipelineOf = (length: number, codec: CodecOption) =>
  createCodecPipeline({ shape: [length], dataType: "uint8", codecs: ["bytes", codec] });

const data = {
  one: Uint8Array.of(0x61),
  ascending: Uint8Array.from({ length: 11 }, (_, i) => i + 1),
  zeros: new Uint8Array(9),
  ones: new Uint8Array(16).fill(255),
  long: Uint8Array.from({ length: 100_001 }, (_, i) => i * 7 + (i >> 8)),
};
type DataName = keyof typeof data;

interface Vectors {
  readonly name: string;
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly location: "start" | "end";
  /** By numcodecs 0.17.1. */
  readonly sums: Readonly<Record<DataName, string>>;
}

const crc32 = { one: "43beb7e8", ascending: "e6be2282", zeros: "ae1409e6", ones: "1ac6b33f", long: "3b71ef77" };
const adler32 = { one: "62006200", ascending: "43002901", zeros: "01000900", ones: "f10f8887", long: "d59b1f70" };
const crc32c = { one: "3043d0c1", ascending: "1fa932d2", zeros: "a368e5bb", ones: "104c2fef", long: "7cd2b19a" };
const fletcher32 = { one: "00610061", ascending: "1e24645b", zeros: "00000000", ones: "ffffffff", long: "09c01c2f" };
const lookup3 = { one: "0887d658", ascending: "8cf69418", zeros: "0d8ae50e", ones: "6f92829d", long: "75ceb49d" };
const seeded = { one: "6a860111", ascending: "98233297", zeros: "28dee990", ones: "5623755b", long: "9aa4b997" };
const prefixed = { one: "abfcb1f9", ascending: "451e2b11", zeros: "ace44ad3", ones: "c127725e", long: "ad11d015" };
const helloWorld = [...Buffer.from("Hello world")];

const vectors: readonly Vectors[] = [
  { name: "numcodecs.crc32", location: "start", sums: crc32 },
  { name: "numcodecs.crc32", configuration: { location: "start" }, location: "start", sums: crc32 },
  { name: "numcodecs.crc32", configuration: { location: "end" }, location: "end", sums: crc32 },
  { name: "numcodecs.adler32", location: "start", sums: adler32 },
  { name: "numcodecs.adler32", configuration: { location: "end" }, location: "end", sums: adler32 },
  { name: "adler32", location: "start", sums: adler32 },
  { name: "numcodecs.crc32c", location: "end", sums: crc32c },
  { name: "numcodecs.crc32c", configuration: { location: "start" }, location: "start", sums: crc32c },
  { name: "numcodecs.fletcher32", location: "end", sums: fletcher32 },
  { name: "fletcher32", location: "end", sums: fletcher32 },
  { name: "https://codec.zarrs.dev/bytes_to_bytes/fletcher32", location: "end", sums: fletcher32 },
  { name: "numcodecs.jenkins_lookup3", location: "end", sums: lookup3 },
  { name: "numcodecs.jenkins_lookup3", configuration: { initval: 0, prefix: null }, location: "end", sums: lookup3 },
  { name: "numcodecs.jenkins_lookup3", configuration: { initval: 1230 }, location: "end", sums: seeded },
  {
    name: "numcodecs.jenkins_lookup3",
    configuration: { initval: 0xdeadbeef, prefix: helloWorld },
    location: "end",
    sums: prefixed,
  },
];

describe.each(vectors.map((each) => [`${each.name} ${JSON.stringify(each.configuration ?? {})}`, each] as const))(
  "%s",
  (_, { name, configuration = {}, location, sums }) => {
    const codec = { name, configuration };

    test.each(Object.keys(data) as DataName[])("writes and reads the bytes of numcodecs: %s", (key) => {
      const [decoded, sum] = [data[key], fromHex(sums[key])];
      const expected = location === "start" ? join(sum, decoded) : join(decoded, sum);
      const pipeline = pipelineOf(decoded.length, codec);
      expect(pipeline.computeEncodedSize()).toBe(decoded.length + 4);
      // Of arrays this long, toEqual takes a second.
      expect(Buffer.compare(pipeline.encodeSync(decoded, { writeEmptyChunks: true })!, expected)).toBe(0);
      expect(Buffer.compare(pipeline.decodeSync(expected).data, decoded)).toBe(0);
    });

    test("a flipped bit is reported with both checksums", () => {
      const pipeline = pipelineOf(11, codec);
      const encoded = pipeline.encodeSync(data.ascending)!;
      for (let bit = 0; bit < encoded.length * 8; bit++) {
        const error = syncodecError(() => pipeline.decodeSync(flipped(encoded, bit)));
        expect(error).toMatchObject({
          name: "DataError",
          code: "CHECKSUM_MISMATCH",
          reason: "Checksum does not match the data",
          expected: expect.stringMatching(/^0x[0-9a-f]{8}$/),
          found: expect.stringMatching(/^0x[0-9a-f]{8}$/),
        });
        expect(error.expected).not.toBe(error.found);
      }
    });

    test("of a chunk of unknown length: too short for a checksum is an error", () => {
      const codecs = ["bytes", "gzip", codec];
      const pipeline = createCodecPipeline({ shape: [11], dataType: "uint8", codecs });
      const encoded = pipeline.encodeSync(data.ascending)!;
      expect(pipeline.decodeSync(encoded).data).toEqual(data.ascending);
      for (const length of [0, 1, 3]) {
        expect(syncodecError(() => pipeline.decodeSync(encoded.subarray(0, length)))).toMatchObject({
          code: "CORRUPT_DATA",
          expected: "at least 4 bytes",
          found: length,
        });
      }
    });
  },
);

test("numcodecs.crc32c after the data is crc32c", () => {
  const encode = (name: string) => pipelineOf(11, name).encodeSync(data.ascending);
  expect(encode("numcodecs.crc32c")).toEqual(encode("crc32c"));
});

test("a new array's metadata has a configuration, without which zarr-python refuses the codec", () => {
  const store = new Map<string, Uint8Array>();
  const compressors = ["numcodecs.fletcher32", "numcodecs.jenkins_lookup3", "crc32c"];
  createArraySync(store, { shape: [4], chunkShape: [4], dataType: "uint8", compressors });
  const { codecs } = JSON.parse(new TextDecoder().decode(store.get("/zarr.json")));
  expect(codecs.slice(1)).toEqual([
    { name: "numcodecs.fletcher32", configuration: {} },
    { name: "numcodecs.jenkins_lookup3", configuration: { initval: 0 } },
    { name: "crc32c" },
  ]);
});
