/**
 * Stored shards, changed, under an array that reads them whole and in part, and writes one element: all ways agree with an obvious reader, and a
 * write that fails leaves the shard as it was. Input: number of the layout (u8), then the shard.
 */

import {
  type Chunk,
  type CodecOption,
  type CodecPipeline,
  type CreateArrayOptions,
  createArraySync,
  createCodecPipeline,
  init,
  MemoryStore,
  openArraySync,
  type RuntimeOptions,
  slice,
  type ZarrArray,
} from "../../../src/index.js";
import type { Random } from "../../model/random.js";
import { mutateBytes, splice } from "../mutate.js";
import {
  type Attempt,
  attempt,
  attemptAsync,
  check,
  checkBytes,
  dataCodes,
  elementBytes,
  outcomeOf,
  type Target,
} from "../target.js";
import { sealCrc32c } from "./repairs.js";

const key = "/c/0/0";
/** The array ends within its shard: inner chunks of [2, 2] in a shard of [4, 6], of which [3, 5] are in the array. */
const base = { shape: [3, 5], shardShape: [4, 6], chunkShape: [2, 2], dataType: "uint16", fillValue: 7 } as const;
const grid = [2, 3] as const;
const chunkCount = 6;
const missing = 2n ** 64n - 1n;

interface Layout {
  readonly options: CreateArrayOptions<"uint16">;
  /** How one inner chunk is decoded; for shards of which the obvious reader knows nothing, `undefined`. */
  readonly inner: CodecPipeline<"uint16"> | undefined;
  readonly index: { readonly isLittle: boolean; readonly hasChecksum: boolean; readonly isAtStart: boolean };
  readonly store: MemoryStore;
  /** The same array four times. */
  readonly array: ZarrArray<"uint16">;
  readonly batched: ZarrArray<"uint16">;
  readonly patching: ZarrArray<"uint16">;
  readonly rewriting: ZarrArray<"uint16">;
}

const big = { name: "bytes", configuration: { endian: "big" } };
const gzip = { name: "gzip", configuration: { level: 1 } };
const transpose = { name: "transpose", configuration: { order: [1, 0] } };

function layoutOf(options: Layout["options"], inner: Layout["inner"], index: Layout["index"]): Layout {
  const store = new MemoryStore();
  const array = createArraySync(store, options);
  const reopen = (runtime: RuntimeOptions): ZarrArray<"uint16"> => openArraySync(store, runtime);
  const batched = reopen({ pipeline: "batched" });
  return {
    options,
    inner,
    index,
    store,
    array,
    batched,
    patching: reopen({ patch: true }),
    rewriting: reopen({ patch: false }),
  };
}

function plain(codecs: readonly CodecOption[], index: Layout["index"]): Layout {
  const indexCodecs = [index.isLittle ? "bytes" : big, ...(index.hasChecksum ? ["crc32c"] : [])];
  const indexLocation = index.isAtStart ? "start" : "end";
  const { chunkShape: shape, dataType, fillValue } = base;
  const inner = createCodecPipeline({ shape, dataType, fillValue, codecs });
  return layoutOf({ ...base, codecs, indexCodecs, indexLocation }, inner, index);
}

/** A shard within a shard, or something around one. */
function special(codecs: readonly CodecOption[]): Layout {
  const { shape, shardShape: chunkShape, dataType, fillValue } = base;
  const index = { isLittle: true, hasChecksum: true, isAtStart: false };
  return layoutOf({ shape, chunkShape, dataType, fillValue, codecs }, undefined, index);
}

function sharding(chunk_shape: readonly number[], codecs: readonly CodecOption[], hasChecksum: boolean): CodecOption {
  const index_codecs = hasChecksum ? ["bytes", "crc32c"] : ["bytes"];
  return { name: "sharding_indexed", configuration: { chunk_shape, codecs, index_codecs } };
}

let layouts: readonly Layout[] = [];

function makeLayouts(): readonly Layout[] {
  const chains = [["bytes"], ["bytes", "crc32c"], [transpose, big, "crc32c"], ["bytes", gzip], [big]];
  const plainLayouts = chains.flatMap((codecs, i) =>
    [0, 1, 2, 3].map((bits) =>
      plain(codecs, { isLittle: (bits + i) % 4 !== 3, hasChecksum: (bits & 1) !== 0, isAtStart: (bits & 2) !== 0 }),
    ),
  );
  const nested = (hasChecksum: boolean) =>
    sharding([2, 6], [sharding([1, 2], hasChecksum ? ["bytes", "crc32c"] : ["bytes"], hasChecksum)], hasChecksum);
  return [
    ...plainLayouts,
    special([nested(true)]),
    special([nested(false)]),
    special([transpose, sharding([2, 2], ["bytes", "crc32c"], false)]),
    special([sharding([2, 2], ["bytes"], false), gzip]),
    special([sharding([2, 2], ["bytes"], false), "crc32c"]),
  ];
}

