/**
 * syncodec: read and write Zarr arrays synchronously, with WebAssembly kernels.
 *
 * @example
 * ```ts
 * import { createArraySync, MemoryStore, slice } from "syncodec";
 *
 * const array = createArraySync(new MemoryStore(), { shape: [100, 100], shardShape: [50, 50], chunkShape: [10, 10], dataType: "float32", compressors: ["crc32c"] });
 * array.setSync([slice(10, 20), null], 1.5);
 * array.getSync([slice(8, 12), 0]); // { data: Float32Array [0, 0, 1.5, 1.5], shape: [4], stride: [1] }
 * ```
 */

export {
  type AsyncOptions,
  type GetOptions,
  type OpenOptions,
  openArray,
  openArraySync,
  type SetOptions,
  ZarrArray,
} from "./array.js";
export type { ChunkGridOption, CodecOption, CreateArrayOptions } from "./array_options.js";
export { byteswap, crc32c } from "./checksums.js";
export type { Chunk, DataOf, DataTypeKind, NamesOf, ScalarOf, Value } from "./chunk.js";
export {
  CodecPipeline,
  type CodecPipelineOptions,
  createCodecPipeline,
  type DecodeOptions,
  type EncodeOptions,
} from "./codec_pipeline.js";
export {
  type CodecChunk,
  type CodecEntry,
  type CodecMeta,
  registerCodec,
  type UserCodec,
} from "./codecs/registry.js";
export type { IndexLocation, SubchunkWriteOrder } from "./codecs/sharding_indexed.js";
export { type Configuration, configure } from "./configure.js";
export { createArray, createArraySync } from "./create_array.js";
export {
  ArgumentError,
  DataError,
  type ErrorCode,
  MetadataError,
  NodeError,
  RuntimeError,
  SyncodecError,
} from "./errors.js";
export type { ChunkAxis, ChunkGrid, ChunkLengths, ChunkRun } from "./grid/chunk_grid.js";
export { type AxisEntry, type IndexArray, type Selection, type Slice, slice } from "./grid/selection.js";
export {
  type CreateGroupOptions,
  createGroup,
  createGroupSync,
  Group,
  open,
  openGroup,
  openGroupSync,
  openSync,
} from "./group.js";
export { init } from "./init.js";
export type { ArrayMetadata } from "./metadata/array_metadata.js";
export type {
  DataTypeName,
  DataTypeOption,
  NumericDataTypeName,
  Scalar,
  StructRecord,
  TypedArray,
} from "./metadata/data_type.js";
export type { GroupMetadata } from "./metadata/group_metadata.js";
export type { PlainJson } from "./metadata/json.js";
export { StructArray, type StructFieldView } from "./metadata/struct_array.js";
export type { TimeUnit } from "./metadata/temporal_types.js";
export type { CoalesceOptions } from "./pipeline/fetches.js";
export type { CompactionResult } from "./pipeline/write_plan.js";
export type { RuntimeOptions } from "./runtime.js";
export { HttpStore, type HttpStoreOptions } from "./stores/http_store.js";
export { type LatencyOptions, LatencyStore } from "./stores/latency.js";
export { MemoryStore } from "./stores/memory.js";
export type {
  AsyncStore,
  ByteRange,
  OpenValue,
  Patch,
  PatchWrite,
  RequestOptions,
  Store,
  SyncStore,
} from "./stores/store.js";
