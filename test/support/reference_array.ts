/** What an array must do, in the plainest form: all elements in one buffer, and lists of element numbers. */

import type { Selection, Slice } from "../../src/index.js";
import type { Elements } from "../../src/metadata/data_type.js";
import { chunkAt, type PlainAxis } from "./plain_axis.js";

/** One entry of a selection; an array of indices or booleans selects along its axis. */
type Part = number | null | Slice | ArrayLike<number | boolean> | undefined;

/** Indices that one entry of a selection takes from an axis; JavaScript's `slice` and `at` count from the end as Python does. */
function indicesOf(part: Part, length: number): number[] {
  const all = [...Array(length).keys()];
  if (part === null || part === undefined) return all;
  if (typeof part === "number") return [all.at(part)!];
  if (!("length" in part))
    return all.slice(part.start ?? 0, part.stop ?? length).filter((_, i) => i % (part.step ?? 1) === 0);
  return Array.from(part).flatMap((value, i) => (typeof value === "number" ? [all.at(value)!] : value ? [i] : []));
}

/** Shape of what a selection gives. */
export function selectionShape(selection: Selection, shape: readonly number[]): number[] {
  return shape.flatMap((length, axis) => {
    const part = selection?.[axis];
    return typeof part === "number" ? [] : [indicesOf(part, length).length];
  });
}

/** C-order element numbers that a selection takes. */
export function selectedNumbers(selection: Selection, shape: readonly number[]): number[] {
  return shape.reduce<number[]>(
    (numbers, length, axis) => {
      const indices = indicesOf(selection?.[axis], length);
      return numbers.flatMap((number) => indices.map((index) => number * length + index));
    },
    [0],
  );
}

export class ReferenceArray {
  readonly shape: readonly number[];
  readonly fillValue: Uint8Array;
  readonly bytes: Uint8Array;
  /** Elements that were ever written. */
  readonly written: Set<number> = new Set();

  /** `fillValue` is one element, little-endian. */
  constructor(shape: readonly number[], fillValue: Elements) {
    if (!(fillValue instanceof Uint8Array)) throw new TypeError("this reference holds elements of fixed size");
    this.shape = shape;
    this.fillValue = fillValue;
    const count = shape.reduce((product, length) => product * length, 1);
    this.bytes = new Uint8Array(count * fillValue.byteLength);
    for (let i = 0; i < count; i++) this.bytes.set(fillValue, i * fillValue.byteLength);
  }

  get(selection: Selection): Uint8Array {
    const { byteLength: size } = this.fillValue;
    const numbers = selectedNumbers(selection, this.shape);
    const result = new Uint8Array(numbers.length * size);
    numbers.forEach((number, i) => void result.set(this.bytes.subarray(number * size, (number + 1) * size), i * size));
    return result;
  }

  /** `elements` holds the bytes of all elements of the selection in C order, or of one for all. */
  set(selection: Selection, elements: Uint8Array): void {
    const { byteLength: size } = this.fillValue;
    const isScalar = elements.byteLength === size;
    selectedNumbers(selection, this.shape).forEach((number, i) => {
      const from = isScalar ? 0 : i * size;
      this.bytes.set(elements.subarray(from, from + size), number * size);
      this.written.add(number);
    });
  }

  /** Keys that must be stored: chunks with an element that is not fill, or, with `writeEmptyChunks`, with one that was ever written. */
  keys(axes: readonly PlainAxis[], writeEmptyChunks: boolean): string[] {
    const { byteLength: size } = this.fillValue;
    const keys = new Set<string>();
    for (const number of selectedNumbers(null, this.shape)) {
      const isFill = this.fillValue.every((byte, i) => byte === this.bytes[number * size + i]);
      if (writeEmptyChunks ? !this.written.has(number) : isFill) continue;
      let rest = number;
      const coordinates = this.shape.map(() => 0);
      for (let axis = this.shape.length - 1; axis >= 0; axis--) {
        const length = this.shape[axis]!;
        coordinates[axis] = chunkAt(axes[axis]!, rest % length);
        rest = Math.floor(rest / length);
      }
      keys.add(["/c", ...coordinates].join("/"));
    }
    return [...keys].sort();
  }
}

/** Bytes as hexadecimal text, which is quick to compare and prints well. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The bytes under any typed array. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
