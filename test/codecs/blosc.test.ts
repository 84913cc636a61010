import Blosc from "numcodecs/blosc";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type BloscSettings, decodeBlosc, encodeBlosc } from "../../src/codecs/blosc_container.js";
import type { ByteSize } from "../../src/codecs/codec.js";
import { DataError, MetadataError, type SyncodecError } from "../../src/errors.js";
import { type CodecOption, createArraySync, createCodecPipeline, init, openArraySync } from "../../src/index.js";
import type { DataTypeName } from "../../src/metadata/data_type.js";
import { useMemory } from "../../src/wasm/memory.js";
import { bitshuffle, shuffle } from "../reference/shuffle.js";
import { bareHost } from "../support/bare_host.js";
import { bytesOf, flipped, fromHex, join, syncodecError } from "./support.js";

const compressors = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"] as const;
const shuffles = ["noshuffle", "shuffle", "bitshuffle"] as const;
const filters = ["none", "bytes", "bits"] as const;
const formats = { blosclz: 0, lz4: 1, lz4hc: 1, snappy: 2, zlib: 3, zstd: 4 } as const;

/** 304 bytes: with blocks of 256, one whole block and a shorter one. */
const ramp = Uint16Array.from({ length: 152 }, (_, i) => (i >> 2) * 3 + 500);

