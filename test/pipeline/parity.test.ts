/**
 * The synchronous and the batched pipeline do the same: equal contents, equal keys, equal stored bytes, and each reads what the other wrote.
 * Both are held against a plain array that takes the same writes.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChunkLengths,
  type CodecOption,
  type CreateArrayOptions,
  createArray,
  createArraySync,
  init,
  LatencyStore,
  MemoryStore,
  type NumericDataTypeName,
  openArray,
  openArraySync,
  type Selection,
  type Store,
  type SyncStore,
  slice,
} from "../../src/index.js";
import { dataTypeByName, type Scalar } from "../../src/metadata/data_type.js";
import { elementsOf } from "../support/arbitraries.js";
import { plainAxes } from "../support/plain_axis.js";
import { bytesOf, hex, ReferenceArray, selectionShape } from "../support/reference_array.js";
import { chunkKeys, snapshot } from "../support/snapshot.js";
import { removeTemporaryStores, temporaryStore } from "../support/temporary_store.js";

beforeAll(() => init());
afterAll(() => removeTemporaryStores());

interface Layout {
  readonly shape: readonly number[];
  /** What one key stores. */
  readonly grid: { readonly chunkShape: readonly number[] } | { readonly chunkGrid: readonly ChunkLengths[] };
  readonly dataType: NumericDataTypeName;
  readonly fillValue?: Scalar;
  /** Puts the chain of the plain chunks where it belongs. */
  codecs(chain: readonly CodecOption[]): readonly CodecOption[];
}

const transposed = (...order: number[]): CodecOption => ({ name: "transpose", configuration: { order } });
const big: CodecOption = { name: "bytes", configuration: { endian: "big" } };
const little: CodecOption = { name: "bytes", configuration: { endian: "little" } };
const gzip: CodecOption = { name: "gzip", configuration: { level: 1 } };
const zstd: CodecOption = { name: "zstd", configuration: { level: 1 } };

function sharded(
  chunkShape: readonly number[],
  codecs: readonly CodecOption[],
  index: { readonly codecs?: readonly CodecOption[]; readonly location?: "start" | "end" } = {},
): CodecOption {
  const { codecs: indexCodecs = [little, "crc32c"], location = "end" } = index;
  const configuration = { chunk_shape: chunkShape, codecs, index_codecs: indexCodecs, index_location: location };
  return { name: "sharding_indexed", configuration };
}

