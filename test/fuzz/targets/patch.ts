/**
 * Sequences of writes, reads, resizes and damage on a small array, against a plain one. Where everything has a checksum, what is read is right or
 * an error; elsewhere that holds for shards that are not damaged. A write that fails leaves every key old or new. Input: number of the layout
 * (u8), then the calls, each a byte that says which and the bytes that it takes.
 */

import {
  type Chunk,
  type CodecOption,
  type CreateArrayOptions,
  createArraySync,
  init,
  MemoryStore,
  openArraySync,
  slice,
  type ZarrArray,
} from "../../../src/index.js";
import { mutateBytes, splice } from "../mutate.js";
import { type Attempt, attemptAsync, check, dataCodes, outcomeOf, type Target } from "../target.js";

interface Layout {
  readonly options: CreateArrayOptions<"uint16">;
  /** Elements per axis of what a key stores. */
  readonly stored: readonly [number, number];
  /** Whether every stored byte that matters has a checksum. */
  readonly isChecked: boolean;
}

const fillValue = 9;
const longest = 11;
const mostCalls = 24;
const base = { dataType: "uint16", fillValue } as const;
const big: CodecOption = { name: "bytes", configuration: { endian: "big" } };
const transpose: CodecOption = { name: "transpose", configuration: { order: [1, 0] } };
const gzip: CodecOption = { name: "gzip", configuration: { level: 1 } };

function sharded(codecs: readonly CodecOption[], indexLocation: "start" | "end", isChecked: boolean): Layout {
  const indexCodecs = isChecked ? ["bytes", "crc32c"] : ["bytes"];
  const shapes = { shape: [7, 9], shardShape: [4, 6], chunkShape: [2, 2] };
  return { options: { ...base, ...shapes, codecs, indexLocation, indexCodecs }, stored: [4, 6], isChecked };
}

function nested(isChecked: boolean): Layout {
  const checksum = isChecked ? ["crc32c"] : [];
  const level = (chunk_shape: readonly number[], codecs: readonly CodecOption[]): CodecOption => ({
    name: "sharding_indexed",
    configuration: { chunk_shape, codecs, index_codecs: ["bytes", ...checksum], index_location: "start" },
  });
  const codecs = [level([4, 3], [level([2, 3], ["bytes", ...checksum])])];
  return { options: { ...base, shape: [7, 9], chunkShape: [4, 6], codecs }, stored: [4, 6], isChecked };
}

const layouts: readonly Layout[] = [
  ...(["start", "end"] as const).flatMap((location) => [
    sharded(["bytes", "crc32c"], location, true),
    sharded([transpose, big, "crc32c"], location, true),
    sharded(["bytes", gzip, "crc32c"], location, true),
    sharded(["bytes"], location, false),
    sharded(["bytes", gzip], location, false),
  ]),
  nested(true),
  nested(false),
  { options: { ...base, shape: [7, 9], chunkShape: [3, 4], codecs: [big, "crc32c"] }, stored: [3, 4], isChecked: true },
  { options: { ...base, shape: [7, 9], chunkShape: [3, 4], codecs: ["bytes"] }, stored: [3, 4], isChecked: false },
];

/** The bytes of an input one after another; zeros after its end. */
class Reader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  next(): number {
    return this.#bytes[this.#position++] ?? 0;
  }

  below(limit: number): number {
    return limit === 0 ? 0 : this.next() % limit;
  }
}

interface Region {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

class Sequence {
  readonly #layout: Layout;
  readonly #reader: Reader;
  readonly #store: MemoryStore = new MemoryStore();
  readonly #damaged: Set<string> = new Set();
  #handles: readonly ZarrArray<"uint16">[] = [];
  #shape: readonly [number, number];
  #rows: number[][];
  readonly outcomes: string[] = [];

