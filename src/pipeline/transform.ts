/**
 * Runs transform jobs: the whole life of one chunk between stored bytes and the caller's array.
 *
 * Bytes move between the JavaScript heap and linear memory only where two neighbouring steps differ in place; a job is one scope of linear
 * memory. Steps that can only run asynchronously are awaited outside of any scope.
 */

import { type Data, isSpan, lengthOf } from "../codecs/codec.js";
import { withContext } from "../errors.js";
import type { Elements } from "../metadata/data_type.js";
import { currentMemory, type Memory, useMemory } from "../wasm/memory.js";
import { scatterBox } from "./box.js";
import { bulk } from "./bulk.js";
import { contextOf } from "./place.js";
import type { ChunkJob, DecodeJob, Job } from "./plan.js";
import { checkChunkLength, decodeSteps, decodeStepsAsync, partOf } from "./steps.js";
import { writing } from "./writing.js";

/** Runs a job whose steps are all synchronous. */
export function runJob(job: Job): void {
  try {
    if (!("steps" in job)) {
      runShardJob(job);
      return;
    }
    if (job.kind === "encode") writing.get().encodeChunk(job);
    else decodeChunk(job);
  } catch (error) {
    throw withContext(error, contextOf(job));
  }
}

function runShardJob(job: Exclude<Job, ChunkJob>): void {
  switch (job.kind) {
    case "decode-slots":
      bulk.get().decodeSlots(job);
      return;
    case "decode-shard":
      bulk.get().decodeShard(job);
      return;
    case "encode-shard":
      writing.get().encodeShard(job);
      return;
    case "patch-slots":
      writing.get().patchSlots(job);
      return;
  }
}

function inputOf({ input, inputOffset, inputLength }: DecodeJob): Data {
  if (inputLength === lengthOf(input)) return input;
  if (isSpan(input)) return { pointer: input.pointer + inputOffset, byteLength: inputLength };
  return partOf(input, inputOffset, inputLength);
}

function decodeChunk(job: DecodeJob): void {
  if (job.steps.length === 0 && !isSpan(job.input)) {
    finishDecode(undefined, job, job.input, job.inputOffset, job.inputLength);
    return;
  }
  useMemory((memory) => {
    const decoded = decodeSteps(memory, job.steps, inputOf(job));
    if (isSpan(decoded)) finishDecode(memory, job, memory.bytes, decoded.pointer, decoded.byteLength);
    else finishDecode(memory, job, decoded, 0, decoded.length);
  });
}

/** Runs any job; between asynchronous steps the bytes lie in the JavaScript heap. */
export async function runJobAsync(job: Job): Promise<void> {
  if (job.kind === "decode-slots" && !job.shard.inner.isSync) {
    for (const each of bulk.get().slotJobs(job)) await runJobAsync(each);
    return;
  }
  if (!("steps" in job) || job.steps.every(({ place }) => place !== "async")) {
    runJob(job);
    return;
  }
  if (job.kind === "encode") {
    await writing.get().encodeChunkAsync(job);
    return;
  }
  try {
    const input = inputOf(job);
    const decoded = await decodeStepsAsync(job.steps, isSpan(input) ? currentMemory().read(input) : input);
    finishDecode(undefined, job, decoded, 0, decoded.length);
  } catch (error) {
    throw withContext(error, contextOf(job));
  }
}

/** Checks the decoded chunk, `length` bytes of `elements` from `offset`, and puts it where the job wants it. */
function finishDecode(
  memory: Memory | undefined,
  job: DecodeJob,
  elements: Elements,
  offset: number,
  length: number,
): void {
  const { decodedLength, scatter, steps } = job;
  if (decodedLength !== undefined) checkChunkLength(steps, length, decodedLength);
  if (scatter !== undefined) {
    scatterBox(scatter.box, scatter.target, scatter.targetOffset, elements, offset + scatter.chunkOffset);
    return;
  }
  if (Array.isArray(elements)) {
    job.result = elements.slice(offset, offset + length);
    return;
  }
  // Bytes of linear memory, of the store, or of a larger buffer are copied: the result is kept.
  const isOwn = memory !== undefined && elements.byteLength === length && elements.buffer !== memory.bytes.buffer;
  job.result = isOwn ? elements : new Uint8Array(elements.subarray(offset, offset + length));
}
