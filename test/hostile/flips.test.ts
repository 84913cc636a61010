/**
 * Small stored values with every byte cut off and every bit flipped, under reads of all, reads of one element and writes of one: an array of the
 * right shape or a typed error, and where every live byte has a checksum, always an error. What is stored stays as it is when a write fails.
 */

import { beforeAll, describe, expect, test } from "vitest";
import type { DataOf } from "../../src/chunk.js";
import {
  type CodecOption,
  type CreateArrayOptions,
  createArraySync,
  type DataTypeName,
  init,
  MemoryStore,
  openArraySync,
  StructArray,
  type ZarrArray,
} from "../../src/index.js";
import { dataTypeFromOption } from "../../src/metadata/data_type.js";
import { type Configuration, chainOf, codecSamples, type Samples } from "../codecs/samples.js";
import { flipped, join, syncodecErrorIfAny } from "../codecs/support.js";
import { generator } from "../support/arbitraries.js";
import { dataOf, dataTypeNames, namedSamples, numericSamples, type Sample } from "../support/data_types.js";

beforeAll(() => init());

interface Fixture {
  readonly name: string;
  readonly options: CreateArrayOptions;
  /** The elements' data type, unless it is of variable size. */
  readonly sample?: Sample;
  /** What is known of a flipped bit in a live byte: it is an error, it changes no element, or nothing for every bit. */
  readonly detects: Samples["detects"];
  /** Bytes that belong to nothing, behind the value. */
  readonly deadBytes?: number;
}

const shape = [4, 3];
const key = "/c/0/0";
const names = dataTypeNames;
const numeric = new Map(numericSamples);

/** Whether an array of these options can be. */
function isPossible(options: CreateArrayOptions): boolean {
  try {
    createArraySync(new Map(), options);
    return true;
  } catch {
    return false;
  }
}

/** What depends on the shape, in the configuration of a codec. */
const forShape: Readonly<Record<string, Configuration>> = {
  sharding_indexed: { chunk_shape: [2, 3] },
  reshape: { shape: [3, 4] },
};

/** Every codec by itself, over one of the data types that it takes. */
const single = Object.entries(codecSamples).flatMap(([name, { small, detects, dataTypes = names }], i): Fixture[] => {
  const configuration = { ...small, ...forShape[name] };
  const codecs = chainOf(name, configuration);
  const taken = [...new Set(dataTypes)].filter((dataType) =>
    isPossible({ shape, chunkShape: shape, dataType, codecs }),
  );
  const dataType = taken[i % taken.length]!;
  const options = { shape, chunkShape: shape, dataType, codecs };
  return [{ name: `${name}, ${dataType}`, options, sample: numeric.get(dataType)!, detects }];
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
      const dataType = names[(i * 5 + j * 2 + k) % names.length]!;
      const indexCodecs = hasChecksum ? ["bytes", "crc32c"] : [big];
      const chunks = { shape, shardShape: shape, chunkShape: [2, 3] };
      return {
        name: `shard of ${chain}, index at the ${indexLocation}${hasChecksum ? ", checked" : ""}, ${dataType}`,
        options: { ...chunks, dataType, codecs, indexLocation, indexCodecs },
        sample: numeric.get(dataType)!,
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
const special: readonly Fixture[] = (
  [
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
  ] satisfies readonly Fixture[]
).map((fixture) => ({ ...fixture, sample: numeric.get("uint16")! }));

/** Every other data type, few elements each: without a checksum, and in the other byte order with one. */
const families = namedSamples
  .filter(([, { type }]) => type.itemSize <= 52)
  .map(([name, sample], i): Fixture => {
    const codecs = i % 2 === 0 ? ["bytes"] : [big, "crc32c"];
    const options = { shape: [2, 2], chunkShape: [2, 2], dataType: sample.option, codecs };
    return {
      name: `${name}, ${i % 2 === 0 ? "bytes" : "crc32c"}`,
      options,
      sample,
      detects: i % 2 === 0 ? "nothing" : "all",
    };
  });

const variable = (["string", "bytes"] as const).flatMap((dataType): Fixture[] => {
  const codec = dataType === "string" ? "vlen-utf8" : "vlen-bytes";
  const options = { shape, chunkShape: shape, dataType };
  const shard = { ...options, shardShape: shape, chunkShape: [2, 3], codecs: [codec, "crc32c"] };
  return [
    { name: `${codec}`, options: { ...options, codecs: [codec] }, detects: "nothing" },
    { name: `${codec}, crc32c`, options: { ...options, codecs: [codec, "crc32c"] }, detects: "all" },
    { name: `shard of ${codec}, crc32c`, options: shard, detects: "all" },
  ];
});

const fixtures = [...single, ...shards, ...special, ...families, ...variable];

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
  readonly other: ReturnType<ReturnType<typeof dataTypeFromOption>["decodeScalar"]>;
}

function textOf(data: unknown): string {
  const bytes = data instanceof StructArray ? data.bytes : data;
  return ArrayBuffer.isView(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")
    : JSON.stringify(bytes, (_, value) => (typeof value === "bigint" ? `${value}` : value));
}

/** Elements of which none is the fill value, so that all is stored. */
function elementsOf({ options, sample }: Fixture, count: number, seed: number): DataOf<DataTypeName> {
  if (sample === undefined) {
    const texts = Array.from({ length: count }, (_, i) => "añb€c".slice(0, 1 + ((i + seed) % 5)));
    return options.dataType === "string" ? texts : texts.map((text) => new TextEncoder().encode(text));
  }
  const random = generator(seed);
  const { type, element } = sample;
  const bytes = new Uint8Array(count * type.itemSize);
  for (let at = 0; at < bytes.length; at += type.itemSize) {
    let next = element(random);
    while (next.every((byte) => byte === 0)) next = element(random);
    bytes.set(next, at);
  }
  return dataOf(type, bytes) as DataOf<DataTypeName>;
}

function prepare(fixture: Fixture, seed: number): Prepared {
  const { options, deadBytes = 0 } = fixture;
  const store = new MemoryStore();
  const array: ZarrArray = createArraySync(store, options);
  const count = options.shape.reduce((product, length) => product * length, 1);
  array.setSync(null, elementsOf(fixture, count, 4 * seed + 2));
  const value = join(store.getSync(key)!, new Uint8Array(deadBytes));
  store.setSync(key, value);
  const dataType = dataTypeFromOption(options.dataType);
  const other = dataType.decodeScalar(dataType.defaultFill());
  return { store, array, value, elements: textOf(array.getSync().data), other };
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
      if (detects === "all" || detects === "content") must(textOf(found.data) === elements, "other elements");
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
    if (written === undefined) must(textOf(array.getSync(origin)) === textOf(other), "the element that was written");
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