  constructor(layout: Layout, reader: Reader) {
    this.#layout = layout;
    this.#reader = reader;
    createArraySync(this.#store, layout.options);
    this.#reopen();
    this.#shape = [7, 9];
    this.#rows = this.#filled(this.#shape);
  }

  async run(): Promise<void> {
    for (let calls = 0; calls < mostCalls && !this.#reader.isAtEnd; calls++) {
      const call = this.#reader.next() % 16;
      if (call < 5) await this.#set(this.#region());
      else if (call === 5) await this.#set({ top: 0, left: 0, bottom: this.#shape[0], right: this.#shape[1] });
      else if (call === 6) await this.#set(this.#shardRegion());
      else if (call < 11) await this.#get(this.#region());
      else if (call < 14) this.#damage();
      else if (call === 14) this.#reopen();
      else if (!(await this.#resize())) return;
    }
    for (const handle of this.#handles) await this.#check(handle, this.#whole());
  }

  /** Two that patch, one of them on the batched driver, and one that rewrites. */
  #reopen(): void {
    this.#handles = [{}, { patch: false }, { pipeline: "batched" } as const].map((runtime) =>
      openArraySync<"uint16">(this.#store, runtime),
    );
  }

  #handle(): ZarrArray<"uint16"> {
    return this.#handles[this.#reader.below(3)]!;
  }

  #filled([rows, columns]: readonly [number, number]): number[][] {
    return Array.from({ length: rows }, () => new Array<number>(columns).fill(fillValue));
  }

  #whole(): Region {
    return { top: 0, left: 0, bottom: this.#shape[0], right: this.#shape[1] };
  }

  #region(): Region {
    const [rows, columns] = this.#shape;
    const [top, left] = [this.#reader.below(rows + 1), this.#reader.below(columns + 1)];
    return {
      top,
      left,
      bottom: top + this.#reader.below(rows - top + 1),
      right: left + this.#reader.below(columns - left + 1),
    };
  }

  /** All of what one key stores. */
  #shardRegion(): Region {
    const [height, width] = this.#layout.stored;
    const [rows, columns] = this.#shape;
    const top = height * this.#reader.below(Math.ceil(rows / height));
    const left = width * this.#reader.below(Math.ceil(columns / width));
    return { top, left, bottom: Math.min(rows, top + height), right: Math.min(columns, left + width) };
  }

  /** The keys under a region, and what each stores of the array. */
  #keysUnder(region: Region): Map<string, Region> {
    const [height, width] = this.#layout.stored;
    const [rows, columns] = this.#shape;
    const keys = new Map<string, Region>();
    for (let row = Math.floor(region.top / height); row * height < region.bottom; row++) {
      for (let column = Math.floor(region.left / width); column * width < region.right; column++) {
        const [top, left] = [row * height, column * width];
        const [bottom, right] = [Math.min(rows, top + height), Math.min(columns, left + width)];
        keys.set(`/c/${row}/${column}`, { top, left, bottom, right });
      }
    }
    return region.top < region.bottom && region.left < region.right ? keys : new Map();
  }

