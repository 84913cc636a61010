/**
 * Small stored values with every byte cut off and every bit flipped, under reads of all, reads of one element and writes of one: an array of the
 * right shape or a typed error, and where every live byte has a checksum, always an error. What is stored stays as it is when a write fails.
 */

import { beforeAll, describe, expect, test } from "vitest";
import {
  type CodecOption,
  type CreateArrayOptions,
  createArraySync,
  type DataTypeName,
  init,
  MemoryStore,
  openArraySync,
  type ZarrArray,
} from "../../src/index.js";
import { dataTypeByName, dataTypes } from "../../src/metadata/data_type.js";
import { chainOf, codecSamples } from "../codecs/samples.js";
import { flipped, join, syncodecErrorIfAny } from "../codecs/support.js";
import { elementsOf } from "../support/arbitraries.js";

beforeAll(() => init());

interface Fixture {
  readonly name: string;
  readonly options: CreateArrayOptions;
  /** What is known of a flipped bit in a live byte: it is an error, it changes no element, or nothing. */
  readonly detects: "all" | "content" | "nothing";
  /** Bytes that belong to nothing, behind the value. */
  readonly deadBytes?: number;
}

const shape = [4, 3];
const key = "/c/0/0";
const names = dataTypes.map(({ name }) => name);

/** Whether an array of these options can be. */
function isPossible(options: CreateArrayOptions): boolean {
  try {
    createArraySync(new Map(), options);
    return true;
  } catch {
    return false;
  }
}

/** Every codec by itself, over two of the data types that it takes. */
const single = Object.entries(codecSamples).flatMap(([name, { small, detects }], i): Fixture[] => {
  const configuration = name === "sharding_indexed" ? { ...small, chunk_shape: [2, 3] } : small;
  const codecs = chainOf(name, configuration);
  const taken = names.map((dataType) => ({ shape, chunkShape: shape, dataType, codecs })).filter(isPossible);
  return [0, 6]
    .map((offset) => taken[(i + offset) % taken.length])
    .filter((options) => options !== undefined)
    .map((options) => ({ name: `${name}, ${options.dataType}`, options, detects }));
});

const big: CodecOption = { name: "bytes", configuration: { endian: "big" } };
const transpose: CodecOption = { name: "transpose", configuration: { order: [1, 0] } };
const zstd: CodecOption = { name: "zstd", configuration: { checksum: true } };
const innerChains: readonly (readonly [string, readonly CodecOption[], boolean])[] = [
  ["bytes", ["bytes"], false],
  ["crc32c", ["bytes", "crc32c"], true],
  ["transpose, big, crc32c", [transpose, big, "crc32c"], true],
  ["gzip", ["bytes", "gzip"], false],
  ["gzip, crc32c", ["bytes", "gzip", "crc32c"], true],
  ["zstd", ["bytes", zstd], false],
];

/** Two inner chunks, each chain with and without a checksum over the index. */
const shards = (["start", "end"] as const).flatMap((indexLocation, i) =>
  innerChains.flatMap(([chain, codecs, isChecked], j) =>
    [true, false].map((hasChecksum, k): Fixture => {
      const dataType: DataTypeName = names[(i * 5 + j * 2 + k) % names.length]!;
      const indexCodecs = hasChecksum ? ["bytes", "crc32c"] : [big];
      const chunks = { shape, shardShape: shape, chunkShape: [2, 3] };
      return {
        name: `shard of ${chain}, index at the ${indexLocation}${hasChecksum ? ", checked" : ""}, ${dataType}`,
        options: { ...chunks, dataType, codecs, indexLocation, indexCodecs },
        detects: isChecked && hasChecksum ? "all" : "nothing",
      };
    }),
  ),
);

function sharding(chunk_shape: readonly number[], codecs: readonly CodecOption[], index_location: string): CodecOption {
  const index_codecs = ["bytes", "crc32c"];
  return { name: "sharding_indexed", configuration: { chunk_shape, codecs, index_codecs, index_location } };
}

const checked = ["bytes", "crc32c"];
const base = { shape, chunkShape: shape, dataType: "uint16" } as const;
const special: readonly Fixture[] = [
  ...["start", "end"].map((location): Fixture => {
    const codecs = [sharding([4, 3], [sharding([2, 3], checked, location)], location)];
    return { name: `shard in a shard, indexes at the ${location}`, options: { ...base, codecs }, detects: "all" };
  }),
  {
    name: "shard with dead bytes",
    options: { ...base, shardShape: shape, chunkShape: [2, 3], codecs: checked, indexLocation: "start" },
    detects: "all",
    deadBytes: 9,
  },
  {
    name: "crc32c around a shard",
    options: { ...base, codecs: [sharding([2, 3], ["bytes"], "end"), "crc32c"] },
    detects: "all",
  },
  {
    name: "gzip around a shard",
    options: { ...base, codecs: [sharding([2, 3], checked, "end"), "gzip"] },
    detects: "content",
  },
  {
    name: "transpose before a shard",
    options: { ...base, codecs: [transpose, sharding([3, 2], checked, "end")] },
    detects: "all",
  },
  {
    name: "shard beyond the array",
    options: { ...base, shape: [3, 2], shardShape: [4, 3], chunkShape: [2, 3], codecs: checked },
    detects: "all",
  },
];

