/**
 * Codecs that users add: over `Uint8Array` and chunks, as zarrita's. Those with both synchronous methods run synchronously; the others fall to
 * the batched driver, wherever in a chain they stand.
 */

import { ArgumentError, DataError } from "../errors.js";
import type { FixedDataType, TypedArray } from "../metadata/data_type.js";
import { type JsonObject, type PlainJson, toPlain } from "../metadata/json.js";
import { unsupported, type Where } from "../metadata/validate.js";
import {
  type ArrayToArrayCodec,
  type ArrayToBytesCodec,
  type BoundStep,
  type ByteSize,
  type BytesToBytesCodec,
  byteStrides,
  type ChunkSpec,
  type Codec,
  elementCount,
  type LazyCodecs,
} from "./codec.js";
import { builtInCodecs, lazyCodecs } from "./index.js";

/** A chunk as a user's codec sees it: zarrita's form; `stride` counts elements. */
export interface CodecChunk {
  readonly data: TypedArray;
  readonly shape: number[];
  readonly stride: number[];
}

/** What a codec is told about the array. For bytes-to-bytes codecs the shape and data type are those of the chunk that was encoded before. */
export interface CodecMeta {
  readonly dataType?: string;
  readonly shape?: readonly number[];
}

/** One direction each; both synchronous methods make the codec synchronous. */
export interface UserCodec<Decoded, Encoded> {
  encode?(decoded: Decoded): Promise<Encoded> | Encoded;
  decode?(encoded: Encoded): Promise<Decoded> | Decoded;
  encodeSync?(decoded: Decoded): Encoded;
  decodeSync?(encoded: Encoded): Decoded;
  /** Encoded bytes of `decodedBytes` decoded bytes, if that is fixed. Lets the codec stand in an index chain. */
  computeEncodedSize?(decodedBytes: number): number;
}

/** An entry for {@link registerCodec}. `kind` says which side is a chunk and which is bytes; array-to-array codecs keep shape and data type. */
export type CodecEntry =
  | {
      readonly name: string;
      readonly kind: "array_to_array";
      fromConfig(configuration: PlainJson, meta: CodecMeta): UserCodec<CodecChunk, CodecChunk>;
    }
  | {
      readonly name: string;
      readonly kind: "array_to_bytes";
      fromConfig(configuration: PlainJson, meta: CodecMeta): UserCodec<CodecChunk, Uint8Array>;
    }
  | {
      readonly name: string;
      readonly kind: "bytes_to_bytes";
      fromConfig(configuration: PlainJson, meta: CodecMeta): UserCodec<Uint8Array, Uint8Array>;
    };

const registered = new Map<string, Codec>();

/**
 * Adds a codec under its name, or puts it in the place of the one that has the name. Arrays look codecs up once, when they are opened.
 *
 * @returns Its removal, which brings back what it replaced.
 * @throws ArgumentError `INVALID_ARGUMENT` if the name is taken, by a built-in codec too, and `replace` is not set.
 */
export function registerCodec(entry: CodecEntry, { replace = false }: { readonly replace?: boolean } = {}): () => void {
  const { name } = entry;
  if (typeof name !== "string" || name === "") throw new TypeError("A codec needs a name");
  const previous = registered.get(name);
  if (!replace && (previous !== undefined || findLazy(name) !== undefined || findBuiltIn(name) !== undefined)) {
    throw new ArgumentError(
      "INVALID_ARGUMENT",
      `A codec named "${name}" exists: pass { replace: true } to take its place`,
    );
  }
  const codec = codecOf(entry);
  registered.set(name, codec);
  return () => {
    if (registered.get(name) !== codec) return;
    if (previous === undefined) registered.delete(name);
    else registered.set(name, previous);
  };
}

/** Throws a `NotLoadedError` for one that has to be loaded first. */
export function findBuiltIn(name: string): Codec | undefined {
  const isIt = (codec: Codec): boolean => codec.name === name || codec.aliases?.includes(name) === true;
  return builtInCodecs.find(isIt) ?? findLazy(name)?.codecs.get(`The codec ${name} is`).find(isIt);
}

function findLazy(name: string): LazyCodecs | undefined {
  return lazyCodecs.find(({ names, aliases }) => names.includes(name) || aliases?.includes(name));
}

