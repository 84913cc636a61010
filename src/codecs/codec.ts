/**
 * The interfaces every codec implements. A codec is one object in one file, plus its line in `codecs/index.ts`.
 *
 * `configure` checks a configuration once and returns a closure over it; `bind` then fixes every size for one chunk shape. What is left at
 * run time has only bytes to look at. Decoded array bytes are little-endian, C order, full chunk shape.
 *
 * Source: https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#chunk-encoding
 */

import type { DataType, Elements } from "../metadata/data_type.js";
import type { JsonObject } from "../metadata/json.js";
import type { NamedConfiguration, Where } from "../metadata/validate.js";
import type { Part } from "../part.js";
import type { Memory, Span } from "../wasm/memory.js";
import type { KernelStep } from "./dense.js";
import type { BoundShard } from "./sharding_indexed.js";

/** Bytes where they happen to lie: in the JavaScript heap, or in linear memory. */
export type Bytes = Uint8Array | Span;

/** What goes from step to step: bytes, or the elements of a type of variable size. */
export type Data = Bytes | unknown[];

/** The decoded side of a chain: what one chunk is. */
export interface ChunkSpec {
  /** Full chunk shape in elements, also at the array's edge. */
  readonly shape: readonly number[];
  readonly dataType: DataType;
  /** One element. */
  readonly fillValue: Elements;
}

/** What is known about a byte length before any data is seen. `bounded` is an upper bound. */
export type ByteSize =
  | { readonly kind: "fixed"; readonly bytes: number }
  | { readonly kind: "bounded"; readonly bytes: number }
  | { readonly kind: "unbounded" };

interface BoundBase {
  readonly name: string;
  /** Byte length of the decoded side (elements of variable size: their number); the pipeline checks every decoded result against it. */
  readonly decodedSize: ByteSize;
  readonly encodedSize: ByteSize;
}

/**
 * Runs in linear memory: spans in, spans out, allocated in the scope that is open. The input span may be overwritten by neither direction.
 * What a library has encoded lies in the JavaScript heap: then it is handed on there, in a buffer of its own.
 */
export interface WasmCodec extends BoundBase {
  readonly place: "wasm";
  /** What the step does, if kernels that take a whole shard can do it too. */
  readonly kernel?: KernelStep;
  encode(memory: Memory, decoded: Span): Bytes;
  decode(memory: Memory, encoded: Span): Span;
  /** Decodes small chunks of fixed size one after another, if there is a way that costs less than `decode`; `memory` has an open scope. */
  decoder?(memory: Memory): SpanDecoder;
}

/**
 * Decodes `encoded` to exactly `target`, and allocates nothing. Returns `false` for what it does not take: `decode` takes it, or says what
 * is wrong.
 */
export type SpanDecoder = (encoded: Span, target: Span) => boolean;

/** Runs on the JavaScript heap. The input may be a view of linear memory: it must be read before any kernel is called, and never written or kept. */
export interface HeapCodec extends BoundBase {
  readonly place: "heap";
  encode(decoded: Uint8Array): Uint8Array;
  decode(encoded: Uint8Array): Uint8Array;
}

/** Can only run asynchronously: its chain falls to the batched driver. The input is never a view of linear memory. */
export interface AsyncCodec extends BoundBase {
  readonly place: "async";
  encode(decoded: Uint8Array): Promise<Uint8Array>;
  decode(encoded: Uint8Array): Promise<Uint8Array>;
}

/**
 * Most bytes that a chunk of elements of variable size may have as one string of bytes. The metadata says nothing about it, so without a
 * limit a compressed chunk of a few kilobytes could ask for all memory.
 */
export const maximumSerialBytes: number = 2 ** 30;

/** The array-to-bytes codec of types of variable size. Keeps neither side; `encode` throws a `TypeError` for what is no element of the type. */
export interface SerialCodec extends BoundBase {
  readonly place: "serial";
  encode(decoded: readonly unknown[]): Uint8Array;
  decode(encoded: Uint8Array): unknown[];
}

/** Moves elements of variable size: an array-to-array codec of such types. Sizes count elements. Never changes its input. */
export interface ElementsCodec extends BoundBase {
  readonly place: "elements";
  encode(decoded: unknown[]): unknown[];
  decode(encoded: unknown[]): unknown[];
}

/** Bytes stay as they are: binding found nothing to do. The pipeline drops these steps. */
export interface IdentityCodec extends BoundBase {
  readonly place: "identity";
}

export type BoundStep = WasmCodec | HeapCodec | SerialCodec | ElementsCodec | AsyncCodec;
export type BoundCodec = BoundStep | IdentityCodec;

