/**
 * Jobs as bytes in shared memory. The calling thread writes a group of them with their inputs; a worker makes jobs of that again, runs them by
 * the very same code, and leaves results in the same buffer. A job that fails there leaves nothing but that it failed: the calling thread
 * runs it again, and so throws what it would have thrown alone.
 *
 * ```
 * | number of jobs | record of job 0 | record of job 1 | ... | inputs and results, each aligned to 16 bytes |
 * ```
 *
 * A record is a list of float64, which hold every offset exactly: fourteen fields, then an extent and a box where the job needs them.
 */

import { type BoundStep, byteStrides, type ChunkSpec, elementCount, isSpan } from "../codecs/codec.js";
import { parseDataType } from "../metadata/data_type.js";
import { parseJson } from "../metadata/json.js";
import { expectArray, parseNamed } from "../metadata/validate.js";
import { currentMemory } from "../wasm/memory.js";
import type { Lane, Task } from "../workers/pool.js";
import type { Workplace } from "../workers/serve.js";
import { bindCodecs } from "./bind.js";
import { type Box, gatherBox, scatterBox, stridedBox } from "./box.js";
import { jobBytes } from "./cost.js";
import type { DecodeJob, EncodeJob, Job } from "./plan.js";
import { newId, originOf, type StepsMessage, type StepsOrigin, stepsMessage } from "./steps_origin.js";
import { runJob } from "./transform.js";

/** Fields of a record. Offsets and lengths in bytes, -1 where there is none; `shared` is 0 for memory that only the calling thread has. */
const field = {
  kind: 0,
  status: 1,
  resultLength: 2,
  steps: 3,
  resultOffset: 4,
  resultCapacity: 5,
  inputOffset: 6,
  /** Of the input; of the stored chunk under a partial write. */
  inputLength: 7,
  decodedLength: 8,
  shared: 9,
  /** In shared memory; where that is none, of the packed elements of an encode job. */
  elementsOffset: 10,
  chunkOffset: 11,
  /** Length of the record, in fields. */
  words: 12,
  /** Axes of the extent that follows. */
  extentRank: 13,
  tail: 14,
} as const;

const kind = { decode: 0, encode: 1 } as const;
const status = { failed: 0, done: 1, empty: 2 } as const;

/** A job may need this many bytes of a buffer, of which there are a few per worker. */
export const byteLimit: number = 128 * 2 ** 20;
const wordSize = Float64Array.BYTES_PER_ELEMENT;

/** Steps, and the chunks that they are for. */
interface PortableSteps {
  readonly steps: readonly BoundStep[];
  readonly spec: ChunkSpec;
}

function align(byteLength: number): number {
  return Math.ceil(byteLength / 16) * 16;
}

/** A job that a worker can do, and the bytes that it takes in a buffer. */
export interface PortableJob {
  /** Place of the job in its request. */
  readonly index: number;
  readonly job: DecodeJob | EncodeJob;
  readonly origin: StepsOrigin;
  readonly words: number;
  readonly inputLength: number;
  /** Of the packed elements of an encode job. */
  readonly elementsLength: number;
  readonly resultCapacity: number;
}

function isShared(elements: Uint8Array): elements is Uint8Array<SharedArrayBuffer> {
  return typeof SharedArrayBuffer !== "undefined" && elements.buffer instanceof SharedArrayBuffer;
}

/** `job` as a worker can do it; `undefined` if only this thread can. */
export function portableJob(job: Job, index: number): PortableJob | undefined {
  if (!("steps" in job)) return undefined;
  const origin = originOf(job.steps);
  if (origin === undefined) return undefined;
  const portable = job.kind === "decode" ? portableDecode(job, origin, index) : portableEncode(job, origin, index);
  return portable !== undefined && bytesOf(portable) <= byteLimit ? portable : undefined;
}

function portableDecode(job: DecodeJob, origin: StepsOrigin, index: number): PortableJob | undefined {
  const { input, inputLength, scatter, decodedLength, steps } = job;
  if (Array.isArray(input) || (scatter !== undefined && Array.isArray(scatter.target))) return undefined;
  if (decodedLength === undefined && steps[0]?.decodedSize.kind === "unbounded") return undefined;
  const words = field.tail + (scatter !== undefined && isDirect(scatter) ? boxWords(scatter.box) : 0);
  return { index, job, origin, words, inputLength, elementsLength: 0, resultCapacity: jobBytes(job) };
}