/** {@link ramp} as numcodecs 0.17.1 (c-blosc 1.21.7) encodes it at level 9 with a block size of 256. */
const vectors: readonly (readonly [cname: string, shuffle: (typeof shuffles)[number], base64: string])[] = [
  [
    "blosclz",
    "noshuffle",
    "AgEAAjABAAAwAQAA5gAAABQAAABlAAAAKPQB9AH0AfQB96ABAfoBgAEB/QGAAQEAAoABAQMCgAEBBgKAAQEJAoABAQwCgAEBDwKAAQESAoABARUCgAEBGAKAAQEbAoABAR4CgAEBIQKAAQEkAoABAScCgAEHKgIqAioCKgJlAAAAKC0CLQItAi0CMKABATMCgAEBNgKAAQE5AoABATwCgAEBPwKAAQFCAoABAUUCgAEBSAKAAQFLAoABAU4CgAEBUQKAAQFUAoABAVcCgAEBWgKAAQFdAoABAWACgAEHYwJjAmMCYwI=",
  ],
  [
    "blosclz",
    "shuffle",
    "AgEBAjABAAAwAQAAxAAAABQAAACYAAAA9PT09Pf39/f6+vr6/f39/QAAAAADAwMDBgYGBgkJCQkMDAwMDw8PDxISEhIVFRUVGBgYGBsbGxseHh4eISEhISQkJCQnJycnKioqKi0tLS0wMDAwMzMzMzY2NjY5OTk5PDw8PD8/Pz9CQkJCRUVFRUhISEhLS0tLTk5OTlFRUVFUVFRUV1dXV1paWlpdXV1dYGBgYGNjY2MQAAAAIwEBAQHgAwMAAuB8AAECAg==",
  ],
  [
    "blosclz",
    "bitshuffle",
    "AgEEAjABAAAwAQAAhQAAABQAAABSAAAAI/Dw8PDgBwMBD/DgBwED//AAD+AGAwcA/wDw/wD/D+ACBxD//wAAAP//DwAA////AADw/6ASYAoE////AABgH4AHgABgFwD/4AQSBQAAAAAAABcAAAAk//8AAADgBwAA/+AHAOAHIOBXAAEAAA==",
  ],
  [
    "lz4",
    "noshuffle",
    "AgEgAjABAAAwAQAAwQAAABQAAABTAAAAIvQBAgAT9wIAE/oCABP9AgAiAAICABMDAgATBgIAEwkCABMMAgATDwIAExICABMVAgATGAIAExsCABMeAgATIQIAEyQCABMnAgCAKgIqAioCKgJSAAAAIi0CAgATMAIAEzMCABM2AgATOQIAEzwCABM/AgATQgIAE0UCABNIAgATSwIAE04CABNRAgATVAIAE1cCABNaAgATXQIAE2ACAIBjAmMCYwJjAg==",
  ],
  [
    "lz4",
    "shuffle",
    "AgEhAjABAAAwAQAAwwAAABQAAACYAAAA9PT09Pf39/f6+vr6/f39/QAAAAADAwMDBgYGBgkJCQkMDAwMDw8PDxISEhIVFRUVGBgYGBsbGxseHh4eISEhISQkJCQnJycnKioqKi0tLS0wMDAwMzMzMzY2NjY5OTk5PDw8PD8/Pz9CQkJCRUVFRUhISEhLS0tLTk5OTlFRUVFUVFRUV1dXV1paWlpdXV1dYGBgYGNjY2MPAAAAGwEBAB8CAQBvUAICAgIC",
  ],
  [
    "lz4",
    "bitshuffle",
    "AgEkAjABAAAwAQAAfQAAABQAAABKAAAAH/ABAAAdDwIAS//wAA8EAIcA/wDw/wD/DwgAgP//AAAA//8PBQBT/wAA8P8TAAELAAETAAEgAAAmAAQCAAEYAAoTAGAAAAAAAAAXAAAAPv//AAEAHP8BAA4jAA8CAEhQAAAAAAA=",
  ],
  [
    "lz4hc",
    "noshuffle",
    "AgEgAjABAAAwAQAAwQAAABQAAABTAAAAIvQBAgAT9wIAE/oCABP9AgAiAAICABMDAgATBgIAEwkCABMMAgATDwIAExICABMVAgATGAIAExsCABMeAgATIQIAEyQCABMnAgCAKgIqAioCKgJSAAAAIi0CAgATMAIAEzMCABM2AgATOQIAEzwCABM/AgATQgIAE0UCABNIAgATSwIAE04CABNRAgATVAIAE1cCABNaAgATXQIAE2ACAIBjAmMCYwJjAg==",
  ],
  [
    "lz4hc",
    "shuffle",
    "AgEhAjABAAAwAQAAwwAAABQAAACYAAAA9PT09Pf39/f6+vr6/f39/QAAAAADAwMDBgYGBgkJCQkMDAwMDw8PDxISEhIVFRUVGBgYGBsbGxseHh4eISEhISQkJCQnJycnKioqKi0tLS0wMDAwMzMzMzY2NjY5OTk5PDw8PD8/Pz9CQkJCRUVFRUhISEhLS0tLTk5OTlFRUVFUVFRUV1dXV1paWlpdXV1dYGBgYGNjY2MPAAAAGwEBAB8CAQBvUAICAgIC",
  ],
  [
    "lz4hc",
    "bitshuffle",
    "AgEkAjABAAAwAQAAeQAAABQAAABIAAAAH/ABAAAdDwIAS//wAA8EAIcA/wDw/wD/DwgAgP//AAAA//8PBQBT/wAA8P8TAAELABP/CwAECAAUAA4ABhsAAwEAUAAAAAAAFQAAAD7//wABABz/AQAfAAEAWVAAAAAAAA==",
  ],
  [
    "zlib",
    "noshuffle",
    "AgFgAjABAAAwAQAAhgAAABQAAAA1AAAAeNotwgEGgDAAAMC1ERFjjIiIGP3/aSMios5dH/rn4uYhxF9iZGImU6gsrGzsHDROXjbjFP01AAAAeNotwgEGgDAAAED2nzEiYowYETFGRET//8OYcxdDnBILKxuZwk7l4OSi0bl5ePn4GcYjFfk=",
  ],
  [
    "zlib",
    "shuffle",
    "AgFhAjABAAAwAQAAfgAAABQAAABTAAAAeNoNwVEHg2AAAMAxxogYI0aMiIgYMUbEGBEjIiL2/98+ImJ3F0IIKxs7B46cOBMRc+FKwo2UOxk5BSUVD2qevGhoefOho+fLwMjEzMKPP2htKdUPAAAAeNpjZEQFTIMEAABSaAEh",
  ],
  [
    "zlib",
    "bitshuffle",
    "AgFkAjABAAAwAQAAYwAAABQAAAA1AAAAeNpliYENADAIwvjA/7/kg84smpmJESraW7EGK74VMiJGgrJOTEs0VV2ksFN9vdfUARu8S2oSAAAAeNr7/58BE/xHBwx0BwBRxRLu",
  ],
  [
    "zstd",
    "noshuffle",
    "AgGQAjABAAAAAQAAjAAAABgAAABhAAAARQAAACi1L/1gAADdAQCUAvQB9/r9AAIDBgkMDxIVGBseISQnKi0wMzY5PD9CRUhLTlECUQJRAlECH6gQ+AbgxxAcH3KskgkkGScAAAAotS/9IDD1AACgVAJUAlQCVAJXWl1gYwJjAmMCYwIEBARAwAGWkwM=",
  ],
  [
    "zstd",
    "shuffle",
    "AgGRAjABAAAAAQAAjwAAABgAAABbAAAAPwAAACi1L/1gAACtAQA0AvT3+v0AAwYJDA8SFRgbHiEkJyotMDM2OTw/QkVIS05RAQICIpgQ8AcA0fe3/v9vq44kBDAAAABUVFRUV1dXV1paWlpdXV1dYGBgYGNjY2MCAgICAgICAgICAgICAgICAgICAgICAgI=",
  ],
  [
    "zstd",
    "bitshuffle",
    "AgGUAjABAAAAAQAAfAAAABgAAABVAAAAOQAAACi1L/1gAAB9AQDSgwUI8DlO//9r7qSt69fVT1WnXrh600okCSDQcg9sEh4Y8oAbdnm7MDsm5UMKGyMAAAAotS/9IDDVAADygQQJ8BkDTv//a+6kq7/qtVOQJAEBAM/ACQ==",
  ],
];

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));

