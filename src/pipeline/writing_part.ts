/** What only writing needs. */

export { coversChunks, writeChunks } from "./direct_write.js";
export { encodeChunkPlan, writePlan } from "./write_plan.js";
