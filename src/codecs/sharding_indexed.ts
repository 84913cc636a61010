/**
 * `sharding_indexed`: a chunk (the shard) that holds many inner chunks and an index of where each one lies.
 *
 * This file has the configuration, the sizes and the pure functions of the format: where the index is and what an entry says; those that only
 * writing needs are in pipeline/shard_writing.ts. Reading and writing shards is the pipeline's work; all it looks at is {@link BoundShard}.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
 */

import { DataError, MetadataError } from "../errors.js";
import { type ChunkAxis, chunkAxis } from "../grid/chunk_grid.js";
import { dataTypeByName } from "../metadata/data_type.js";
import { JsonNumber } from "../metadata/json.js";
import { at, expectArray, expectShape, invalid, parseNamed, rejectUnknownFields } from "../metadata/validate.js";
import type { ByteRange } from "../stores/store.js";
import { type ArrayToBytesCodec, type BoundChain, type ByteSize, type ChunkSpec, elementCount } from "./codec.js";
import { type DenseSlot, denseSlot } from "./dense.js";

/** Where a shard has its index. */
export type IndexLocation = "start" | "end";

/** Bytes of one index entry: offset and length, both uint64. */
export const entrySize = 16;
/** An index above this many bytes cannot be held in memory at once beside its data. */
const maximumIndexSize = 2 ** 30;

/** A shard bound to one shape: what the pipeline needs to find, decode and lay out inner chunks. */
export interface BoundShard {
  readonly place: "shard";
  readonly name: "sharding_indexed";
  /** The shard's decoded side. */
  readonly spec: ChunkSpec;
  /** Inner chunks per axis, and how they lie along it. */
  readonly grid: readonly number[];
  readonly axes: readonly ChunkAxis[];
  readonly chunkCount: number;
  readonly inner: BoundChain;
  readonly index: BoundChain;
  /** Set where one kernel call can take a whole shard. */
  readonly dense: DenseSlot | undefined;
  readonly indexLocation: IndexLocation;
  /** Bytes of the encoded index. */
  readonly indexSize: number;
  readonly decodedSize: ByteSize;
  readonly encodedSize: ByteSize;
}

/** Where one inner chunk lies. Both in bytes from the shard's start. */
export interface Slot {
  readonly offset: number;
  readonly length: number;
}

const missingEntry = new Uint8Array(8).fill(0xff);

function integer(value: number): JsonNumber {
  return new JsonNumber(String(value));
}

export const shardingIndexedCodec: ArrayToBytesCodec = {
  kind: "array_to_bytes",
  name: "sharding_indexed",
  configure(configuration, where) {
    rejectUnknownFields(configuration, ["chunk_shape", "codecs", "index_codecs", "index_location"], where);
    const chunkShape = expectShape(configuration.get("chunk_shape"), 1, at(where, "chunk_shape"));
    const codecsAt = at(where, "codecs");
    const codecs = expectArray(configuration.get("codecs"), codecsAt).map((value, i) =>
      parseNamed(value, at(codecsAt, i)),
    );
    const indexAt = at(where, "index_codecs");
    const indexCodecs = expectArray(configuration.get("index_codecs"), indexAt).map((value, i) =>
      parseNamed(value, at(indexAt, i)),
    );
    const locationValue = configuration.get("index_location");
    const indexLocation = locationValue === undefined ? "end" : locationValue;
    if (indexLocation !== "start" && indexLocation !== "end") {
      throw invalid(at(where, "index_location"), '"start" or "end"', locationValue);
    }
    return {
      bind(spec, bindCodecs) {
        const { shape } = spec;
        if (chunkShape.length !== shape.length || chunkShape.some((length, axis) => shape[axis]! % length !== 0)) {
          throw invalid(
            at(where, "chunk_shape"),
            `a shape that divides the shard's [${shape.join(", ")}]`,
            chunkShape.map(integer),
          );
        }
        const grid = shape.map((length, axis) => length / chunkShape[axis]!);
        const chunkCount = elementCount(grid);
        if (chunkCount * entrySize > maximumIndexSize) {
          throw new MetadataError("UNSUPPORTED", "Shard has too many inner chunks", {
            expected: `at most ${maximumIndexSize / entrySize}`,
            found: chunkCount,
            key: where.key,
          });
        }
        const inner = bindCodecs(codecs, { ...spec, shape: chunkShape }, codecsAt);
        const indexSpec: ChunkSpec = {
          shape: [...grid, 2],
          dataType: dataTypeByName("uint64"),
          fillValue: missingEntry,
        };
        const index = bindCodecs(indexCodecs, indexSpec, indexAt);
        if (index.encodedSize.kind !== "fixed") {
          throw invalid(
            indexAt,
            "codecs whose output has a fixed size",
            indexCodecs.map(({ name }) => name),
          );
        }
        const indexSize = index.encodedSize.bytes;
        return {
          place: "shard",
          name: "sharding_indexed",
          spec,
          grid,
          axes: chunkShape.map(chunkAxis),
          chunkCount,
          inner,
          index,
          dense: denseSlot(inner),
          indexLocation,
          indexSize,
          decodedSize: { kind: "fixed", bytes: elementCount(shape) * spec.dataType.itemSize },
          // Gaps between slots are legal, so the bound is generous: it only guards the memory of codecs that follow a shard.
          encodedSize:
            inner.encodedSize.kind === "unbounded"
              ? inner.encodedSize
              : { kind: "bounded", bytes: 2 * chunkCount * inner.encodedSize.bytes + indexSize },
        };
      },
    };
  },
};