/** What one inner chunk holds: its elements, nothing, or something that cannot be read. */
type Inner = Uint8Array | "missing" | "bad";

/** The obvious reader. `undefined` = the index itself is bad. */
function readReference({ inner, index }: Layout, value: Uint8Array): Inner[] | undefined {
  const { isLittle, hasChecksum, isAtStart } = index;
  const indexSize = chunkCount * 16 + (hasChecksum ? 4 : 0);
  if (value.length < indexSize) return undefined;
  const start = isAtStart ? 0 : value.length - indexSize;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (hasChecksum) {
    const sealed = value.slice(start, start + indexSize);
    sealCrc32c(sealed, 0, chunkCount * 16);
    if (Buffer.compare(sealed, value.subarray(start, start + indexSize)) !== 0) return undefined;
  }
  return Array.from({ length: chunkCount }, (_, chunk): Inner => {
    const offset = view.getBigUint64(start + chunk * 16, isLittle);
    const length = view.getBigUint64(start + chunk * 16 + 8, isLittle);
    if (offset === missing && length === missing) return "missing";
    const end = offset + length;
    const touchesIndex = length > 0n && offset < BigInt(start + indexSize) && end > BigInt(start);
    if (end > BigInt(value.length) || touchesIndex) return "bad";
    const decoded = attempt(dataCodes, () => inner!.decodeSync(value.slice(Number(offset), Number(end))));
    return decoded.value === undefined ? "bad" : elementBytes(decoded.value.data);
  });
}

/** Cells of inner chunk `chunk` in the array, as [place in the inner chunk, row, column]. */
function cellsOf(chunk: number): [number, number, number][] {
  const [top, left] = [Math.floor(chunk / grid[1]) * 2, (chunk % grid[1]) * 2];
  return [0, 1, 2, 3]
    .map((place): [number, number, number] => [place, top + (place >> 1), left + (place & 1)])
    .filter(([, row, column]) => row < base.shape[0] && column < base.shape[1]);
}

function elementOf(inner: Inner, place: number): number {
  if (typeof inner === "string") return base.fillValue;
  return new DataView(inner.buffer, inner.byteOffset).getUint16(place * 2, true);
}

function rowsAndColumns(chunk: number) {
  const cells = cellsOf(chunk);
  const rows = cells.map(([, row]) => row);
  const columns = cells.map(([, , column]) => column);
  return [slice(Math.min(...rows), Math.max(...rows) + 1), slice(Math.min(...columns), Math.max(...columns) + 1)];
}

type Result = Attempt<Chunk<"uint16"> | number>;

/** A read of inner chunk `chunk`, or of all, against the reference. */
function checkRead(
  result: Result,
  chunks: readonly number[],
  reference: readonly Inner[] | undefined,
  what: string,
): void {
  const bad = reference === undefined || chunks.some((chunk) => reference[chunk] === "bad");
  check(
    (result.error !== undefined) === bad,
    `${what}: ${result.error?.message ?? "taken"}, but expected ${bad ? "an error" : "none"}`,
  );
  if (result.error !== undefined || reference === undefined) return;
  const { data, shape } = result.value as Chunk<"uint16">;
  const cells = chunks.flatMap((chunk) =>
    cellsOf(chunk).map(([place, row, column]) => ({ row, column, value: elementOf(reference[chunk]!, place) })),
  );
  cells.sort((a, b) => a.row - b.row || a.column - b.column);
  check(cells.length === shape.reduce((a, b) => a * b, 1), `${what}: shape ${shape}`);
  check(
    cells.every(({ value }, i) => data[i] === value),
    `${what}: found ${data}, expected ${cells.map(({ value }) => value)}`,
  );
}

