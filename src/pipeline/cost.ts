/**
 * What jobs cost, estimated before they run: the only place with such figures. `node bench/calibrate.mjs` prints the rates.
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
  gzip: { call: 4, decode: 4.5, encode: 20 },
  zlib: { call: 4, decode: 4.5, encode: 20 },
  zstd: { call: 5, decode: 2.4, encode: 10 },
  blosc: { call: 3, decode: 0.4, encode: 1 },
  lz4: { call: 1, decode: 0.6, encode: 2.7 },
};
/** Kernels that touch every byte once or twice. */
const otherRate: Rate = { call: 1, decode: 0.15, encode: 0.4 };

/** Nanoseconds to copy a byte to a worker and back. */
const copyRate = 0.3;
/** Microseconds to wake a worker and to notice that it is done. */
const handOffCost = 60;
/** Microseconds of saved work that pay for the start of a worker. */
export const startCost = 10_000;

/** Expected microseconds of a group of jobs that goes to a worker. */
export const smallestGroup = 100;
export const largestGroup = 2000;
/** Microseconds of work on the calling thread after which it looks after its workers. */
export const ownPiece = 50;

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

/** Estimates job after job; neighbours are mostly alike, and cost one comparison. */
export class CostEstimate {
  /** Decoded bytes of the job that was looked at last. */
  bytes = 0;
  #steps: readonly BoundStep[] | undefined;
  #kind: Job["kind"] | undefined;
  #cost = 0;

  /** Microseconds that `threads` threads save, or 0: what saves less than a tenth may as well lose. */
  saving(cost: number, bytes: number, threads: number): number {
    const others = (threads - 1) / threads;
    const saved = others * (cost - (bytes * copyRate) / 1000) - handOffCost;
    return saved < cost / 10 ? 0 : saved;
  }

  /** Expected microseconds of `job` on one thread; 0 for what no worker can do, or is as fast as memory: kernels that take a whole shard. */
  of(job: Job): number {
    if (!("steps" in job)) {
      this.#steps = undefined;
      this.bytes = 0;
      return 0;
    }
    const bytes = jobBytes(job);
    if (job.steps === this.#steps && bytes === this.bytes && job.kind === this.#kind) return this.#cost;
    let cost = 0;
    for (const step of originOf(job.steps) === undefined ? [] : job.steps) {
      const rate = rateOf(step);
      cost += rate.call + (bytes * rate[job.kind]) / 1000;
    }
    this.#steps = job.steps;
    this.#kind = job.kind;
    this.bytes = bytes;
    this.#cost = cost;
    return cost;
  }
}
