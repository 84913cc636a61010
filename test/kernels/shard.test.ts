import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Memory } from "../../src/wasm/memory.js";
import { type DenseShard, slotLength, writeShardLayout } from "../../src/wasm/shard_layout.js";
import * as reference from "../reference/shard.js";
import { Arena, builds, skew } from "./arena.js";

type Entry = reference.Entry;
type RegionAxis = reference.RegionAxis;

const unusable = -(2 ** 31);
const noRegion = { offset: 0, length: 0 };

const product = (numbers: readonly number[]): number => numbers.reduce((total, number) => total * number, 1);

/** Strides of an array whose axes nest as in `nesting`, innermost first, with `gaps` bytes after each axis. */
function stridesOf(shape: readonly number[], itemSize: number, nesting: readonly number[], gaps: readonly number[]) {
  const strides = shape.map(() => 0);
  let extent = itemSize;
  for (const axis of nesting) {
    strides[axis] = extent + gaps[axis]!;
    extent = strides[axis]! * shape[axis]!;
  }
  return strides;
}

function packedStrides(shape: readonly number[], itemSize: number): number[] {
  const inner = shape.map((_, i) => shape.length - 1 - i);
  return stridesOf(
    shape,
    itemSize,
    inner,
    shape.map(() => 0),
  );
}

/** Bytes from the first byte of the outer array to the end of the shard's rows from `firstRow` to before `endRow`. */
function outerLength(shard: DenseShard, firstRow = 0, endRow = Infinity): number {
  return shard.extent.reduce((length, extent, axis) => {
    const inner = shard.inner[axis]!;
    const count = axis === 0 ? Math.min(extent, endRow * inner) - firstRow * inner : extent;
    return length + (count - 1) * shard.outerStrides[axis]!;
  }, shard.itemSize);
}

const anyElement = fc.oneof(
  fc.constantFrom(
    [1, 1],
    [2, 2],
    [2, 1],
    [4, 4],
    [4, 1],
    [8, 8],
    [8, 4],
    [16, 8],
    [16, 16],
    [12, 4],
    [52, 4],
    [40, 8],
    [57, 1],
  ),
  fc
    .integer({ min: 1, max: 16 })
    .chain((size) =>
      fc.tuple(fc.constant(size), fc.constantFrom(...[1, 2, 4, 8, 16].filter((swapSize) => size % swapSize === 0))),
    ),
);

/** A shard on axes of (grid, inner, cells past the extent). */
function shardOn(axes: fc.Arbitrary<[number, number, number][]>): fc.Arbitrary<DenseShard> {
  return fc.tuple(axes, anyElement, fc.boolean()).chain(([triples, [itemSize, swapSize], checksum]) => {
    const grid = triples.map(([count]) => count);
    const inner = triples.map(([, length]) => length);
    const extent = triples.map(([count, length, past]) => Math.max(1, count * length - past));
    const cOrder = grid.map((_, i) => grid.length - 1 - i);
    const nesting = fc.oneof(fc.constant(cOrder), fc.shuffledSubarray(cOrder, { minLength: grid.length }));
    const gap = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 40 }));
    return fc
      .record({
        outer: nesting,
        slot: nesting,
        gaps: fc.array(gap, { minLength: grid.length, maxLength: grid.length }),
      })
      .map(({ outer, slot, gaps }) => ({
        itemSize: itemSize!,
        swapSize: swapSize!,
        checksum,
        grid,
        inner,
        extent,
        outerStrides: stridesOf(extent, itemSize!, outer, gaps),
        slotStrides: stridesOf(
          inner,
          itemSize!,
          slot,
          grid.map(() => 0),
        ),
      }));
  });
}

function axisOf(grid: number, inner: number, past: number): fc.Arbitrary<[number, number, number]> {
  return fc.tuple(
    fc.integer({ min: 1, max: grid }),
    fc.integer({ min: 1, max: inner }),
    fc.oneof(fc.constant(0), fc.nat(past)),
  );
}

const shards = fc.oneof(
  { weight: 4, arbitrary: shardOn(fc.array(axisOf(3, 4, 5), { maxLength: 4 })) },
  { weight: 2, arbitrary: shardOn(fc.array(axisOf(3, 20, 30), { minLength: 1, maxLength: 2 })) },
  { weight: 1, arbitrary: shardOn(fc.array(axisOf(20, 2, 3), { minLength: 1, maxLength: 2 })) },
  { weight: 1, arbitrary: shardOn(fc.array(axisOf(2, 300, 100), { minLength: 1, maxLength: 1 })) },
);