/** Binds a list of codecs for one chunk spec; handed to `sharding_indexed`, whose inner and index chains are chains like any other. */
export type BindCodecs = (codecs: readonly NamedConfiguration[], spec: ChunkSpec, where: Where) => BoundChain;

/** Configuration by field. */
export type Defaults = Readonly<Record<string, number | boolean | string>>;

/** Configuration that is recorded where a new array leaves it out; it may depend on the array's data type. */
export type DefaultsOf = Defaults | ((dataType: Pick<DataType, "itemSize" | "swapSize">) => Defaults);

export interface ArrayToArrayCodec {
  readonly kind: "array_to_array";
  readonly name: string;
  /** Other names of the same codec and configuration, under which it is read. */
  readonly aliases?: readonly string[];
  readonly defaults?: DefaultsOf;
  /** Loads what encoding needs. */
  load?(): Promise<void>;
  /** `where` names the place in the metadata document, for error messages. */
  configure(
    configuration: JsonObject,
    where: Where,
  ): { bind(spec: ChunkSpec): { codec: BoundCodec; encoded: ChunkSpec } };
}

export interface ArrayToBytesCodec {
  readonly kind: "array_to_bytes";
  readonly name: string;
  /** Other names of the same codec and configuration, under which it is read. */
  readonly aliases?: readonly string[];
  readonly defaults?: DefaultsOf;
  load?(): Promise<void>;
  configure(
    configuration: JsonObject,
    where: Where,
  ): { bind(spec: ChunkSpec, bindCodecs: BindCodecs): BoundCodec | BoundShard };
}

export interface BytesToBytesCodec {
  readonly kind: "bytes_to_bytes";
  readonly name: string;
  /** Other names of the same codec and configuration, under which it is read. */
  readonly aliases?: readonly string[];
  readonly defaults?: DefaultsOf;
  load?(): Promise<void>;
  configure(
    configuration: JsonObject,
    where: Where,
  ): {
    /** In the place of the codec's own, where not every configuration needs what that loads. */
    load?(): Promise<void>;
    /** `itemSize` is that of the data type which the array-to-bytes codec encodes, in bytes. */
    bind(decodedSize: ByteSize, itemSize: number): BoundCodec;
  };
}

export type Codec = ArrayToArrayCodec | ArrayToBytesCodec | BytesToBytesCodec;

/** Codecs that are loaded together when one of them is needed. */
export interface LazyCodecs {
  readonly names: readonly string[];
  /** Other names of some of them. */
  readonly aliases?: readonly string[];
  readonly codecs: Part<readonly Codec[]>;
}

/**
 * A chain bound to one chunk spec. Without a shard, `arraySteps` is empty and `byteSteps` holds every step there is. With one, `arraySteps`
 * stand before the shard and `byteSteps` after it, in encoding order.
 */
export interface BoundChain {
  readonly spec: ChunkSpec;
  /** Byte length of the decoded chunk; of elements of variable size, their number. */
  readonly byteLength: number;
  readonly arraySteps: readonly BoundStep[];
  readonly shard: BoundShard | undefined;
  readonly byteSteps: readonly BoundStep[];
  readonly encodedSize: ByteSize;
  /** Whether every step, inner and index chains included, runs synchronously. */
  readonly isSync: boolean;
  /** Loads the kernels, and what the chain's codecs need to encode; resolves at once when nothing is missing. */
  load(): Promise<void>;
}

export function isSpan(data: Data): data is Span {
  return !(data instanceof Uint8Array) && !Array.isArray(data);
}

/** Bytes, or elements of variable size. */
export function lengthOf(data: Data): number {
  return Array.isArray(data) ? data.length : data.byteLength;
}

/** The bytes of a fill value whose data type is known to have a fixed size. */
export function fillBytes(fillValue: Elements): Uint8Array {
  if (Array.isArray(fillValue)) throw new TypeError("elements of variable size have no bytes");
  return fillValue;
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const length of shape) count *= length;
  return count;
}

/** Byte strides of a C-order array of `shape`. */
export function byteStrides(shape: readonly number[], itemSize: number): number[] {
  const strides = new Array<number>(shape.length);
  let stride = itemSize;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** `size` after a codec that can add at most `extra(bytes)` bytes. */
export function boundedBy(size: ByteSize, bound: (bytes: number) => number): ByteSize {
  return size.kind === "unbounded" ? size : { kind: "bounded", bytes: bound(size.bytes) };
}

/** `size` after a codec that always adds `extra` bytes. */
export function plusBytes(size: ByteSize, extra: number): ByteSize {
  return size.kind === "unbounded" ? size : { kind: size.kind, bytes: size.bytes + extra };
}
