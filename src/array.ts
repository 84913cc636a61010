/**
 * Zarr arrays: open or create one, read and write parts of it, synchronously or not.
 */

import {
  type Chunk,
  chunkTarget,
  type DataOf,
  type DataTypeKind,
  isOfType,
  type NamesOf,
  newChunk,
  newTarget,
  type ScalarOf,
  type Value,
  valueSource,
} from "./chunk.js";
import { byteStrides, elementCount } from "./codecs/codec.js";
import { chunkCoordinates } from "./codecs/sharding_indexed.js";
import { ArgumentError, RuntimeError } from "./errors.js";
import { ChunkGrid } from "./grid/chunk_grid.js";
import { ChunkKeys, parseChunkKey } from "./grid/chunk_key.js";
import { chunkExtent } from "./grid/projection.js";
import {
  type ChunkSelection,
  normalizePoints,
  normalizeSelection,
  type Selection,
  type Slice,
  slice,
} from "./grid/selection.js";
import {
  type ArrayNode,
  deleteNode,
  openNode,
  runNodePlan,
  runNodePlanSync,
  writeMetadata,
  type ZarrFormat,
} from "./hierarchy.js";
import { type ArrayMetadata, withAttributes, withShape } from "./metadata/array_metadata.js";
import type { DataTypeName } from "./metadata/data_type.js";
import { jsonNumber, type PlainJson, toPlain } from "./metadata/json.js";
import { joinKey } from "./metadata/node_path.js";
import { expectShape } from "./metadata/validate.js";
import { whenLoaded } from "./part.js";
import { runBatched } from "./pipeline/batched_driver.js";
import { BoundGrid } from "./pipeline/bound_grid.js";
import type { ChunkRead } from "./pipeline/chunk_read.js";
import type { ChunkWrite } from "./pipeline/chunk_write.js";
import type { DirectSource } from "./pipeline/direct_read.js";
import { isShared, mustYield } from "./pipeline/dispatch.js";
import { checkMaxWorkers, resolveMaxWorkers } from "./pipeline/max_workers.js";
import type { Batch, Listing, Plan } from "./pipeline/plan.js";
import { readPlan } from "./pipeline/read_plan.js";
import { synchronous } from "./pipeline/synchronous.js";
import type { Outer, Tile, Tiling } from "./pipeline/tiling.js";
import type { CompactionResult } from "./pipeline/write_plan.js";
import { writing } from "./pipeline/writing.js";
import { attributesFromPlain, numbersFromOption } from "./plain_options.js";
import { type Runtime, type RuntimeOptions, requireSync, resolveRuntime } from "./runtime.js";
import { accessStore, type StoreAccess, type SyncAccess } from "./stores/access.js";
import { keyLocksOf } from "./stores/key_locks.js";
import type { Store } from "./stores/store.js";
import { loadMemory } from "./wasm/memory.js";

/** Which node is opened, and how it reads and writes. */
export interface OpenOptions extends RuntimeOptions {
  /** Path of the node. Default "/". */
  readonly path?: string;
  /** Only nodes of this format. Default: of Zarr v3 if there is one, else of v2. */
  readonly zarrFormat?: ZarrFormat;
}

/** Options of reads and writes. */
export interface SetOptions {
  /** As in {@link RuntimeOptions}; default: as the array was opened. */
  readonly maxWorkers?: number | undefined;
}

/** Options of reads. */
export interface GetOptions<D extends DataTypeName = DataTypeName> extends SetOptions {
  /** Receives the elements instead of fresh memory: a chunk (strided) or a contiguous typed array of the selection's shape. */
  readonly out?: Chunk<D> | DataOf<D>;
  /** Allocate the result over a SharedArrayBuffer. */
  readonly useSharedArrayBuffer?: boolean;
}

/** What asynchronous calls take besides. */
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

