/**
 * One random array and a random sequence of calls on it, checked step by step against a plain array. Everything follows from the seed: each step
 * draws from a generator of its own, so that steps can be left out to find the few that a failure needs.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseChunkKey } from "../../src/grid/chunk_key.js";
import {
  type Chunk,
  type CreateArrayOptions,
  createArray,
  createArraySync,
  type DataOf,
  LatencyStore,
  MemoryStore,
  type NumericDataTypeName,
  openArray,
  openArraySync,
  type RuntimeOptions,
  type Store,
  type SyncStore,
  type Value,
  type ZarrArray,
} from "../../src/index.js";
import { dataTypeByName, type FixedDataType, type TypedArray } from "../../src/metadata/data_type.js";
import { documentNames } from "../../src/metadata/node_path.js";
import { LocalStore } from "../../src/node.js";
import { syncodec } from "../cli/support.js";
import { elementsOf } from "../support/arbitraries.js";
import { startOf } from "../support/plain_axis.js";
import { bytesOf, hex } from "../support/reference_array.js";
import { PlainArray, product } from "./plain_array.js";
import { Random } from "./random.js";
import { type ArrayPlan, randomArray, runtimeOptions, shrinkTo } from "./random_array.js";
import { randomPoints, randomSelection, sliceAlong, type Target, wholeArray } from "./random_selection.js";
import { gather, scatter, stridedChunk } from "./strided_chunk.js";

export type StoreKind = "memory" | "local, none" | "local, process" | "latency";

export interface Failure {
  readonly step: number;
  readonly error: unknown;
  /** What the array was made with, and the calls up to the failure. */
  readonly history: readonly string[];
}

class ModelError extends Error {
  override readonly name = "ModelError";
}

/** An array under test. */
interface Subject {
  array: ZarrArray<NumericDataTypeName>;
  /** The options that it was opened with. */
  runtime: RuntimeOptions;
  readonly plan: ArrayPlan;
  readonly dataType: FixedDataType;
  readonly plain: PlainArray;
  attributes: Readonly<Record<string, unknown>>;
  /** What the array is opened on, and the synchronous store below it. */
  store: Store;
  readonly below: SyncStore;
  /** The same array through another store object over the same data, where the options are the same and the shape has not changed since. */
  other: { readonly array: ZarrArray<NumericDataTypeName>; readonly store: Store } | undefined;
  readonly another: () => Store;
  readonly history: string[];
}

type GetOptions = { readonly out?: Chunk<NumericDataTypeName> | DataOf<NumericDataTypeName> };

/** Calls the method or, where the store or `random` say so, its asynchronous twin. */
class Calls {
  readonly #array: ZarrArray<NumericDataTypeName>;
  readonly #isAsync: boolean;

  constructor({ array, store }: Subject, random: Random) {
    this.#array = array;
    this.#isAsync = store instanceof LatencyStore || random.chance(0.3);
  }

  async get({ selection, points }: Target, options: GetOptions = {}): Promise<unknown> {
    const array = this.#array;
    if (points !== undefined)
      return this.#isAsync ? await array.getPoints(points, options) : array.getPointsSync(points, options);
    return this.#isAsync ? await array.get(selection!, options) : array.getSync(selection!, options);
  }

