/**
 * Zarr arrays: open or create one, read and write parts of it, synchronously or not.
 */

import { attributesFromPlain, type CreateArrayOptions, metadataFromOptions } from "./array_options.js";
import {
  type Chunk,
  chunkTarget,
  newChunk,
  type ScalarOf,
  type TypedArrayOf,
  type Value,
  valueSource,
} from "./chunk.js";
import { type BoundChain, byteStrides } from "./codecs/codec.js";
import { RuntimeError } from "./errors.js";
import { encodeChunkKey } from "./grid/chunk_key.js";
import { chunkExtent } from "./grid/projection.js";
import { type AxisSelection, type NormalizedSelection, normalizeSelection, type Selection } from "./grid/selection.js";
import {
  type ArrayNode,
  createNode,
  deleteNode,
  openNode,
  runNodePlan,
  runNodePlanSync,
  writeDocument,
} from "./hierarchy.js";
import { type ArrayMetadata, withAttributes } from "./metadata/array_metadata.js";
import type { DataTypeName } from "./metadata/data_type.js";
import { type PlainJson, toPlain } from "./metadata/json.js";
import { joinKey, normalizePath } from "./metadata/node_path.js";
import { runBatched } from "./pipeline/batched_driver.js";
import { bindCodecs } from "./pipeline/bind.js";
import type { Box } from "./pipeline/box.js";
import type { Place, Plan } from "./pipeline/plan.js";
import { type ChunkRead, readPlan } from "./pipeline/read_plan.js";
import { runSync } from "./pipeline/sync_driver.js";
import { type Outer, Tiling } from "./pipeline/tiling.js";
import { type ChunkWrite, writePlan } from "./pipeline/write_plan.js";
import { type Runtime, type RuntimeOptions, requireSync, resolveRuntime } from "./runtime.js";
import { accessStore, type StoreAccess } from "./stores/access.js";
import { keyLocksOf } from "./stores/key_locks.js";
import type { Store } from "./stores/store.js";

export interface OpenOptions extends RuntimeOptions {
  /** Path of the node. Default "/". */
  readonly path?: string;
}

export interface GetOptions<D extends DataTypeName = DataTypeName> {
  /** Receives the elements instead of fresh memory: a chunk (strided) or a contiguous typed array of the selection's shape. */
  readonly out?: Chunk<D> | TypedArrayOf<D>;
  /** Allocate the result over a SharedArrayBuffer. */
  readonly useSharedArrayBuffer?: boolean;
}

export interface AsyncOptions {
  /** Stops further store requests. Keys already written stay written. */
  readonly signal?: AbortSignal;
  /** Called when some stored chunks are done. */
  readonly onProgress?: (progress: { readonly completed: number; readonly total: number }) => void;
}

/** A plan takes at most this many stored keys … */
const batchKeys = 64;
/** … and at most this many decoded bytes; a larger chunk stands alone. */
const batchBytes = 64 * 2 ** 20;

interface Batch {
  readonly plan: Plan;
  readonly keys: number;
}

/** A get or set that is ready to run. */
interface Prepared<R> {
  readonly batches: Iterable<Batch>;
  /** Stored keys under the selection. */
  readonly total: number;
  readonly result: R;
}

/** What reads and writes have in common about one stored chunk. Offsets in bytes. */
interface StoredChunk extends Place {
  readonly chain: BoundChain;
  readonly extent: readonly number[];
  readonly axes: readonly AxisSelection[];
  readonly box: Box;
  readonly outerOffset: number;
  readonly chunkOffset: number;
}

const nothing: readonly never[] = [];

/** An array in a store. Made by {@link openArray} and {@link createArray} and their synchronous twins. */
export class ZarrArray<D extends DataTypeName = DataTypeName> {
  readonly path: string;
  readonly store: Store;
  readonly #access: StoreAccess;
  readonly #runtime: Runtime;
  readonly #chain: BoundChain;
  /** Stored chunks per axis. */
  readonly #grid: readonly number[];
  #metadata: ArrayMetadata;
  #loading: Promise<void> | undefined;