/** The part of a stored shard that holds its index. */
export function indexRange({ indexLocation, indexSize }: BoundShard): ByteRange {
  return indexLocation === "start" ? { offset: 0, length: indexSize } : { suffixLength: indexSize };
}

/** First byte of the index in a shard of `byteLength` bytes. */
export function indexOffset({ indexLocation, indexSize }: BoundShard, byteLength: number): number {
  return indexLocation === "start" ? 0 : byteLength - indexSize;
}

/** What all slots of a shard are together. */
interface Survey {
  readonly isDisjoint: boolean;
  readonly slotBytes: number;
}

/**
 * A decoded shard index. Entries are checked when they are asked for, so that reading one inner chunk of a large shard costs one entry.
 * `byteLength` is the shard's length in bytes, or `undefined` if it is not known: then a read that comes back short reports the fault.
 */
export class ShardIndex {
  readonly #words: DataView;
  readonly #shard: BoundShard;
  readonly #byteLength: number | undefined;
  /** CRC-32C of the first `guardedIndexSize` bytes of the encoded index, once somebody has needed it. */
  checksum: number | undefined;
  #survey: Survey | undefined;
  /** What was found out about its slots last: whether the first `count` of them lie one after another, and where. */
  packed: { readonly count: number; readonly length: number; readonly start: number | undefined } | undefined;

  constructor(shard: BoundShard, bytes: Uint8Array, byteLength: number | undefined) {
    this.#shard = shard;
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#byteLength = byteLength;
  }

