/**
 * What jobs cost, estimated before they run: the only place with such figures. `node bench/dispatch/calibrate.mjs` prints the rates.
 */

import { type BoundStep, lengthOf } from "../codecs/codec.js";
import type { ChunkJob, Job } from "./plan.js";
import { originOf } from "./steps_origin.js";

/** Microseconds of a call, and nanoseconds of a decoded byte. */
interface Rate {
  readonly call: number;
  readonly decode: number;
  readonly encode: number;
}

/** By codec, without `numcodecs.` before its name. Levels, and the compressors within blosc, differ by far more: these are the quick ones. */
const rates: Readonly<Record<string, Rate>> = {
  gzip: { call: 1, decode: 3.6, encode: 20 },
  zlib: { call: 1, decode: 3.6, encode: 20 },
  zstd: { call: 1, decode: 2, encode: 12 },
  blosc: { call: 3, decode: 0.4, encode: 1 },
  lz4: { call: 1, decode: 0.6, encode: 2.7 },
};
/** Kernels that touch every byte once or twice. */
const otherRate: Rate = { call: 1, decode: 0.15, encode: 0.4 };

/** Nanoseconds to copy a byte to a worker and back, and microseconds to describe a job. */
const copyRate = 0.3;
const describeCost = 3;
/** Microseconds to hand over and to notice that all is done: a thread that sleeps wakes in 64. */
const handOffCost = 60;
/** Microseconds of saved work that pay for the start of a worker. */
export const startCost = 10_000;

/** Expected microseconds of a group of jobs that goes to a worker. */
export const smallestGroup = 100;
export const largestGroup = 2000;
/** Microseconds of work on the calling thread after which it looks after its workers; less is not worth being timed either. */
export const ownPiece = 50;

/**
 * Learns from jobs of equal steps, which were expected to take `cost` microseconds and took `found`. Falls fast and rises slowly: what
 * takes too long is often not the codec (compilation, garbage, other programs).
 */
export function learn(steps: readonly BoundStep[], kind: ChunkJob["kind"], cost: number, found: number): void {
  const origin = originOf(steps);
  if (origin === undefined) return;
  const pace = origin.pace[kind] * Math.min(1.25, Math.sqrt(found / cost));
  origin.pace[kind] = Math.min(100, Math.max(0.01, pace));
}

/** Expected microseconds of `steps` for `bytes` decoded bytes; 0 for steps that no worker can run. */
export function stepsCost(steps: readonly BoundStep[], kind: ChunkJob["kind"], bytes: number): number {
  const origin = originOf(steps);
  if (origin === undefined) return 0;
  let cost = 0;
  for (const step of steps) {
    const rate = rateOf(step);
    cost += rate.call + (bytes * rate[kind]) / 1000;
  }
  return cost * origin.pace[kind];
}

function rateOf({ name }: BoundStep): Rate {
  return rates[name.replace(/^numcodecs\./, "")] ?? otherRate;
}

/** Decoded bytes of a job, as far as they are known beforehand. */
export function jobBytes(job: ChunkJob): number {
  if (job.kind === "encode") return job.byteLength;
  const { decodedLength, steps, input } = job;
  if (decodedLength !== undefined) return decodedLength;
  const decodedSize = steps[0]?.decodedSize;
  return decodedSize === undefined || decodedSize.kind === "unbounded" ? lengthOf(input) : decodedSize.bytes;
}

/** What the jobs of a request cost together. */
export interface RequestCost {
  /** Expected microseconds on one thread. */
  readonly cost: number;
  /** Jobs that workers can do, and their decoded bytes. */
  readonly jobs: number;
  readonly bytes: number;
  /** Whether all jobs have the same steps and direction, so that one can learn from them. */
  readonly isUniform: boolean;
}

/** Estimates job after job; neighbours are mostly alike, and cost one comparison. */
export class CostEstimate {
  #steps: readonly BoundStep[] | undefined;
  #kind: Job["kind"] | undefined;
  #bytes = 0;
  #cost = 0;

  /** Expected microseconds of `job` on one thread; 0 for what no worker can do, or is as fast as memory: kernels that take a whole shard. */
  of(job: Job): number {
    if (!("steps" in job)) return 0;
    const bytes = jobBytes(job);
    if (job.steps === this.#steps && bytes === this.#bytes && job.kind === this.#kind) return this.#cost;
    this.#steps = job.steps;
    this.#kind = job.kind;
    this.#bytes = bytes;
    this.#cost = stepsCost(job.steps, job.kind, bytes);
    return this.#cost;
  }

  ofAll(requested: readonly Job[]): RequestCost {
    let [cost, jobs, bytes, isUniform] = [0, 0, 0, true];
    let steps: readonly BoundStep[] | undefined;
    for (const job of requested) {
      const each = this.of(job);
      if (each === 0) continue;
      isUniform &&= (steps ?? this.#steps) === this.#steps && job.kind === requested[0]!.kind;
      steps = this.#steps;
      cost += each;
      bytes += this.#bytes;
      jobs++;
    }
    return { cost, jobs, bytes, isUniform: isUniform && jobs === requested.length };
  }
}

/** Whether workers were worth it for a request that took `found`, and would have taken `alone` on one thread. */
export function wasFaster(found: number, alone: number): boolean {
  return found < alone;
}

/** Microseconds that `threads` threads save, or 0: what saves less than a tenth may as well lose. */
export function savingOf({ cost, jobs, bytes }: RequestCost, threads: number): number {
  const others = (threads - 1) / threads;
  const saved = others * (cost - (bytes * copyRate) / 1000 - jobs * describeCost) - handOffCost;
  return saved < cost / 10 ? 0 : saved;
}
