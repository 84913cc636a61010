/**
 * Runs transform jobs: the whole life of one chunk between stored bytes and the caller's array.
 *
 * Bytes move between the JavaScript heap and linear memory only where two neighbouring steps differ in place; a job is one scope of linear
 * memory. Steps that can only run asynchronously are awaited outside of any scope.
 */

import {
  type BoundChain,
  type BoundStep,
  type ByteSize,
  type Bytes,
  byteStrides,
  type ChunkSpec,
  type Data,
  elementCount,
  isSpan,
  lengthOf,
} from "../codecs/codec.js";
import { chunkCoordinates } from "../codecs/sharding_indexed.js";
import { DataError, RuntimeError, withContext } from "../errors.js";
import type { Elements } from "../metadata/data_type.js";
import { currentMemory, type Memory, useMemory } from "../wasm/memory.js";
import { type Box, fillElements, gatherBox, isOneRun, scatterBox, stridedBox } from "./box.js";
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
    else decodeChunk(job);
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

function inputOf({ input, inputOffset, inputLength }: DecodeJob): Data {
  if (inputLength === lengthOf(input)) return input;
  if (isSpan(input)) return { pointer: input.pointer + inputOffset, byteLength: inputLength };
  return partOf(input, inputOffset, inputLength);
}

/** A part of `elements`; of bytes without a copy. */
function partOf(elements: Elements, offset: number, length: number): Elements {
  const end = offset + length;
  return Array.isArray(elements) ? elements.slice(offset, end) : elements.subarray(offset, end);
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

/** Decodes the stored chunk `input` and copies the box of it to byte `targetOffset` of `target`; without a job, for a loop over many. */
export function decodeInto(
  { byteSteps: steps, byteLength }: BoundChain,
  input: Data,
  target: Elements,
  targetOffset: number,
  box: Box,
  chunkOffset: number,
): void {
  if (steps.length === 0 && !isSpan(input)) {
    checkChunkLength(steps, input.length, byteLength);
    scatterBox(box, target, targetOffset, input, chunkOffset);
    return;
  }
  useMemory((memory) => {
    const decoded = decodeSteps(memory, steps, input);
    checkChunkLength(steps, lengthOf(decoded), byteLength);
    if (isSpan(decoded)) scatterBox(box, target, targetOffset, memory.bytes, decoded.pointer + chunkOffset);
    else scatterBox(box, target, targetOffset, decoded, chunkOffset);
  });
}

function checkChunkLength(steps: readonly BoundStep[], found: number, expected: number): void {
  if (found === expected) return;
  throw new DataError("CORRUPT_DATA", "Chunk has the wrong length", {
    expected: `${expected} bytes`,
    found: `${found} bytes`,
    codec: steps[0]?.name ?? "bytes",
  });
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
      finishDecode(undefined, job, decoded, 0, decoded.length);
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

function toOwnedHeap(memory: Memory, data: Data): Elements {
  return isSpan(data) ? memory.read(data) : data;
}

/** Binding puts steps on bytes and steps on values where they belong. */
function bytesOf(data: Data): Bytes {
  if (Array.isArray(data)) throw new TypeError("this step takes bytes, not values");
  return data;
}

function entriesOf(data: Data): unknown[] {
  if (!Array.isArray(data)) throw new TypeError("this step takes values, not bytes");
  return data;
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
function runStep(memory: Memory, step: BoundStep, direction: "encode" | "decode", data: Data): Data {
  switch (step.place) {
    case "wasm": {
      const input = bytesOf(data);
      return step[direction](memory, isSpan(input) ? input : memory.write(input));
    }
    case "heap":
      return step[direction](toHeap(memory, bytesOf(data)));
    case "serial":
      return direction === "encode" ? step.encode(entriesOf(data)) : step.decode(toHeap(memory, bytesOf(data)));
    case "elements":
      return step[direction](entriesOf(data));
    case "async":
      throw new RuntimeError(
        "NOT_SYNCHRONOUS",
        `Codec "${step.name}" can only run asynchronously: use get and set instead of getSync and setSync`,
      );
  }
}

function decodeStep(memory: Memory, step: BoundStep, input: Data): Data {
  try {
    checkEncoded(step, lengthOf(input));
    const decoded = runStep(memory, step, "decode", input);
    checkDecoded(step.decodedSize, lengthOf(decoded));
    return decoded;
  } catch (error) {
    throw withContext(error, { codec: step.name });
  }
}

function decodeSteps(memory: Memory, steps: readonly BoundStep[], input: Data): Data {
  let data = input;
  for (let i = steps.length - 1; i >= 0; i--) data = decodeStep(memory, steps[i]!, data);
  return data;
}

function encodeSteps(memory: Memory, steps: readonly BoundStep[], input: Data): Data {
  let data = input;
  for (const step of steps) {
    try {
      data = runStep(memory, step, "encode", data);
    } catch (error) {
      throw withContext(error, { codec: step.name });
    }
  }
  return data;
}

/** What an asynchronous step is given: bytes in the JavaScript heap. */
function heapBytes(data: Elements): Uint8Array {
  if (Array.isArray(data)) throw new TypeError("this step takes bytes, not values");
  return data;
}

async function decodeStepsAsync(steps: readonly BoundStep[], input: Elements): Promise<Elements> {
  let data = input;
  for (const step of [...steps].reverse()) {
    if (step.place === "async") {
      try {
        checkEncoded(step, data.length);
        data = await step.decode(heapBytes(data));
        checkDecoded(step.decodedSize, data.length);
      } catch (error) {
        throw withContext(error, { codec: step.name });
      }
    } else {
      const encoded = data;
      data = useMemory((memory) => toOwnedHeap(memory, decodeStep(memory, step, encoded)));
    }
  }
  return data;
}

async function encodeStepsAsync(steps: readonly BoundStep[], input: Elements): Promise<Elements> {
  let data = input;
  for (const step of steps) {
    try {
      if (step.place === "async") data = await step.encode(heapBytes(data));
      else {
        const decoded = data;
        data = useMemory((memory) => toOwnedHeap(memory, runStep(memory, step, "encode", decoded)));
      }
    } catch (error) {
      throw withContext(error, { codec: step.name });
    }
  }
  return data === input ? data.slice() : data;
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

/** The decoded chunk that is to be stored, or `undefined` if the empty rule says that it is not. */
function buildChunk(memory: Memory, job: EncodeJob, base: Data | undefined): Data | undefined {
  const chunk = mergeChunk(memory, job, base);
  return job.emptyExtent !== undefined && isEmpty(memory, job.spec, chunk, job.emptyExtent) ? undefined : chunk;
}

function mergeChunk(memory: Memory, job: EncodeJob, base: Data | undefined): Data {
  const { source, sourceOffset, box, chunkOffset, byteLength, spec } = job;
  const isWhole = box.distinct * box.itemSize === byteLength;
  if (base !== undefined) checkChunkLength(job.steps, lengthOf(base), byteLength);
  if (isWhole && isOneRun(box, byteLength)) return partOf(source, sourceOffset, byteLength);
  if (spec.dataType.variable) {
    const chunk = base === undefined ? spec.dataType.allocate(byteLength) : entriesOf(base);
    if (base === undefined) fillElements(chunk, spec.fillValue);
    gatherBox(box, chunk, chunkOffset, source, sourceOffset);
    return chunk;
  }
  // Spans are private to the plan that made them, so a stored chunk that already lies in linear memory is changed where it is.
  const stored = base && bytesOf(base);
  const chunk = stored === undefined ? memory.allocate(byteLength) : isSpan(stored) ? stored : memory.write(stored);
  if (base === undefined && !isWhole) fillElements(memory.view(chunk), spec.fillValue);
  gatherBox(box, memory.view(chunk), chunkOffset, source, sourceOffset);
  return chunk;
}

/** Whether every element in the array equals the fill value bitwise: −0.0 is not 0.0, a NaN equals the same NaN. */
function isEmpty(memory: Memory, spec: ChunkSpec, data: Data, extent: readonly number[]): boolean {
  const { shape, dataType } = spec;
  if (dataType.variable) {
    const clipped = new Array<unknown>(elementCount(extent));
    const box = stridedBox(extent, byteStrides(extent, 1), byteStrides(shape, 1), 1);
    scatterBox(box, clipped, 0, entriesOf(data), 0);
    return clipped.every((value) => dataType.equals(value, spec.fillValue[0]));
  }
  const chunk = bytesOf(data);
  const fillValue = heapBytes(spec.fillValue);
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
function own(memory: Memory, job: EncodeJob, encoded: Data, decoded: Data): Elements {
  if (isSpan(encoded)) return memory.read(encoded);
  // Without steps the bytes still are the caller's, or the store's.
  return encoded === decoded || job.steps.length === 0 ? encoded.slice() : encoded;
}