  /** Where the inner chunk with C-order number `chunk` lies, or `undefined` if it is missing. */
  slot(chunk: number): Slot | undefined {
    const position = chunk * entrySize;
    const words = this.#words;
    const offsetLow = words.getUint32(position, true);
    const offsetHigh = words.getUint32(position + 4, true);
    const lengthLow = words.getUint32(position + 8, true);
    const lengthHigh = words.getUint32(position + 12, true);
    const offsetMissing = (offsetLow & offsetHigh) === -1;
    const lengthMissing = (lengthLow & lengthHigh) === -1;
    if (offsetMissing && lengthMissing) return undefined;
    const offset = offsetHigh * 2 ** 32 + offsetLow;
    const length = lengthHigh * 2 ** 32 + lengthLow;
    if (offsetMissing || lengthMissing) {
      throw this.#invalid(
        chunk,
        "Shard index entry is half missing",
        "both or neither of offset and length 2^64-1",
        offset,
        length,
      );
    }
    const end = offset + length;
    const byteLength = this.#byteLength;
    if (end > (byteLength ?? Number.MAX_SAFE_INTEGER)) {
      const expected = byteLength === undefined ? "an end below 2^53" : `an end within the shard's ${byteLength} bytes`;
      throw this.#invalid(chunk, "Shard index entry reaches past the shard", expected, offset, length);
    }
    if (this.reachesIndex(offset, end)) {
      throw this.#invalid(
        chunk,
        "Shard index entry reaches into the index",
        "a range outside of the index",
        offset,
        length,
      );
    }
    return { offset, length };
  }

  /**
   * Whether it is certain that no two inner chunks share bytes, and that none reaches into the index. Overlaps are legal to read, but a patch
   * of one chunk would change the other.
   */
  isDisjoint(): boolean {
    return this.#surveyed().isDisjoint;
  }

  /**
   * Bytes that neither the index nor a slot uses, where the shard's length is known; negative if slots share bytes.
   */
  get unusedBytes(): number | undefined {
    if (this.#byteLength === undefined) return undefined;
    return this.#byteLength - this.#shard.indexSize - this.slotBytes;
  }

  /** Bytes of all slots together. */
  get slotBytes(): number {
    return this.#surveyed().slotBytes;
  }

  /**
   * The index after some slots have changed: those given take the place of their inner chunks' slots, `undefined` = missing. They lie apart
   * from all others, none of which share bytes, and the shard then has `byteLength` bytes.
   */
  withSlots(changes: ReadonlyMap<number, Slot | undefined>, byteLength: number): ShardIndex {
    const bytes = this.bytes.slice();
    const words = new DataView(bytes.buffer);
    let { slotBytes } = this;
    for (const [chunk, slot] of changes) {
      slotBytes += (slot?.length ?? 0) - (this.slot(chunk)?.length ?? 0);
      const position = chunk * entrySize;
      if (slot === undefined) bytes.fill(0xff, position, position + entrySize);
      else {
        words.setBigUint64(position, BigInt(slot.offset), true);
        words.setBigUint64(position + 8, BigInt(slot.length), true);
      }
    }
    const index = new ShardIndex(this.#shard, bytes, byteLength);
    index.#survey = { isDisjoint: true, slotBytes };
    return index;
  }

  /** The decoded index: little-endian uint64 pairs. */
  get bytes(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#words;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** Bytes of the shard, where they are known. */
  get shardLength(): number | undefined {
    return this.#byteLength;
  }

  /** Bytes of the decoded index. */
  get byteLength(): number {
    return this.#words.byteLength;
  }

  /** Whether this is the index of a shard of the same layout. */
  isOf(shard: BoundShard): boolean {
    const { grid, indexSize, indexLocation } = shard;
    const own = this.#shard;
    if (own === shard) return true;
    return (
      own.indexSize === indexSize &&
      own.indexLocation === indexLocation &&
      own.grid.length === grid.length &&
      own.grid.every((length, axis) => length === grid[axis])
    );
  }

  #surveyed(): Survey {
    this.#survey ??= this.#lookAtAll();
    return this.#survey;
  }

  #lookAtAll(): Survey {
    // Typed arrays: sorting 65,536 slots as objects takes 11 ms.
    const offsets = new Float64Array(this.#shard.chunkCount);
    const ends = new Float64Array(this.#shard.chunkCount);
    let count = 0;
    let slotBytes = 0;
    let isAscending = true;
    for (let chunk = 0; chunk < this.#shard.chunkCount; chunk++) {
      const slot = this.slot(chunk);
      if (slot === undefined || slot.length === 0) continue;
      slotBytes += slot.length;
      isAscending &&= count === 0 || slot.offset >= ends[count - 1]!;
      offsets[count] = slot.offset;
      ends[count++] = slot.offset + slot.length;
    }
    // Where the index lies is unknown.
    if (this.#byteLength === undefined && this.#shard.indexLocation === "end") return { isDisjoint: false, slotBytes };
    if (isAscending) return { isDisjoint: true, slotBytes };
    // Ranges are disjoint just if each begins where or after the one before it in order of ends has ended.
    const begin = offsets.subarray(0, count).sort();
    const end = ends.subarray(0, count).sort();
    return { isDisjoint: begin.every((offset, i) => i === 0 || offset >= end[i - 1]!), slotBytes };
  }

  /** Whether these bytes of the shard have one in common with its index. */
  reachesIndex(offset: number, end: number): boolean {
    if (offset === end) return false;
    if (this.#shard.indexLocation === "start") return offset < this.#shard.indexSize;
    return this.#byteLength !== undefined && end > this.#byteLength - this.#shard.indexSize;
  }

  #invalid(chunk: number, reason: string, expected: string, offset: number, length: number): DataError {
    return new DataError("INVALID_SHARD_INDEX", reason, {
      expected,
      found: `offset ${offset}, length ${length}`,
      chunk: chunkCoordinates(this.#shard.grid, chunk),
      codec: "sharding_indexed",
    });
  }
}

/** Refuses a slot that cannot hold an inner chunk of fixed size, before as much is read or decoded as its entry says. */
export function checkSlot({ encodedSize, byteSteps }: BoundChain, { length }: Slot): void {
  if (encodedSize.kind !== "fixed" || length === encodedSize.bytes) return;
  throw new DataError("CORRUPT_DATA", "Encoded chunk has the wrong length", {
    expected: `${encodedSize.bytes} bytes`,
    found: `${length} bytes`,
    codec: byteSteps.at(-1)?.name ?? "bytes",
  });
}

/** Coordinates of the chunk with C-order number `chunk`. */
export function chunkCoordinates(grid: readonly number[], chunk: number): number[] {
  const coordinates = new Array<number>(grid.length);
  for (let axis = grid.length - 1; axis >= 0; axis--) {
    coordinates[axis] = chunk % grid[axis]!;
    chunk = Math.floor(chunk / grid[axis]!);
  }
  return coordinates;
}

/** Order in which the inner chunks of a fresh shard are stored. It is not recorded in the metadata. */
export type SubchunkWriteOrder = "morton" | "lexicographic" | "colexicographic" | "unordered";
