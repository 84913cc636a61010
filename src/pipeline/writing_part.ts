/** What only writing needs. */

export { coversChunks, writeChunks } from "./direct_write.js";
export { type CompactionResult, compactPlan, encodeChunkPlan, writePlan } from "./write_plan.js";
