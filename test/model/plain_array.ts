/** The reference of the model test: all elements in one buffer, and which chunks must be stored. */

import { chunkAt, countOf, lengthOf, type PlainAxis, startOf } from "../support/plain_axis.js";

export function product(shape: readonly number[]): number {
  return shape.reduce((count, length) => count * length, 1);
}

/** The integers from `start` up to `stop`. */
export function range(start: number, stop: number): number[] {
  return Array.from({ length: Math.max(0, stop - start) }, (_, i) => start + i);
}

/** Element numbers, in C order of an array of `shape`, of all combinations of the indices per axis. */
export function elementNumbers(axes: readonly (readonly number[])[], shape: readonly number[]): Int32Array {
  let numbers = new Int32Array(1);
  axes.forEach((indices, axis) => {
    const next = new Int32Array(numbers.length * indices.length);
    let at = 0;
    for (const number of numbers) for (const index of indices) next[at++] = number * shape[axis]! + index;
    numbers = next;
  });
  return numbers;
}

export class PlainArray {
  shape: readonly number[];
  bytes: Uint8Array;
  readonly fillValue: Uint8Array;
  /** Grids of the stored chunks, of the inner chunks in those, and so on, as far as a write can leave inner chunks alone. */
  readonly #levels: readonly (readonly PlainAxis[])[];
  /** Per level, the coordinates (joined) of the chunks that are stored; also of inner chunks outside of the array. */
  readonly #stored: readonly Set<string>[];
  /** Stored chunks that may be there though they are empty. */
  readonly #unsure = new Set<string>();
  readonly #hasMoreLevels: boolean;

  /** `hasMoreLevels` = there are inner chunks below the last of `levels` that a write may or may not leave alone. */
  constructor(
    shape: readonly number[],
    levels: readonly (readonly PlainAxis[])[],
    hasMoreLevels: boolean,
    fillValue: Uint8Array,
  ) {
    this.shape = shape;
    this.fillValue = fillValue;
    this.#levels = levels;
    this.#hasMoreLevels = hasMoreLevels;
    this.#stored = levels.map(() => new Set());
    this.bytes = this.#filled(product(shape));
  }

  get(numbers: Int32Array): Uint8Array {
    const size = this.fillValue.byteLength;
    const { bytes } = this;
    const result = new Uint8Array(numbers.length * size);
    let to = 0;
    for (const number of numbers)
      for (let from = number * size; from < (number + 1) * size; ) result[to++] = bytes[from++]!;
    return result;
  }

  /** Elements in the order of `numbers`: the last one stays where a number is repeated. */
  set(numbers: Int32Array, elements: Uint8Array, writeEmptyChunks: boolean): void {
    this.#put(numbers, elements);
    this.#noteWrite(numbers, writeEmptyChunks);
  }

