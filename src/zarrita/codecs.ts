/** Our bytes-to-bytes codecs for zarrita's registry: synchronous, checksums verified, output bounded by the metadata. */

import type * as zarr from "zarrita";
import { type ByteSize, type BytesToBytesCodec, elementCount } from "../codecs/codec.js";
import { findBuiltIn } from "../codecs/registry.js";
import { dataTypeByName } from "../metadata/data_type.js";
import { fromPlain } from "../metadata/json.js";
import { expectObject } from "../metadata/validate.js";
import { whenLoaded } from "../part.js";
import { decodeSteps, encodeSteps, heapBytes, toOwnedHeap } from "../pipeline/steps.js";
import { loadMemory, useMemory } from "../wasm/memory.js";

type Registry = typeof zarr.registry;
type TheirEntry = Awaited<ReturnType<NonNullable<ReturnType<Registry["get"]>>>>;
type TheirCodec = ReturnType<TheirEntry["fromConfig"]>;
type TheirMeta = Parameters<TheirEntry["fromConfig"]>[1];

/** What one codec may add to a chunk, at most, beyond a part of its length: headers and trailers. */
const overheadBytes = 4096;

/** Bytes of one element, where zarrita's data type has a fixed number of them. */
function itemSizeOf(dataType: zarr.DataType): number | undefined {
  if (dataType === "string" || dataType === "v2:object") return undefined;
  const [, kind, length] = /^v2:([US])(\d+)$/.exec(dataType) ?? [];
  if (length !== undefined) return Number(length) * (kind === "U" ? 4 : 1);
  return dataTypeByName(dataType).itemSize;
}

/** What a codec may decode to: the chunk, and what the codecs between them may have added to it. */
function decodedSizeOf({ shape, codecs }: TheirMeta, itemSize: number | undefined): ByteSize {
  if (itemSize === undefined) return { kind: "unbounded" };
  const bytes = elementCount(shape) * itemSize;
  return { kind: "bounded", bytes: bytes + codecs.length * (Math.ceil(bytes / 64) + overheadBytes) };
}

function toTheirs(codec: BytesToBytesCodec, configuration: unknown, meta: TheirMeta): TheirCodec {
  const where = { field: codec.name };
  const configured = codec.configure(expectObject(fromPlain(configuration ?? {}), where), where);
  const itemSize = itemSizeOf(meta.dataType);
  const bound = configured.bind(decodedSizeOf(meta, itemSize), itemSize ?? 1);
  const steps = bound.place === "identity" ? [] : [bound];
  const encode = (bytes: Uint8Array): Uint8Array =>
    useMemory((memory) => heapBytes(toOwnedHeap(memory, encodeSteps(memory, steps, bytes))));
  const load = configured.load ?? codec.load;
  const common: TheirCodec = {
    kind: "bytes_to_bytes",
    encode: load === undefined ? encode : (bytes: Uint8Array) => load().then(() => encode(bytes)),
    decode: (bytes: Uint8Array) =>
      useMemory((memory) => heapBytes(toOwnedHeap(memory, decodeSteps(memory, steps, bytes)))),
  };
  const added = configured.bind({ kind: "fixed", bytes: 0 }, itemSize ?? 1).encodedSize;
  // Only codecs of fixed size may stand in the chain of a shard's index.
  return added.kind === "fixed" ? { ...common, computeEncodedSize: (bytes: number) => bytes + added.bytes } : common;
}

/** Every name of a built-in codec for bytes. A list, because a bundle for browsers knows the names alone before it loads a codec. */
export const bytesCodecNames: readonly string[] = [
  "gzip",
  "numcodecs.gzip",
  "zlib",
  "numcodecs.zlib",
  "zstd",
  "numcodecs.zstd",
  "blosc",
  "numcodecs.blosc",
  "lz4",
  "numcodecs.lz4",
  "shuffle",
  "numcodecs.shuffle",
  "crc32c",
  "numcodecs.crc32c",
  "numcodecs.crc32",
  "adler32",
  "numcodecs.adler32",
  "fletcher32",
  "numcodecs.fletcher32",
  "https://codec.zarrs.dev/bytes_to_bytes/fletcher32",
  "numcodecs.jenkins_lookup3",
];

/**
 * Puts our codecs for bytes in the place of zarrita's, and adds those that it lacks: `registerCodecs(zarr.registry)`. Arrays take codecs
 * from the registry when their first chunk is read or written.
 *
 * @param names Only these, as they stand in the metadata. Default: all.
 */
export function registerCodecs(registry: Registry, names: readonly string[] = bytesCodecNames): void {
  for (const name of names) {
    if (!bytesCodecNames.includes(name)) continue;
    registry.set(name, async () => {
      await loadMemory();
      const codec = await whenLoaded(() => findBuiltIn(name));
      if (codec?.kind !== "bytes_to_bytes") throw new TypeError(`${name} is not a codec for bytes`);
      return { kind: codec.kind, fromConfig: (configuration, meta) => toTheirs(codec, configuration, meta) };
    });
  }
}