  async set({ selection, points }: Target, value: Value<NumericDataTypeName>): Promise<void> {
    const array = this.#array;
    if (points !== undefined) {
      if (this.#isAsync) await array.setPoints(points, value);
      else array.setPointsSync(points, value);
    } else if (this.#isAsync) await array.set(selection!, value);
    else array.setSync(selection!, value);
  }

  async resize(shape: readonly number[]): Promise<void> {
    if (this.#isAsync) await this.#array.resize(shape);
    else this.#array.resizeSync(shape);
  }

  async append(chunk: Chunk<NumericDataTypeName>, axis: number): Promise<void> {
    if (this.#isAsync) await this.#array.append(chunk, axis);
    else this.#array.appendSync(chunk, axis);
  }

  async setAttributes(attributes: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.#isAsync) await this.#array.setAttributes(attributes);
    else this.#array.setAttributesSync(attributes);
  }
}

function expectSame(what: string, found: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(found, expected) === 0) return;
  const at = found.findIndex((byte, i) => byte !== expected[i]);
  const part = (bytes: Uint8Array): string => hex(bytes.subarray(Math.max(0, at - 16), at + 16));
  throw new ModelError(
    `${what}: differs at byte ${at} of ${expected.byteLength}: found …${part(found)}…, expected …${part(expected)}…`,
  );
}

function expectEqual(what: string, found: unknown, expected: unknown): void {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `${each}n` : each));
  if (text(found) !== text(expected)) throw new ModelError(`${what}: found ${text(found)}, expected ${text(expected)}`);
}

function typed(dataType: FixedDataType, bytes: Uint8Array): DataOf<NumericDataTypeName> {
  return dataType.view(bytes.slice().buffer, 0, bytes.byteLength / dataType.itemSize) as DataOf<NumericDataTypeName>;
}

/** Bytes of elements; often all or mostly the fill value. */
function randomElements(subject: Subject, random: Random, count: number): Uint8Array {
  return elementsOf(subject.array.dataType, subject.plain.fillValue, count, random.next());
}

/** Elements to be written and the form in which they are handed over; `after` checks that nobody changed them, and then does. */
function randomValue(
  subject: Subject,
  random: Random,
  shape: readonly number[],
): { readonly text: string; readonly value: Value<NumericDataTypeName>; readonly elements: Uint8Array; after(): void } {
  const { dataType } = subject;
  const { itemSize } = dataType;
  const count = product(shape);
  const kind = random.weighted({ scalar: 3, array: 4, chunk: 4 });
  if (kind === "scalar") {
    const value = dataType.decodeScalar(randomElements(subject, random, 1)) as number;
    // A NaN loses its payload on the way through a JavaScript number.
    const element = dataType.encodeScalar(value);
    const elements = new Uint8Array(count * itemSize);
    for (let i = 0; i < count; i++) elements.set(element, i * itemSize);
    return { text: `scalar ${value}`, value, elements, after: () => undefined };
  }
  if (kind === "array") {
    const elements = randomElements(subject, random, count);
    const value = typed(dataType, elements);
    const after = (): void => {
      expectSame("the source after a write", bytesOf(value), elements);
      bytesOf(value).fill(0x5a);
    };
    return { text: "array", value, elements, after };
  }
  const strided = stridedChunk(random, dataType, shape, true);
  scatter(strided, randomElements(subject, random, count), itemSize);
  const { chunk, memory } = strided;
  const before = memory.slice();
  const after = (): void => {
    expectSame("the source and the gaps in it after a write", memory, before);
    memory.fill(0x5a);
  };
  return { text: `chunk of strides [${chunk.stride}]`, value: chunk, elements: gather(strided, itemSize), after };
}

/** Where the fill value is left open, empty chunks are always stored. */
function writesEmptyChunks({ runtime, plan }: Subject): boolean {
  return runtime.writeEmptyChunks === true || plan.options.fillValue === null;
}

async function set(subject: Subject, random: Random, target: Target): Promise<void> {
  const { plain } = subject;
  const { text, value, elements, after } = randomValue(subject, random, target.shape);
  subject.history.push(`set ${target.text} to ${text}`);
  await new Calls(subject, random).set(target, value);
  after();
  plain.set(target.numbers, elements, writesEmptyChunks(subject));
}

async function get(subject: Subject, random: Random, target: Target): Promise<void> {
  const { dataType, plain, history } = subject;
  const { itemSize } = dataType;
  const calls = new Calls(subject, random);
  const expected = plain.get(target.numbers);
  const into = random.weighted({ fresh: 3, array: 1, chunk: 2 });
  history.push(`get ${target.text} into ${into}`);
  if (into === "array") {
    const out = typed(dataType, randomElements(subject, random, target.numbers.length));
    await calls.get(target, { out });
    expectSame("what was read into an array", bytesOf(out), expected);
    return;
  }
  if (into === "chunk") {
    const strided = stridedChunk(random, dataType, target.shape, false);
    const after = { ...strided, memory: strided.memory.slice() };
    scatter(after, expected, itemSize);
    await calls.get(target, { out: strided.chunk });
    expectSame("what was read into a chunk, and the gaps in it", strided.memory, after.memory);
    return;
  }
  const result = await calls.get(target);
  if (target.isScalar) {
    if (!Object.is(result, dataType.decodeScalar(expected)))
      throw new ModelError(`an element: found ${result}, expected ${dataType.decodeScalar(expected)}`);
    return;
  }
  const { data, shape, stride } = result as { data: TypedArray; shape: number[]; stride: number[] };
  expectEqual("the result's shape", shape, target.shape);
  const contiguous = target.shape.map((_, axis) => product(target.shape.slice(axis + 1)));
  if (!target.shape.includes(0)) expectEqual("the result's strides", stride, contiguous);
  expectSame("what was read", bytesOf(data), expected);
  // The next read shows whether the result was the store's own memory.
  bytesOf(data).fill(0x5a);
}

async function resize(subject: Subject, random: Random): Promise<void> {
  const { plain, plan, history } = subject;
  const shape = plain.shape.map((length, axis) => {
    const change = random.weighted({ same: 4, little: 3, any: 3, zero: 1 });
    if (change === "same") return length;
    if (change === "zero") return random.chance(0.2) ? 0 : 1;
    const most = change === "little" ? length + 2 : Math.ceil(2.4 * plan.typical[axis]!);
    return Math.min(random.integer(change === "little" ? Math.max(0, length - 2) : 0, most), plan.limits[axis]!);
  });
  shrinkTo(shape, plan.maximalCount);
  history.push(`resize from [${plain.shape}] to [${shape}]`);
  await new Calls(subject, random).resize(shape);
  subject.other = undefined;
  plain.resize(shape, writesEmptyChunks(subject));
  expectEqual("the shape", subject.array.shape, shape);
  checkKeys(subject);
}

async function append(subject: Subject, random: Random): Promise<void> {
  const { plain, plan, dataType, history } = subject;
  const rank = plain.shape.length;
  if (rank === 0) return;
  const axis = random.integer(0, rank - 1);
  const old = plain.shape[axis]!;
  const most = Math.min(plan.typical[axis]! + 1, plan.limits[axis]! - old);
  const added = plain.shape.with(axis, random.integer(0, most));
  const shape = plain.shape.with(axis, old + added[axis]!);
  if (product(shape) > plan.maximalCount) return;
  history.push(`append [${added}] to [${plain.shape}]`);
  const strided = stridedChunk(random, dataType, added, true);
  scatter(strided, randomElements(subject, random, product(added)), dataType.itemSize);
  await new Calls(subject, random).append(strided.chunk, axis);
  subject.other = undefined;
  const writesEmpty = writesEmptyChunks(subject);
  plain.resize(shape, writesEmpty);
  const { numbers } = sliceAlong(shape, axis, old, shape[axis]!);
  plain.set(numbers, gather(strided, dataType.itemSize), writesEmpty);
}

/** Goes on with another handle, over another store object: what the first one remembers of the data may be old when it comes back. */
async function switchHandle(subject: Subject): Promise<void> {
  const { array, store, plan, runtime, history } = subject;
  const known = subject.other ?? { array: undefined, store: subject.another() };
  subject.other = { array, store };
  subject.store = known.store;
  subject.array =
    known.array ?? (await openArray<NumericDataTypeName>(known.store, { path: plan.options.path!, ...runtime }));
  history.push("switch to the other handle");
}

/** Opens the array again, with other options now and then. */
async function reopen(subject: Subject, random: Random): Promise<void> {
  const { store, plan, runtime, history } = subject;
  const { writeEmptyChunks, ...others } = runtimeOptions(random);
  const changed = { ...others, ...(random.chance(0.6) ? { writeEmptyChunks } : {}) };
  subject.other = undefined;
  subject.runtime = random.chance(0.5) ? runtime : { ...runtime, ...changed };
  const options = { path: plan.options.path!, ...subject.runtime, ...pipelineOf(store, random) };
  history.push(`reopen with ${JSON.stringify(options)}`);
  subject.array =
    store instanceof LatencyStore || random.chance(0.3)
      ? await openArray<NumericDataTypeName>(store, options)
      : openArraySync<NumericDataTypeName>(store, options);
  expectEqual("the attributes", subject.array.attributes, subject.attributes);
  expectEqual("the shape", subject.array.shape, subject.plain.shape);
}

function pipelineOf(store: Store, random: Random): Pick<RuntimeOptions, "pipeline"> {
  if (store instanceof LatencyStore) return {};
  return random.pick([{}, {}, { pipeline: "sync" }, { pipeline: "batched" }] as const);
}

async function setAttributes(subject: Subject, random: Random): Promise<void> {
  const big = 2n ** 53n + BigInt(random.integer(1, 1000));
  subject.attributes = random.pick([{}, { big, list: [1.5, null, "µ"] }, { nested: { [`${random.next()}`]: true } }]);
  subject.history.push("setAttributes");
  await new Calls(subject, random).setAttributes(subject.attributes);
  subject.other = undefined;
}

/** Writes the fill value to everything, in two parts, so that no shard with elements of both is written whole. */
async function clear(subject: Subject, random: Random): Promise<void> {
  const { plain, dataType, history } = subject;
  const { shape, fillValue } = plain;
  if (shape.length === 0) return;
  const axis = random.integer(0, shape.length - 1);
  const border = random.integer(0, shape[axis]!);
  for (const [start, stop] of [
    [0, border],
    [border, shape[axis]!],
  ] as const) {
    const target = sliceAlong(shape, axis, start, stop);
    const elements = new Uint8Array(target.numbers.length * fillValue.byteLength);
    target.numbers.forEach((_, i) => {
      elements.set(fillValue, i * fillValue.byteLength);
    });
    history.push(`set ${target.text} to the fill value`);
    await new Calls(subject, random).set(target, typed(dataType, elements));
    plain.set(target.numbers, elements, writesEmptyChunks(subject));
    checkKeys(subject);
  }
}

async function takeStep(subject: Subject, random: Random): Promise<void> {
  const { shape } = subject.plain;
  const kind = random.weighted({
    set: 30,
    setPoints: 7,
    get: 27,
    getPoints: 7,
    clear: 3,
    resize: 7,
    append: 5,
    reopen: 6,
    switch: 6,
    attributes: 2,
  });
  switch (kind) {
    case "set":
      return set(subject, random, randomSelection(random, shape));
    case "get":
      return get(subject, random, randomSelection(random, shape));
    case "setPoints":
      return set(subject, random, randomPoints(random, shape) ?? wholeArray(shape));
    case "getPoints":
      return get(subject, random, randomPoints(random, shape) ?? wholeArray(shape));
    case "clear":
      return clear(subject, random);
    case "resize":
      return resize(subject, random);
    case "append":
      return append(subject, random);
    case "switch":
      return switchHandle(subject);
    case "reopen":
      return reopen(subject, random);
    case "attributes":
      return setAttributes(subject, random);
  }
}

/** The whole contents through both drivers, the keys, and what the command says of a directory. */
async function checkAtEnd(subject: Subject): Promise<void> {
  const { store, below, plain, plan, attributes } = subject;
  const path = plan.options.path!;
  const later = await openArray<NumericDataTypeName>(store, { path, pipeline: "batched" });
  expectSame("the whole contents", bytesOf((await later.get()).data), plain.bytes);
  const array: ZarrArray<NumericDataTypeName> = openArraySync<NumericDataTypeName>(below, {
    path,
    readMissingChunks: true,
  });
  expectSame("the whole contents, synchronously", bytesOf(array.getSync().data), plain.bytes);
  expectEqual("the attributes at the end", array.attributes, attributes);
  checkKeys(subject);
  if (!(below instanceof LocalStore)) return;
  const { status, stdout } = await syncodec("verify", below.root);
  if (status !== 0 || stdout.includes("warning")) throw new ModelError(`syncodec verify: ${stdout}`);
}

/** Which keys the store holds. */
function checkKeys({ below, plain, plan, array }: Subject): void {
  const path = plan.options.path!;
  const prefix = path === "/" ? "/" : `${path}/`;
  const stored = new Set<string>();
  for (const key of below.listSync!("/")) {
    if (documentNames.includes(key.slice(key.lastIndexOf("/") + 1))) continue;
    if (!key.startsWith(prefix)) throw new ModelError(`a key outside of the array: ${key}`);
    const { chunkKeyEncoding, shape } = array.metadata;
    const coordinates = parseChunkKey(chunkKeyEncoding, shape.length, key.slice(prefix.length));
    if (coordinates === undefined) throw new ModelError(`a key that is no chunk's: ${key}`);
    if (coordinates.some((coordinate, axis) => startOf(plan.levels[0]![axis]!, coordinate) >= shape[axis]!))
      throw new ModelError(`a chunk outside of the array: ${key}`);
    stored.add(coordinates.join());
  }
  const fault = plain.keyFault(stored);
  if (fault !== undefined) throw new ModelError(fault);
}

interface Stores {
  readonly below: SyncStore;
  /** A store object over the same data. */
  another(): Store;
  remove(): void;
}

function newStores(kind: StoreKind): Stores {
  if (kind === "memory" || kind === "latency") {
    const below = new MemoryStore();
    // A store without versions is known by what is written through it: its indexes may be old after writes through another object.
    const later = new LatencyStore(below);
    const another = (): Store => (kind === "memory" ? below : later);
    return { below, another, remove: () => undefined };
  }
  const root = mkdtempSync(join(tmpdir(), "syncodec-model-"));
  const opened: LocalStore[] = [];
  const another = (): LocalStore => {
    const store = new LocalStore(root, { durability: kind === "local, none" ? "none" : "process" });
    opened.push(store);
    return store;
  };
  const remove = (): void => {
    for (const store of opened) store.close();
    rmSync(root, { recursive: true, force: true });
  };
  return { below: another(), another, remove };
}

async function create(plan: ArrayPlan, { below, another }: Stores): Promise<Subject> {
  const { options } = plan;
  const store = another();
  const array: ZarrArray<NumericDataTypeName> =
    store instanceof LatencyStore ? await createArray(store, options) : createArraySync(store, options);
  const dataType = dataTypeByName(array.dataType);
  const fill = array.metadata.document.get("fill_value");
  const { writeEmptyChunks, patch, subchunkWriteOrder, concurrency, coalesce } = options as Required<
    CreateArrayOptions<NumericDataTypeName>
  >;
  return {
    array,
    runtime: { writeEmptyChunks, patch, subchunkWriteOrder, concurrency, ...(coalesce && { coalesce }) },
    plan,
    dataType,
    plain: new PlainArray(
      options.shape,
      plan.levels,
      plan.hasMoreLevels,
      fill === null ? dataType.defaultFill() : dataType.parseFill(fill, { field: "" }),
    ),
    attributes: {},
    store,
    below,
    other: undefined,
    another,
    history: [],
  };
}

function describeOptions(options: CreateArrayOptions<NumericDataTypeName>): string {
  return JSON.stringify(options, (_, value) => {
    if (typeof value === "bigint") return `${value}n`;
    return Object.is(value, -0) ? "-0" : value;
  });
}

/** Runs the steps of `seed` whose numbers are in `steps`. */
async function attempt(seed: number, kind: StoreKind, steps: readonly number[]): Promise<Failure | undefined> {
  const plan = randomArray(new Random(seed));
  const stores = newStores(kind);
  const history = [describeOptions(plan.options)];
  let step = -1;
  try {
    const subject: Subject = { ...(await create(plan, stores)), history };
    for (step of steps)
      await takeStep(subject, new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca6b)));
    step = Number.POSITIVE_INFINITY;
    await checkAtEnd(subject);
    return undefined;
  } catch (error) {
    return { step, error, history };
  } finally {
    stores.remove();
  }
}

/** Runs one random array; of a failure, with as few steps as it takes. */
export async function runModel(seed: number, kind: StoreKind, stepCount: number): Promise<Failure | undefined> {
  let steps = Array.from({ length: stepCount }, (_, i) => i);
  let failure = await attempt(seed, kind, steps);
  if (failure === undefined) return undefined;
  const last = failure.step;
  steps = steps.filter((step) => step <= last);
  for (let i = steps.length - 1; i >= 0; i--) {
    const fewer = steps.toSpliced(i, 1);
    const again = await attempt(seed, kind, fewer);
    if (again === undefined) continue;
    failure = again;
    steps = fewer;
  }
  return failure;
}
