/**
 * Runs transform jobs: the whole life of one chunk between stored bytes and the caller's array.
 *
 * Bytes move between the JavaScript heap and linear memory only where two neighbouring steps differ in place; a job is one scope of linear
 * memory. Steps that can only run asynchronously are awaited outside of any scope.
 */

import { type BoundStep, type ByteSize, type Bytes, byteStrides, elementCount, isSpan } from "../codecs/codec.js";
import { chunkCoordinates } from "../codecs/sharding_indexed.js";
import { DataError, RuntimeError, withContext } from "../errors.js";
import { currentMemory, type Memory, useMemory } from "../wasm/memory.js";
import { fillBytes, gatherBox, isOneRun, scatterBox, stridedBox } from "./box.js";
import type { ChunkJob, DecodeJob, EncodeJob, Job, Place } from "./plan.js";
import { decodeShard, encodeShard, patchSlots } from "./whole_shard.js";

/** Runs a job whose steps are all synchronous. */
export function runJob(job: Job): void {
  try {
    if (!("steps" in job)) {
      runShardJob(job);
      return;
    }
    if (job.kind === "encode") useMemory((memory) => encodeChunk(memory, job));
    else if (job.steps.length === 0 && !isSpan(job.input)) {
      finishDecode(undefined, job, job.input, job.inputOffset, job.inputLength);
    } else useMemory((memory) => decodeChunk(memory, job));
  } catch (error) {
    throw withContext(error, contextOf(job));
  }
}

function runShardJob(job: Exclude<Job, ChunkJob>): void {
  switch (job.kind) {
    case "decode-shard":
      decodeShard(job);
      return;
    case "encode-shard":
      encodeShard(job);
      return;
    case "patch-slots":
      patchSlots(job);
      return;
  }
}

/** Where a chunk is, for an error that concerns it. */
export function contextOf({ key, grid, number }: Place): { key?: string; chunk?: readonly number[] } {
  // A chunk that is in no store has no key.
  const stored = key === "" ? {} : { key };
  return grid === undefined ? stored : { ...stored, chunk: chunkCoordinates(grid, number) };
}

/** Runs `body`; an error that escapes it names `place`. */
export function withPlace<T>(body: () => T, place: Place): T {
  try {
    return body();
  } catch (error) {
    throw withContext(error, contextOf(place));
  }
}

function inputOf({ input, inputOffset, inputLength }: DecodeJob): Bytes {
  if (inputLength === input.byteLength) return input;
  if (isSpan(input)) return { pointer: input.pointer + inputOffset, byteLength: inputLength };
  return input.subarray(inputOffset, inputOffset + inputLength);
}

function decodeChunk(memory: Memory, job: DecodeJob): void {
  const decoded = decodeSteps(memory, job.steps, inputOf(job));
  if (isSpan(decoded)) finishDecode(memory, job, memory.bytes, decoded.pointer, decoded.byteLength);
  else finishDecode(memory, job, decoded, 0, decoded.byteLength);
}

function encodeChunk(memory: Memory, job: EncodeJob): void {
  const base = job.base === undefined ? undefined : decodeSteps(memory, job.steps, job.base);
  const decoded = buildChunk(memory, job, base);
  job.result = decoded && own(memory, job, encodeSteps(memory, job.steps, decoded), decoded);
}

/** Runs any job; between asynchronous steps the bytes lie in the JavaScript heap. */
export async function runJobAsync(job: Job): Promise<void> {
  if (!("steps" in job) || job.steps.every(({ place }) => place !== "async")) {
    runJob(job);
    return;
  }
  try {
    if (job.kind === "decode") {
      const input = inputOf(job);
      const decoded = await decodeStepsAsync(job.steps, isSpan(input) ? currentMemory().read(input) : input);
      finishDecode(undefined, job, decoded, 0, decoded.byteLength);
      return;
    }
    const base = job.base === undefined ? undefined : await decodeStepsAsync(job.steps, job.base);
    const decoded = useMemory((memory) => {
      const chunk = buildChunk(memory, job, base);
      return chunk && toOwnedHeap(memory, chunk);
    });
    job.result = decoded && (await encodeStepsAsync(job.steps, decoded));
  } catch (error) {
    throw withContext(error, contextOf(job));
  }
}