const layouts: Readonly<Record<string, Layout>> = {
  "1-d unsharded": { shape: [20], grid: { chunkShape: [5] }, dataType: "int32", codecs: (chain) => chain },
  "1-d, one inner chunk per shard": {
    shape: [20],
    grid: { chunkShape: [5] },
    dataType: "int16",
    fillValue: -1,
    codecs: (chain) => [sharded([5], chain)],
  },
  "1-d, many inner chunks per shard": {
    shape: [48],
    grid: { chunkShape: [24] },
    dataType: "float64",
    fillValue: "NaN",
    codecs: (chain) => [sharded([2], chain, { location: "start" })],
  },
  "2-d unsharded": { shape: [6, 8], grid: { chunkShape: [3, 4] }, dataType: "uint64", codecs: (chain) => chain },
  "2-d sharded": {
    shape: [8, 8],
    grid: { chunkShape: [4, 8] },
    dataType: "uint8",
    codecs: (chain) => [sharded([2, 2], chain)],
  },
  "3-d asymmetric": {
    shape: [4, 6, 10],
    grid: { chunkShape: [2, 6, 5] },
    dataType: "float32",
    fillValue: -0,
    codecs: (chain) => [transposed(1, 2, 0), ...chain],
  },
  "3-d asymmetric, sharded": {
    shape: [4, 6, 10],
    grid: { chunkShape: [4, 3, 10] },
    dataType: "uint16",
    codecs: (chain) => [sharded([2, 3, 2], [transposed(2, 0, 1), ...chain], { codecs: [big] })],
  },
  nested: {
    shape: [12, 8],
    grid: { chunkShape: [12, 4] },
    dataType: "int32",
    fillValue: 5,
    codecs: (chain) => [sharded([6, 4], [sharded([2, 2], chain, { location: "start" })])],
  },
  "gzip and crc32c after a shard": {
    shape: [8, 8],
    grid: { chunkShape: [4, 4] },
    dataType: "int16",
    codecs: (chain) => [sharded([2, 2], chain), gzip, "crc32c"],
  },
  "transpose before a shard": {
    shape: [4, 6, 8],
    grid: { chunkShape: [2, 6, 4] },
    dataType: "int16",
    fillValue: 9,
    codecs: (chain) => [transposed(1, 2, 0), sharded([3, 2, 1], chain)],
  },
  "transpose before a nested shard": {
    shape: [8, 12],
    grid: { chunkShape: [8, 6] },
    dataType: "bool",
    fillValue: true,
    codecs: (chain) => [sharded([4, 6], [transposed(1, 0), sharded([3, 2], chain), "crc32c"])],
  },
  "rank 0": { shape: [], grid: { chunkShape: [] }, dataType: "float64", fillValue: 1.5, codecs: (chain) => chain },
  "rank 0, sharded": { shape: [], grid: { chunkShape: [] }, dataType: "int8", codecs: (chain) => [sharded([], chain)] },
  rectilinear: {
    shape: [7, 9],
    grid: {
      chunkGrid: [
        [1, [3, 3]],
        [2, 5, 4],
      ],
    },
    dataType: "int16",
    fillValue: 4,
    codecs: (chain) => chain,
  },
  "rectilinear, sharded": {
    shape: [7, 9],
    grid: { chunkGrid: [[2, [4, 2]], 6] },
    dataType: "uint16",
    codecs: (chain) => [sharded([2, 3], chain)],
  },
  ragged: { shape: [7, 5], grid: { chunkShape: [3, 4] }, dataType: "int64", fillValue: -7n, codecs: (chain) => chain },
  "ragged, sharded": {
    shape: [9, 7],
    grid: { chunkShape: [6, 6] },
    dataType: "uint32",
    codecs: (chain) => [sharded([2, 3], chain)],
  },
  "ragged, nested": {
    shape: [11, 9],
    grid: { chunkShape: [8, 8] },
    dataType: "int16",
    fillValue: 1,
    codecs: (chain) => [sharded([4, 8], [sharded([2, 2], chain), gzip])],
  },
};

const chains: Readonly<Record<string, readonly CodecOption[]>> = {
  little: [little],
  big: [big],
  crc32c: [little, "crc32c"],
  gzip: [little, gzip],
  zstd: [little, zstd],
  "big, zstd, crc32c": [big, zstd, "crc32c"],
};

/** One write: elements by seed, `fill`, or a reopening of the array before the next write. */
type Step = { readonly selection: Selection; readonly elements: number | "fill" } | "reopen";

const part = (from: number, to: number) => (length: number) => slice(Math.floor(length * from), Math.ceil(length * to));

const sequences: Readonly<Record<string, (shape: readonly number[]) => Step[]>> = {
  "full overwrite": () => [
    { selection: null, elements: 1 },
    { selection: null, elements: 2 },
  ],
  "partial middle": (shape) => [{ selection: shape.map(part(0.25, 0.75)), elements: 3 }],
  "one cell": (shape) => [{ selection: shape.map((length) => Math.floor(length / 2)), elements: 4 }],
  overlapping: (shape) => [
    { selection: shape.map(part(0, 0.7)), elements: 5 },
    { selection: shape.map(part(0.3, 1)), elements: 6 },
    { selection: shape.map(() => slice(1, null, 2)), elements: 7 },
  ],
  "ends in fill": (shape) => [
    { selection: null, elements: 8 },
    { selection: shape.map(part(0, 0.5)), elements: "fill" },
    { selection: null, elements: "fill" },
  ],
  "ends in half fill": (shape) => [
    { selection: null, elements: 9 },
    { selection: shape.map(part(0, 0.5)), elements: "fill" },
  ],
  "write after reopen": (shape) => [
    { selection: null, elements: 10 },
    "reopen",
    { selection: shape.map(part(0.4, 0.9)), elements: 11 },
  ],
};

interface Stores {
  /** Where the synchronous pipeline writes. */
  readonly direct: SyncStore;
  /** Where the batched pipeline writes, and the view of it that the batched pipeline gets. */
  readonly other: SyncStore;
  readonly otherView: Store;
}

