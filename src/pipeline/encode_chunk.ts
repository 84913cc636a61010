/** Building and encoding of one chunk: the writing half of transform jobs. */

import { byteStrides, type ChunkSpec, type Data, elementCount, isSpan, lengthOf } from "../codecs/codec.js";
import { withContext } from "../errors.js";
import type { Elements } from "../metadata/data_type.js";
import { bulkKernels } from "../wasm/bulk_kernels.js";
import { type Memory, useMemory } from "../wasm/memory.js";
import { fillElements, gatherBox, isOneRun, scatterBox, stridedBox } from "./box.js";
import { contextOf } from "./place.js";
import type { EncodeJob } from "./plan.js";
import {
  bytesOf,
  checkChunkLength,
  decodeSteps,
  decodeStepsAsync,
  encodeSteps,
  encodeStepsAsync,
  entriesOf,
  heapBytes,
  partOf,
  toHeap,
  toOwnedHeap,
} from "./steps.js";

/** Runs a job whose steps are all synchronous. */
export function encodeChunk(job: EncodeJob): void {
  useMemory((memory) => {
    const base = job.base === undefined ? undefined : decodeSteps(memory, job.steps, job.base);
    const decoded = buildChunk(memory, job, base);
    job.result = decoded && own(memory, job, encodeSteps(memory, job.steps, decoded), decoded);
  });
}

/** Runs any job. Its errors name the chunk. */
export async function encodeChunkAsync(job: EncodeJob): Promise<void> {
  try {
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
    return memory.kernelsOf(bulkKernels).isFilled(pointer, byteLength, value.pointer, fillValue.byteLength) === 1;
  });
}

/** Encoded bytes that nobody else holds: a store keeps them. */
function own(memory: Memory, job: EncodeJob, encoded: Data, decoded: Data): Elements {
  const { slab } = job;
  if (isSpan(encoded)) return slab === undefined ? memory.read(encoded) : slab.copy(memory.view(encoded));
  // Without steps the bytes still are the caller's, or the store's.
  if (encoded !== decoded && job.steps.length > 0) return encoded;
  if (Array.isArray(encoded)) return encoded.slice();
  return slab === undefined ? new Uint8Array(encoded) : slab.copy(encoded);
}
