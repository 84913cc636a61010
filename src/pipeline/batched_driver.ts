/**
 * The batched driver: runs the same plans against a store that answers later. Several plans are under way at once; the store requests in
 * flight are bounded over all of them. Asynchronous codecs are awaited here.
 */

import type { AsyncAccess } from "../stores/access.js";
import type { KeyLocks } from "../stores/key_locks.js";
import { runJobsAsync } from "./dispatch.js";
import { type CoalesceOptions, distribute, needsSize, planFetches } from "./fetches.js";
import type { Plan, Request } from "./plan.js";
import { runJobAsync } from "./transform.js";

export interface BatchedDriverContext {
  readonly access: AsyncAccess;
  readonly locks: KeyLocks;
  readonly coalesce: CoalesceOptions;
  /** Store requests in flight at once. */
  readonly concurrency: number;
  /** Threads that may work at once, this one included. */
  readonly maxWorkers: number;
  readonly signal: AbortSignal | undefined;
}

/** Plans under way at once. Each holds at most one batch of keys, so this bounds memory. */
const plansAtOnce = 4;

/** Runs the batches' plans, several at once. Throws the first error in the order of the batches; completed writes stay. */
export async function runBatched(
  batches: Iterable<{ readonly plan: Plan; readonly keys: number }>,
  context: BatchedDriverContext,
  onDone: (keys: number) => void,
): Promise<void> {
  const limit = new Limit(context.concurrency);
  await forEachBounded(batches, new Limit(plansAtOnce), async ({ plan, keys }) => {
    await runPlan(plan, context, limit);
    onDone(keys);
  });
}

/** Runs one plan and returns its result. */
export function runAsync<R>(plan: Plan<R>, context: BatchedDriverContext): Promise<R> {
  return runPlan(plan, context, new Limit(context.concurrency));
}

/** Runs a plan that asks for nothing but transforms. */
export async function runPureAsync<R>(plan: Plan<R>): Promise<R> {
  for (;;) {
    const { done, value } = plan.next();
    if (done) return value;
    if (value.kind !== "transform") throw new TypeError(`A plan without a store asked to ${value.kind}`);
    for (const job of value.jobs) await runJobAsync(job);
  }
}

async function runPlan<R>(plan: Plan<R>, context: BatchedDriverContext, limit: Limit): Promise<R> {
  const releases: (() => Promise<void> | void)[] = [];
  try {
    for (;;) {
      context.signal?.throwIfAborted();
      const { done, value } = plan.next();
      if (done) return value;
      await carryOut(value, context, limit, releases);
    }
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

async function carryOut(
  request: Request,
  context: BatchedDriverContext,
  limit: Limit,
  releases: (() => Promise<void> | void)[],
): Promise<void> {
  const { access, locks, coalesce, signal } = context;
  switch (request.kind) {
    case "lock":
      for (const key of [...request.keys].sort()) {
        releases.push(await locks.acquire(key, request.mode));
        if (access.lock !== undefined && request.mode === "exclusive") releases.push(await access.lock(key));
      }
      return;
    case "open":
      // Asynchronous stores keep no value open; the lock alone holds off writers of this thread.
      return;
    case "get":
      await forEachBounded(planFetches(request.reads, access.hasRanges, coalesce), limit, async (fetch) => {
        signal?.throwIfAborted();
        distribute(fetch, await access.get(fetch.key, fetch.range, signal === undefined ? {} : { signal }));
        if (access.size !== undefined && needsSize(fetch)) {
          const byteLength = await access.size(fetch.key);
          for (const read of fetch.reads) read.byteLength = byteLength;
        }
      });
      return;
    case "transform":
      await runJobsAsync(request.jobs, context.maxWorkers, signal);
      return;
    case "set":
      await forEachBounded(request.writes, limit, async ({ key, value }) => {
        signal?.throwIfAborted();
        await (value === undefined ? access.delete(key) : access.set(key, value));
      });
      return;
    case "patch":
      await forEachBounded(request.patches, limit, async ({ key, patch }) => {
        signal?.throwIfAborted();
        await access.patch!(key, patch);
      });
      return;
    case "list":
      if (access.list !== undefined) {
        const keys: string[] = [];
        for await (const key of access.list(request.listing.prefix)) keys.push(key);
        request.listing.keys = keys;
      }
      return;
  }
}

/** At most `count` holders at once; the rest wait in order. */
class Limit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async enter(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** Runs `body` for every item, within `limit`. After a failure no later item starts; the error of the earliest failed item is thrown. */
async function forEachBounded<T>(items: Iterable<T>, limit: Limit, body: (item: T) => Promise<void>): Promise<void> {
  let failure: { readonly index: number; readonly error: unknown } | undefined;
  const running: Promise<void>[] = [];
  let index = 0;
  for (const item of items) {
    await limit.enter();
    if (failure !== undefined) {
      limit.leave();
      break;
    }
    const position = index++;
    running.push(
      body(item)
        .catch((error: unknown) => {
          if (failure === undefined || position < failure.index) failure = { index: position, error };
        })
        .finally(() => limit.leave()),
    );
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}