/** Bytes of which no few neighbours are equal, other than `content(seed + 1)`. */
function content(length: number, seed: number): Uint8Array {
  return new Uint8Array(length).map((_, i) => (i * 151 + (i >> 8) * 7 + seed * 29) & 255);
}

function indexBytes(entries: readonly Entry[]): Uint8Array {
  const missing = 2n ** 64n - 1n;
  return new Uint8Array(
    new BigUint64Array(
      entries.flatMap((entry) => (entry ? [BigInt(entry.offset), BigInt(entry.length)] : [missing, missing])),
    ).buffer,
  );
}

/** What `writeShardLayout` writes. */
function layoutBytes(shard: DenseShard): Uint8Array {
  const memory = new Memory();
  return memory.scope(() => memory.read(writeShardLayout(memory, shard)));
}

interface StoredShard {
  readonly src: Uint8Array;
  readonly index: readonly Entry[];
  readonly region: { readonly offset: number; readonly length: number };
}

/** Valid slots in the order of `order`, some with a gap before them or shared by two inner chunks; the stored index last. */
function storedShard(shard: DenseShard): fc.Arbitrary<StoredShard> {
  const count = product(shard.grid);
  const numbers = Array.from({ length: count }, (_, chunk) => chunk);
  return fc
    .record({
      order: fc.shuffledSubarray(numbers, { minLength: count }),
      gaps: fc.array(fc.oneof(fc.constant(0), fc.nat(9)), { minLength: count, maxLength: count }),
      shared: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: count, maxLength: count }),
      regionLength: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 })),
    })
    .map(({ order, gaps, shared, regionLength }) => {
      const index: Entry[] = numbers.map(() => undefined);
      const parts: Uint8Array[] = [];
      let end = 0;
      let previous: Entry;
      for (const [place, chunk] of order.entries()) {
        if (previous === undefined || shared[chunk] !== 0) {
          const gap = new Uint8Array(gaps[place]!).fill(0xee);
          const slot = reference.sealSlot(shard, content(reference.payloadLength(shard), chunk));
          parts.push(gap, slot);
          previous = { offset: end + gap.length, length: slot.length };
          end += gap.length + slot.length;
        }
        index[chunk] = previous;
      }
      parts.push(new Uint8Array(regionLength));
      return { src: new Uint8Array(Buffer.concat(parts)), index, region: { offset: end, length: regionLength } };
    });
}

/** One of the ways in which the entry of one inner chunk goes bad. */
function corrupt(stored: StoredShard, chunk: number, way: number, byte: number): StoredShard {
  const { src, index, region } = stored;
  const { offset, length } = index[chunk]!;
  const withEntry = (entry: Entry): StoredShard => ({ ...stored, index: index.with(chunk, entry) });
  switch (way) {
    case 0:
      return withEntry(undefined);
    case 1:
      return withEntry({ offset, length: length - 1 });
    case 2:
      return withEntry({ offset: 2 ** 32 + offset, length });
    case 3:
      return withEntry({ offset: src.length - length + 1, length });
    case 4:
      return { ...stored, region: { offset: offset + (byte % length), length: 1 } };
    case 5:
      return { ...stored, src: src.slice(0, region.offset - 1) };
    default: {
      const changed = src.slice();
      changed[offset + (byte % length)]! ^= 1 << (byte % 8);
      return { ...stored, src: changed };
    }
  }
}

