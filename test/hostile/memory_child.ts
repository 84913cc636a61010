/**
 * Runs in a process of its own, started by memory.test.ts: one bomb under an array of small chunks, read and written, or many bad decodes. Prints
 * what came of it and how much memory it took, as JSON.
 */

import { constants, crc32, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import {
  type CodecOption,
  createArraySync,
  createCodecPipeline,
  init,
  LatencyStore,
  MemoryStore,
  openArray,
  openArraySync,
  SyncodecError,
} from "../../src/index.js";
import { currentMemory } from "../../src/wasm/memory.js";
import { join } from "../support/bytes.js";
import { type Entry, missing, shard } from "../support/shard_bytes.js";
import { frame, magic, raw, runLength, sized, skippable } from "../support/zstd_frames.js";

const mebibyte = 2 ** 20;

/** A gzip stream of `blocks` MiB of zeros, about 1 KB each, whose trailer says `length`. */
function gzipBomb(blocks: number, length: number): Uint8Array {
  const header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
  const block = deflateRawSync(new Uint8Array(mebibyte), { finishFlush: constants.Z_FULL_FLUSH, level: 9 });
  const bytes = new Uint8Array(10 + blocks * block.length + 2 + 8);
  bytes.set(header);
  for (let i = 0; i < blocks; i++) bytes.set(block, 10 + i * block.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(bytes.length - 10, 3, true);
  view.setUint32(bytes.length - 8, crc32(new Uint8Array(length)), true);
  view.setUint32(bytes.length - 4, length, true);
  return bytes;
}

function repeated(bytes: Uint8Array, count: number): Uint8Array {
  const result = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) result.set(bytes, i * bytes.length);
  return result;
}

interface Bomb {
  /** Bytes of the decoded chunk; its elements, if they differ in size. */
  readonly declared: number;
  /** uint8 by default. */
  readonly dataType?: "uint8" | "string" | "bytes";
  readonly codecs?: readonly CodecOption[];
  /** What is stored. */
  readonly value: Uint8Array;
  /** Instead of reading it from an array. */
  run?(value: Uint8Array): void;
}

const gzip: readonly CodecOption[] = ["bytes", "gzip"];
const zstd: readonly CodecOption[] = ["bytes", "zstd"];

function decodeJson(value: Uint8Array): void {
  openArraySync(new Map([["/zarr.json", value]]));
}

/** `count` inner chunks of 16 bytes, whose entries are all `entry`, but for the first one if that is missing, behind `bytes` of data. */
function shardBomb(
  count: number,
  entry: Entry,
  bytes: number,
  inner: readonly CodecOption[],
  isFirstMissing = false,
): Bomb {
  const value = shard(
    [],
    Array<Entry>(count)
      .fill(entry)
      .with(0, isFirstMissing ? missing : entry),
  );
  const index_codecs = ["bytes", "crc32c"];
  const configuration = { chunk_shape: [16], codecs: inner, index_codecs };
  const codecs = [{ name: "sharding_indexed", configuration }];
  return { declared: count * 16, codecs, value: join(new Uint8Array(bytes), value) };
}

function word(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

/** A zlib stream of `blocks` MiB of zeros, about 1 KB each; its checksum is never reached. */
function zlibBomb(blocks: number): Uint8Array {
  return join([0x78, 0xda], gzipBomb(blocks, 0).subarray(10, -8), [0, 0, 0, 0]);
}

/** An LZ4 block of as many zeros as `bytes` bytes can stand for. */
function lz4Zeros(bytes: number): Uint8Array {
  return join([0x1f, 0, 1, 0], new Uint8Array(bytes - 10).fill(255), [0, 0x50, 0, 0, 0, 0, 0]);
}

/** A raw Snappy stream of a zero, and copies of 64 bytes each; `declared` is less than 2^28. */
function snappyZeros(copies: number, declared: number): Uint8Array {
  const length = [0, 7, 14].map((shift) => ((declared >>> shift) & 127) | 128);
  return join(length, [declared >>> 21, 0, 0], repeated(Uint8Array.of(0xfe, 1, 0), copies));
}

/** A blosc container of one block with one stream. */
function blosc(format: number, declared: number, stream: Uint8Array, blockSize = declared): Uint8Array {
  const encodedLength = 16 + 4 + 4 + stream.length;
  return join(
    [2, 1, (format << 5) | 0x10, 1],
    word(declared),
    word(blockSize),
    word(encodedLength),
    word(20),
    word(stream.length),
    stream,
  );
}

const bloscCodecs: readonly CodecOption[] = ["bytes", "blosc"];

/** The formats of streams, by their number in a container, and streams of 32 MiB or more (Snappy: 21 MiB), in a chunk of 1 MiB. */
const bloscStreams: Readonly<Record<string, () => Uint8Array>> = {
  blosclz: () => join([0, 0, 0xe0], new Uint8Array(mebibyte).fill(255), [0, 0]),
  lz4: () => lz4Zeros(mebibyte),
  snappy: () => snappyZeros(350_000, 64 * 350_000 + 1),
  zlib: () => zlibBomb(512),
  zstd: () =>
    frame(
      Array.from({ length: 2048 }, (_, i) => runLength(1, 2 ** 17, i === 2047)),
      { window: 56 },
    ),
};

const bloscBombs = Object.entries(bloscStreams).flatMap(([name, makeStream], format): [string, () => Bomb][] => {
  const declared = mebibyte;
  const bomb = (value: Uint8Array): Bomb => ({ declared, codecs: bloscCodecs, value });
  return [
    [`blosc of ${name} that unpacks to more than its block`, () => bomb(blosc(format, declared, makeStream()))],
    [`blosc of ${name} whose header says 2 GiB`, () => bomb(blosc(format, 2 ** 31 - 17, makeStream()))],
    [`blosc of ${name}: 2 GiB in 16 bytes`, () => bomb(blosc(format, 2 ** 31 - 17, new Uint8Array(0)).subarray(0, 16))],
    [
      `blosc of ${name} around a chunk of any length: 2 GiB in 16 bytes`,
      () => ({
        declared: 64,
        dataType: "string",
        codecs: ["vlen-utf8", "blosc"],
        value: join([2, 1, format << 5, 1], word(2 ** 31 - 17), word(2 ** 20), word(16)),
      }),
    ],
  ];
});

/** Chunks of items whose numbers or lengths lie. */
const vlenBombs = (["string", "bytes"] as const).flatMap((dataType): [string, () => Bomb][] => {
  const codec = dataType === "string" ? "vlen-utf8" : "vlen-bytes";
  const bomb =
    (value: Uint8Array, ...outer: CodecOption[]) =>
    (): Bomb => ({
      declared: 4,
      dataType,
      codecs: [codec, ...outer],
      value,
    });
  const count = word(2 ** 32 - 1);
  return [
    [`${codec} that claims 2^32 - 1 items`, bomb(join(count, word(1), [65]))],
    [`${codec} whose items claim 2^32 - 1 bytes`, bomb(join(word(4), count, [65]))],
    [`${codec} of a million empty items instead of 4`, bomb(join(word(2 ** 18), new Uint8Array(mebibyte)))],
  ];
});

const bombs: Readonly<Record<string, () => Bomb>> = {
  "gzip of 512 MiB": () => ({ declared: mebibyte, codecs: gzip, value: gzipBomb(512, 512 * mebibyte) }),
  "gzip of 512 MiB that says 1": () => ({ declared: mebibyte, codecs: gzip, value: gzipBomb(512, mebibyte) }),
  "gzip of 256 KiB in 300 bytes": () => ({
    declared: 100,
    codecs: gzip,
    value: gzipSync(new Uint8Array(2 ** 18), { level: 9 }),
  }),
  "gzip of 50,000 empty members": () => ({
    declared: 100,
    codecs: gzip,
    value: repeated(gzipSync(new Uint8Array(0)), 50_000),
  }),
  "zlib of 512 MiB": () => ({ declared: mebibyte, codecs: ["bytes", "zlib"], value: zlibBomb(512) }),
  "lz4 of 255 MiB": () => ({
    declared: mebibyte,
    codecs: ["bytes", "numcodecs.lz4"],
    value: join(word(255 * mebibyte), lz4Zeros(mebibyte)),
  }),
  "lz4 of 255 MiB that says 1": () => ({
    declared: mebibyte,
    codecs: ["bytes", "numcodecs.lz4"],
    value: join(word(mebibyte), lz4Zeros(mebibyte)),
  }),
  "lz4 that says 4 GiB": () => ({
    declared: mebibyte,
    codecs: ["bytes", "numcodecs.lz4"],
    value: join(word(2 ** 32 - 1), lz4Zeros(100)),
  }),
  ...Object.fromEntries(bloscBombs),
  ...Object.fromEntries(vlenBombs),
  "zstd that claims 2^40 bytes": () => ({
    declared: mebibyte,
    codecs: zstd,
    value: join(magic, [0xe0, 0, 0, 0, 0, 0, 1, 0, 0], raw([1])),
  }),
  "zstd that claims 2^31 bytes": () => ({
    declared: mebibyte,
    codecs: zstd,
    value: join(magic, [0xa0, 0, 0, 0, 0x80], raw([1])),
  }),
  "zstd of 256 MiB in runs": () => ({
    declared: mebibyte,
    codecs: zstd,
    value: frame(
      Array.from({ length: 2048 }, (_, i) => runLength(1, 2 ** 17, i === 2047)),
      { window: 56 },
    ),
  }),
  "zstd with a window of 128 MiB": () => ({
    declared: mebibyte,
    codecs: zstd,
    value: frame([runLength(1, 2 ** 17, false), raw([1])], { window: (27 - 10) << 3 }),
  }),
  "zstd of 20,000 empty frames": () => ({ declared: 100, codecs: zstd, value: repeated(sized(0, raw([])), 20_000) }),
  "zstd of 100,000 skippable frames": () => ({ declared: 100, codecs: zstd, value: repeated(skippable([]), 100_000) }),
  "shard whose entries claim 2^50 bytes": () => shardBomb(10_000, [0n, 2n ** 50n], 16, ["bytes", "gzip"]),
  "shard whose entries claim 2^50 bytes each, of fixed size": () =>
    shardBomb(10_000, [2n ** 50n, 2n ** 52n], 16, ["bytes"]),
  "shard whose entries all are all of it": () => shardBomb(10_000, [0n, 2n ** 20n], mebibyte, ["bytes", "gzip"]),
  "shard whose entries all are all of it, of fixed size": () =>
    shardBomb(10_000, [0n, 2n ** 20n], mebibyte, ["bytes", "crc32c"]),
  "shard whose entries all are all of it, but one that is written": () =>
    shardBomb(10_000, [0n, 2n ** 20n], mebibyte, ["bytes", "gzip"], true),
  "shard whose entries all are all of it, but one that is written, of fixed size": () =>
    shardBomb(10_000, [0n, 2n ** 20n], mebibyte, ["bytes", "crc32c"], true),
  "JSON 100,000 deep": () => ({
    declared: 0,
    value: new TextEncoder().encode(`${"[".repeat(100_000)}${"]".repeat(100_000)}`),
    run: decodeJson,
  }),
  "JSON whose fill value has a million digits": () => ({
    declared: 0,
    value: new TextEncoder().encode(
      '{"zarr_format":3,"node_type":"array","shape":[1],"data_type":"float32","chunk_grid":{"name":"regular","configuration":' +
        `{"chunk_shape":[1]}},"chunk_key_encoding":"default","codecs":["bytes"],"fill_value":${"9".repeat(1_000_000)}e-1000000,"x":1}`,
    ),
    run: decodeJson,
  }),
};

function codeOf(error: unknown): string {
  return error instanceof SyncodecError ? error.code : `${error}`;
}

/** Every call on the bomb, on two stores; the codes of their errors. */
async function explode({ declared, dataType = "uint8", codecs, value, run }: Bomb): Promise<string[]> {
  const codes: string[] = [];
  const note = async (body: () => unknown): Promise<void> => {
    gc?.();
    try {
      await body();
      codes.push("ok");
    } catch (error) {
      codes.push(codeOf(error));
    }
  };
  if (run !== undefined) {
    await note(() => run(value));
    return codes;
  }
  const store = new MemoryStore();
  const array = createArraySync(store, {
    shape: [2 * declared],
    chunkShape: [declared],
    dataType,
    codecs: codecs!,
  });
  const [one, five] =
    dataType === "uint8" ? [1, 5] : dataType === "string" ? ["1", "5"] : [Uint8Array.of(1), Uint8Array.of(5)];
  array.setSync([declared], five);
  store.setSync("/c/0", value);
  const remote = await openArray(new LatencyStore(store));
  await note(() => array.getSync([0]));
  await note(() => array.getSync());
  await note(() => array.setSync([1], one));
  await note(() => remote.get([3]));
  await note(() => remote.get());
  if (`${array.getSync([declared])}` !== "5") codes.push("the next call does not work");
  return codes;
}

async function measure(name: string): Promise<void> {
  await init();
  const bomb = bombs[name]!();
  // What any decoding takes the first time.
  await explode({ declared: 64, codecs: ["bytes", "crc32c"], value: new Uint8Array(10) });
  gc?.();
  const before = process.memoryUsage.rss();
  const codes = await explode(bomb);
  const grown = process.resourceUsage().maxRSS * 1024 - before;
  console.log(JSON.stringify({ codes, grown, declared: bomb.declared, stored: bomb.value.byteLength }));
}

/** Decodes bad bytes `count` times, as often of each kind. */
async function decodeMany(count: number): Promise<void> {
  await init();
  const pipelineOf = (codecs: readonly CodecOption[]) =>
    createCodecPipeline({ shape: [64], dataType: "uint8", codecs });
  const index_codecs = ["bytes", "crc32c"];
  const sharding = { name: "sharding_indexed", configuration: { chunk_shape: [16], codecs: ["bytes"], index_codecs } };
  const bad: readonly (readonly [readonly CodecOption[], Uint8Array])[] = [
    [["bytes", "crc32c"], new Uint8Array(68).fill(1)],
    [[sharding], new Uint8Array(30)],
    [
      [sharding],
      shard(
        [],
        [0, 1, 2, 3].map((): Entry => [1000n, 16n]),
      ),
    ],
    [["bytes", { name: "transpose", configuration: { order: [0] } }].reverse() as CodecOption[], new Uint8Array(63)],
    [gzip, gzipSync(new Uint8Array(65))],
    [zstd, sized(64, raw(Array(65).fill(1)))],
    [["bytes", "zlib"], deflateSync(new Uint8Array(65))],
    [["bytes", "numcodecs.lz4"], join(word(64), lz4Zeros(20))],
    [bloscCodecs, blosc(1, 64, lz4Zeros(20))],
    [bloscCodecs, blosc(4, 64, sized(64, raw(Array(63).fill(1))))],
  ];
  const memoryNow = () => {
    gc?.();
    return {
      linear: currentMemory().bytes.byteLength,
      heap: process.memoryUsage().heapUsed,
      resident: process.memoryUsage.rss(),
    };
  };
  const results = bad.map(([codecs, value]) => {
    const pipeline = pipelineOf(codecs);
    let refused = 0;
    const decode = (): void => {
      try {
        pipeline.decodeSync(value);
      } catch (error) {
        if (error instanceof SyncodecError) refused++;
      }
    };
    for (let i = 0; i < 1000; i++) decode();
    const before = memoryNow();
    for (let i = 0; i < count / bad.length; i++) decode();
    const after = memoryNow();
    return {
      codecs: JSON.stringify(codecs),
      refused: refused - 1000,
      linear: after.linear - before.linear,
      heap: after.heap - before.heap,
      resident: after.resident - before.resident,
    };
  });
  console.log(JSON.stringify(results));
}

const [command, argument] = process.argv.slice(2);
if (command === "list") console.log(JSON.stringify(Object.keys(bombs)));
else if (command === "bomb") await measure(argument!);
else await decodeMany(Number(argument));
