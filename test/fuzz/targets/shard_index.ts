/**
 * Decoded shard indexes: every entry against the obvious arithmetic, and the kernels that take hostile indexes. Input: the shard's length (u32),
 * number of the layout (u8), the index (6 entries of 16 bytes), then the shard's bytes.
 */

import { byteStrides } from "../../../src/codecs/codec.js";
import { type BoundShard, indexOffset, ShardIndex } from "../../../src/codecs/sharding_indexed.js";
import { dataTypeByName } from "../../../src/metadata/data_type.js";
import { fromPlain } from "../../../src/metadata/json.js";
import { parseNamed } from "../../../src/metadata/validate.js";
import { bindCodecs } from "../../../src/pipeline/bind.js";
import { bulkKernels } from "../../../src/wasm/bulk_kernels.js";
import { type DenseShard, writeShardLayout } from "../../../src/wasm/shard_layout.js";
import type { Random } from "../../model/random.js";
import { type Entry, findBadEntry, storeIndex } from "../../reference/shard_index.js";
import { guardedMemories } from "../guarded_memory.js";
import { mutateBytes, splice } from "../mutate.js";
import { attempt, check, outcomeOf, type Target } from "../target.js";

const chunkCount = 6;
const indexBytes = chunkCount * 16;
const headerBytes = 5;
const missing = 2n ** 64n - 1n;

interface Layout {
  readonly shard: BoundShard;
  readonly dense: DenseShard;
  readonly isLengthKnown: boolean;
}

function layoutOf(number: number): Layout {
  const hasChecksum = (number & 1) !== 0;
  const index_location = (number & 2) !== 0 ? "start" : "end";
  const dataType = dataTypeByName("uint16");
  const codecs = [
    { name: "bytes", configuration: { endian: (number & 4) !== 0 ? "big" : "little" } },
    ...(hasChecksum ? ["crc32c"] : []),
  ];
  const configuration = { chunk_shape: [1, 2], codecs, index_codecs: ["bytes"], index_location };
  const sharding = parseNamed(fromPlain({ name: "sharding_indexed", configuration }), { field: "" });
  const spec = { shape: [2, 6], dataType, fillValue: dataType.defaultFill() };
  const shard = bindCodecs([sharding], spec, { field: "codecs" }).shard!;
  const extent = [2, 5];
  const dense: DenseShard = {
    itemSize: 2,
    swapSize: shard.dense!.swapSize,
    checksum: hasChecksum,
    grid: [2, 3],
    inner: [1, 2],
    extent,
    outerStrides: byteStrides(extent, 2),
    slotStrides: shard.dense!.strides,
  };
  return { shard, dense, isLengthKnown: (number & 8) === 0 };
}

const layouts: readonly Layout[] = Array.from({ length: 16 }, (_, number) => layoutOf(number));

function entriesOf(index: Uint8Array): Entry[] {
  const words = new DataView(index.buffer, index.byteOffset, index.byteLength);
  return Array.from({ length: chunkCount }, (_, i) => {
    const [offset, length] = [words.getBigUint64(i * 16, true), words.getBigUint64(i * 16 + 8, true)];
    return offset === missing && length === missing ? undefined : [offset, length];
  });
}

/** Whether entries that are all good share no byte. */
function areDisjoint(entries: readonly Entry[]): boolean {
  const ranges = entries.filter((entry) => entry !== undefined && entry[1] > 0n) as (readonly [bigint, bigint])[];
  return ranges.every(([start, length], i) =>
    ranges.every(
      ([otherStart, otherLength], j) => i === j || start + length <= otherStart || otherStart + otherLength <= start,
    ),
  );
}

function checkEntries({ shard, isLengthKnown }: Layout, index: Uint8Array, length: number): string {
  const byteLength = isLengthKnown ? length : undefined;
  const known = new ShardIndex(shard, index, byteLength);
  const isRegionKnown = isLengthKnown || shard.indexLocation === "start";
  const region = {
    offset: isRegionKnown ? indexOffset(shard, length) : 0,
    length: isRegionKnown ? shard.indexSize : 0,
  };
  const entries = entriesOf(index);
  const outcomes = entries.map((entry, chunk) => {
    const slot = attempt(["INVALID_SHARD_INDEX"], () => known.slot(chunk));
    const isBad = findBadEntry([entry], byteLength ?? Number.MAX_SAFE_INTEGER, region) >= 0;
    check((slot.error !== undefined) === isBad, `entry ${chunk} of ${entries}: ${slot.error?.message ?? "taken"}`);
    if (slot.error === undefined)
      check(
        `${slot.value?.offset},${slot.value?.length}` === `${entry?.[0]},${entry?.[1]}`,
        `entry ${chunk} of ${entries}`,
      );
    return outcomeOf(slot);
  });
  const disjoint = attempt(["INVALID_SHARD_INDEX"], () => known.isDisjoint());
  if (disjoint.value === true) check(isRegionKnown && areDisjoint(entries), `not disjoint: ${entries}`);
  if (disjoint.value === false) check(!isRegionKnown || !areDisjoint(entries), `disjoint: ${entries}`);
  return `${outcomes} ${disjoint.value}`;
}