  resize(shape: readonly number[], writeEmptyChunks: boolean): void {
    this.#cut(shape, writeEmptyChunks);
    const grid = this.#levels[0]!;
    for (const chunk of [...this.#stored[0]!, ...this.#unsure])
      if (!isInside(coordinatesOf(chunk), grid, shape)) {
        this.#unsure.delete(chunk);
        this.#forget(chunk, 0);
      }
    const kept = shape.map((length, axis) => range(0, Math.min(length, this.shape[axis]!)));
    const elements = this.get(elementNumbers(kept, this.shape));
    this.bytes = this.#filled(product(shape));
    this.shape = shape;
    this.#put(elementNumbers(kept, shape), elements);
  }

  /** What is wrong with the stored chunks `found`, if anything. */
  keyFault(found: ReadonlySet<string>): string | undefined {
    const stored = this.#stored[0]!;
    for (const chunk of stored)
      if (!found.has(chunk) && !(this.#unsure.has(chunk) && this.#isEmpty(coordinatesOf(chunk), this.#levels[0]!)))
        return `chunk [${chunk}] is not stored`;
    for (const chunk of found)
      if (!stored.has(chunk) && !this.#unsure.has(chunk)) return `chunk [${chunk}] is stored though it is empty`;
    return undefined;
  }

  #put(numbers: Int32Array, elements: Uint8Array): void {
    const size = this.fillValue.byteLength;
    const { bytes } = this;
    let from = 0;
    for (const number of numbers)
      for (let to = number * size; to < (number + 1) * size; ) bytes[to++] = elements[from++]!;
  }

  /** Sets what a smaller shape cuts off, of the chunks that stay, to the fill value. */
  #cut(shape: readonly number[], writeEmptyChunks: boolean): void {
    const grid = this.#levels[0]!;
    const ends = this.shape.map((length, axis) =>
      Math.min(length, startOf(grid[axis]!, countOf(grid[axis]!, shape[axis]!))),
    );
    ends.forEach((end, axis) => {
      if (end <= shape[axis]!) return;
      const edge = ends.map((length, d) => range(d === axis ? shape[d]! : 0, length));
      const numbers = elementNumbers(edge, this.shape);
      if (writeEmptyChunks) {
        for (const chunk of this.#chunksOf(numbers, grid).keys())
          if (!this.#stored[0]!.has(chunk)) this.#unsure.add(chunk);
      }
      this.set(numbers, this.#filled(numbers.length), writeEmptyChunks);
    });
  }

  /** Which chunks a write stores and which it removes, from the innermost level outwards. */
  #noteWrite(numbers: Int32Array, writeEmptyChunks: boolean): void {
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const grid = this.#levels[level]!;
      for (const [chunk, written] of this.#chunksOf(numbers, grid)) {
        const coordinates = coordinatesOf(chunk);
        // Inner chunks outside of the array survive only a write of a part.
        const isWhole = written === this.#elementsOf(coordinates, grid).length;
        if (isWhole) this.#forgetOutside(coordinates, level);
        const inner = this.#innerOf(coordinates, level);
        const isStored =
          inner === undefined
            ? writeEmptyChunks || !this.#isEmpty(coordinates, grid)
            : inner.some((each) => each.isInside && this.#stored[level + 1]!.has(each.chunk));
        const wasStored = this.#stored[level]!.has(chunk);
        if (isStored) this.#stored[level]!.add(chunk);
        else this.#forget(chunk, level);
        if (!isStored && wasStored && !isWhole && inner === undefined && this.#hasMoreLevels)
          this.#unsure.add(coordinates.map((c, d) => chunkAt(this.#levels[0]![d]!, startOf(grid[d]!, c))).join());
      }
    }
  }

  /** The inner chunks of a chunk. */
  #innerOf(coordinates: readonly number[], level: number): { chunk: string; isInside: boolean }[] | undefined {
    const grid = this.#levels[level]!;
    const innerGrid = this.#levels[level + 1];
    if (innerGrid === undefined) return undefined;
    return coordinates
      .reduce<number[][]>(
        (prefixes, coordinate, axis) => {
          const start = startOf(grid[axis]!, coordinate);
          const stop = start + lengthOf(grid[axis]!, coordinate);
          const along = range(chunkAt(innerGrid[axis]!, start), countOf(innerGrid[axis]!, stop));
          return prefixes.flatMap((prefix) => along.map((i) => [...prefix, i]));
        },
        [[]],
      )
      .map((inner) => ({ chunk: inner.join(), isInside: isInside(inner, innerGrid, this.shape) }));
  }

  #forgetOutside(coordinates: readonly number[], level: number): void {
    if (level === 0) this.#unsure.delete(coordinates.join());
    for (const { chunk, isInside } of this.#innerOf(coordinates, level) ?? [])
      if (!isInside) this.#forget(chunk, level + 1);
  }

  #forget(chunk: string, level: number): void {
    if (!this.#stored[level]!.delete(chunk)) return;
    for (const inner of this.#innerOf(coordinatesOf(chunk), level) ?? []) this.#forget(inner.chunk, level + 1);
  }

  #filled(count: number): Uint8Array {
    const bytes = new Uint8Array(count * this.fillValue.byteLength);
    if (this.fillValue.some((byte) => byte !== 0))
      for (let at = 0; at < bytes.byteLength; at += this.fillValue.byteLength) bytes.set(this.fillValue, at);
    return bytes;
  }

  #isEmpty(coordinates: readonly number[], grid: readonly PlainAxis[]): boolean {
    const size = this.fillValue.byteLength;
    return this.#elementsOf(coordinates, grid).every((number) =>
      this.fillValue.every((byte, i) => this.bytes[number * size + i] === byte),
    );
  }

  /** Elements of a chunk that lie in the array. */
  #elementsOf(coordinates: readonly number[], grid: readonly PlainAxis[]): Int32Array {
    const axes = coordinates.map((coordinate, axis) => {
      const start = startOf(grid[axis]!, coordinate);
      return range(start, Math.min(start + lengthOf(grid[axis]!, coordinate), this.shape[axis]!));
    });
    return elementNumbers(axes, this.shape);
  }

  /** The chunks that hold the elements `numbers`, and how many different ones of them. */
  #chunksOf(numbers: Int32Array, grid: readonly PlainAxis[]): Map<string, number> {
    const { shape } = this;
    const chunkCounts = shape.map((length, axis) => countOf(grid[axis]!, length));
    const chunkOf = shape.map((length, axis) => range(0, length).map((index) => chunkAt(grid[axis]!, index)));
    const counts = new Map<number, number>();
    for (const number of new Set(numbers)) {
      let rest = number;
      let chunk = 0;
      let stride = 1;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const length = shape[axis]!;
        chunk += chunkOf[axis]![rest % length]! * stride;
        stride *= chunkCounts[axis]!;
        rest = Math.floor(rest / length);
      }
      counts.set(chunk, (counts.get(chunk) ?? 0) + 1);
    }
    return new Map([...counts].map(([chunk, count]) => [unravel(chunk, chunkCounts).join(), count]));
  }
}

function isInside(coordinates: readonly number[], grid: readonly PlainAxis[], shape: readonly number[]): boolean {
  return coordinates.every((coordinate, axis) => startOf(grid[axis]!, coordinate) < shape[axis]!);
}

function unravel(number: number, shape: readonly number[]): number[] {
  const coordinates = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    coordinates[axis] = number % shape[axis]!;
    number = Math.floor(number / shape[axis]!);
  }
  return coordinates;
}

function coordinatesOf(chunk: string): number[] {
  return chunk === "" ? [] : chunk.split(",").map(Number);
}
