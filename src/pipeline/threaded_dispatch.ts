/**
 * Where jobs run: on the calling thread alone, or on workers too, by what they are expected to cost.
 *
 * The calling thread works as well, and hands groups of jobs to workers between jobs of its own. When only the workers' are left it takes
 * back those that no worker has begun, and waits for the others. A worker that is not ready is not waited for, and one that dies is not
 * missed: its jobs run here.
 */

import type { BoundChain } from "../codecs/codec.js";
import { currentPool } from "../workers/current.js";
import type { Pool, Task } from "../workers/pool.js";
import { entriesPerLane } from "../workers/protocol.js";
import {
  CostEstimate,
  largestGroup,
  learn,
  ownPiece,
  type RequestCost,
  savingOf,
  smallestGroup,
  startCost,
  stepsCost,
  wasFaster,
} from "./cost.js";
import { type DecodeSlotsJob, slotJobs } from "./decode_slots.js";
import type { ChunkJob, Job } from "./plan.js";
import { runJob, runJobAsync } from "./transform.js";
import { byteLimit, bytesOf, JobGroup, type PortableJob, portableJob } from "./worker_jobs.js";

/**
 * Whether workers would save anything for `count` chunks of `chain`, so that the chunks should become jobs; else the direct paths, which have
 * no jobs, are faster.
 */
export function isShared(
  { byteSteps, byteLength }: BoundChain,
  kind: ChunkJob["kind"],
  count: number,
  maxWorkers: number,
): boolean {
  if (maxWorkers < 2 || count < 2 || byteSteps.length === 0 || isPaused()) return false;
  const each = stepsCost(byteSteps, kind, byteLength);
  const cost = { cost: each * count, jobs: count, bytes: byteLength * count, isUniform: true };
  return each > 0 && savingOf(cost, Math.min(maxWorkers, count)) > 0;
}

/** `jobs` with those in pieces that workers can take which are worth it. */
function divide(jobs: readonly Job[], maxWorkers: number): readonly Job[] {
  const isWorth = (job: Job): job is DecodeSlotsJob =>
    job.kind === "decode-slots" && isShared(job.shard.inner, "decode", job.tiling.count, maxWorkers);
  return jobs.some(isWorth) ? jobs.flatMap((job): Job | Job[] => (isWorth(job) ? slotJobs(job) : job)) : jobs;
}

/** Runs synchronous jobs on at most `maxWorkers` threads; throws what the first job that fails throws. */
export function runJobs(requested: readonly Job[], maxWorkers: number): void {
  const jobs = maxWorkers < 2 ? requested : divide(requested, maxWorkers);
  if (maxWorkers < 2 || jobs.length < 2) {
    for (const job of jobs) runJob(job);
    return;
  }
  const { run, cost } = begin(jobs, maxWorkers);
  if (run === undefined) {
    runTimed(jobs, cost);
    return;
  }
  for (let state = run.advance(); state !== "done"; state = run.advance()) {
    if (state === "waiting") run.pool.wait(run.seen);
  }
  run.end();
}

/** For a thread that must not work for long without a turn of its event loop. */
export interface Turns {
  /** How long it may. */
  readonly milliseconds: number;
  /** Resolves in another turn. */
  next(): Promise<void>;
}

let turns: Turns | undefined;

/** From now on asynchronous calls of this thread let its event loop turn. */
export function useTurns(wanted: Turns | undefined): void {
  turns = wanted;
}

/** Gives the function to await between pieces of work. */
function pacer(): () => Promise<void> | undefined {
  let start = performance.now();
  return () => {
    if (turns === undefined || performance.now() - start < turns.milliseconds) return undefined;
    return turns.next().then(() => {
      start = performance.now();
    });
  };
}

/** As {@link runJobs}; jobs may be asynchronous, and the event loop turns while workers are waited for. */
export async function runJobsAsync(
  requested: readonly Job[],
  maxWorkers: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const jobs = maxWorkers < 2 ? requested : divide(requested, maxWorkers);
  const pause = pacer();
  const { run, cost } = jobs.some(isAsync) ? {} : begin(jobs, maxWorkers);
  if (run === undefined) {
    if (cost !== undefined && turns === undefined) runTimed(jobs, cost);
    else {
      for (const job of jobs) {
        await pause();
        signal?.throwIfAborted();
        await runJobAsync(job);
      }
    }
    return;
  }
  for (let state = run.advance(); state !== "done"; state = run.advance()) {
    await (state === "waiting" ? run.pool.waitAsync(run.seen) : pause());
    if (signal?.aborted) run.stop(signal.reason);
  }
  run.end();
}