function portableEncode(job: EncodeJob, origin: StepsOrigin, index: number): PortableJob | undefined {
  const { source, base, box, spec, emptyExtent, byteLength, steps } = job;
  if (Array.isArray(source) || Array.isArray(base) || box.isEmpty || box.picked.length > 0) return undefined;
  if (spec !== origin.spec) return undefined;
  const encodedSize = steps.at(-1)?.encodedSize ?? { kind: "unbounded" };
  // Of what has no bound, results that are larger than this are made again by the calling thread.
  const resultCapacity = encodedSize.kind === "unbounded" ? byteLength + (byteLength >>> 3) + 1024 : encodedSize.bytes;
  return {
    index,
    job,
    origin,
    words: field.tail + (emptyExtent?.length ?? 0) + boxWords(box),
    inputLength: base?.byteLength ?? 0,
    elementsLength: isShared(source) ? 0 : elementCount(box.shape) * box.itemSize,
    resultCapacity,
  };
}

/** Whether a worker can write into the target itself. */
function isDirect({ target, box }: NonNullable<DecodeJob["scatter"]>): boolean {
  return !Array.isArray(target) && isShared(target) && !box.isEmpty && box.picked.length === 0;
}

/** Bytes of a buffer that the job takes. */
export function bytesOf({ words, inputLength, elementsLength, resultCapacity }: PortableJob): number {
  return words * wordSize + align(inputLength) + align(elementsLength) + align(resultCapacity);
}

/** Several jobs for one worker. */
export class JobGroup implements Task {
  readonly jobs: readonly PortableJob[];
  readonly cost: number;
  readonly byteLength: number;
  readonly #shared: Map<SharedArrayBuffer, number>;
  readonly #onFinish: (group: JobGroup, failed: readonly PortableJob[]) => void;

  /**
   * `shared` numbers the shared memory of one call. `onFinish` is told which jobs this thread must run itself: all of them if the worker was
   * lost.
   */
  constructor(
    jobs: readonly PortableJob[],
    cost: number,
    shared: Map<SharedArrayBuffer, number>,
    onFinish: (group: JobGroup, failed: readonly PortableJob[]) => void,
  ) {
    this.jobs = jobs;
    this.cost = cost;
    this.byteLength = jobs.reduce((sum, job) => sum + bytesOf(job), wordSize + 16);
    this.#shared = shared;
    this.#onFinish = onFinish;
  }

  write(buffer: SharedArrayBuffer, lane: Lane): void {
    const words = new Float64Array(buffer);
    const bytes = new Uint8Array(buffer);
    words[0] = this.jobs.length;
    let start = 1;
    let end = align(this.jobs.reduce((sum, { words }) => sum + words, 1) * wordSize);
    const place = (byteLength: number): number => {
      const offset = end;
      end += align(byteLength);
      return offset;
    };
    for (const portable of this.jobs) {
      const { job, origin } = portable;
      lane.define(origin.id, () => stepsMessage(origin));
      words[start + field.words] = portable.words;
      words[start + field.kind] = kind[job.kind];
      words[start + field.status] = status.failed;
      words[start + field.steps] = origin.id;
      words[start + field.inputOffset] = place(portable.inputLength);
      words[start + field.resultOffset] = place(portable.resultCapacity);
      words[start + field.resultCapacity] = portable.resultCapacity;
      if (job.kind === "decode") this.#writeDecode(job, words, start, bytes, lane);
      else this.#writeEncode(job, words, start, bytes, lane, place(portable.elementsLength));
      start += portable.words;
    }
  }

  finish(buffer: SharedArrayBuffer | undefined): void {
    if (buffer === undefined) {
      this.#onFinish(this, this.jobs);
      return;
    }
    const words = new Float64Array(buffer);
    const bytes = new Uint8Array(buffer);
    let start = 1;
    const failed = this.jobs.filter(({ job, words: length }) => {
      const found = words[start + field.status]!;
      const offset = words[start + field.resultOffset]!;
      const byteLength = words[start + field.resultLength]!;
      const isDirectTarget = job.kind === "decode" && words[start + field.shared] !== 0;
      start += length;
      if (found === status.failed) return true;
      if (job.kind === "encode") {
        job.result = found === status.empty ? undefined : ownBytes(bytes, offset, byteLength);
        return false;
      }
      const { scatter } = job;
      if (scatter === undefined) job.result = ownBytes(bytes, offset, byteLength);
      else if (!isDirectTarget) {
        scatterBox(scatter.box, scatter.target, scatter.targetOffset, bytes, offset + scatter.chunkOffset);
      }
      return false;
    });
    this.#onFinish(this, failed);
  }