  async #set(region: Region): Promise<void> {
    const { top, left, bottom, right } = region;
    const [rows, columns] = [bottom - top, right - left];
    const kind = this.#reader.next();
    const seed = this.#reader.next();
    const values = Array.from({ length: rows * columns }, (_, i) =>
      kind % 3 === 0 ? seed : (seed * 257 + i * 31) & 0xffff,
    );
    if (kind % 5 === 0) values.fill(fillValue);
    const before = this.#snapshot();
    const value = kind % 3 === 0 ? (values[0] ?? 0) : Uint16Array.from(values);
    const handle = this.#handle();
    const selection = [slice(top, bottom), slice(left, right)];
    const isAsync = kind % 2 === 0;
    const written = await attemptAsync(dataCodes, async () =>
      isAsync ? await handle.set(selection, value) : handle.setSync(selection, value),
    );
    this.outcomes.push(`set ${outcomeOf(written)}`);
    for (const [key, stored] of this.#keysUnder(region)) {
      const isNew = written.error === undefined || !isSame(before.get(key), this.#store.getSync(key));
      if (isNew) this.#assign(region, stored, values);
      const isWhole = stored.top >= top && stored.left >= left && stored.bottom <= bottom && stored.right <= right;
      if (this.#store.getSync(key) === undefined || (isWhole && isNew)) this.#damaged.delete(key);
      else if (written.error !== undefined)
        check(this.#damaged.size > 0, `a write of undamaged data failed: ${written.error.message}`);
    }
    for (const [key, old] of before)
      if (!this.#keysUnder(region).has(key))
        check(isSame(old, this.#store.getSync(key)), `a write elsewhere changed ${key}`);
  }

  #assign(region: Region, within: Region, values: readonly number[]): void {
    const width = region.right - region.left;
    for (let row = Math.max(region.top, within.top); row < Math.min(region.bottom, within.bottom); row++)
      for (let column = Math.max(region.left, within.left); column < Math.min(region.right, within.right); column++)
        this.#rows[row]![column] = values[(row - region.top) * width + column - region.left]!;
  }

  async #get(region: Region): Promise<void> {
    this.outcomes.push(await this.#check(this.#handle(), region));
  }

  async #check(handle: ZarrArray<"uint16">, { top, left, bottom, right }: Region): Promise<string> {
    const selection = [slice(top, bottom), slice(left, right)];
    const read = (await attemptAsync(dataCodes, () => handle.get(selection))) as Attempt<Chunk<"uint16">>;
    const keys = this.#keysUnder({ top, left, bottom, right });
    const damaged = [...keys].filter(([key]) => this.#damaged.has(key));
    if (read.error !== undefined) {
      check(
        damaged.some(([key]) => key === read.error.key),
        `undamaged data cannot be read: ${read.error.message}`,
      );
      return outcomeOf(read);
    }
    const { data, shape } = read.value;
    check(`${shape}` === `${[bottom - top, right - left]}`, `shape [${shape}]`);
    const isTrusted = (row: number, column: number): boolean =>
      this.#layout.isChecked ||
      damaged.every(([, area]) => row < area.top || row >= area.bottom || column < area.left || column >= area.right);
    for (let row = top, i = 0; row < bottom; row++)
      for (let column = left; column < right; column++, i++) {
        const expected = this.#rows[row]![column];
        if (isTrusted(row, column))
          check(data[i] === expected, `element [${row}, ${column}] is ${data[i]}, not ${expected}`);
      }
    return `get ${damaged.length}`;
  }

  #damage(): void {
    const keys = [...this.#store.listSync("/c/")].sort();
    const reader = this.#reader;
    const key = keys[reader.below(keys.length)];
    const kind = reader.next() % 6;
    const [place, length] = [reader.next(), reader.next()];
    const value = key === undefined ? undefined : this.#store.getSync(key)?.slice();
    if (key === undefined || value === undefined) return;
    // The places in the index are as many as those in the data.
    const position = place % 2 === 0 ? place % value.length : value.length - 1 - (place % value.length);
    if (kind < 3 && value.length > 0) value[position]! ^= 1 << (length & 7);
    else if (kind === 3) value.fill(0, position, position + (length & 31));
    const changed =
      kind === 4
        ? value.slice(0, position)
        : kind === 5
          ? splice(value, value.length, value.length, new Uint8Array(1 + (length & 31)))
          : value;
    if (isSame(changed, this.#store.getSync(key))) return;
    this.#store.setSync(key, changed);
    this.#damaged.add(key);
  }

  /** False if it fails, and the rest is not known. */
  async #resize(): Promise<boolean> {
    const shape = [this.#reader.below(longest) + 1, this.#reader.below(longest) + 1] as const;
    const handle = this.#handle();
    const resized = await attemptAsync(dataCodes, () => handle.resize(shape));
    this.outcomes.push(`resize ${outcomeOf(resized)}`);
    if (resized.error !== undefined) {
      check(this.#damaged.has(resized.error.key ?? ""), `undamaged data cannot be cut: ${resized.error.message}`);
      return false;
    }
    const old = this.#rows;
    const oldShape = this.#shape;
    this.#shape = shape;
    this.#rows = this.#filled(shape).map((row, r) => row.map((value, c) => old[r]?.[c] ?? value));
    const stored = new Set(this.#store.listSync("/c/"));
    const kept = this.#keysUnder(this.#whole());
    for (const key of stored) check(kept.has(key), `${key} lies outside of [${shape}]`);
    for (const key of this.#damaged) if (!stored.has(key)) this.#damaged.delete(key);
    check(`${openArraySync(this.#store).shape}` === `${shape}`, `resized from [${oldShape}]`);
    this.#reopen();
    return true;
  }

  #snapshot(): Map<string, Uint8Array> {
    return new Map([...this.#store.listSync("/c/")].map((key) => [key, this.#store.getSync(key)!.slice()]));
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

async function run(input: Uint8Array): Promise<string> {
  const sequence = new Sequence(layouts[(input[0] ?? 0) % layouts.length]!, new Reader(input.subarray(1)));
  await sequence.run();
  return [...new Set(sequence.outcomes)].sort().join();
}

export const patchTarget: Target = {
  name: "patch",
  prepare: () => init(),
  seeds: (random) =>
    layouts.flatMap((_, number) =>
      [20, 60, 150].map((length) => Uint8Array.from({ length }, (_, i) => (i === 0 ? number : random.integer(0, 255)))),
    ),
  mutate: (input, other, random) => mutateBytes(input, other, random).slice(0, 200),
  run,
  canary() {
    for (const { options } of layouts) {
      const array = createArraySync(new MemoryStore(), options);
      array.setSync([3, 4], 5);
      check(array.getSync([3, 4]) === 5 && array.getSync([3, 5]) === fillValue, "a good array");
    }
  },
};