/** How `jobs` run with the help of workers, if they are better done so, and what they cost. */
function begin(
  jobs: readonly Job[],
  maxWorkers: number,
): { readonly run: Run | undefined; readonly cost: RequestCost } {
  const estimate = new CostEstimate();
  const cost = estimate.ofAll(jobs);
  return { run: planRun(jobs, cost, estimate, maxWorkers), cost };
}

function isAsync(job: Job): boolean {
  if (job.kind === "decode-slots") return !job.shard.inner.isSync;
  return "steps" in job && job.steps.some(({ place }) => place === "async");
}

/** Runs jobs here, and learns what they cost. */
function runTimed(jobs: readonly Job[], { cost, isUniform }: RequestCost): void {
  const start = isUniform && cost >= ownPiece ? performance.now() : undefined;
  for (const job of jobs) runJob(job);
  if (start !== undefined) learnFrom(jobs[0]!, cost, performance.now() - start);
}

function learnFrom(job: Job, cost: number, milliseconds: number): void {
  if ("steps" in job) learn(job.steps, job.kind, cost, milliseconds * 1000);
}

/** Work on this thread that workers would have taken, in microseconds: what their start is weighed against. */
let missed = 0;

/** Requests in a row that workers made no faster. On a machine that is busy otherwise, waiting for a worker is waiting for its turn. */
let slow = 0;
let pausedUntil = 0;

/** Notes how long a request took with workers, and would have taken here; after three that were slow, the next ones run here for a while. */
function judge(expected: number, found: number): void {
  slow = wasFaster(found, expected) ? 0 : slow + 1;
  if (slow >= slowLimit) pausedUntil = performance.now() + Math.min(longestPause, 10 * 2 ** (slow - slowLimit));
}

const slowLimit = 3;
/** Milliseconds. */
const longestPause = 1000;

/** Whether workers are left alone. */
function isPaused(): boolean {
  return slow >= slowLimit && performance.now() < pausedUntil;
}

/** How `jobs` run with the help of workers; `undefined` if they are better done here. */
function planRun(jobs: readonly Job[], cost: RequestCost, estimate: CostEstimate, maxWorkers: number): Run | undefined {
  const threads = Math.min(maxWorkers, cost.jobs);
  const saving = threads < 2 ? 0 : savingOf(cost, threads);
  const pool = saving === 0 ? undefined : currentPool();
  if (pool === undefined) return undefined;
  if (pool.lanes.length < threads - 1) {
    missed += saving;
    // Every worker pays for its start by itself.
    const wanted = Math.min(threads - 1, pool.lanes.length + Math.floor(missed / startCost));
    if (wanted > pool.lanes.length) {
      missed = 0;
      pool.grow(wanted);
    }
  }
  return isPaused() || pool.lanes.length === 0 ? undefined : new Run(jobs, cost, estimate, pool, threads);
}

interface Failure {
  readonly index: number;
  readonly error: unknown;
}

/** One batch of jobs under way. */
class Run {
  readonly pool: Pool;
  /** The pool's signal when its results were last collected. */
  seen = 0;
  readonly #jobs: readonly Job[];
  readonly #threads: number;
  readonly #cost: number;
  readonly #start: number = performance.now();
  readonly #estimate: CostEstimate;
  readonly #isUniform: boolean;
  /** Expected microseconds of the jobs that nobody has begun. */
  #remaining: number;
  /** Jobs before this one are taken. */
  #next = 1;
  /** Jobs that this thread must do: the first, so that it meets what only this thread can say (a codec is not loaded), and those that come back. */
  readonly #own: number[] = [0];
  readonly #groups = new Set<Task>();
  readonly #shared = new Map<SharedArrayBuffer, number>();
  /** Expected microseconds of the jobs run here, and the milliseconds that they took. */
  #ownCost = 0;
  #ownTime = 0;
  /** Whether any group went to a worker. */
  #hasHelp = false;
  #failure: Failure | undefined;

  constructor(jobs: readonly Job[], cost: RequestCost, estimate: CostEstimate, pool: Pool, threads: number) {
    this.pool = pool;
    this.#jobs = jobs;
    this.#threads = threads;
    this.#estimate = estimate;
    this.#cost = cost.cost;
    this.#isUniform = cost.isUniform;
    this.#remaining = cost.cost - estimate.of(jobs[0]!);
  }