const bytesChain = (configuration: Readonly<Record<string, unknown>>): CodecOption[] => [
  "bytes",
  { name: "blosc", configuration: { cname: "lz4", clevel: 5, shuffle: "noshuffle", typesize: 1, ...configuration } },
];

const pipelineOf = (length: number, configuration: Readonly<Record<string, unknown>> = {}) =>
  createCodecPipeline({ shape: [length], dataType: "uint8", codecs: bytesChain(configuration) });

/** Decodes by the container's own function; every result is a copy. */
const decode = (encoded: Uint8Array, size: ByteSize | number): Uint8Array =>
  useMemory((memory) =>
    memory.read(
      decodeBlosc(memory, memory.write(encoded), typeof size === "number" ? { kind: "fixed", bytes: size } : size),
    ),
  );

const encode = (content: Uint8Array, settings: Partial<BloscSettings>): Uint8Array =>
  useMemory((memory) =>
    memory.read(
      encodeBlosc(memory, memory.write(content), {
        compressor: "lz4",
        level: 5,
        filter: "none",
        typeSize: 1,
        blockSize: 0,
        ...settings,
      }),
    ),
  );

const linearMemory = (): number => useMemory((memory) => memory.bytes.byteLength);

/** The error of a container that is to hold `size` bytes: at once, without a trap or much memory; and the next call works. */
function failure(encoded: Uint8Array, size: ByteSize | number = 304): SyncodecError {
  const before = linearMemory();
  const error = syncodecError(() => decode(encoded, size));
  expect(error).toBeInstanceOf(DataError);
  expect(error.code).toBe("CORRUPT_DATA");
  expect(linearMemory() - before).toBeLessThan(2 ** 25);
  expect(decode(fromBase64(vectors[0]![2]), 304)).toEqual(bytesOf(ramp));
  return error;
}

interface Container {
  readonly version?: number;
  readonly compressorVersion?: number;
  readonly flags?: number;
  readonly typeSize?: number;
  readonly length: number;
  readonly blockSize: number;
  readonly encodedLength?: number;
  /** The streams of each block. */
  readonly blocks: readonly (readonly Uint8Array[])[];
  /** Where the blocks begin, if not where they lie. */
  readonly offsets?: readonly number[];
  /** The order in which the blocks lie. */
  readonly order?: readonly number[];
}

const int32 = (...words: number[]): Uint8Array => new Uint8Array(Int32Array.from(words).buffer);

/** A container of streams as they are given. */
function container({ version = 2, compressorVersion = 1, flags = 0x20, typeSize = 1, ...rest }: Container): Uint8Array {
  const { length, blockSize, blocks, order = blocks.map((_, i) => i) } = rest;
  const parts = blocks.map((streams) => join(...streams.flatMap((stream) => [int32(stream.length), stream])));
  const starts: number[] = [];
  let end = 16 + 4 * blocks.length;
  for (const block of order) {
    starts[block] = end;
    end += parts[block]!.length;
  }
  return join(
    [version, compressorVersion, flags, typeSize],
    int32(length, blockSize, rest.encodedLength ?? end),
    int32(...(rest.offsets ?? starts)),
    ...order.map((block) => parts[block]!),
  );
}

/** `content` in blocks of `blockSize`, each of `streams` equal streams; a shorter last block has one. */
function blocksOf(content: Uint8Array, blockSize: number, streams: number): Uint8Array[][] {
  return Array.from({ length: Math.ceil(content.length / blockSize) }, (_, block) => {
    const part = content.subarray(block * blockSize, (block + 1) * blockSize);
    const length = part.length === blockSize ? blockSize / streams : part.length;
    return Array.from({ length: part.length / length }, (_, i) => part.subarray(i * length, (i + 1) * length));
  });
}