/** The codec called `name`: a user's before a built-in one. One that is registered as `bz2` is found as `numcodecs.bz2` too. */
export function findCodec(name: string): Codec | undefined {
  return registered.get(name) ?? registered.get(name.replace(/^numcodecs\./, "")) ?? findBuiltIn(name);
}

/** Every name that {@link findCodec} knows. */
export function codecNames(): string[] {
  return [
    ...new Set([
      ...builtInCodecs.map(({ name }) => name),
      ...lazyCodecs.flatMap(({ names }) => names),
      ...registered.keys(),
    ]),
  ];
}

function codecOf(entry: CodecEntry): Codec {
  switch (entry.kind) {
    case "array_to_array":
      return arrayToArray(entry.name, entry);
    case "array_to_bytes":
      return arrayToBytes(entry.name, entry);
    case "bytes_to_bytes":
      return bytesToBytes(entry.name, entry);
    default:
      throw new TypeError('A codec\'s kind is "array_to_array", "array_to_bytes" or "bytes_to_bytes"');
  }
}

type Entry<Kind extends CodecEntry["kind"]> = Extract<CodecEntry, { kind: Kind }>;

function configurationOf(configuration: JsonObject): PlainJson {
  return toPlain(configuration);
}

function arrayToArray(name: string, entry: Entry<"array_to_array">): ArrayToArrayCodec {
  return {
    kind: "array_to_array",
    name,
    configure: (configuration, where) => ({
      bind(spec) {
        const user = entry.fromConfig(configurationOf(configuration), metaOf(spec));
        const size = sizeOf(spec);
        const convert = chunkConversion(spec, name, where);
        return { codec: step(name, user, size, size, convert, convert), encoded: spec };
      },
    }),
  };
}

function arrayToBytes(name: string, entry: Entry<"array_to_bytes">): ArrayToBytesCodec {
  return {
    kind: "array_to_bytes",
    name,
    configure: (configuration, where) => ({
      bind(spec) {
        const user = entry.fromConfig(configurationOf(configuration), metaOf(spec));
        const size = sizeOf(spec);
        const chunks = chunkConversion(spec, name, where);
        return step(name, user, size, encodedSizeOf(user, size), chunks, plainBytes(name));
      },
    }),
  };
}

function bytesToBytes(name: string, entry: Entry<"bytes_to_bytes">): BytesToBytesCodec {
  return {
    kind: "bytes_to_bytes",
    name,
    configure: (configuration) => ({
      bind(decodedSize) {
        const user = entry.fromConfig(configurationOf(configuration), {});
        return step(name, user, decodedSize, encodedSizeOf(user, decodedSize), plainBytes(name), plainBytes(name));
      },
    }),
  };
}

function metaOf({ dataType, shape }: ChunkSpec): CodecMeta {
  return { dataType: dataType.name, shape };
}

function sizeOf({ shape, dataType }: ChunkSpec): ByteSize {
  return { kind: "fixed", bytes: elementCount(shape) * dataType.itemSize };
}

function encodedSizeOf(
  { computeEncodedSize }: Pick<UserCodec<never, never>, "computeEncodedSize">,
  decodedSize: ByteSize,
): ByteSize {
  if (computeEncodedSize === undefined || decodedSize.kind === "unbounded") return { kind: "unbounded" };
  return { kind: decodedSize.kind, bytes: computeEncodedSize(decodedSize.bytes) };
}

/** Between the pipeline's bytes and what the user's codec takes and gives. What users get is theirs to keep. */
interface Conversion<T> {
  toUser(bytes: Uint8Array): T;
  fromUser(value: T): Uint8Array;
}

function plainBytes(name: string): Conversion<Uint8Array> {
  return {
    toUser: (bytes) => bytes.slice(),
    fromUser(value) {
      if (value instanceof Uint8Array) return value;
      throw new TypeError(`Codec "${name}" must give a Uint8Array`);
    },
  };
}