  /** Collects what workers have done, gives them more, and does a piece of work here, if there is any that is not with workers. */
  advance(): "working" | "waiting" | "done" {
    this.seen = this.pool.signal;
    this.pool.collect();
    this.#handOut();
    const start = performance.now();
    let cost = 0;
    while (cost < ownPiece) {
      const index = this.#takeOwn();
      if (index === undefined) {
        this.#noteOwn(cost, start);
        return this.#groups.size > 0 ? "waiting" : "done";
      }
      cost += this.#estimate.of(this.#jobs[index]!);
      this.#runOwn(index);
    }
    this.#noteOwn(cost, start);
    return "working";
  }

  /** Starts nothing more, and fails with `error` once the workers are done. */
  stop(error: unknown): void {
    this.#fail({ index: -1, error });
  }

  /** Throws the failure of the earliest job, if any failed. */
  end(): void {
    this.pool.tidy(this.#shared.values());
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#ownCost === 0) return;
    // Once a run: every piece was estimated at the same pace.
    if (this.#isUniform) learnFrom(this.#jobs[0]!, this.#ownCost, this.#ownTime);
    if (!this.#hasHelp) return;
    // Against what this thread alone would have taken at the pace that it had just now: estimates may be wrong by far.
    const alone = this.#ownTime > 0 ? (this.#cost * this.#ownTime) / this.#ownCost : this.#cost / 1000;
    judge(alone, performance.now() - this.#start);
  }

  #noteOwn(cost: number, start: number): void {
    this.#ownCost += cost;
    this.#ownTime += performance.now() - start;
  }

  /** A job for this thread: one that it must do, the next one, or one that is with a worker that has not begun it. */
  #takeOwn(): number | undefined {
    if (this.#own.length > 0) return this.#own.pop();
    if (this.#next < this.#jobs.length) return this.#takeNext();
    const task = this.pool.takeBack((each) => this.#groups.has(each));
    if (!(task instanceof JobGroup)) return undefined;
    this.#groups.delete(task);
    for (const { index } of task.jobs) this.#own.push(index);
    return this.#own.pop();
  }

  #takeNext(): number {
    this.#remaining -= this.#estimate.of(this.#jobs[this.#next]!);
    return this.#next++;
  }

  #runOwn(index: number): void {
    if (this.#failure !== undefined && index > this.#failure.index) return;
    try {
      runJob(this.#jobs[index]!);
    } catch (error) {
      this.#fail({ index, error });
    }
  }

  /** Keeps the earliest failure; later jobs are not started. */
  #fail(failure: Failure): void {
    if (this.#failure !== undefined && this.#failure.index < failure.index) return;
    this.#failure = failure;
    this.#next = this.#jobs.length;
  }

  #handOut(): void {
    const lanes = this.pool.lanes;
    for (let load = 0; load < entriesPerLane; load++) {
      let count = 0;
      for (const lane of lanes) {
        if (!lane.isReady) continue;
        if (count++ === this.#threads - 1) break;
        if (lane.load > load) continue;
        const group = this.#nextGroup();
        if (group === undefined) return;
        this.#groups.add(group);
        this.#hasHelp = true;
        try {
          lane.publish(group);
        } catch (error) {
          // No memory for a buffer to share: these jobs need less of it here.
          if (!(error instanceof RangeError)) throw error;
          group.finish(undefined);
        }
      }
    }
  }

  /** Some of the jobs that nobody has begun: large groups at first, small ones in the end, so that all threads finish at about the same time. */
  #nextGroup(): JobGroup | undefined {
    if (this.#remaining < smallestGroup) return undefined;
    const target = Math.min(largestGroup, Math.max(smallestGroup, this.#remaining / (4 * this.#threads)));
    const group: PortableJob[] = [];
    let cost = 0;
    let bytes = 0;
    while (cost < target && this.#next < this.#jobs.length) {
      const index = this.#next;
      const portable = portableJob(this.#jobs[index]!, index);
      if (portable === undefined) {
        this.#own.push(this.#takeNext());
        continue;
      }
      bytes += bytesOf(portable);
      if (group.length > 0 && bytes > byteLimit) break;
      this.#takeNext();
      cost += this.#estimate.of(portable.job);
      group.push(portable);
    }
    if (group.length === 0) return undefined;
    return new JobGroup(group, cost, this.#shared, (done, failed) => {
      this.#groups.delete(done);
      for (const { index } of failed) this.#own.push(index);
    });
  }
}