/** Both builds, between guard bytes. */
function checkKernels({ shard, dense }: Layout, index: Uint8Array, value: Uint8Array): string {
  const region = indexOffset(shard, value.length);
  const results = guardedMemories.map((memory) =>
    memory.scope(() => {
      const src = memory.write(index);
      const pairs = memory.allocate(indexBytes);
      const kernels = memory.kernelsOf(bulkKernels);
      const present = kernels.decodeShardIndex(
        pairs.pointer,
        indexBytes,
        src.pointer,
        indexBytes,
        value.length,
        region,
        shard.indexSize,
      );
      const layout = writeShardLayout(memory, dense);
      const bytes = memory.write(value);
      const dst = memory.allocate(2 * 5 * 2);
      const placed = kernels.decodeShard(
        dst.pointer,
        dst.byteLength,
        bytes.pointer,
        bytes.byteLength,
        src.pointer,
        indexBytes,
        region,
        shard.indexSize,
        layout.pointer,
        0,
        2,
      );
      return `${present} ${placed} ${placed < 0 ? "" : memory.read(dst)}`;
    }),
  );
  check(results[0] === results[1], `SIMD gives ${results[0]}, scalar gives ${results[1]}`);
  const present = Number(results[0]!.split(" ")[0]);
  const bad = findBadEntry(entriesOf(index), value.length, { offset: region, length: shard.indexSize });
  check(
    present === (bad < 0 ? entriesOf(index).filter((entry) => entry !== undefined).length : -(1 + 16 * bad)),
    `${present} entries`,
  );
  return results[0]!.split(" ").slice(0, 2).join();
}

/** A shard whose slots lie one after another, its index behind or before them. */
function goodInput(number: number, random: Random): Uint8Array {
  const { shard } = layouts[number]!;
  const size = shard.dense!.byteLength;
  const base = shard.indexLocation === "start" ? shard.indexSize : 0;
  const entries = Array.from(
    { length: chunkCount },
    (_, i): Entry => (random.chance(0.1) ? undefined : [BigInt(base + i * size), BigInt(size)]),
  );
  const length = chunkCount * size + shard.indexSize;
  const value = Uint8Array.from({ length }, () => random.integer(0, 255));
  const header = new Uint8Array(headerBytes);
  new DataView(header.buffer).setUint32(0, length, true);
  header[4] = number;
  return splice(
    splice(header, headerBytes, headerBytes, storeIndex(entries)),
    headerBytes + indexBytes,
    headerBytes + indexBytes,
    value,
  );
}

export const shardIndexTarget: Target = {
  name: "shard-index",
  seeds: (random) => layouts.map((_, number) => goodInput(number, random)),
  mutate: (input, other, random) => {
    // The index most of all.
    const end = headerBytes + indexBytes;
    if (random.chance(0.3) || input.length < end) return mutateBytes(input, other, random);
    const index = mutateBytes(input.slice(headerBytes, end), other.slice(headerBytes, end), random);
    return splice(input, headerBytes, end, index);
  },
  run(input) {
    const padded = new Uint8Array(Math.max(input.length, headerBytes + indexBytes));
    padded.set(input);
    const length = new DataView(padded.buffer).getUint32(0, true);
    const layout = layouts[padded[4]! % layouts.length]!;
    const index = padded.slice(headerBytes, headerBytes + indexBytes);
    if (length < layout.shard.indexSize) return "short";
    const entries = checkEntries(layout, index, length);
    const value = padded.slice(headerBytes + indexBytes);
    return value.length < layout.shard.indexSize ? entries : `${entries} ${checkKernels(layout, index, value)}`;
  },
  canary() {
    const { shard } = layouts[0]!;
    const index = new ShardIndex(
      shard,
      storeIndex([[4n, 4n], undefined, [0n, 4n], undefined, undefined, undefined]),
      200,
    );
    check(index.slot(0)?.offset === 4 && index.slot(1) === undefined && index.isDisjoint(), "a good index");
  },
};