async function checkCell(
  layout: Layout,
  chain: readonly CodecOption[],
  steps: readonly Step[],
  writeEmptyChunks: boolean,
  { direct, other, otherView }: Stores,
): Promise<void> {
  const { shape, grid, dataType: name, fillValue } = layout;
  const options: CreateArrayOptions<NumericDataTypeName> = {
    ...{ shape, ...grid, writeEmptyChunks },
    dataType: name,
    codecs: layout.codecs(chain),
    ...(fillValue === undefined ? {} : { fillValue }),
  };
  const dataType = dataTypeByName(name);
  let sync = createArraySync(direct, { ...options, pipeline: "sync" });
  let batched = await createArray(otherView, { ...options, pipeline: "batched" });
  const reference = new ReferenceArray(shape, sync.metadata.fillValue);
  for (const step of steps) {
    if (step === "reopen") {
      sync = openArraySync<NumericDataTypeName>(direct, { pipeline: "sync", writeEmptyChunks });
      batched = await openArray<NumericDataTypeName>(otherView, { pipeline: "batched", writeEmptyChunks });
      continue;
    }
    const { selection, elements } = step;
    if (elements === "fill") {
      sync.setSync(selection, sync.fillValue);
      await batched.set(selection, batched.fillValue);
      reference.set(selection, reference.fillValue);
    } else {
      const count = selectionShape(selection, shape).reduce((product, length) => product * length, 1);
      const bytes = elementsOf(name, reference.fillValue, count, elements);
      const source = dataType.view(bytes.slice().buffer, 0, count) as Uint8Array;
      sync.setSync(selection, source);
      await batched.set(selection, source);
      reference.set(selection, bytes);
    }
    expect(hex(bytesOf(sync.getSync().data))).toBe(hex(reference.bytes));
    expect(hex(bytesOf((await batched.get()).data))).toBe(hex(reference.bytes));
  }
  expect(snapshot(other)).toEqual(snapshot(direct));
  expect(chunkKeys(direct)).toEqual(reference.keys(plainAxes(grid), writeEmptyChunks));
  const crossed = await openArray<NumericDataTypeName>(direct, { pipeline: "batched" });
  expect(hex(bytesOf((await crossed.get()).data))).toBe(hex(reference.bytes));
  expect(hex(bytesOf(openArraySync<NumericDataTypeName>(other, { pipeline: "sync" }).getSync().data))).toBe(
    hex(reference.bytes),
  );
  const selection = shape.map(part(0.3, 0.6));
  for (const each of [await batched.get(selection), sync.getSync(selection), await crossed.get(selection)]) {
    if (typeof each !== "object") expect(hex(dataType.encodeScalar(each))).toBe(hex(reference.get(selection)));
    else expect(hex(bytesOf(each.data))).toBe(hex(reference.get(selection)));
  }
}

const cells = Object.keys(sequences).flatMap((sequence) =>
  [false, true].map((writeEmptyChunks) => ({ sequence, writeEmptyChunks })),
);
const rows = Object.keys(layouts).flatMap((layout) => Object.keys(chains).map((chain) => ({ layout, chain })));

describe.each(rows)("$layout, $chain", ({ layout, chain }) => {
  test.each(cells)("$sequence, writeEmptyChunks $writeEmptyChunks", async ({ sequence, writeEmptyChunks }) => {
    const shape = layouts[layout]!.shape;
    for (const isAsyncOnly of [false, true]) {
      const other = new MemoryStore();
      const otherView = isAsyncOnly ? new LatencyStore(other) : other;
      const stores = { direct: new MemoryStore(), other, otherView };
      await checkCell(layouts[layout]!, chains[chain]!, sequences[sequence]!(shape), writeEmptyChunks, stores);
    }
  });
});

const localLayouts = [
  "1-d unsharded",
  "1-d, many inner chunks per shard",
  "nested",
  "gzip and crc32c after a shard",
  "transpose before a nested shard",
  "rank 0",
  "ragged, sharded",
  "rectilinear, sharded",
];
const localChains = ["little", "crc32c", "big, zstd, crc32c"];
const localRows = localLayouts.flatMap((layout) => localChains.map((chain) => ({ layout, chain })));

describe.each(localRows)("on files: $layout, $chain", ({ layout, chain }) => {
  test.each(cells)("$sequence, writeEmptyChunks $writeEmptyChunks", async ({ sequence, writeEmptyChunks }) => {
    const other = await temporaryStore();
    const stores = { direct: await temporaryStore(), other, otherView: new LatencyStore(other) };
    const steps = sequences[sequence]!(layouts[layout]!.shape);
    await checkCell(layouts[layout]!, chains[chain]!, steps, writeEmptyChunks, stores);
  });
});