const fixtures = [...single, ...shards, ...special];

test("there are enough of them, and they are small", () => {
  expect(fixtures.length).toBeGreaterThanOrEqual(30);
  expect(new Set(fixtures.map(({ name }) => name)).size).toBe(fixtures.length);
  for (const fixture of fixtures) expect(prepare(fixture, 1).value.byteLength, fixture.name).toBeLessThan(260);
});

interface Prepared {
  readonly store: MemoryStore;
  readonly array: ZarrArray;
  readonly value: Uint8Array;
  /** The good elements. */
  readonly elements: string;
  /** Another element than the first one. */
  readonly other: number;
}

function textOf(data: unknown): string {
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex")
    : JSON.stringify(data);
}

function prepare({ options, deadBytes = 0 }: Fixture, seed: number): Prepared {
  const store = new MemoryStore();
  const array: ZarrArray = createArraySync(store, options);
  const { itemSize, view, decodeScalar, encodeScalar } = dataTypeByName(options.dataType);
  const fill = array.metadata.fillValue;
  const count = options.shape.reduce((product, length) => product * length, 1);
  // None is the fill value, so that all is stored.
  const bytes = elementsOf(options.dataType, fill, count, 4 * seed + 2).map((byte, i) =>
    i % itemSize === 0 ? byte | 1 : byte,
  );
  array.setSync(null, view(bytes.buffer, 0, count) as Uint8Array);
  const value = join(store.getSync(key)!, new Uint8Array(deadBytes));
  store.setSync(key, value);
  const read = array.getSync();
  const candidates = [1, 0].map((byte) => decodeScalar(new Uint8Array(itemSize).fill(byte)));
  const first = textOf(encodeScalar(decodeScalar(bytes.subarray(0, itemSize))));
  const other = candidates.find((candidate) => textOf(encodeScalar(candidate)) !== first)!;
  return { store, array, value, elements: textOf(read.data), other: other as number };
}

const dataCodes: readonly string[] = ["CORRUPT_DATA", "CHECKSUM_MISMATCH", "INVALID_SHARD_INDEX"];

/** As `expect`, which takes as long as a call itself. */
function must(condition: boolean, message: string): void {
  if (!condition) expect.fail(message);
}

describe.each(fixtures.map((fixture, i) => [fixture.name, fixture, i] as const))("%s", (_, fixture, number) => {
  const { detects, deadBytes = 0 } = fixture;

  /** Runs every call on `damaged`; whether one of the reads accepted it. */
  async function tryAll(
    { store, array, elements, other }: Prepared,
    damaged: Uint8Array,
    isSample: boolean,
  ): Promise<boolean> {
    store.setSync(key, damaged);
    let found: { readonly data: unknown; readonly shape: readonly number[] } | undefined;
    const whole = syncodecErrorIfAny(() => {
      found = array.getSync();
    });
    if (found !== undefined) {
      must(`${found.shape}` === `${array.shape}`, `shape [${found.shape}]`);
      if (detects !== "nothing") must(textOf(found.data) === elements, "other elements");
    } else must(dataCodes.includes(whole!.code), whole!.message);
    const origin = array.shape.map(() => 0);
    syncodecErrorIfAny(() => array.getSync(origin));
    if (isSample) {
      const later = openArraySync(store, { pipeline: "batched" });
      const message = await later.get().then(
        () => undefined,
        (error: Error) => error.message,
      );
      expect(message).toBe(whole?.message);
    }
    const written = syncodecErrorIfAny(() => array.setSync(origin, other));
    if (written === undefined) must(Object.is(array.getSync(origin), other), "the element that was written");
    else must(Buffer.compare(store.getSync(key)!, damaged) === 0, "stored though the write failed");
    return whole === undefined;
  }

  function checkGood({ store, array, value, elements }: Prepared): void {
    store.setSync(key, value.slice());
    must(textOf(array.getSync().data) === elements, "the next read of good data");
  }

  test("cut at every byte", async () => {
    const prepared = prepare(fixture, number);
    const live = prepared.value.byteLength - deadBytes;
    for (let length = 0; length < prepared.value.byteLength; length++) {
      const isAccepted = await tryAll(prepared, prepared.value.slice(0, length), length % 7 === 0);
      must(isAccepted === length >= live, `${length} bytes`);
      if (length % 8 === 0) checkGood(prepared);
    }
    checkGood(prepared);
  });

  test("every bit flipped", async () => {
    const prepared = prepare(fixture, number);
    const live = prepared.value.byteLength - deadBytes;
    for (let bit = 0; bit < prepared.value.byteLength * 8; bit++) {
      const isAccepted = await tryAll(prepared, flipped(prepared.value, bit), bit % 61 === 0);
      if (bit >= live * 8) must(isAccepted, `dead bit ${bit}`);
      else if (detects === "all") must(!isAccepted, `bit ${bit}`);
      if (bit % 32 === 0) checkGood(prepared);
    }
    checkGood(prepared);
  });
});