/** Throws `UNSUPPORTED` for elements that no typed array holds. */
function chunkConversion({ shape, dataType }: ChunkSpec, name: string, where: Where): Conversion<CodecChunk> {
  if (dataType.variable || dataType.isBoxed || dataType.fields !== undefined)
    throw unsupported(`data type ${dataType.name} for codec "${name}"`, where, "one with a typed array");
  return {
    toUser(bytes) {
      const { buffer } = bytes.slice();
      return { data: dataType.view(buffer, 0, elementCount(shape)), shape: [...shape], stride: byteStrides(shape, 1) };
    },
    fromUser: (chunk) => fromChunk(chunk, shape, dataType, name),
  };
}

function fromChunk(chunk: CodecChunk, shape: readonly number[], dataType: FixedDataType, name: string): Uint8Array {
  const { data, stride } = chunk;
  checkChunk(chunk, shape, dataType, name);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (byteStrides(shape, 1).every((expected, axis) => shape[axis] === 1 || stride[axis] === expected)) {
    return bytes.subarray(0, elementCount(shape) * dataType.itemSize);
  }
  return gather(bytes, shape, stride, dataType.itemSize);
}

function checkChunk(
  { data, shape, stride }: CodecChunk,
  expected: readonly number[],
  dataType: FixedDataType,
  name: string,
): void {
  if (!dataType.accepts(data)) throw new TypeError(`Codec "${name}" must give a chunk of ${dataType.name}`);
  const fits = shape.length === expected.length && shape.every((length, axis) => length === expected[axis]);
  const last = expected.reduce((offset, length, axis) => offset + (length - 1) * (stride[axis] ?? 0), 0);
  if (fits && last < Math.max(1, data.length / dataType.unitsPerItem)) return;
  throw new DataError("CORRUPT_DATA", `Codec "${name}" gave a chunk of another shape`, {
    expected: `[${expected.join(", ")}]`,
    found: `[${shape.join(", ")}]`,
  });
}

/** A strided chunk in C order, element by element: only a user's codec makes one. */
function gather(bytes: Uint8Array, shape: readonly number[], stride: readonly number[], itemSize: number): Uint8Array {
  const count = elementCount(shape);
  const packed = new Uint8Array(count * itemSize);
  const position = shape.map(() => 0);
  for (let i = 0; i < count; i++) {
    const from = position.reduce((offset, index, axis) => offset + index * stride[axis]!, 0) * itemSize;
    packed.set(bytes.subarray(from, from + itemSize), i * itemSize);
    for (let axis = shape.length - 1; axis >= 0 && ++position[axis]! === shape[axis]; axis--) position[axis] = 0;
  }
  return packed;
}

function step<Decoded, Encoded>(
  name: string,
  user: UserCodec<Decoded, Encoded>,
  decodedSize: ByteSize,
  encodedSize: ByteSize,
  decoded: Conversion<Decoded>,
  encoded: Conversion<Encoded>,
): BoundStep {
  const { encodeSync, decodeSync } = user;
  const base = { name, decodedSize, encodedSize };
  if (encodeSync !== undefined && decodeSync !== undefined) {
    return {
      ...base,
      place: "heap",
      encode: (bytes) => encoded.fromUser(encodeSync.call(user, decoded.toUser(bytes))),
      decode: (bytes) => decoded.fromUser(guard(name, () => decodeSync.call(user, encoded.toUser(bytes)))),
    };
  }
  const encode = user.encode ?? encodeSync;
  const decode = user.decode ?? decodeSync;
  return {
    ...base,
    place: "async",
    encode: async (bytes) => encoded.fromUser(await present(name, "encode", encode).call(user, decoded.toUser(bytes))),
    async decode(bytes) {
      const run = present(name, "decode", decode);
      try {
        return decoded.fromUser(await run.call(user, encoded.toUser(bytes)));
      } catch (error) {
        throw decodeError(name, error);
      }
    },
  };
}

function present<T>(name: string, direction: string, method: T | undefined): T {
  if (method === undefined) throw new TypeError(`Codec "${name}" has no ${direction}`);
  return method;
}

function guard<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw decodeError(name, error);
  }
}

/** What a user's codec threw while decoding is an error about the data, unless it says otherwise itself. */
function decodeError(name: string, error: unknown): unknown {
  if (error instanceof TypeError || error instanceof DataError) return error;
  return new DataError(
    "CORRUPT_DATA",
    `Codec "${name}" failed to decode: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}