const noise = (length: number): Uint8Array => {
  let state = length + 7;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  });
};

beforeAll(() => init());

describe("containers of other engines", () => {
  test.each(vectors)("%s, %s, by c-blosc", (cname, _, base64) => {
    const encoded = fromBase64(base64);
    expect(encoded[2]! >> 5).toBe(formats[cname as keyof typeof formats]);
    expect(decode(encoded, 304)).toEqual(bytesOf(ramp));
    // The chunk alone says what it is.
    for (const other of compressors) {
      const codecs: CodecOption[] = [
        "bytes",
        { name: "numcodecs.blosc", configuration: { cname: other, shuffle: -1 } },
      ];
      expect(createCodecPipeline({ shape: [152], dataType: "uint16", codecs }).decodeSync(encoded).data).toEqual(ramp);
    }
  });

  test.each(vectors.filter(([cname]) => cname === "lz4" || cname === "blosclz"))(
    "%s, %s: the same bytes as c-blosc",
    (cname, shuffle, base64) => {
      const configuration = { cname, clevel: 9, shuffle, typesize: 2, blocksize: 256 };
      expect(pipelineOf(304, configuration).encodeSync(bytesOf(ramp))).toEqual(fromBase64(base64));
    },
  );

  test("a buffer without content, as c-blosc writes it", () => {
    const empty = fromHex("02013604 00000000 01000000 10000000");
    expect(decode(empty, 0)).toEqual(new Uint8Array(0));
    expect(decode(empty, { kind: "unbounded" })).toEqual(new Uint8Array(0));
    expect(encode(new Uint8Array(0), { filter: "bits", typeSize: 4 })).toEqual(empty);
  });

  // What c-blosc 1.21 writes of each: { lz4, zstd }, without shuffle, with shuffle, with bitshuffle.
  const smooth = {
    int32: {
      data: Int32Array.from({ length: 2 ** 18 }, (_, i) => Math.round(1e4 * Math.sin(i / 500))),
      lz4: [988105, 251852, 249402],
      zstd: [365032, 160619, 150094],
    },
    float32: {
      data: Float32Array.from({ length: 2 ** 18 }, (_, i) => 20 + 5 * Math.sin(i / 500)),
      lz4: [1048592, 521085, 522263],
      zstd: [873413, 470062, 465494],
    },
    uint8: {
      data: Uint8Array.from({ length: 2 ** 20 }, (_, i) => Math.round(127 + 100 * Math.sin(i / 300))),
      lz4: [90404, 90404, 296256],
      zstd: [9676, 9676, 54972],
    },
    uint16: {
      data: Uint16Array.from(
        { length: 2 ** 19 },
        (_, i) => (i >> 14) + ((((i >> 7) & 127) ** 2) >> 5) + (i & 127) ** 3,
      ),
      lz4: [839416, 256557, 115268],
      zstd: [516671, 142820, 40098],
    },
  } as const;
  test.each(Object.entries(smooth))("reaches the ratio of c-blosc on smooth %s", (_, { data, ...lengths }) => {
    for (const compressor of ["lz4", "zstd"] as const) {
      for (const [i, filter] of filters.entries()) {
        const encoded = encode(bytesOf(data), { compressor, filter, typeSize: data.BYTES_PER_ELEMENT });
        expect(encoded.byteLength / lengths[compressor][i]!).toBeLessThan(1.03);
        expect(Buffer.compare(decode(encoded, data.byteLength), bytesOf(data))).toBe(0);
      }
    }
  });
});