  #writeDecode(job: DecodeJob, words: Float64Array, start: number, bytes: Uint8Array, lane: Lane): void {
    const { input, inputOffset, inputLength, decodedLength, scatter } = job;
    const source = isSpan(input) ? currentMemory().view(input) : input;
    if (Array.isArray(source)) throw new TypeError("a worker takes bytes, not values");
    const whole = inputOffset === 0 && inputLength === source.byteLength;
    bytes.set(
      whole ? source : source.subarray(inputOffset, inputOffset + inputLength),
      words[start + field.inputOffset]!,
    );
    words[start + field.inputLength] = inputLength;
    words[start + field.decodedLength] = decodedLength ?? -1;
    words[start + field.shared] = 0;
    if (scatter === undefined || Array.isArray(scatter.target) || !isDirect(scatter)) return;
    const { target, targetOffset, chunkOffset, box } = scatter;
    words[start + field.shared] = this.#share(target, lane);
    words[start + field.elementsOffset] = target.byteOffset + targetOffset;
    words[start + field.chunkOffset] = chunkOffset;
    writeBox(words, start + field.tail, box);
  }

  #writeEncode(
    job: EncodeJob,
    words: Float64Array,
    start: number,
    bytes: Uint8Array,
    lane: Lane,
    elementsOffset: number,
  ): void {
    const { source, sourceOffset, base, box, byteLength, chunkOffset, emptyExtent } = job;
    if (Array.isArray(source) || Array.isArray(base)) throw new TypeError("a worker takes bytes, not values");
    if (base !== undefined) bytes.set(base, words[start + field.inputOffset]!);
    words[start + field.inputLength] = base?.byteLength ?? -1;
    words[start + field.decodedLength] = byteLength;
    words[start + field.chunkOffset] = chunkOffset;
    let sent = box;
    if (isShared(source)) {
      words[start + field.shared] = this.#share(source, lane);
      words[start + field.elementsOffset] = source.byteOffset + sourceOffset;
    } else {
      const packed = byteStrides(box.shape, box.itemSize);
      gatherBox(
        stridedBox(box.shape, box.outerStrides, packed, box.itemSize),
        bytes,
        elementsOffset,
        source,
        sourceOffset,
      );
      sent = stridedBox(box.shape, packed, box.chunkStrides, box.itemSize);
      words[start + field.shared] = 0;
      words[start + field.elementsOffset] = elementsOffset;
    }
    words[start + field.extentRank] = emptyExtent?.length ?? -1;
    words.set(emptyExtent ?? [], start + field.tail);
    writeBox(words, start + field.tail + (emptyExtent?.length ?? 0), sent);
  }

  #share({ buffer }: Uint8Array, lane: Lane): number {
    if (!(buffer instanceof SharedArrayBuffer)) throw new TypeError("the memory is not shared");
    const id = this.#shared.get(buffer) ?? newId();
    this.#shared.set(buffer, id);
    lane.define(id, () => buffer);
    return id;
  }
}

/** A copy that nobody else holds. */
function ownBytes(bytes: Uint8Array, offset: number, byteLength: number): Uint8Array {
  const own = new Uint8Array(byteLength);
  own.set(bytes.subarray(offset, offset + byteLength));
  return own;
}

const boxHead = 4;

function boxWords({ shape }: Box): number {
  return boxHead + 3 * shape.length;
}

/** Writes a box without picks. It may have fewer axes than room was made for: neighbours are merged. */
function writeBox(words: Float64Array, start: number, box: Box): void {
  const { shape, outerStrides, chunkStrides, itemSize, distinct, runBytes } = box;
  const rank = shape.length;
  words.set([rank, itemSize, distinct, runBytes], start);
  words.set(shape, start + boxHead);
  words.set(outerStrides, start + boxHead + rank);
  words.set(chunkStrides, start + boxHead + 2 * rank);
}

function readBox(words: Float64Array, start: number): Box {
  const rank = words[start]!;
  const list = (number: number): number[] => {
    const first = start + boxHead + number * rank;
    return [...words.subarray(first, first + rank)];
  };
  return {
    itemSize: words[start + 1]!,
    distinct: words[start + 2]!,
    runBytes: words[start + 3]!,
    isEmpty: false,
    picked: [],
    shape: list(0),
    outerStrides: list(1),
    chunkStrides: list(2),
  };
}

/** Steps that this worker has bound: as long as the lane keeps what they were bound from. */
const boundSteps = new WeakMap<StepsMessage, PortableSteps>();

function isStepsMessage(value: unknown): value is StepsMessage {
  return typeof value === "object" && value !== null && "codecs" in value && "part" in value;
}

function stepsOf(id: number, { lookUp }: Workplace): PortableSteps {
  const message = lookUp(id);
  if (!isStepsMessage(message)) throw new TypeError(`nobody has defined steps ${id}`);
  const known = boundSteps.get(message);
  if (known !== undefined) return known;
  const { part, shape, fillValue } = message;
  const json = (text: string) => parseJson(text, undefined, { nonFinite: true });
  const where = { field: "codecs" };
  const codecs = expectArray(json(message.codecs), where).map((codec) => parseNamed(codec, where));
  const spec = { shape, dataType: parseDataType(json(message.dataType), { field: "dataType" }), fillValue };
  const bound = { steps: bindCodecs(codecs, spec, where)[part], spec };
  boundSteps.set(message, bound);
  return bound;
}