/** A selection of this array, checked. */
interface Resolved {
  readonly selection: ChunkSelection;
  /** Shape of the caller's memory. */
  readonly shape: readonly number[];
  readonly isScalar: boolean;
  /** Strides per axis of `selection` from those of the caller's memory. */
  strides(memory: readonly number[]): readonly number[];
}

/** A set that is ready to run. */
interface Prepared {
  readonly batches: Iterable<Batch>;
  /** Stored keys under the selection. */
  readonly total: number;
}

const nothing: readonly never[] = [];

/** An array in a store. Made by {@link openArray} and `createArray` and their synchronous twins. */
export class ZarrArray<D extends DataTypeName = DataTypeName> {
  readonly path: string;
  readonly store: Store;
  /** How the array is cut into chunks; into inner chunks if it is sharded. */
  readonly chunkGrid: ChunkGrid;
  /** How the array is cut into shards, if it is sharded. */
  readonly shardGrid: ChunkGrid | undefined;
  readonly #access: StoreAccess;
  readonly #runtime: Runtime;
  readonly #grid: BoundGrid;
  #metadata: ArrayMetadata;
  /** Stored chunks per axis. */
  #counts: readonly number[];
  /** Made anew with the counts, by which chunks are numbered. */
  #keys: ChunkKeys;
  /** Made by the first synchronous read or write. */
  #direct: DirectSource | undefined;

  /** @internal */
  constructor(node: ArrayNode, access: StoreAccess, runtime: Runtime) {
    const { metadata, path } = node;
    this.path = path;
    this.store = access.store;
    this.#access = access;
    // What is missing is undefined for other readers if the fill value is left open: an empty chunk must stay.
    this.#runtime = metadata.hasNullFill ? { ...runtime, writeEmptyChunks: true } : runtime;
    this.#metadata = metadata;
    const { chunkGrid, codecs, shape, documentName, zarrFormat } = metadata;
    const where = { field: zarrFormat === 2 ? "filters" : "codecs", key: joinKey(path, documentName) };
    this.#grid = new BoundGrid(chunkGrid, codecs, metadata, where);
    this.#counts = chunkGrid.countsOf(shape);
    this.#keys = this.#newKeys();
    const { shard } = this.#grid.chain;
    this.chunkGrid = shard === undefined ? chunkGrid : new ChunkGrid(shard.inner.spec.shape);
    this.shardGrid = shard && chunkGrid;
    if (runtime.pipeline === "sync") this.#requireSync();
  }

  /** Elements per axis. */
  get shape(): readonly number[] {
    return this.#metadata.shape;
  }

  /**
   * Elements per axis of a chunk; of an inner chunk if the array is sharded.
   *
   * @throws RuntimeError `UNSUPPORTED` if the chunks of a rectilinear grid differ: see {@link chunkGrid}.
   */
  get chunkShape(): readonly number[] {
    return commonShape(this.chunkGrid, "chunk");
  }

  /**
   * Elements per axis of a shard, if the array is sharded.
   *
   * @throws RuntimeError `UNSUPPORTED` if the shards of a rectilinear grid differ: see {@link shardGrid}.
   */
  get shardShape(): readonly number[] | undefined {
    return this.shardGrid && commonShape(this.shardGrid, "shard");
  }

  /** Name of the data type; of aliases the name that they stand for. */
  get dataType(): D {
    return this.#metadata.dataType.name as D;
  }

  /** What the data type's name leaves open, as in `zarr.json`: `{ unit: "ns", scale_factor: 1 }`. `undefined` where it leaves nothing open. */
  get dataTypeConfiguration(): { [name: string]: PlainJson } | undefined {
    const { configuration } = this.#metadata.dataType;
    return configuration && (toPlain(configuration) as { [name: string]: PlainJson });
  }

  /** What missing elements read as; zero, false or empty where Zarr v2 leaves that open (`metadata.hasNullFill`). */
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