describe("every era of the format", () => {
  const content = noise(16 * 128 * 2 + 70);
  const filtered = (bytes: Uint8Array, blockSize: number, filter: typeof shuffle) => (itemSize: number) =>
    join(
      ...Array.from({ length: Math.ceil(bytes.length / blockSize) }, (_, block) =>
        filter(bytes.subarray(block * blockSize, (block + 1) * blockSize), itemSize),
      ),
    );

  test.each(Object.entries(formats))("%s: stored streams, split as long as nothing forbids it", (_, format) => {
    for (const [typeSize, blockSize, flags, streams] of [
      [1, 1024, 0, 1],
      [2, 256, 0, 2],
      [2, 254, 0, 1],
      [2, 256, 0x10, 1],
      [8, 1024, 0, 8],
      [16, 2048, 0, 16],
      [16, 2032, 0, 1],
      [17, 17 * 128, 0, 1],
      [255, 510, 0, 1],
    ] as const) {
      for (const [flag, filter] of [
        [0, undefined],
        [1, shuffle],
        [4, bitshuffle],
      ] as const) {
        const stored = filter === undefined ? content : filtered(content, blockSize, filter)(typeSize);
        for (const version of [1, 2]) {
          const encoded = container({
            version,
            flags: (format << 5) | flags | flag,
            typeSize,
            length: content.length,
            blockSize,
            blocks: blocksOf(stored, blockSize, streams),
          });
          expect(Buffer.compare(decode(encoded, content.length), content)).toBe(0);
        }
      }
    }
  });

  test("blocks in any order, as threads write them", () => {
    const blocks = blocksOf(content, 1024, 1);
    for (const order of [
      [4, 3, 2, 1, 0],
      [1, 0, 3, 2, 4],
    ]) {
      const encoded = container({ length: content.length, blockSize: 1024, blocks, order });
      expect(Buffer.compare(decode(encoded, content.length), content)).toBe(0);
    }
  });

  test("bits are shuffled where the number of items is a multiple of 8", () => {
    for (const [typeSize, length] of [
      [4, 160],
      [4, 163],
      [4, 164],
      [3, 145],
      [200, 150],
    ] as const) {
      const bytes = noise(length);
      const blocks = [[bitshuffle(bytes, typeSize)]];
      expect(decode(container({ flags: 0x34, typeSize, length, blockSize: length, blocks }), length)).toEqual(bytes);
    }
  });

  test("content that is stored as it is, whatever the flags say of shuffles", () => {
    for (const flags of [0x02, 0x03, 0x06, 0x13, 0x36, 0x93]) {
      const header = join([2, 1, flags, 4], int32(304, 300, 320));
      expect(decode(join(header, bytesOf(ramp)), 304)).toEqual(bytesOf(ramp));
    }
  });

  test("streams of snappy that are longer than what they stand for", () => {
    const stream = join([200, 1], [0], [7], [60 << 2, 198], noise(199));
    const encoded = container({ flags: 0x50, length: 200, blockSize: 200, blocks: [[stream]] });
    expect(decode(encoded, 200)).toEqual(join([7], noise(199)));
  });
});

describe("what is written", () => {
  const contents: readonly ((length: number) => Uint8Array)[] = [
    noise,
    (length) => new Uint8Array(length),
    (length) => Uint8Array.from({ length }, (_, i) => (i >> 3) & 255),
    (length) =>
      bytesOf(Float32Array.from({ length: (length >> 2) + 1 }, (_, i) => Math.sin(i / 40))).subarray(0, length),
  ];
  const typeSizes = [...Array.from({ length: 17 }, (_, i) => i + 1), 255];
  const lengths = [0, 1, 15, 16, 127, 128, 129, 4096, 65536 + 3, 300 * 1024];

  test.each(compressors)("%s: comes back at every level, shuffle, type size and length", (compressor) => {
    // Levels, contents and block sizes go round, each at a pace of its own.
    let round = 0;
    for (const typeSize of typeSizes) {
      for (const filter of filters) {
        for (const [i, length] of lengths.entries()) {
          // The highest levels are slow on long content.
          const level = (round + i) % (length > 4096 ? 7 : 10);
          const content = contents[(round + 3 * i) % contents.length]!(length);
          const blockSize = [0, 0, 1, 1000, 65536][(3 * round + i) % 5]!;
          const encoded = encode(content, { compressor, level, filter, typeSize, blockSize });
          expect(encoded.byteLength).toBeLessThanOrEqual(length + 16);
          expect(Buffer.compare(decode(encoded, length), content)).toBe(0);
        }
        round++;
      }
    }
  });

  test.each(compressors)("%s: read by numcodecs.js", async (cname) => {
    const codec = Blosc.fromConfig({ cname });
    for (const [i, typesize] of typeSizes.entries()) {
      for (const [j, shuffle] of shuffles.entries()) {
        const content = contents[i % contents.length]!([129, 4096, 70_001][(i + j) % 3]!);
        const configuration = { cname, clevel: (3 * i + j) % 10, shuffle, typesize };
        const encoded = pipelineOf(content.length, configuration).encodeSync(content, { writeEmptyChunks: true })!;
        expect(Buffer.compare(Uint8Array.from(await codec.decode(encoded)), content)).toBe(0);
      }
    }
  });

  test.each(compressors)("%s: reads what numcodecs.js writes", async (cname) => {
    for (const shuffle of [0, 1, 2]) {
      for (const [i, make] of contents.entries()) {
        const content = make([128, 5000, 70_003, 300_000][(i + shuffle) % 4]!);
        const encoded = await Blosc.fromConfig({ cname, clevel: 1 + 2 * shuffle, shuffle }).encode(content);
        expect(Buffer.compare(decode(Uint8Array.from(encoded), content.length), content)).toBe(0);
      }
    }
  });

  test("what does not get shorter is stored as it is", () => {
    for (const compressor of compressors) {
      const content = noise(1000);
      const encoded = encode(content, { compressor, filter: "bytes", typeSize: 4 });
      expect(encoded.byteLength).toBe(1016);
      expect(encoded[2]! & 2).toBe(2);
      expect(encoded.subarray(16)).toEqual(content);
    }
    expect(encode(new Uint8Array(1000), { level: 0 }).byteLength).toBe(1016);
    expect(encode(new Uint8Array(127), {}).byteLength).toBe(143);
    expect(encode(new Uint8Array(128), {}).byteLength).toBeLessThan(128);
  });

  test("types of more than 255 bytes are bytes", () => {
    const encoded = encode(noise(2000), { filter: "bytes", typeSize: 256 });
    expect(encoded[3]).toBe(1);
    expect(decode(encoded, 2000)).toEqual(noise(2000));
  });

  test("chunks within shards", () => {
    const map = new Map();
    const array = createArraySync(map, {
      shape: [64, 64],
      shardShape: [32, 32],
      chunkShape: [16, 16],
      dataType: "float32",
      compressors: [{ name: "blosc", configuration: { cname: "lz4" } }, "crc32c"],
    });
    const data = Float32Array.from({ length: 4096 }, (_, i) => Math.sqrt(i));
    array.setSync(null, data);
    array.setSync([3, 4], -1);
    data[3 * 64 + 4] = -1;
    expect(openArraySync(map).getSync().data).toEqual(data);
  });
});