function toHeap(memory: Memory, bytes: Bytes): Uint8Array {
  return isSpan(bytes) ? memory.view(bytes) : bytes;
}

function toOwnedHeap(memory: Memory, bytes: Bytes): Uint8Array {
  return isSpan(bytes) ? memory.read(bytes) : bytes;
}

function checkDecoded(size: ByteSize, found: number): void {
  if (size.kind === "unbounded" || (size.kind === "fixed" ? found === size.bytes : found <= size.bytes)) return;
  throw new DataError("CORRUPT_DATA", "Chunk does not decode to the bytes that the metadata promises", {
    expected: `${size.kind === "fixed" ? "" : "at most "}${size.bytes} bytes`,
    found: `${found} bytes`,
  });
}

/** What a step must be given: kernels and libraries may rely on the length of a fixed-size input. */
function checkEncoded(step: BoundStep, found: number): void {
  const { encodedSize } = step;
  if (encodedSize.kind !== "fixed" || found === encodedSize.bytes) return;
  throw new DataError("CORRUPT_DATA", "Encoded chunk has the wrong length", {
    expected: `${encodedSize.bytes} bytes`,
    found: `${found} bytes`,
  });
}

/** One synchronous step, in either direction. */
function runStep(memory: Memory, step: BoundStep, direction: "encode" | "decode", input: Bytes): Bytes {
  switch (step.place) {
    case "wasm":
      return step[direction](memory, isSpan(input) ? input : memory.write(input));
    case "heap":
      return step[direction](toHeap(memory, input));
    case "async":
      throw new RuntimeError(
        "NOT_SYNCHRONOUS",
        `Codec "${step.name}" can only run asynchronously: use get and set instead of getSync and setSync`,
      );
  }
}

function decodeStep(memory: Memory, step: BoundStep, input: Bytes): Bytes {
  try {
    checkEncoded(step, input.byteLength);
    const decoded = runStep(memory, step, "decode", input);
    checkDecoded(step.decodedSize, decoded.byteLength);
    return decoded;
  } catch (error) {
    throw withContext(error, { codec: step.name });
  }
}

function decodeSteps(memory: Memory, steps: readonly BoundStep[], input: Bytes): Bytes {
  let bytes = input;
  for (let i = steps.length - 1; i >= 0; i--) bytes = decodeStep(memory, steps[i]!, bytes);
  return bytes;
}

function encodeSteps(memory: Memory, steps: readonly BoundStep[], input: Bytes): Bytes {
  let bytes = input;
  for (const step of steps) {
    try {
      bytes = runStep(memory, step, "encode", bytes);
    } catch (error) {
      throw withContext(error, { codec: step.name });
    }
  }
  return bytes;
}

async function decodeStepsAsync(steps: readonly BoundStep[], input: Uint8Array): Promise<Uint8Array> {
  let bytes = input;
  for (const step of [...steps].reverse()) {
    if (step.place === "async") {
      try {
        checkEncoded(step, bytes.byteLength);
        bytes = await step.decode(bytes);
        checkDecoded(step.decodedSize, bytes.byteLength);
      } catch (error) {
        throw withContext(error, { codec: step.name });
      }
    } else {
      const encoded = bytes;
      bytes = useMemory((memory) => toOwnedHeap(memory, decodeStep(memory, step, encoded)));
    }
  }
  return bytes;
}

async function encodeStepsAsync(steps: readonly BoundStep[], input: Uint8Array): Promise<Uint8Array> {
  let bytes = input;
  for (const step of steps) {
    try {
      if (step.place === "async") bytes = await step.encode(bytes);
      else {
        const decoded = bytes;
        bytes = useMemory((memory) => toOwnedHeap(memory, runStep(memory, step, "encode", decoded)));
      }
    } catch (error) {
      throw withContext(error, { codec: step.name });
    }
  }
  return bytes === input ? bytes.slice() : bytes;
}