/** Runs the jobs of a group: the worker's side. */
export function runJobGroup(buffer: SharedArrayBuffer, workplace: Workplace): void {
  const words = new Float64Array(buffer);
  const bytes = new Uint8Array(buffer);
  let start = 1;
  for (let count = words[0]!; count > 0; count--) {
    const record = words.subarray(start);
    start += record[field.words]!;
    try {
      const portable = stepsOf(record[field.steps]!, workplace);
      record[field.status] =
        record[field.kind] === kind.decode
          ? runDecode(record, bytes, portable, workplace)
          : runEncode(record, bytes, portable, workplace);
    } catch {
      // The record says that it failed. The calling thread finds out why.
    }
  }
}

/** What errors in a worker say of their place: nothing, because nobody sees them. */
const nowhere = { key: "", grid: undefined, number: 0 } as const;

function runDecode(record: Float64Array, bytes: Uint8Array, { steps }: PortableSteps, workplace: Workplace): number {
  const [resultOffset, resultCapacity] = [record[field.resultOffset]!, record[field.resultCapacity]!];
  const decodedLength = record[field.decodedLength]! < 0 ? undefined : record[field.decodedLength]!;
  const job: DecodeJob = {
    kind: "decode",
    ...nowhere,
    steps,
    input: bytes,
    inputOffset: record[field.inputOffset]!,
    inputLength: record[field.inputLength]!,
    decodedLength,
    scatter:
      decodedLength === undefined
        ? undefined
        : { target: bytes, box: runOf(decodedLength), targetOffset: resultOffset, chunkOffset: 0 },
    result: undefined,
  };
  runJob(job);
  record[field.resultLength] = decodedLength ?? putResult(job, bytes, resultOffset, resultCapacity);
  if (record[field.shared] !== 0) {
    const target = sharedBytes(record, workplace);
    const chunk = resultOffset + record[field.chunkOffset]!;
    const box = readBox(record, field.tail);
    workplace.write(() => scatterBox(box, target, record[field.elementsOffset]!, bytes, chunk));
  }
  return status.done;
}

function runEncode(
  record: Float64Array,
  bytes: Uint8Array,
  { steps, spec }: PortableSteps,
  workplace: Workplace,
): number {
  const [inputOffset, inputLength] = [record[field.inputOffset]!, record[field.inputLength]!];
  const rank = record[field.extentRank]!;
  const job: EncodeJob = {
    kind: "encode",
    ...nowhere,
    steps,
    spec,
    byteLength: record[field.decodedLength]!,
    base: inputLength < 0 ? undefined : bytes.subarray(inputOffset, inputOffset + inputLength),
    source: record[field.shared] === 0 ? bytes : sharedBytes(record, workplace),
    sourceOffset: record[field.elementsOffset]!,
    box: readBox(record, field.tail + Math.max(rank, 0)),
    chunkOffset: record[field.chunkOffset]!,
    emptyExtent: rank < 0 ? undefined : [...record.subarray(field.tail, field.tail + rank)],
    result: undefined,
  };
  runJob(job);
  if (job.result === undefined) return status.empty;
  record[field.resultLength] = putResult(job, bytes, record[field.resultOffset]!, record[field.resultCapacity]!);
  return status.done;
}

/** Puts a job's result into its place in the buffer; returns its length. */
function putResult(job: DecodeJob | EncodeJob, bytes: Uint8Array, offset: number, capacity: number): number {
  const { result } = job;
  if (!(result instanceof Uint8Array)) throw new TypeError("a worker gives bytes");
  if (result.byteLength > capacity) throw new RangeError("the result has more bytes than its bound");
  bytes.set(result, offset);
  return result.byteLength;
}

function sharedBytes(record: Float64Array, { lookUp }: Workplace): Uint8Array {
  const buffer = lookUp(record[field.shared]!);
  if (!(buffer instanceof SharedArrayBuffer)) throw new TypeError("nobody has shared this memory");
  return new Uint8Array(buffer);
}

let lastRun: { readonly byteLength: number; readonly box: Box } | undefined;

/** The box of bytes in one piece. Chunks mostly have one length. */
function runOf(byteLength: number): Box {
  if (lastRun?.byteLength !== byteLength) lastRun = { byteLength, box: stridedBox([byteLength], [1], [1], 1) };
  return lastRun.box;
}