describe("configuration", () => {
  const recorded = (dataType: DataTypeName, codec: CodecOption): unknown => {
    const map = new Map<string, Uint8Array>();
    createArraySync(map, { shape: [4], chunkShape: [4], dataType, compressors: [codec] });
    return JSON.parse(Buffer.from(map.get("/zarr.json")!).toString()).codecs[1].configuration;
  };

  test("records zarr-python's defaults for the data type", () => {
    const rest = { cname: "zstd", clevel: 5, blocksize: 0 };
    expect(recorded("int8", "blosc")).toEqual({ ...rest, shuffle: "bitshuffle", typesize: 1 });
    expect(recorded("bool", "blosc")).toEqual({ ...rest, shuffle: "bitshuffle", typesize: 1 });
    expect(recorded("uint16", "blosc")).toEqual({ ...rest, shuffle: "shuffle", typesize: 2 });
    expect(recorded("float64", "blosc")).toEqual({ ...rest, shuffle: "shuffle", typesize: 8 });
    const given = { cname: "lz4", clevel: 9, shuffle: "noshuffle", typesize: 3, blocksize: 256 };
    expect(recorded("float64", { name: "blosc", configuration: given })).toEqual(given);
    expect(recorded("float64", "numcodecs.blosc")).toEqual({ cname: "lz4", clevel: 5, shuffle: 1, blocksize: 0 });
  });

  const arrayOf = (
    name: string,
    configuration: Readonly<Record<string, unknown>>,
    dataType: DataTypeName = "int32",
  ) => {
    const map = new Map<string, Uint8Array>();
    createArraySync(map, { shape: [200], chunkShape: [200], dataType });
    const document = JSON.parse(Buffer.from(map.get("/zarr.json")!).toString());
    document.codecs.push({ name, configuration });
    map.set("/zarr.json", Buffer.from(JSON.stringify(document)));
    openArraySync(map, { writeEmptyChunks: true }).setSync(null, 0);
    const chunk = map.get("/c/0")!;
    return { flags: chunk[2]!, typeSize: chunk[3]! };
  };

  test("a stored document needs a type size where it has a shuffle", () => {
    for (const shuffle of ["shuffle", "bitshuffle"]) {
      const error = syncodecError(() => arrayOf("blosc", { cname: "lz4", clevel: 5, shuffle, blocksize: 0 }));
      expect(error).toBeInstanceOf(MetadataError);
      expect(error.message).toContain("codecs[1].configuration.typesize");
    }
    expect(arrayOf("blosc", { cname: "lz4", clevel: 5, shuffle: "noshuffle", blocksize: 0 }).typeSize).toBe(4);
  });

  test("shuffle -1 is bits for one byte, else bytes; without a type size, the data type's", () => {
    const flagsOf = (configuration: object, dataType: DataTypeName) => {
      const { flags, typeSize } = arrayOf("numcodecs.blosc", { ...configuration }, dataType);
      return [flags & 5, typeSize];
    };
    expect(flagsOf({ shuffle: -1 }, "uint8")).toEqual([4, 1]);
    expect(flagsOf({ shuffle: -1 }, "int32")).toEqual([1, 4]);
    expect(flagsOf({ shuffle: -1, typesize: 1 }, "int32")).toEqual([4, 1]);
    expect(flagsOf({}, "float64")).toEqual([1, 8]);
    expect(flagsOf({ shuffle: 0 }, "float64")).toEqual([0, 8]);
    expect(flagsOf({ shuffle: 2 }, "int16")).toEqual([4, 2]);
  });
});