/** Checks the decoded chunk, `length` bytes of `bytes` from `offset`, and puts it where the job wants it. */
function finishDecode(
  memory: Memory | undefined,
  job: DecodeJob,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  const { decodedLength, scatter, steps } = job;
  if (decodedLength !== undefined && length !== decodedLength) {
    throw new DataError("CORRUPT_DATA", "Chunk has the wrong length", {
      expected: `${decodedLength} bytes`,
      found: `${length} bytes`,
      codec: steps[0]?.name ?? "bytes",
    });
  }
  if (scatter !== undefined) {
    scatterBox(scatter.box, scatter.target, scatter.targetOffset, bytes, offset + scatter.chunkOffset);
    return;
  }
  // Bytes of linear memory, of the store, or of a larger buffer are copied: the result is kept.
  const isOwn = memory !== undefined && bytes.byteLength === length && bytes.buffer !== memory.bytes.buffer;
  job.result = isOwn ? bytes : new Uint8Array(bytes.subarray(offset, offset + length));
}

/** The decoded chunk that is to be stored, or `undefined` if the empty rule says that it is not. */
function buildChunk(memory: Memory, job: EncodeJob, base: Bytes | undefined): Bytes | undefined {
  const chunk = mergeChunk(memory, job, base);
  return job.emptyExtent !== undefined && isEmpty(memory, job, chunk, job.emptyExtent) ? undefined : chunk;
}

function mergeChunk(memory: Memory, job: EncodeJob, base: Bytes | undefined): Bytes {
  const { source, sourceOffset, box, chunkOffset, byteLength, spec } = job;
  const isWhole = box.distinct * box.itemSize === byteLength;
  if (base !== undefined && base.byteLength !== byteLength) {
    throw new DataError("CORRUPT_DATA", "Chunk has the wrong length", {
      expected: `${byteLength} bytes`,
      found: `${base.byteLength} bytes`,
      codec: job.steps[0]?.name ?? "bytes",
    });
  }
  if (isWhole && isOneRun(box, byteLength)) return source.subarray(sourceOffset, sourceOffset + byteLength);
  // Spans are private to the plan that made them, so a stored chunk that already lies in linear memory is changed where it is.
  const chunk = base === undefined ? memory.allocate(byteLength) : isSpan(base) ? base : memory.write(base);
  if (base === undefined && !isWhole) fillBytes(memory.view(chunk), spec.fillValue);
  gatherBox(box, memory.view(chunk), chunkOffset, source, sourceOffset);
  return chunk;
}

/** Whether every element in the array equals the fill value bitwise: −0.0 is not 0.0, a NaN equals the same NaN. */
function isEmpty(memory: Memory, { spec }: EncodeJob, chunk: Bytes, extent: readonly number[]): boolean {
  const { shape, fillValue } = spec;
  const probe = toHeap(memory, chunk);
  for (let i = 0; i < fillValue.byteLength; i++) if (probe[i] !== fillValue[i]) return false;
  return memory.scope(() => {
    const value = memory.write(fillValue);
    let { pointer, byteLength } = isSpan(chunk) ? chunk : memory.write(chunk);
    if (extent.some((length, axis) => length !== shape[axis])) {
      const strides = byteStrides(shape, fillValue.byteLength);
      const clipped = memory.allocate(elementCount(extent) * fillValue.byteLength);
      const box = stridedBox(extent, byteStrides(extent, fillValue.byteLength), strides, fillValue.byteLength);
      scatterBox(box, memory.view(clipped), 0, memory.bytes.subarray(pointer, pointer + byteLength), 0);
      ({ pointer, byteLength } = clipped);
    }
    return memory.kernels.isFilled(pointer, byteLength, value.pointer, fillValue.byteLength) === 1;
  });
}

/** Encoded bytes that nobody else holds: a store keeps them. */
function own(memory: Memory, job: EncodeJob, encoded: Bytes, decoded: Bytes): Uint8Array {
  if (isSpan(encoded)) return memory.read(encoded);
  // Without steps the bytes still are the caller's, or the store's.
  return encoded === decoded || job.steps.length === 0 ? encoded.slice() : encoded;
}
