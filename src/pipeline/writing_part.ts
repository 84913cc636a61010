/** What only writing needs. */

export { coversChunks, writeChunks } from "./direct_write.js";
export { encodeChunk, encodeChunkAsync } from "./encode_chunk.js";
export { encodeShard, patchSlots } from "./encode_shard.js";
export { type CompactionResult, compactPlan, encodeChunkPlan, writePlan } from "./write_plan.js";