  /**
   * Narrows the array's type: to one data type, or to those whose elements are a "number", "bigint", "boolean" or "string" each.
   * "string" includes text of fixed length.
   */
  is<T extends DataTypeName | DataTypeKind>(dataType: T): this is ZarrArray<NamesOf<T>> {
    return isOfType(this.#metadata.dataType.name, dataType);
  }

  /** A chunk of `shape` in C order with zeros, false or empty elements: to be filled and written, or read into. */
  newChunk(
    shape: readonly number[],
    { useSharedArrayBuffer = false }: Pick<GetOptions, "useSharedArrayBuffer"> = {},
  ): Chunk<D> {
    const checked = expectShape(numbersFromOption(shape, "shape").map(jsonNumber), 0, { field: "shape" });
    return newChunk(this.#metadata.dataType, checked, useSharedArrayBuffer) as Chunk<D>;
  }

  /**
   * Reads a selection, synchronously. A selection of numbers only gives a scalar; anything else a chunk in C order.
   *
   * @throws RuntimeError `NOT_SYNCHRONOUS` if the store or a codec cannot answer synchronously.
   * @throws DataError for stored bytes that cannot be what the metadata says; ArgumentError `INVALID_SELECTION`.
   */
  getSync(selection?: null, options?: GetOptions<D>): Chunk<D>;
  getSync(selection: Selection, options?: GetOptions<D>): Chunk<D> | ScalarOf<D>;
  getSync(selection: Selection = null, options: GetOptions<D> = {}): Chunk<D> | ScalarOf<D> {
    return this.#getSync(this.#resolve(selection), options);
  }

  /** Reads a selection. Works on every store. */
  get(selection?: null, options?: GetOptions<D> & AsyncOptions): Promise<Chunk<D>>;
  get(selection: Selection, options?: GetOptions<D> & AsyncOptions): Promise<Chunk<D> | ScalarOf<D>>;
  async get(selection: Selection = null, options: GetOptions<D> & AsyncOptions = {}): Promise<Chunk<D> | ScalarOf<D>> {
    return this.#get(this.#resolve(selection), options);
  }

  /**
   * Writes one element to all of a selection, or a chunk of the selection's shape. Each stored key is replaced as a whole, or patched in one
   * request where the store offers that: after an error it holds its old value or its new one. What a crash leaves is the store's promise.
   */
  setSync(selection: Selection, value: Value<D>, options: SetOptions = {}): void {
    this.#setSync(this.#resolve(selection), value, options);
  }

  /** As {@link setSync}, on every store. */
  async set(selection: Selection, value: Value<D>, options: SetOptions & AsyncOptions = {}): Promise<void> {
    await this.#set(this.#resolve(selection), value, options);
  }

  /** Reads single elements: one array of coordinates per axis, all of one length. The result has one axis. */
  getPointsSync(coordinates: readonly ArrayLike<number>[], options: GetOptions<D> = {}): Chunk<D> {
    return this.#getSync(this.#resolvePoints(coordinates), options) as Chunk<D>;
  }

  async getPoints(
    coordinates: readonly ArrayLike<number>[],
    options: GetOptions<D> & AsyncOptions = {},
  ): Promise<Chunk<D>> {
    return (await this.#get(this.#resolvePoints(coordinates), options)) as Chunk<D>;
  }

  /** Writes single elements. Where a point is repeated, the last value stays. */
  setPointsSync(coordinates: readonly ArrayLike<number>[], values: Value<D>, options: SetOptions = {}): void {
    this.#setSync(this.#resolvePoints(coordinates), values, options);
  }

  async setPoints(
    coordinates: readonly ArrayLike<number>[],
    values: Value<D>,
    options: SetOptions & AsyncOptions = {},
  ): Promise<void> {
    await this.#set(this.#resolvePoints(coordinates), values, options);
  }

  /**
   * Changes the array's shape. What a smaller shape leaves outside is deleted, or set to the fill value where it shares a chunk with what
   * stays, so that later growth never shows it again.
   *
   * @throws ArgumentError `INVALID_ARGUMENT` for an illegal shape, and for one that reaches beyond the chunks that a rectilinear grid lists.
   */
  resizeSync(shape: readonly number[]): void {
    const access = this.#requireSync();
    const metadata = withShape(this.#metadata, shape);
    for (const batch of this.#cutBatches(metadata.shape)) this.#runSync(batch, access, {});
    runNodePlanSync(writeMetadata(this.path, this.#metadata, metadata), this.#access);
    this.#adopt(metadata);
  }

  async resize(shape: readonly number[], options: AsyncOptions = {}): Promise<void> {
    const metadata = withShape(this.#metadata, shape);
    await writing.load();
    const batches = [...this.#cutBatches(metadata.shape)];
    if (batches.length > 0) await this.#grid.chain.load();
    // In turn: two of them may concern the same chunk.
    for (const batch of batches) await this.#run([batch], batch.keys, options);
    await runNodePlan(writeMetadata(this.path, this.#metadata, metadata), this.#access, options.signal);
    this.#adopt(metadata);
  }

  /** Makes the array longer along `axis` and writes `chunk` there, whose other axes have the array's lengths. */
  appendSync(chunk: Chunk<D>, axis = 0): void {
    const { shape, selection } = this.#appended(chunk, axis);
    this.resizeSync(shape);
    this.setSync(selection, chunk);
  }

  async append(chunk: Chunk<D>, axis = 0, options: AsyncOptions = {}): Promise<void> {
    const { shape, selection } = this.#appended(chunk, axis);
    await this.resize(shape, options);
    await this.set(selection, chunk, options);
  }

  /**
   * Rewrites the stored shards that have unused bytes, as appended inner chunks leave them ({@link RuntimeOptions.compactionThreshold}); no
   * chunk is decoded. Shards within a shard move as they are, with what is unused in them, and shards within other codecs have nothing to
   * free: they are always written whole. On an array without shards it does nothing.
   */
  compactSync(): CompactionResult {
    const access = this.#requireSync();
    const { batches, result } = this.#prepareCompaction();
    for (const batch of batches) this.#runSync(batch, access, {});
    return result();
  }

  /** As {@link compactSync}, on every store. Shards that were rewritten before an error stay so. */
  async compact(options: AsyncOptions = {}): Promise<CompactionResult> {
    await writing.load();
    const { batches, total, result } = this.#prepareCompaction();
    if (total > 0) await this.#run(batches, total, options);
    return result();
  }

  setAttributesSync(attributes: Readonly<Record<string, unknown>>): void {
    const metadata = withAttributes(this.#metadata, attributesFromPlain(attributes, this.#metadata.zarrFormat));
    runNodePlanSync(writeMetadata(this.path, this.#metadata, metadata), this.#access);
    this.#metadata = metadata;
  }

  async setAttributes(attributes: Readonly<Record<string, unknown>>): Promise<void> {
    const metadata = withAttributes(this.#metadata, attributesFromPlain(attributes, this.#metadata.zarrFormat));
    await runNodePlan(writeMetadata(this.path, this.#metadata, metadata), this.#access);
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
    if (!this.#grid.chain.isSync) {
      throw new RuntimeError("NOT_SYNCHRONOUS", "A codec of this array can only run asynchronously: use get and set");
    }
    return access;
  }

  #runSync({ newPlan, isRepeatable }: Batch, access: SyncAccess, options: SetOptions): void {
    const { coalesce } = this.#runtime;
    const context = { access, locks: keyLocksOf(this.store), coalesce, maxWorkers: this.#maxWorkers(options) };
    const { runAnewSync, runSync } = synchronous.get();
    if (isRepeatable) runAnewSync(newPlan, context);
    else runSync(newPlan(), context);
  }

  #maxWorkers(options: SetOptions): number {
    return resolveMaxWorkers(checkMaxWorkers(options.maxWorkers), this.#runtime.maxWorkers);
  }

  async #run(batches: Iterable<Batch>, total: number, options: SetOptions & AsyncOptions): Promise<void> {
    const { signal, onProgress } = options;
    signal?.throwIfAborted();
    const { chain } = this.#grid;
    const { pipeline, coalesce, concurrency } = this.#runtime;
    let completed = 0;
    const report = (keys: number): void => {
      completed += keys;
      onProgress?.({ completed, total });
    };
    const { sync } = this.#access;
    const locks = keyLocksOf(this.store);
    // The synchronous driver cannot wait for a key that another asynchronous call holds.
    const isBatched = pipeline === "batched" || mustYield(total * chain.byteLength);
    if (!isBatched && sync !== undefined && chain.isSync && locks.isIdle) {
      for (const batch of batches) {
        signal?.throwIfAborted();
        this.#runSync(batch, sync, options);
        report(batch.keys);
      }
      return;
    }
    const maxWorkers = this.#maxWorkers(options);
    await runBatched(batches, { access: this.#access.async, locks, coalesce, concurrency, maxWorkers, signal }, report);
  }

  /** The shape after appending `chunk`, and where it goes. */
  #appended({ shape: added }: Chunk<D>, axis: number): { shape: number[]; selection: (null | Slice)[] } {
    const { shape } = this;
    if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
      throw new ArgumentError("INVALID_ARGUMENT", "Invalid axis to append along", {
        expected: `0 to ${shape.length - 1}`,
        found: String(axis),
      });
    }
    if (added.length !== shape.length || added.some((length, d) => d !== axis && length !== shape[d])) {
      const expected = shape.map((length, d) => (d === axis ? "any" : length)).join(", ");
      throw new ArgumentError("INVALID_ARGUMENT", "Appended chunk has the wrong shape", {
        expected: `[${expected}]`,
        found: `[${added.join(", ")}]`,
      });
    }
    const end = shape[axis]! + added[axis]!;
    return {
      shape: shape.map((length, d) => (d === axis ? end : length)),
      selection: shape.map((length, d) => (d === axis ? slice(length, end) : null)),
    };
  }

  #adopt(metadata: ArrayMetadata): void {
    this.#metadata = metadata;
    this.#counts = metadata.chunkGrid.countsOf(metadata.shape);
    this.#keys = this.#newKeys();
    this.#direct = undefined;
  }

  #newKeys(): ChunkKeys {
    return new ChunkKeys(joinKey(this.path, ""), this.#metadata.chunkKeyEncoding);
  }

  /** What has to happen to chunks before the array takes the smaller shape `shape`. */
  *#cutBatches(shape: readonly number[]): Generator<Batch, void, void> {
    const { chunkGrid, fillValue } = this.#metadata;
    const old = this.shape;
    const counts = chunkGrid.countsOf(shape);
    // Elements up to here lie in chunks that stay; those beyond go with their chunks.
    const ends = old.map((length, axis) => Math.min(length, chunkGrid.axes[axis]!.startOf(counts[axis]!)));
    for (let axis = 0; axis < old.length; axis++) {
      if (ends[axis]! <= shape[axis]!) continue;
      const edge = ends.map((end, d) => slice(d === axis ? shape[d]! : 0, end));
      // By its bytes: a NaN keeps its payload.
      yield* this.#prepareSet(this.#resolve(edge), { elements: fillValue, offset: 0, strides: old.map(() => 0) })
        .batches;
    }
    if (counts.every((count, axis) => count >= this.#counts[axis]!)) return;
    yield { newPlan: () => this.#deleteOutside(counts), isRepeatable: false, keys: 0, bytes: 0 };
  }

  /** Deletes the chunks that are not among the first `counts` of their axes. */
  *#deleteOutside(counts: readonly number[]): Plan {
    const { chunkKeyEncoding } = this.#metadata;
    const isOutside = (coordinates: readonly number[]): boolean => coordinates.some((c, axis) => c >= counts[axis]!);
    const prefix = joinKey(this.path, "");
    const listing: Listing = { prefix, keys: undefined };
    yield { kind: "list", listing };
    const keys =
      listing.keys?.filter((key) => {
        const coordinates = parseChunkKey(chunkKeyEncoding, counts.length, key.slice(prefix.length));
        return coordinates !== undefined && isOutside(coordinates);
      }) ?? this.#keysWhere(isOutside);
    yield { kind: "lock", mode: "exclusive", keys };
    yield { kind: "set", writes: keys.map((key) => ({ key, value: undefined })) };
  }

  /** Keys of the chunks whose coordinates `wanted` accepts. */
  #keysWhere(wanted: (coordinates: readonly number[]) => boolean): string[] {
    const keys: string[] = [];
    for (let number = 0; number < elementCount(this.#counts); number++) {
      const coordinates = chunkCoordinates(this.#counts, number);
      if (wanted(coordinates)) keys.push(this.#keys.at(coordinates));
    }
    return keys;
  }

  #resolve(selection: Selection): Resolved {
    const { axes, dropped, shape, isScalar } = normalizeSelection(selection, this.shape);
    // Axes that numbers dropped have no place in the caller's memory.
    const strides = (memory: readonly number[]): number[] => {
      let position = 0;
      return dropped.map((isDropped) => (isDropped ? 0 : memory[position++]!));
    };
    return { selection: axes, shape, isScalar, strides };
  }

  #resolvePoints(coordinates: readonly ArrayLike<number>[]): Resolved {
    const selection = normalizePoints(coordinates, this.shape);
    return { selection, shape: [selection.places.length], isScalar: false, strides: (memory) => memory };
  }

  #getSync(resolved: Resolved, options: GetOptions<D>): Chunk<D> | ScalarOf<D> {
    const access = this.#requireSync();
    const { outer, result } = this.#target(resolved, options);
    const { chain, grid } = this.#grid;
    const source = this.#directSource(access);
    const { readChunks, readSingle } = synchronous.get();
    if (grid.chunkShape !== undefined && readSingle(chain, grid.axes, resolved.selection, outer, source))
      return result();
    const tiling = this.#grid.tile(resolved.selection, this.#counts, outer);
    const isDirect = chain.shard === undefined && !isShared(chain, "decode", tiling.count, this.#maxWorkers(options));
    if (isDirect) readChunks(tiling, source);
    else for (const batch of this.#readBatches(tiling)) this.#runSync(batch, access, options);
    return result();
  }

  async #get(resolved: Resolved, options: GetOptions<D> & AsyncOptions): Promise<Chunk<D> | ScalarOf<D>> {
    const { outer, result } = this.#target(resolved, options);
    const tiling = this.#grid.tile(resolved.selection, this.#counts, outer);
    await loadMemory();
    await this.#readUnchanged(() => this.#run(this.#readBatches(tiling), tiling.count, options));
    return result();
  }

  /** Runs `read`; once more if values changed meanwhile, for what came before a change need not fit what came after it. */
  async #readUnchanged(read: () => Promise<void>): Promise<void> {
    const { async } = this.#access;
    for (let isLast = false; ; isLast = true) {
      const before = async.changes();
      try {
        await read();
        if (async.changes() === before) return;
      } catch (error) {
        if (isLast || async.changes() === before) throw error;
      }
      if (!isLast) continue;
      throw new RuntimeError("VALUE_CHANGED", "Values changed each time they were read", { key: this.path });
    }
  }

  #setSync(resolved: Resolved, value: Value<D>, options: SetOptions): void {
    const access = this.#requireSync();
    const memory = this.#source(resolved, value);
    const { chain, grid } = this.#grid;
    const { coversChunks, writeChunks } = writing.get();
    if (chain.shard === undefined && coversChunks(resolved.selection, grid.axes, this.shape)) {
      const tiling = this.#tile(resolved, memory);
      if (!isShared(chain, "encode", tiling.count, this.#maxWorkers(options))) {
        writeChunks(tiling, this.shape, this.#directSource(access), this.#runtime);
        return;
      }
    }
    for (const batch of this.#prepareSet(resolved, memory).batches) this.#runSync(batch, access, options);
  }

  async #set(resolved: Resolved, value: Value<D>, options: SetOptions & AsyncOptions): Promise<void> {
    const memory = this.#source(resolved, value);
    await Promise.all([writing.load(), this.#grid.chain.load()]);
    const { batches, total } = this.#prepareSet(resolved, memory);
    await this.#run(batches, total, options);
  }

  #directSource(access: SyncAccess): DirectSource {
    if (this.#direct === undefined) {
      this.#direct = { access, locks: keyLocksOf(this.store), keys: this.#keys, options: this.#runtime };
    }
    return this.#direct;
  }

  /** Where a read puts its elements. */
  #target(
    { shape, isScalar, strides }: Resolved,
    { out, useSharedArrayBuffer }: GetOptions<D>,
  ): { readonly outer: Outer; result(): Chunk<D> | ScalarOf<D> } {
    const { dataType } = this.#metadata;
    const target =
      out === undefined
        ? newTarget(dataType, shape, useSharedArrayBuffer ?? false)
        : { chunk: out, ...chunkTarget(out, shape, dataType, "out") };
    const { chunk, outer, finish } = target;
    const result = (): Chunk<D> | ScalarOf<D> => {
      finish();
      if (isScalar) return dataType.decodeScalar(outer.elements.slice(0, dataType.itemSize)) as ScalarOf<D>;
      const isArray = !("stride" in chunk);
      return (isArray ? { data: chunk, shape: [...shape], stride: byteStrides(shape, 1) } : chunk) as Chunk<D>;
    };
    return { outer: { elements: outer.elements, offset: outer.offset, strides: strides(outer.strides) }, result };
  }

  #readBatches(tiling: Tiling): Generator<Batch, void, void> {
    const { elements: target, strides: targetStrides } = tiling.outer;
    return this.#batches(
      tiling,
      (key, { number, chain, box, outerOffset, chunkOffset }, extent, selection): ChunkRead => ({
        key,
        grid: undefined,
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
        selection,
        extent,
      }),
      (items) => readPlan(items, this.#runtime),
      true,
    );
  }

  #source({ shape }: Resolved, value: Value<D>): Outer {
    return valueSource(value, shape, this.#metadata.dataType);
  }

  #prepareSet(resolved: Resolved, memory: Outer): Prepared {
    const { writePlan } = writing.get();
    const tiling = this.#tile(resolved, memory);
    const options = { ...this.#runtime, scalars: new Map<string, Uint8Array | undefined>() };
    const batches = this.#writeBatches(tiling, (items) => writePlan(items, options), false);
    return { batches, total: tiling.count };
  }

  #prepareCompaction(): Prepared & { result(): CompactionResult } {
    const { compactPlan } = writing.get();
    const { shard, arraySteps, byteSteps } = this.#grid.chain;
    let sum: CompactionResult = { shards: 0, rewritten: 0, bytesFreed: 0 };
    const result = (): CompactionResult => sum;
    if (shard === undefined || arraySteps.length + byteSteps.length > 0) return { batches: [], total: 0, result };
    const add = ({ shards, rewritten, bytesFreed }: CompactionResult): void => {
      sum = {
        shards: sum.shards + shards,
        rewritten: sum.rewritten + rewritten,
        bytesFreed: sum.bytesFreed + bytesFreed,
      };
    };
    const everything = { elements: this.#metadata.fillValue, offset: 0, strides: this.shape.map(() => 0) };
    const tiling = this.#tile(this.#resolve(null), everything);
    const batches = this.#writeBatches(tiling, (items) => compactPlan(items, this.#runtime, add), true);
    return { batches, total: tiling.count, result };
  }

  #writeBatches(
    tiling: Tiling,
    makePlan: (items: readonly ChunkWrite[]) => Plan,
    isRepeatable: boolean,
  ): Generator<Batch, void, void> {
    const { elements: source, strides: sourceStrides } = tiling.outer;
    return this.#batches(
      tiling,
      (key, { number, chain, box, outerOffset, chunkOffset }, extent, selection): ChunkWrite => ({
        key,
        grid: undefined,
        number,
        chain,
        extent,
        source,
        sourceOffset: outerOffset,
        sourceStrides,
        box,
        chunkOffset,
        selection,
        existing: undefined,
        encoded: undefined,
      }),
      makePlan,
      isRepeatable,
    );
  }

  /** The stored chunks under a selection. */
  #tile({ selection, strides }: Resolved, memory: Outer): Tiling {
    return this.#grid.tile(selection, this.#counts, { ...memory, strides: strides(memory.strides) });
  }

  /** Splits a tiling into plans of one batch each. */
  *#batches<T>(
    tiling: Tiling,
    makeItem: (key: string, tile: Tile, extent: readonly number[], selection: ChunkSelection) => T,
    makePlan: (items: readonly T[]) => Plan,
    isRepeatable: boolean,
  ): Generator<Batch, void, void> {
    const { shape } = this;
    // Over a network, a shard that is read in two steps must not hold up one that is read in one, nor wait for it.
    const keysAtOnce = this.#access.sync === undefined && this.#grid.chain.shard !== undefined ? 1 : batchKeys;
    let items: T[] = [];
    let bytes = 0;
    const batchOf = (batch: readonly T[]): Batch => ({
      newPlan: () => makePlan(batch),
      isRepeatable,
      keys: batch.length,
      bytes,
    });
    for (const part of tiling.tiles()) {
      const { number, coordinates, origin, chain } = part;
      if (items.length === keysAtOnce || (items.length > 0 && bytes + chain.byteLength > batchBytes)) {
        yield batchOf(items);
        items = [];
        bytes = 0;
      }
      bytes += chain.byteLength;
      const key = this.#keys.of(number, coordinates);
      const extent = chunkExtent(origin, chain.spec.shape, shape);
      items.push(makeItem(key, part, extent, chain.shard === undefined ? nothing : part.selection()));
    }
    if (items.length > 0) yield batchOf(items);
  }
}

function commonShape({ chunkShape }: ChunkGrid, what: "chunk" | "shard"): readonly number[] {
  if (chunkShape !== undefined) return chunkShape;
  throw new RuntimeError("UNSUPPORTED", `The ${what}s of this array have different shapes: use ${what}Grid`);
}

/** The array that a node is. May throw a `NotLoadedError`. */
export function openArrayNode<D extends DataTypeName>(
  node: ArrayNode,
  access: StoreAccess,
  options: RuntimeOptions,
): ZarrArray<D> {
  // Where the store answers at once, asynchronous calls are synchronous ones too.
  if (access.sync !== undefined) synchronous.get();
  return new ZarrArray<D>(node, access, resolveRuntime(options, access));
}

/** Opens the array at `options.path`. Throws `NODE_NOT_FOUND` if there is none. */
export function openArraySync<D extends DataTypeName = DataTypeName>(
  store: Store,
  options: OpenOptions = {},
): ZarrArray<D> {
  const access = accessStore(store);
  return openArrayNode(
    runNodePlanSync(openNode(options.path ?? "/", "array", options.zarrFormat), access),
    access,
    options,
  );
}

/** As {@link openArraySync}, on every store. */
export async function openArray<D extends DataTypeName = DataTypeName>(
  store: Store,
  options: OpenOptions = {},
): Promise<ZarrArray<D>> {
  const access = await whenLoaded(() => accessStore(store));
  const node = await runNodePlan(openNode(options.path ?? "/", "array", options.zarrFormat), access);
  return whenLoaded(() => openArrayNode(node, access, options));
}