  /** @internal */
  constructor(node: ArrayNode, access: StoreAccess, runtime: Runtime) {
    const { metadata, path } = node;
    this.path = path;
    this.store = access.store;
    this.#access = access;
    this.#runtime = runtime;
    this.#metadata = metadata;
    const { chunkShape, dataType, fillValue, codecs } = metadata;
    this.#chain = bindCodecs(
      codecs,
      { shape: chunkShape, dataType, fillValue },
      { field: "codecs", key: joinKey(path, "zarr.json") },
    );
    this.#grid = metadata.shape.map((length, axis) => Math.ceil(length / chunkShape[axis]!));
    if (runtime.pipeline === "sync") this.#requireSync();
  }

  /** Elements per axis. */
  get shape(): readonly number[] {
    return this.#metadata.shape;
  }

  /** Elements per axis of a chunk; of an inner chunk if the array is sharded. */
  get chunkShape(): readonly number[] {
    return this.#chain.shard?.inner.spec.shape ?? this.#metadata.chunkShape;
  }

  /** Elements per axis of a shard, if the array is sharded. */
  get shardShape(): readonly number[] | undefined {
    return this.#chain.shard && this.#metadata.chunkShape;
  }

  get dataType(): D {
    return this.#metadata.dataType.name as D;
  }

  get fillValue(): ScalarOf<D> {
    const { dataType, fillValue } = this.#metadata;
    return dataType.decodeScalar(fillValue) as ScalarOf<D>;
  }

  /** User attributes; integers beyond 2^53 are bigints. */
  get attributes(): { [name: string]: PlainJson } {
    return toPlain(this.#metadata.attributes) as { [name: string]: PlainJson };
  }

  get dimensionNames(): readonly (string | null)[] | undefined {
    return this.#metadata.dimensionNames;
  }

  get metadata(): ArrayMetadata {
    return this.#metadata;
  }

  /** Narrows the array's type. */
  is<T extends DataTypeName>(dataType: T): this is ZarrArray<T> {
    return this.#metadata.dataType.name === dataType;
  }

  /**
   * Reads a selection, synchronously. A selection of numbers only gives a scalar; anything else a chunk in C order.
   *
   * @throws RuntimeError `NOT_SYNCHRONOUS` if the store or a codec cannot answer synchronously, `CODEC_NOT_LOADED` before `init()`.
   * @throws DataError for stored bytes that cannot be what the metadata says; ArgumentError `INVALID_SELECTION`.
   */
  getSync(selection?: null, options?: GetOptions<D>): Chunk<D>;
  getSync(selection: Selection, options?: GetOptions<D>): Chunk<D> | ScalarOf<D>;
  getSync(selection: Selection = null, options: GetOptions<D> = {}): Chunk<D> | ScalarOf<D> {
    const access = this.#requireSync();
    const { batches, result } = this.#prepareGet(selection, options);
    for (const { plan } of batches) this.#runSync(plan, access);
    return result();
  }

  /** Reads a selection. Works on every store. */
  get(selection?: null, options?: GetOptions<D> & AsyncOptions): Promise<Chunk<D>>;
  get(selection: Selection, options?: GetOptions<D> & AsyncOptions): Promise<Chunk<D> | ScalarOf<D>>;
  async get(selection: Selection = null, options: GetOptions<D> & AsyncOptions = {}): Promise<Chunk<D> | ScalarOf<D>> {
    const { batches, total, result } = this.#prepareGet(selection, options);
    await this.#run(batches, total, options);
    return result();
  }

  /**
   * Writes one element to all of a selection, or a chunk of the selection's shape. Each stored key is replaced as a whole: after a failure
   * it holds its old value or its new one.
   */
  setSync(selection: Selection, value: Value<D>): void {
    const access = this.#requireSync();
    for (const { plan } of this.#prepareSet(selection, value).batches) this.#runSync(plan, access);
  }

  /** As {@link setSync}, on every store. */
  async set(selection: Selection, value: Value<D>, options: AsyncOptions = {}): Promise<void> {
    const { batches, total } = this.#prepareSet(selection, value);
    await this.#run(batches, total, options);
  }

  setAttributesSync(attributes: Readonly<Record<string, unknown>>): void {
    const metadata = withAttributes(this.#metadata, attributesFromPlain(attributes));
    runNodePlanSync(writeDocument(this.path, metadata.document), this.#access);
    this.#metadata = metadata;
  }

  async setAttributes(attributes: Readonly<Record<string, unknown>>): Promise<void> {
    const metadata = withAttributes(this.#metadata, attributesFromPlain(attributes));
    await runNodePlan(writeDocument(this.path, metadata.document), this.#access);
    this.#metadata = metadata;
  }

  /** Deletes the array: its metadata and every chunk. */
  deleteSync(): void {
    runNodePlanSync(deleteNode(this.path), this.#access);
  }

  async delete(): Promise<void> {
    await runNodePlan(deleteNode(this.path), this.#access);
  }

  #requireSync(): NonNullable<StoreAccess["sync"]> {
    const access = requireSync(this.#access);
    if (!this.#chain.isSync) {
      throw new RuntimeError("NOT_SYNCHRONOUS", "A codec of this array can only run asynchronously: use get and set");
    }
    return access;
  }

  #runSync(plan: Plan, access: NonNullable<StoreAccess["sync"]>): void {
    runSync(plan, { access, locks: keyLocksOf(this.store), coalesce: this.#runtime.coalesce });
  }

  async #run(batches: Iterable<Batch>, total: number, { signal, onProgress }: AsyncOptions): Promise<void> {
    signal?.throwIfAborted();
    this.#loading ??= this.#chain.load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await this.#loading;
    const { pipeline, coalesce, concurrency } = this.#runtime;
    let completed = 0;
    const report = (keys: number): void => {
      completed += keys;
      onProgress?.({ completed, total });
    };
    const { sync } = this.#access;
    if (pipeline !== "batched" && sync !== undefined && this.#chain.isSync) {
      for (const { plan, keys } of batches) {
        signal?.throwIfAborted();
        this.#runSync(plan, sync);
        report(keys);
      }
      return;
    }
    const locks = keyLocksOf(this.store);
    await runBatched(batches, { access: this.#access.async, locks, coalesce, concurrency, signal }, report);
  }

  #prepareGet(
    selection: Selection,
    { out, useSharedArrayBuffer }: GetOptions<D>,
  ): Prepared<() => Chunk<D> | ScalarOf<D>> {
    const { dataType } = this.#metadata;
    const normalized = normalizeSelection(selection, this.shape);
    const { shape, isScalar } = normalized;
    const chunk = out ?? newChunk(dataType, shape, useSharedArrayBuffer);
    const outer = chunkTarget(chunk, shape, dataType, "out");
    const tiling = this.#tile(normalized, outer);
    const { bytes: target, strides: targetStrides } = tiling.outer;
    const batches = this.#batches(
      tiling,
      ({ key, grid, number, chain, extent, axes, box, outerOffset, chunkOffset }): ChunkRead => ({
        key,
        grid,
        number,
        chain,
        source: undefined,
        offset: 0,
        length: -1,
        target,
        targetOffset: outerOffset,
        targetStrides,
        box,
        chunkOffset,
        axes,
        extent,
      }),
      (items) => readPlan(items, this.#runtime),
    );
    const result = (): Chunk<D> | ScalarOf<D> => {
      if (isScalar) return dataType.decodeScalar(target.subarray(0, dataType.itemSize)) as ScalarOf<D>;
      const isArray = ArrayBuffer.isView(chunk);
      return (isArray ? { data: chunk, shape: [...shape], stride: byteStrides(shape, 1) } : chunk) as Chunk<D>;
    };
    return { batches, total: tiling.count, result };
  }

  #prepareSet(selection: Selection, value: Value<D>): Prepared<undefined> {
    const normalized = normalizeSelection(selection, this.shape);
    const tiling = this.#tile(normalized, valueSource(value, normalized.shape, this.#metadata.dataType));
    const { bytes: source, strides: sourceStrides } = tiling.outer;
    const batches = this.#batches(
      tiling,
      ({ key, grid, number, chain, extent, axes, box, outerOffset, chunkOffset }): ChunkWrite => ({
        key,
        grid,
        number,
        chain,
        extent,
        source,
        sourceOffset: outerOffset,
        sourceStrides,
        box,
        chunkOffset,
        axes,
        existing: undefined,
        encoded: undefined,
      }),
      (items) => writePlan(items, this.#runtime),
    );
    return { batches, total: tiling.count, result: undefined };
  }

  /** The stored chunks under a selection. `memory` is the caller's array, without the axes that numbers dropped. */
  #tile({ axes, dropped }: NormalizedSelection, memory: Outer): Tiling {
    let position = 0;
    const strides = dropped.map((isDropped) => (isDropped ? 0 : memory.strides[position++]!));
    return new Tiling(axes, this.#chain.spec, this.#grid, { ...memory, strides });
  }

  /** Splits a tiling into plans of one batch each. */
  *#batches<T>(
    tiling: Tiling,
    makeItem: (stored: StoredChunk) => T,
    makePlan: (items: T[]) => Plan,
  ): Generator<Batch, void, void> {
    const chain = this.#chain;
    const { shape, chunkShape, chunkKeyEncoding } = this.#metadata;
    const prefix = joinKey(this.path, "");
    const limit = Math.max(1, Math.min(batchKeys, Math.floor(batchBytes / Math.max(1, chain.byteLength))));
    const coordinates = new Array<number>(shape.length);
    let items: T[] = [];
    for (const { number, outerOffset, chunkOffset, box, projections } of tiling.tiles()) {
      for (let axis = 0; axis < coordinates.length; axis++) coordinates[axis] = projections[axis]!.chunk;
      items.push(
        makeItem({
          key: prefix + encodeChunkKey(chunkKeyEncoding, coordinates),
          grid: undefined,
          number,
          chain,
          extent: chunkExtent(projections, chunkShape, shape),
          axes: chain.shard === undefined ? nothing : projections.map(({ selection }) => selection),
          box,
          outerOffset,
          chunkOffset,
        }),
      );
      if (items.length === limit) {
        yield { plan: makePlan(items), keys: items.length };
        items = [];
      }
    }
    if (items.length > 0) yield { plan: makePlan(items), keys: items.length };
  }
}

function open<D extends DataTypeName>(node: ArrayNode, access: StoreAccess, options: RuntimeOptions): ZarrArray<D> {
  return new ZarrArray<D>(node, access, resolveRuntime(options));
}

/** The node that `options` ask for, with its codecs bound once, so that no document is written that could not be opened. */
function newNode(options: CreateArrayOptions, access: StoreAccess): ArrayNode {
  const node: ArrayNode = {
    kind: "array",
    path: normalizePath(options.path ?? "/"),
    metadata: metadataFromOptions(options),
  };
  open(node, access, options);
  return node;
}

/** Creates an array. Throws `NODE_EXISTS` if a node is there and `overwrite` is not set. */
export function createArraySync<D extends DataTypeName>(store: Store, options: CreateArrayOptions<D>): ZarrArray<D> {
  const access = accessStore(store);
  const node = newNode(options, access);
  return open(runNodePlanSync(createNode(node, options.overwrite ?? false), access), access, options);
}

/** As {@link createArraySync}, on every store. */
export async function createArray<D extends DataTypeName>(
  store: Store,
  options: CreateArrayOptions<D>,
): Promise<ZarrArray<D>> {
  const access = accessStore(store);
  const node = newNode(options, access);
  return open(await runNodePlan(createNode(node, options.overwrite ?? false), access), access, options);
}

/** Opens the array at `options.path`. Throws `NODE_NOT_FOUND` if there is none. */
export function openArraySync<D extends DataTypeName = DataTypeName>(
  store: Store,
  options: OpenOptions = {},
): ZarrArray<D> {
  const access = accessStore(store);
  return open(runNodePlanSync(openNode(options.path ?? "/", "array"), access), access, options);
}

/** As {@link openArraySync}, on every store. */
export async function openArray<D extends DataTypeName = DataTypeName>(
  store: Store,
  options: OpenOptions = {},
): Promise<ZarrArray<D>> {
  const access = accessStore(store);
  return open(await runNodePlan(openNode(options.path ?? "/", "array"), access), access, options);
}