describe.each(builds)("decodeShard (%s)", (_name, kernels) => {
  const run = (
    shard: DenseShard,
    { src, index, region }: StoredShard,
    { firstRow = 0, rowCount = shard.grid[0] ?? 1, dstLength = outerLength(shard), dstSkew = 0, srcSkew = 0 } = {},
  ) => {
    const layout = layoutBytes(shard);
    const arena = new Arena(kernels);
    const stored = indexBytes(index);
    const dst = arena.output(dstLength, dstSkew);
    const result = kernels.decodeShard(
      dst,
      dstLength,
      arena.input(src, srcSkew),
      src.length,
      arena.input(stored),
      stored.length,
      region.offset,
      region.length,
      arena.input(layout),
      firstRow,
      rowCount,
    );
    arena.check();
    return { result, bytes: arena.read(dst, dstLength) };
  };

  const cases = shards.chain((shard) => {
    const rows = shard.grid[0] ?? 1;
    return fc.record({
      shard: fc.constant(shard),
      stored: storedShard(shard),
      window: fc.oneof(
        fc.constant({ firstRow: 0, rowCount: rows }),
        fc.nat(rows).chain((firstRow) => fc.nat(rows - firstRow).map((rowCount) => ({ firstRow, rowCount }))),
      ),
      dstSkew: skew,
      srcSkew: skew,
    });
  });

  const windowLength = (shard: DenseShard, { firstRow, rowCount }: { firstRow: number; rowCount: number }) => {
    const isEmpty = firstRow * (shard.inner[0] ?? 1) >= (shard.extent[0] ?? 1) || rowCount === 0;
    return isEmpty ? 0 : outerLength(shard, firstRow, firstRow + rowCount);
  };

  it("equals the reference for slots in any order, with gaps, shared, and windows of rows", () => {
    fc.assert(
      fc.property(cases, ({ shard, stored, window, dstSkew, srcSkew }) => {
        const rows = shard.grid.length === 0 ? { firstRow: 0, rowCount: 1 } : window;
        const dstLength = windowLength(shard, rows);
        const expected = new Uint8Array(dstLength).fill(0x5a);
        const count = reference.decodeShard(
          shard,
          expected,
          stored.src,
          stored.index,
          stored.region,
          rows.firstRow,
          rows.rowCount,
        );
        const { result, bytes } = run(shard, stored, { ...rows, dstLength, dstSkew, srcSkew });
        expect(result).toBe(count);
        expect(Buffer.compare(bytes, expected)).toBe(0);
      }),
      { numRuns: 700 },
    );
  });

  it("takes the slots of a packed shard without an index, and refuses too few bytes of them", () => {
    fc.assert(
      fc.property(cases, ({ shard, window, dstSkew, srcSkew }) => {
        const { firstRow, rowCount } = shard.grid.length === 0 ? { firstRow: 0, rowCount: 1 } : window;
        const dstLength = windowLength(shard, { firstRow, rowCount });
        const length = slotLength(shard);
        const chunks = Array.from({ length: product(shard.grid) }, (_, i) => i);
        const slots = chunks.map((i) => reference.sealSlot(shard, content(reference.payloadLength(shard), i)));
        const index = chunks.map((i) => ({ offset: i * length, length }));
        const expected = new Uint8Array(dstLength).fill(0x5a);
        const whole = new Uint8Array(Buffer.concat(slots));
        const count = reference.decodeShard(shard, expected, whole, index, noRegion, firstRow, rowCount);
        const perRow = product(shard.grid.slice(1));
        const rowsInside = Math.ceil((shard.extent[0] ?? 1) / (shard.inner[0] ?? 1));
        const end = Math.min(firstRow + rowCount, rowsInside);
        const src = whole.slice(firstRow * perRow * length, Math.max(firstRow, end) * perRow * length);
        const rows = { firstRow, rowCount, dstLength, dstSkew, srcSkew };
        const { result, bytes } = run(shard, { src, index: [], region: noRegion }, rows);
        expect(result).toBe(count);
        expect(Buffer.compare(bytes, expected)).toBe(0);
        if (count === 0) return;
        const cut = run(shard, { src: src.slice(0, -1), index: [], region: noRegion }, rows);
        expect(cut.result).toBe(unusable);
        expect(cut.bytes.every((byte) => byte === 0x5a)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("decodes overlapping slots", () => {
    fc.assert(
      fc.property(
        shards.filter(({ checksum }) => !checksum).chain((shard) => fc.tuple(fc.constant(shard), fc.nat(7))),
        ([shard, step]) => {
          const length = slotLength(shard);
          const index = Array.from({ length: product(shard.grid) }, (_, chunk) => ({ offset: chunk * step, length }));
          const src = content(index.length * step + length, 3);
          const expected = new Uint8Array(outerLength(shard)).fill(0x5a);
          const count = reference.decodeShard(shard, expected, src, index, noRegion, 0, Infinity);
          const { result, bytes } = run(shard, { src, index, region: noRegion });
          expect(result).toBe(count);
          expect(Buffer.compare(bytes, expected)).toBe(0);
        },
      ),
    );
  });

  it("names the first inner chunk that is missing or bad", () => {
    fc.assert(
      fc.property(
        cases,
        fc.nat(),
        fc.integer({ min: 0, max: 8 }),
        fc.nat(100_000),
        ({ shard, stored }, pick, way, byte) => {
          const bad = corrupt(stored, pick % stored.index.length, way, byte);
          const expected = new Uint8Array(outerLength(shard)).fill(0x5a);
          const count = reference.decodeShard(shard, expected, bad.src, bad.index, bad.region, 0, Infinity);
          const { result, bytes } = run(shard, bad);
          expect(result).toBe(count);
          if (count > 0) expect(Buffer.compare(bytes, expected)).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("writes nothing where dst or the index is too short", () => {
    fc.assert(
      fc.property(shards, fc.boolean(), (shard, isDst) => {
        const length = slotLength(shard);
        const index = Array.from({ length: product(shard.grid) }, () => ({ offset: 0, length }));
        // No index at all says that the shard is packed.
        fc.pre(isDst || index.length > 1);
        const dstLength = outerLength(shard) - (isDst ? 1 : 0);
        const src = reference.sealSlot(shard, content(reference.payloadLength(shard), 0));
        const stored = { src, index: isDst ? index : index.slice(1), region: noRegion };
        const { result, bytes } = run(shard, stored, { dstLength });
        expect(result).toBe(unusable);
        expect(bytes.every((byte) => byte === 0x5a)).toBe(true);
      }),
    );
  });

  const line: DenseShard = {
    itemSize: 1,
    swapSize: 1,
    checksum: false,
    grid: [4],
    inner: [2],
    extent: [5],
    outerStrides: [1],
    slotStrides: [1],
  };
  const lineStored: StoredShard = {
    src: content(8, 0),
    index: [0, 2, 4, 6].map((offset) => ({ offset, length: 2 })),
    region: noRegion,
  };

  it.each<[string, { firstRow: number; rowCount: number }, number]>([
    ["no rows", { firstRow: 2, rowCount: 0 }, 0],
    ["rows past the extent", { firstRow: 3, rowCount: 1 }, 0],
    ["rows that end past the extent", { firstRow: 2, rowCount: 2 }, 1],
    ["rows past the grid", { firstRow: 3, rowCount: 2 }, unusable],
    ["rows whose sum wraps", { firstRow: 2, rowCount: 2 ** 32 - 1 }, unusable],
  ])("%s", (_case, window, result) => {
    expect(run(line, lineStored, window).result).toBe(result);
  });

  it("ignores the rows at rank 0", () => {
    const scalar: DenseShard = {
      itemSize: 2,
      swapSize: 2,
      checksum: false,
      grid: [],
      inner: [],
      extent: [],
      outerStrides: [],
      slotStrides: [],
    };
    const stored = { src: new Uint8Array([1, 2]), index: [{ offset: 0, length: 2 }], region: noRegion };
    const { result, bytes } = run(scalar, stored, { firstRow: 7, rowCount: 0 });
    expect(result).toBe(1);
    expect([...bytes]).toEqual([2, 1]);
  });

  it.each<[string, number, number]>([
    ["an offset of 2^63", 2 ** 63, 2],
    ["a sum that wraps 2^64", 2 ** 64 - 2048, 2],
    ["a length of 2^32 more", 0, 2 ** 32 + 2],
  ])("refuses %s", (_case, offset, length) => {
    expect(run(line, { ...lineStored, index: lineStored.index.with(1, { offset, length }) }).result).toBe(-2);
  });

  it.each<[string, Partial<DenseShard>]>([
    ["33 axes", Object.fromEntries(listNames.map((name) => [name, new Array(33).fill(1)]))],
    ["no item", { itemSize: 0 }],
    ["a swap size that does not divide the item", { itemSize: 6, swapSize: 4, slotStrides: [6] }],
    ["a swap size of 3", { itemSize: 6, swapSize: 3, slotStrides: [6] }],
    ["a swap size of 0", { swapSize: 0 }],
    ["a swap size of 32", { itemSize: 32, swapSize: 32, slotStrides: [32] }],
    ["no inner chunks", { grid: [0], extent: [0] }],
    ["inner chunks without elements", { inner: [0], extent: [0] }],
    ["no elements in the array", { extent: [0] }],
    ["an extent beyond the grid", { extent: [9] }],
    ["slot strides with gaps", { slotStrides: [2] }],
    ["slot strides that repeat", { slotStrides: [0] }],
    ["an outer stride that reaches too far", { outerStrides: [2 ** 31 - 1] }],
    ["more inner chunks than an index holds", axesOf(2 ** 14, 2 ** 14)],
    ["a grid whose product wraps", axesOf(2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16)],
  ])("refuses a layout of %s", (_case, change) => {
    const { result, bytes } = run({ ...line, ...change }, lineStored, { rowCount: 1, dstLength: 5 });
    expect(result).toBe(unusable);
    expect(bytes.every((byte) => byte === 0x5a)).toBe(true);
  });

  it("refuses a slot length that is not the inner chunk's", () => {
    const words = [1, 1, 1, 0, 3, 4, 2, 5, 1, 1];
    const arena = new Arena(kernels);
    const dst = arena.input(new Uint8Array(8));
    const src = arena.input(new Uint8Array(16));
    const index = arena.input(new Uint8Array(64));
    const layout = arena.input(new Int32Array(words).buffer);
    expect(kernels.decodeShard(dst, 8, src, 16, index, 64, 0, 0, layout, 0, 4)).toBe(unusable);
    arena.check();
  });
});

const listNames = ["grid", "inner", "extent", "outerStrides", "slotStrides"] as const;

/** A shard of inner chunks of one element. */
function axesOf(...grid: number[]): Partial<DenseShard> {
  const ones = grid.map(() => 1);
  return { grid, inner: ones, extent: ones, outerStrides: ones, slotStrides: ones };
}

describe.each(builds)("encodeShard (%s)", (_name, kernels) => {
  const run = (
    shard: DenseShard,
    src: Uint8Array,
    fill: Uint8Array,
    order: readonly number[],
    { base = 0, skipEmpty = false, dstLength = 0, indexLength = 16 * order.length, dstSkew = 0, srcSkew = 0 },
  ) => {
    const layout = layoutBytes(shard);
    const arena = new Arena(kernels);
    const dst = arena.output(content(dstLength, 9), dstSkew);
    const index = arena.output(indexLength);
    const end = kernels.encodeShard(
      dst,
      dstLength,
      base,
      arena.input(src, srcSkew),
      src.length,
      index,
      indexLength,
      arena.input(new Uint32Array(order).buffer),
      arena.input(fill, srcSkew),
      skipEmpty ? 1 : 0,
      arena.input(layout),
    );
    arena.check();
    return { end, bytes: arena.read(dst, dstLength), index: arena.read(index, indexLength) };
  };

  /** Bytes that inner chunks with elements in the array take. */
  const roomFor = (shard: DenseShard): number => {
    const chunks = shard.extent.map((extent, axis) => Math.ceil(extent / shard.inner[axis]!));
    return product(chunks) * slotLength(shard);
  };

  const cases = shards.chain((shard) => {
    const count = product(shard.grid);
    const numbers = Array.from({ length: count }, (_, chunk) => chunk);
    return fc.record({
      shard: fc.constant(shard),
      order: fc.oneof(fc.constant(numbers), fc.shuffledSubarray(numbers, { minLength: count })),
      fill: fc.uint8Array({ minLength: shard.itemSize, maxLength: shard.itemSize }),
      // How many of the elements differ from the fill value: none, all, or one in so many.
      every: fc.constantFrom(0, 1, 7, 50),
      skipEmpty: fc.boolean(),
      base: fc.oneof(fc.constant(0), fc.nat(40)),
      dstSkew: skew,
      srcSkew: skew,
    });
  });

  it("equals the reference for any order, with and without empty inner chunks", () => {
    fc.assert(
      fc.property(cases, ({ shard, order, fill, every, skipEmpty, base, dstSkew, srcSkew }) => {
        const src = content(outerLength(shard), 1);
        const positions = reference.coordinatesOf(shard.extent);
        for (const [number, position] of positions.entries()) {
          if (every !== 0 && number % every === every - 1) continue;
          src.set(
            fill,
            position.reduce((offset, c, axis) => offset + c * shard.outerStrides[axis]!, 0),
          );
        }
        const expected = reference.encodeShard(shard, base, src, order, fill, skipEmpty);
        const dstLength = base + roomFor(shard);
        const { end, bytes, index } = run(shard, src, fill, order, { base, skipEmpty, dstLength, dstSkew, srcSkew });
        expect(end).toBe(expected.end);
        expect(Buffer.compare(bytes.subarray(base, end), expected.bytes)).toBe(0);
        expect(Buffer.compare(bytes.subarray(0, base), content(base, 9))).toBe(0);
        expect(index).toEqual(indexBytes(expected.index));
      }),
      { numRuns: 700 },
    );
  });

  it("tells elements apart by their bits", () => {
    const shard: DenseShard = {
      itemSize: 8,
      swapSize: 8,
      checksum: false,
      grid: [2],
      inner: [1],
      extent: [2],
      outerStrides: [8],
      slotStrides: [8],
    };
    const encode = (values: number[], fill: number) =>
      run(
        shard,
        new Uint8Array(new Float64Array(values).buffer),
        new Uint8Array(new Float64Array([fill]).buffer),
        [0, 1],
        {
          skipEmpty: true,
          dstLength: 16,
        },
      ).end;
    expect(encode([-0, 0], 0)).toBe(8);
    expect(encode([Number.NaN, 1], Number.NaN)).toBe(8);
    expect(encode([0, 0], 0)).toBe(0);
  });

  it("writes no slot where a span is too short", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 2 }), ({ shard, order, fill, base }, side) => {
        const src = content(outerLength(shard) - (side === 0 ? 1 : 0), 1);
        const dstLength = base + roomFor(shard) - (side === 1 ? 1 : 0);
        const indexLength = 16 * order.length - (side === 2 ? 1 : 0);
        const { end, bytes } = run(shard, src, fill, order, { base, dstLength, indexLength });
        expect(end).toBe(-1);
        expect(Buffer.compare(bytes, content(dstLength, 9))).toBe(0);
      }),
    );
  });

  it.each<[string, number[]]>([
    ["names no inner chunk", [0, 3, 1]],
    ["names one twice", [0, 1, 1]],
    ["names a missing one twice", [2, 2, 0]],
    ["names the largest u32", [2 ** 32 - 1, 0, 1]],
  ])("refuses an order that %s", (_case, order) => {
    const shard: DenseShard = {
      itemSize: 1,
      swapSize: 1,
      checksum: false,
      grid: [3],
      inner: [1],
      extent: [2],
      outerStrides: [1],
      slotStrides: [1],
    };
    expect(run(shard, new Uint8Array(2), new Uint8Array(1), order, { dstLength: 3 }).end).toBe(-1);
  });

  it("decodes to what it encoded", () => {
    fc.assert(
      fc.property(cases, ({ shard, order, fill, base }) => {
        const src = content(outerLength(shard), 1);
        const dstLength = base + roomFor(shard);
        const { end, bytes, index } = run(shard, src, fill, order, { base, dstLength });
        const layout = layoutBytes(shard);
        const arena = new Arena(kernels);
        const dst = arena.output(src.length);
        const count = kernels.decodeShard(
          dst,
          src.length,
          arena.input(bytes.subarray(0, end)),
          end,
          arena.input(index),
          index.length,
          0,
          base,
          arena.input(layout),
          0,
          shard.grid[0] ?? 1,
        );
        arena.check();
        expect(count).toBe((end - base) / slotLength(shard));
        const decoded = arena.read(dst, src.length);
        for (const position of reference.coordinatesOf(shard.extent)) {
          const offset = position.reduce((sum, c, axis) => sum + c * shard.outerStrides[axis]!, 0);
          const element = (array: Uint8Array) => array.subarray(offset, offset + shard.itemSize);
          expect(Buffer.compare(element(decoded), element(src))).toBe(0);
        }
      }),
    );
  });
});

describe.each(builds)("patchSlots (%s)", (_name, kernels) => {
  interface Patch {
    readonly chunks: readonly number[];
    readonly partial: readonly number[];
    readonly region: readonly RegionAxis[];
  }

  const run = (
    shard: DenseShard,
    { chunks, partial, region }: Patch,
    slots: Uint8Array,
    src: Uint8Array,
    fill: Uint8Array,
    { dstLength = slots.length, dstSkew = 0, srcSkew = 0 } = {},
  ) => {
    const layout = layoutBytes(shard);
    const arena = new Arena(kernels);
    const dst = arena.output(slots, dstSkew);
    const result = kernels.patchSlots(
      dst,
      dstLength,
      arena.input(src, srcSkew),
      src.length,
      arena.input(new Uint32Array(chunks).buffer),
      chunks.length,
      arena.input(new Uint8Array(partial)),
      arena.input(new Int32Array(region.flatMap(({ start, step, count }) => [start, step, count])).buffer),
      arena.input(fill, srcSkew),
      arena.input(layout),
    );
    arena.check();
    return { result, slots: arena.read(dst, slots.length) };
  };

  const isTouched = (region: readonly RegionAxis[], cell: { readonly position: readonly number[] }): boolean =>
    cell.position.every((c, axis) => {
      const { start, step, count } = region[axis]!;
      return (c - start) % step === 0 && c >= start && c < start + count * step;
    });

  const cases = shards.chain((shard) => {
    const regionAxes = shard.extent.map((extent) =>
      fc.oneof(
        fc.constant({ start: 0, step: 1, count: extent }),
        fc
          .tuple(fc.nat(extent - 1), fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 6 })))
          .chain(([start, step]) =>
            fc
              .integer({ min: 1, max: Math.floor((extent - 1 - start) / step) + 1 })
              .map((count) => ({ start, step, count })),
          ),
      ),
    );
    return fc.tuple(...regionAxes).chain((region) => {
      const numbers = Array.from({ length: product(shard.grid) }, (_, chunk) => chunk);
      const cells = numbers.map((chunk) => reference.cellsOf(shard, chunk).filter(({ isInside }) => isInside));
      const touched = numbers.filter((chunk) => cells[chunk]!.some((cell) => isTouched(region, cell)));
      return fc.record({
        shard: fc.constant(shard),
        patch: fc
          .tuple(
            fc.shuffledSubarray(touched, { minLength: 1 }),
            fc.array(fc.boolean(), { minLength: numbers.length, maxLength: numbers.length }),
          )
          .map(([chunks, stored]) => ({
            region,
            chunks,
            partial: chunks.map((chunk) =>
              stored[chunk] || !cells[chunk]!.every((cell) => isTouched(region, cell)) ? 1 : 0,
            ),
          })),
        untouched: fc.constant(numbers.filter((chunk) => !touched.includes(chunk))),
        fill: fc.uint8Array({ minLength: shard.itemSize, maxLength: shard.itemSize }),
        dstSkew: skew,
        srcSkew: skew,
      });
    });
  });

  const sourceFor = (shard: DenseShard, region: readonly RegionAxis[]): Uint8Array =>
    content(product(region.map(({ count }) => count)) * shard.itemSize, 5);

  /** Stored slots where they are partly overwritten, other bytes elsewhere. */
  const slotsFor = (shard: DenseShard, { chunks, partial }: Patch): Uint8Array =>
    new Uint8Array(
      Buffer.concat(
        chunks.map((chunk, i) =>
          partial[i]
            ? reference.sealSlot(shard, content(reference.payloadLength(shard), chunk))
            : content(slotLength(shard), chunk + 50),
        ),
      ),
    );

  it("equals the reference for any region", () => {
    fc.assert(
      fc.property(cases, ({ shard, patch, fill, dstSkew, srcSkew }) => {
        const slots = slotsFor(shard, patch);
        const src = sourceFor(shard, patch.region);
        const expected = slots.slice();
        const length = slotLength(shard);
        const written = patch.chunks.reduce((total, chunk, i) => {
          const slot = expected.subarray(i * length, (i + 1) * length);
          return total + reference.patchSlot(shard, slot, chunk, patch.partial[i] === 1, src, patch.region, fill);
        }, 0);
        const { result, slots: found } = run(shard, patch, slots, src, fill, { dstSkew, srcSkew });
        expect(result).toBe(written);
        expect(Buffer.compare(found, expected)).toBe(0);
      }),
      { numRuns: 700 },
    );
  });

  it("names the slot whose stored checksum is wrong", () => {
    fc.assert(
      fc.property(cases, fc.nat(), fc.nat(100_000), ({ shard, patch, fill }, pick, byte) => {
        const sealed = { ...shard, checksum: true };
        const stored = { ...patch, partial: patch.partial.map(() => 1) };
        const slots = slotsFor(sealed, stored);
        const length = slotLength(sealed);
        const i = pick % patch.chunks.length;
        slots[i * length + (byte % length)]! ^= 1 << (byte % 8);
        const { result, slots: found } = run(sealed, stored, slots, sourceFor(shard, patch.region), fill);
        expect(result).toBe(-(1 + i));
        expect(Buffer.compare(found.subarray(i * length), slots.subarray(i * length))).toBe(0);
      }),
    );
  });

  it("names the slot whose inner chunk the region does not touch, or that does not exist", () => {
    fc.assert(
      fc.property(cases, fc.nat(), ({ shard, patch, untouched, fill }, pick) => {
        const i = pick % (patch.chunks.length + 1);
        const strangers = [...untouched, product(shard.grid), 2 ** 32 - 1];
        const wrong = {
          ...patch,
          chunks: patch.chunks.toSpliced(i, 0, strangers[pick % strangers.length]!),
          partial: [...patch.partial.slice(0, i), pick % 2, ...patch.partial.slice(i)],
        };
        const slots = new Uint8Array(Buffer.concat([slotsFor(shard, patch), new Uint8Array(slotLength(shard))]));
        expect(run(shard, wrong, slots, sourceFor(shard, patch.region), fill).result).toBe(-(1 + i));
      }),
    );
  });

  it("names the slot that is said to be covered and is not", () => {
    fc.assert(
      fc.property(cases, ({ shard, patch, fill }) => {
        const i = patch.chunks.findIndex((chunk) =>
          reference.cellsOf(shard, chunk).some((cell) => cell.isInside && !isTouched(patch.region, cell)),
        );
        fc.pre(i >= 0);
        const covered = { ...patch, partial: patch.partial.map(() => 0) };
        const { result } = run(shard, covered, slotsFor(shard, patch), sourceFor(shard, patch.region), fill);
        expect(result).toBe(-(1 + i));
      }),
    );
  });

  it("writes nothing where a span is too short", () => {
    fc.assert(
      fc.property(cases, fc.boolean(), ({ shard, patch, fill }, isDst) => {
        const slots = slotsFor(shard, patch);
        const src = sourceFor(shard, patch.region);
        const { result, slots: found } = run(shard, patch, slots, isDst ? src : src.slice(1), fill, {
          dstLength: slots.length - (isDst ? 1 : 0),
        });
        expect(result).toBe(unusable);
        expect(found).toEqual(slots);
      }),
    );
  });

  it.each<[string, RegionAxis]>([
    ["leaves the extent", { start: 0, step: 2, count: 4 }],
    ["starts before the shard", { start: -1, step: 1, count: 2 }],
    ["has no elements", { start: 0, step: 1, count: 0 }],
    ["does not advance", { start: 0, step: 0, count: 2 }],
    ["ends beyond 2^32", { start: 1, step: 2 ** 31 - 1, count: 3 }],
  ])("refuses a region that %s", (_case, axis) => {
    const shard: DenseShard = {
      itemSize: 1,
      swapSize: 1,
      checksum: false,
      grid: [3],
      inner: [2],
      extent: [6],
      outerStrides: [1],
      slotStrides: [1],
    };
    const patch = { chunks: [0], partial: [1], region: [axis] };
    const { result } = run(shard, patch, new Uint8Array(2), new Uint8Array(8), new Uint8Array(1));
    expect(result).toBe(unusable);
  });
});

describe("writeShardLayout", () => {
  it("refuses numbers that do not fit a word", () => {
    const memory = new Memory();
    const shard: DenseShard = {
      itemSize: 1,
      swapSize: 1,
      checksum: true,
      grid: [1],
      inner: [3],
      extent: [3],
      outerStrides: packedStrides([3], 1),
      slotStrides: packedStrides([3], 1),
    };
    memory.scope(() => {
      expect([...new Int32Array(memory.read(writeShardLayout(memory, shard)).buffer)]).toEqual([
        1, 1, 1, 1, 7, 1, 3, 3, 1, 1,
      ]);
      for (const wrong of [2 ** 31, 2 ** 32 + 1, -1, 1.5, Number.NaN]) {
        expect(() => writeShardLayout(memory, { ...shard, outerStrides: [wrong] })).toThrow(RangeError);
      }
    });
  });
});
