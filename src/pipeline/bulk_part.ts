/** What does with many inner chunks at once what the read plan can do with each by itself. */

export { decodeShard } from "./decode_shard.js";
export { decodeSlots, slotJobs } from "./decode_slots.js";
export { decodeWhole, readPacked, slotsJob } from "./read_whole_shards.js";