describe("hosts without node:zlib", () => {
  test("only those that write Zstandard load anything", async () => {
    vi.resetModules();
    vi.doMock("../../src/platform.js", () => bareHost);
    const library = await import("../../src/index.js");
    const ofName = (cname: string) =>
      library.createCodecPipeline({
        shape: [152],
        dataType: "uint16",
        codecs: ["bytes", { name: "blosc", configuration: { cname } }],
      });
    for (const [cname, , base64] of vectors) expect(ofName(cname).decodeSync(fromBase64(base64)).data).toEqual(ramp);
    for (const cname of compressors) {
      if (cname === "zstd") continue;
      const encoded = (await ofName(cname).encode(ramp))!;
      expect((await ofName(cname).decode(encoded)).data).toEqual(ramp);
    }
    const notLoaded = expect.objectContaining({ code: "CODEC_NOT_LOADED" });
    expect(() => ofName("zstd").encodeSync(ramp)).toThrow(notLoaded);
    const encoded = (await ofName("zstd").encode(ramp))!;
    expect(ofName("lz4").decodeSync(encoded).data).toEqual(ramp);
    vi.doUnmock("../../src/platform.js");
    vi.resetModules();
  });
});

describe("bad input", () => {
  const good = container({
    length: 304,
    blockSize: 256,
    typeSize: 2,
    flags: 0x30,
    blocks: blocksOf(bytesOf(ramp), 256, 1),
  });
  const changed = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = good.slice();
    copy.set(bytes, at);
    return copy;
  };
  const word = (at: number, value: number): Uint8Array => changed(at, ...int32(value));

  test("the container that the others are made of is a good one", () => {
    expect(decode(good, 304)).toEqual(bytesOf(ramp));
  });

  test("B1: sizes in the header that lie", () => {
    for (const length of [0, 1, 303, 305, -1, -(2 ** 31), 2 ** 31 - 1]) expect(failure(word(4, length)).offset).toBe(4);
    for (const blockSize of [0, -1, -256, 305, 2 ** 31 - 1]) expect(failure(word(8, blockSize)).offset).toBe(8);
    for (const encodedLength of [0, 15, 16, good.length - 1, good.length + 1, -1, 2 ** 31 - 1])
      expect(failure(word(12, encodedLength)).offset).toBe(12);
    expect(failure(word(8, 1)).reason).toBe("blosc data is shorter than the offsets of its blocks");
    expect(failure(changed(3, 0)).offset).toBe(3);
    for (let length = 0; length < 16; length++) failure(good.subarray(0, length));
    failure(new Uint8Array(16));
    failure(new Uint8Array(15), 0);
    failure(new Uint8Array(1000), 0);
    failure(join(good, [0]));
    const stored = join([2, 1, 0x12, 2], int32(304, 304, 320), bytesOf(ramp));
    failure(join(stored, [0]));
    failure(stored.subarray(0, 319));
    for (const size of [303, 305]) failure(join([2, 1, 0x12, 2], int32(304, 304, 320), bytesOf(ramp)), size);
    expect(failure(good, { kind: "bounded", bytes: 303 }).offset).toBe(4);
    expect(decode(good, { kind: "bounded", bytes: 304 })).toEqual(bytesOf(ramp));
  });

  test("B1: versions, flags and compressors that do not exist", () => {
    for (const version of [0, 3, 4, 255]) expect(failure(changed(0, version)).offset).toBe(0);
    for (const version of [0, 2]) expect(failure(changed(1, version)).offset).toBe(1);
    for (const flags of [0xb0, 0xd0, 0xf0]) expect(failure(changed(2, flags)).reason).toContain("compressor");
    expect(failure(changed(2, 0x38)).reason).toContain("flags");
    expect(failure(changed(2, 0x35)).reason).toContain("flags");
    const split = { length: 304, blockSize: 303, typeSize: 2, flags: 0x20 };
    const halves = blocksOf(bytesOf(ramp), 303, 1);
    expect(failure(container({ ...split, blocks: halves })).reason).toBe("blosc blocks cannot be split");
  });

  test("B2: block offsets that are negative, beyond, or overlap", () => {
    for (const offset of [0, 16, 23, -1, -24, -(2 ** 31)]) {
      expect(failure(word(16, offset))).toMatchObject({ offset: 16, found: offset });
      expect(failure(word(20, offset))).toMatchObject({ offset: 20, found: offset });
    }
    for (const offset of [good.length, good.length - 3, good.length + 1, 2 ** 31 - 1]) failure(word(16, offset));
    const content = noise(512);
    const twice = { length: 1024, blockSize: 512, blocks: [[content], [content]] };
    expect(decode(container(twice), 1024)).toEqual(join(content, content));
    expect(failure(container({ ...twice, offsets: [24, 24] }), 1024).reason).toBe("blosc blocks overlap");
    expect(failure(container({ ...twice, offsets: [540, 540] }), 1024).reason).toBe("blosc blocks overlap");
    const inner = join(noise(100), int32(300), noise(296));
    const nested = { length: 700, blockSize: 400, blocks: [[inner], [noise(300)]], offsets: [24, 24 + 4 + 100] };
    expect(failure(container(nested), 700).reason).toBe("blosc blocks overlap");
  });

  test("B2: streams that reach beyond the data, or do not hold the bytes of their block", () => {
    for (const length of [-1, -(2 ** 31), 2 ** 31 - 1, good.length, 257, 255]) failure(word(24, length));
    for (const compressor of compressors) {
      const flags = (formats[compressor] << 5) | 0x10;
      for (const stream of [new Uint8Array(0), new Uint8Array(1), new Uint8Array(255), new Uint8Array(1000).fill(255)])
        failure(container({ flags, length: 304, blockSize: 304, blocks: [[stream]] }));
    }
  });

  test("B3: a run length of blosclz that wraps 32 bits", () => {
    for (const first of [0xff, 0xe0]) {
      const encoded = new Uint8Array(2 ** 24 + 2 ** 20).fill(255);
      encoded.set([2, 1, 0x10, 1]);
      encoded.set(int32(304, 304, encoded.length, 20, encoded.length - 24), 4);
      encoded.set([0, 7, first], 24);
      const before = linearMemory();
      expect(syncodecError(() => decode(encoded, 304))).toMatchObject({ code: "CORRUPT_DATA", offset: 24 });
      expect(linearMemory() - before).toBeLessThan(2 * encoded.length);
    }
  });

  test("B4: 2 GiB declared by 16 bytes take no memory", () => {
    const most = 2 ** 31 - 17;
    for (const blockSize of [1, 2 ** 20, most]) {
      for (let format = 0; format < 5; format++) {
        const encoded = join([2, 1, format << 5, 4], int32(most, blockSize, 16));
        for (const size of [most, { kind: "bounded", bytes: 2 ** 31 }, { kind: "unbounded" }] as const)
          failure(encoded, size);
      }
    }
  });

  test("a chunk of more bytes than c-blosc takes is refused when it is bound", () => {
    const error = syncodecError(() => pipelineOf(2 ** 31 - 1));
    expect(error).toMatchObject({ code: "UNSUPPORTED" });
  });

  const snappy: readonly [string, string, string] = [
    "snappy",
    "shuffle",
    Buffer.from(encode(bytesOf(ramp), { compressor: "snappy", filter: "bytes", typeSize: 2 })).toString("base64"),
  ];
  test.each([...vectors, snappy])("%s, %s: cut at every byte, and any bit flipped", (_, __, base64) => {
    const encoded = fromBase64(base64);
    const before = linearMemory();
    for (let length = 0; length < encoded.byteLength; length++)
      expect(syncodecError(() => decode(encoded.subarray(0, length), 304))).toBeInstanceOf(DataError);
    for (let bit = 0; bit < encoded.byteLength * 8; bit++) {
      const damaged = flipped(encoded, bit);
      for (const size of [304, { kind: "unbounded" }] as const) {
        try {
          const decoded = decode(damaged, size);
          if (size === 304) expect(decoded.byteLength).toBe(304);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
        }
      }
    }
    expect(decode(encoded, 304)).toEqual(bytesOf(ramp));
    expect(linearMemory() - before).toBeLessThan(2 ** 25);
  });
});