/** Parts agree with the whole, and both ways of writing keep what they do not change. */
async function run(layout: Layout, value: Uint8Array): Promise<string> {
  const { array, store } = layout;
  store.setSync(key, value);
  const reference = layout.inner && readReference(layout, value);
  const all = Array.from({ length: chunkCount }, (_, chunk) => chunk);
  const whole = attempt(dataCodes, () => array.getSync());
  const parts = all.map((chunk) => attempt(dataCodes, () => array.getSync(rowsAndColumns(chunk))));
  const strided = attempt(dataCodes, () => array.getSync([slice(null, null, 2), [4, 0, 0]]));
  const batched = await attemptAsync(dataCodes, () => layout.batched.get());
  check(
    batched.error?.message === whole.error?.message,
    `batched ${batched.error?.message}, not ${whole.error?.message}`,
  );
  if (whole.value !== undefined) {
    checkBytes(elementBytes(batched.value!.data), elementBytes(whole.value.data), "the batched read");
    for (const { error } of [...parts, strided])
      check(error === undefined, `whole, but not in part: ${error?.message}`);
  } else
    check(
      parts.some(({ error }) => error !== undefined),
      `in part, but not whole: ${whole.error.message}`,
    );
  for (const { error } of [whole, ...parts])
    check(error === undefined || error.key === key, `no key: ${error?.message}`);
  if (layout.inner !== undefined) {
    checkRead(whole, all, reference, "whole");
    for (const chunk of all) checkRead(parts[chunk]!, [chunk], reference, `inner chunk ${chunk}`);
  }
  const writes = [layout.patching, layout.rewriting].map((writer) => checkWrite(layout, writer, value, parts));
  return `${outcomeOf(whole)} ${parts.map((part) => (part.error === undefined ? 1 : 0)).join("")} ${writes.join()}`;
}

/** Writes element [1, 2], of inner chunk 1. */
function checkWrite(
  { store, array }: Layout,
  writer: Layout["array"],
  value: Uint8Array,
  before: readonly Result[],
): string {
  store.setSync(key, value.slice());
  const written = attempt(dataCodes, () => writer.setSync([1, 2], 4660));
  if (written.error !== undefined) {
    checkBytes(store.getSync(key) ?? new Uint8Array(0), value, "the shard after a write that failed");
    return outcomeOf(written);
  }
  check(array.getSync([1, 2]) === 4660, "the element that was written");
  before.forEach(({ value: old }, chunk) => {
    const now = attempt(dataCodes, () => array.getSync(rowsAndColumns(chunk)));
    check(
      (now.value === undefined) === (old === undefined),
      `inner chunk ${chunk} after a write of another: ${now.error?.message ?? "now good"}`,
    );
    if (now.value === undefined || old === undefined) return;
    const expected = Array.from((old as Chunk<"uint16">).data);
    if (chunk === 1) expected[2] = 4660;
    check(
      `${(now.value as Chunk<"uint16">).data}` === `${expected}`,
      `inner chunk ${chunk} after a write: ${(now.value as Chunk<"uint16">).data}`,
    );
  });
  return "ok";
}

function encode({ array, store }: Layout, random: Random): Uint8Array {
  array.setSync(
    null,
    Uint16Array.from({ length: 15 }, () => random.integer(0, 65535)),
  );
  if (random.chance(0.3)) array.setSync([slice(0, 2), slice(2, 4)], base.fillValue);
  return store.getSync(key)!.slice();
}

/** Makes the checksum of the index right again, and those of inner chunks where they would lie. */
function repair({ index, options }: Layout, value: Uint8Array, random: Random): Uint8Array {
  const repaired = value.slice();
  const indexSize = chunkCount * 16 + (index.hasChecksum ? 4 : 0);
  const start = index.isAtStart ? 0 : value.length - indexSize;
  if (start < 0 || value.length < indexSize) return repaired;
  const view = new DataView(repaired.buffer);
  if (options.codecs?.at(-1) === "crc32c" && random.chance(0.7)) {
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      const offset = Number(view.getBigUint64(start + chunk * 16, index.isLittle));
      if (offset < value.length) sealCrc32c(repaired, offset, 8);
    }
  }
  if (index.hasChecksum) sealCrc32c(repaired, start, chunkCount * 16);
  return repaired;
}

let good: readonly Uint8Array[] = [];

export const shardTarget: Target = {
  name: "shard",
  async prepare() {
    await init();
    layouts = makeLayouts();
  },
  seeds(random) {
    good = layouts.map((layout) => encode(layout, random));
    return good.map((value, number) => splice(value, 0, 0, [number]));
  },
  mutate(input, other, random) {
    const number = random.chance(0.98) ? (input[0] ?? 0) : random.integer(0, 255);
    const layout = layouts[number % layouts.length]!;
    const changed = mutateBytes(input.subarray(1), other.subarray(1), random);
    const value = layout.inner !== undefined && random.chance(0.7) ? repair(layout, changed, random) : changed;
    return splice(value, 0, 0, [number]);
  },
  run: (input) => run(layouts[(input[0] ?? 0) % layouts.length]!, input.slice(1)),
  canary() {
    good.forEach((value, number) => {
      const { store, array } = layouts[number]!;
      store.setSync(key, value);
      check(array.getSync().data.length === 15, "a good shard");
    });
  },
};
