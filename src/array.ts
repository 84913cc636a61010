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
import { chunkExtent, projectAxis, projectChunks } from "./grid/projection.js";
import { type NormalizedSelection, normalizeSelection, type Selection } from "./grid/selection.js";
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
import type { Plan } from "./pipeline/plan.js";
import { type ChunkRead, readPlan, type Target, targetOffset } from "./pipeline/read_plan.js";
import { runSync } from "./pipeline/sync_driver.js";
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

/** An array in a store. Made by {@link openArray} and {@link createArray} and their synchronous twins. */
export class ZarrArray<D extends DataTypeName = DataTypeName> {
  readonly path: string;
  readonly store: Store;
  readonly #access: StoreAccess;
  readonly #runtime: Runtime;
  readonly #chain: BoundChain;
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
    options: GetOptions<D>,
  ): { batches: Iterable<Batch>; total: number; result: () => Chunk<D> | ScalarOf<D> } {
    const { dataType } = this.#metadata;
    const normalized = normalizeSelection(selection, this.shape);
    const { shape } = normalized;
    const chunk = newChunkOrOut(options.out, () => newChunk(dataType, shape, options.useSharedArrayBuffer));
    const target = chunkTarget(chunk, shape, dataType, "out");
    const { runtime, batches, total } = this.#batches(normalized, target);
    const plans = batches((items) => readPlan(items, runtime));
    return {
      batches: plans,
      total,
      result: () => {
        if (normalized.isScalar)
          return dataType.decodeScalar(target.bytes.subarray(0, dataType.itemSize)) as ScalarOf<D>;
        return (
          isTypedArray(chunk) ? { data: chunk, shape: [...shape], stride: byteStrides(shape, 1) } : chunk
        ) as Chunk<D>;
      },
    };
  }

  #prepareSet(selection: Selection, value: Value<D>): { batches: Iterable<Batch>; total: number } {
    const normalized = normalizeSelection(selection, this.shape);
    const source = valueSource(value, normalized.shape, this.#metadata.dataType);
    const { runtime, batches, total } = this.#batches(normalized, source);
    return {
      batches: batches((items) =>
        writePlan(
          items.map(({ place, target, ...item }): ChunkWrite => ({ ...item, key: place.key, source: target })),
          runtime,
        ),
      ),
      total,
    };
  }

  /** Splits a selection into batches of stored chunks. `memory` is the caller's array. */
  #batches(
    { axes, dropped }: NormalizedSelection,
    memory: Target,
  ): {
    runtime: Runtime;
    total: number;
    batches: (makePlan: (items: ChunkRead[]) => Plan) => Generator<Batch, void, void>;
  } {
    const chain = this.#chain;
    const { shape, chunkShape, chunkKeyEncoding } = this.#metadata;
    let position = 0;
    const strides = dropped.map((isDropped) => (isDropped ? 0 : memory.strides[position++]!));
    const target = { ...memory, strides };
    const projections = axes.map((axis, d) => projectAxis(axis, chunkShape[d]!));
    const prefix = joinKey(this.path, "");
    const limit = Math.max(1, Math.min(batchKeys, Math.floor(batchBytes / Math.max(1, chain.byteLength))));
    function* batches(makePlan: (items: ChunkRead[]) => Plan): Generator<Batch, void, void> {
      let items: ChunkRead[] = [];
      for (const projection of projectChunks(projections)) {
        const coordinates = projection.map(({ chunk }) => chunk);
        items.push({
          chain,
          place: { key: prefix + encodeChunkKey(chunkKeyEncoding, coordinates) },
          source: undefined,
          range: undefined,
          extent: chunkExtent(projection, chunkShape, shape),
          axes: projection.map(({ selection }) => selection),
          target: { ...target, offset: targetOffset(target, projection) },
        });
        if (items.length === limit) {
          yield { plan: makePlan(items), keys: items.length };
          items = [];
        }
      }
      if (items.length > 0) yield { plan: makePlan(items), keys: items.length };
    }
    return { runtime: this.#runtime, batches, total: projections.reduce((count, { length }) => count * length, 1) };
  }
}

function isTypedArray(value: object): boolean {
  return ArrayBuffer.isView(value);
}

function newChunkOrOut<T extends object>(out: T | undefined, allocate: () => Chunk): T | Chunk {
  if (out === undefined) return allocate();
  if (typeof out !== "object" || out === null) throw new TypeError("out must be a chunk or a typed array");
  return out;
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
