/**
 * The JavaScript array of struct elements: the packed bytes, little-endian, with views of each field.
 *
 * ```ts
 * const { data } = array.getSync(); // StructArray
 * data.get(0); // { x: 1.5, name: "a" }
 * data.field("x").toArray(); // Float32Array
 * ```
 */

import { ArgumentError } from "../errors.js";
import type { Scalar, StructDataType, StructField, StructRecord, TypedArray } from "./data_type.js";

/** Elements of a struct data type. Writing to it changes its bytes, and no others. */
export class StructArray {
  readonly dataType: StructDataType;
  /** The elements one after another, their numbers little-endian. */
  readonly bytes: Uint8Array;
  /** In elements. */
  readonly length: number;

  /** `bytes` are those of whole elements; the array is a view of them. */
  constructor(dataType: StructDataType, bytes: Uint8Array) {
    this.dataType = dataType;
    this.bytes = bytes;
    this.length = bytes.byteLength / dataType.itemSize;
    if (!Number.isInteger(this.length)) {
      throw new ArgumentError("INVALID_ARGUMENT", "Wrong number of bytes for a StructArray", {
        expected: `a multiple of ${dataType.itemSize}`,
        found: bytes.byteLength,
      });
    }
  }

  get fieldNames(): string[] {
    return this.dataType.fields.map(({ name }) => name);
  }

  /** A view of one field of every element. */
  field(name: string): StructFieldView {
    const field = this.dataType.fields.find((each) => each.name === name);
    if (field === undefined) {
      throw new ArgumentError("INVALID_ARGUMENT", `No field ${JSON.stringify(name)}`, {
        expected: `one of ${this.fieldNames.join(", ")}`,
      });
    }
    return new StructFieldView(this, field);
  }

  /** A copy of element `i`: the scalar of each field. */
  get(i: number): StructRecord {
    const start = startOf(this, i);
    return Object.fromEntries(this.dataType.fields.map((field) => [field.name, decodeField(this, field, start)]));
  }

  /** Sets element `i`. `record` must have every field and no other. Nothing changes if it is refused. */
  set(i: number, record: StructRecord): void {
    const element = this.dataType.encodeScalar(record);
    this.bytes.set(element, startOf(this, i));
  }

  *[Symbol.iterator](): Generator<StructRecord, void, void> {
    for (let i = 0; i < this.length; i++) yield this.get(i);
  }
}

/** One field of every element of a {@link StructArray}, in place. */
export class StructFieldView {
  readonly #array: StructArray;
  readonly #field: StructField;

  /** @internal */
  constructor(array: StructArray, field: StructField) {
    this.#array = array;
    this.#field = field;
  }

  get length(): number {
    return this.#array.length;
  }

  get(i: number): Scalar {
    return decodeField(this.#array, this.#field, startOf(this.#array, i));
  }

  set(i: number, value: Scalar): void {
    const { dataType, offset } = this.#field;
    this.#array.bytes.set(dataType.encodeScalar(value), startOf(this.#array, i) + offset);
  }

  /** A copy as the array of the field's data type: a typed array, a `StructArray`, or an array of strings. */
  toArray(): TypedArray | StructArray | unknown[] {
    const { dataType, offset } = this.#field;
    if (dataType.isBoxed) return Array.from({ length: this.length }, (_, i) => this.get(i));
    const { bytes, dataType: whole } = this.#array;
    const { itemSize } = dataType;
    const packed = new Uint8Array(this.length * itemSize);
    for (let i = 0, from = offset; i < packed.length; i += itemSize, from += whole.itemSize) {
      for (let k = 0; k < itemSize; k++) packed[i + k] = bytes[from + k]!;
    }
    return dataType.view(packed.buffer, 0, this.length);
  }
}

/** The field of the element at byte `start`. */
function decodeField({ bytes }: StructArray, { dataType, offset }: StructField, start: number): Scalar {
  return dataType.decodeScalar(bytes.subarray(start + offset, start + offset + dataType.itemSize));
}

/** Byte offset of element `i`. */
function startOf({ length, dataType }: StructArray, i: number): number {
  if (Number.isInteger(i) && i >= 0 && i < length) return i * dataType.itemSize;
  throw new ArgumentError("INVALID_ARGUMENT", "No such element", { expected: `0 to ${length - 1}`, found: `${i}` });
}
