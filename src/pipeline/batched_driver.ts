/**
 * The batched driver: runs the same plans against a store that answers later. Several plans are under way at once; the store requests in
 * flight are bounded over all of them. Asynchronous codecs are awaited here.
 */

import type { AsyncAccess } from "../stores/access.js";
import type { KeyLocks } from "../stores/key_locks.js";
import type { OpenValue } from "../stores/store.js";
import { runJobsAsync } from "./dispatch.js";
import { type CoalesceOptions, distribute, needsSize, planFetches } from "./fetches.js";
import { type Batch, isWorthRepeating, type Opening, type Plan, type Read, type Request } from "./plan.js";
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

/** Decoded bytes of the batches that are under way at once: this bounds memory. A larger batch goes alone. */
const bytesAtOnce = 256 * 2 ** 20;
/** The limit on batches counts parts of this whole. */
const wholeLimit = 2 ** 20;

/** Runs the batches' plans, several at once. Throws the first error in the order of the batches; completed writes stay. */
export async function runBatched(
  batches: Iterable<Batch>,
  context: BatchedDriverContext,
  onDone: (keys: number) => void,
): Promise<void> {
  const limit = new Limit(context.concurrency);
  const run = async (batch: Batch): Promise<void> => {
    await runBatch(batch, context, limit);
    onDone(batch.keys);
  };
  // Memory and requests in flight are both shared out, the latter with one batch to spare: a batch takes the larger of its two parts.
  const partOf = ({ bytes, keys }: Batch): number =>
    Math.ceil(Math.min(1, Math.max(bytes / bytesAtOnce, keys / (context.concurrency + keys))) * wholeLimit);
  await forEachBounded(batches, new Limit(wholeLimit), run, partOf);
}

/** Runs the batch's plan; where that can be, another one if a value that the store had open has changed. */
async function runBatch({ newPlan, isRepeatable }: Batch, context: BatchedDriverContext, limit: Limit): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await runPlan(newPlan(), context, limit);
      return;
    } catch (error) {
      // What other stores have found to be changed concerns whole calls.
      if (!isRepeatable || context.access.open === undefined || !isWorthRepeating(error, attempt)) throw error;
    }
  }
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
  const held: Held = { releases: [], open: new Map(), isLocked: false };
  try {
    for (;;) {
      context.signal?.throwIfAborted();
      const { done, value } = plan.next();
      if (done) return value;
      await carryOut(value, context, limit, held);
    }
  } finally {
    for (const release of held.releases.reverse()) await release();
  }
}

/** What one plan holds until it ends. */
interface Held {
  readonly releases: (() => Promise<void> | void)[];
  readonly open: Map<string, OpenValue>;
  /** Whether the store keeps others from writing what is open. */
  isLocked: boolean;
}

async function carryOut(request: Request, context: BatchedDriverContext, limit: Limit, held: Held): Promise<void> {
  const { access, locks, signal } = context;
  switch (request.kind) {
    case "lock":
      for (const key of [...request.keys].sort()) {
        held.releases.push(await locks.acquire(key, request.mode));
        if (access.lock !== undefined && request.mode === "exclusive") {
          held.releases.push(await access.lock(key));
          held.isLocked = true;
        }
      }
      return;
    case "open":
      await forEachBounded(request.openings, limit, (opening) => open(opening, context, held));
      return;
    case "get":
      await get(request.reads, context, limit, held);
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
    case "load":
      await request.missing.load();
      return;
  }
}

async function open(opening: Opening, { access, signal }: BatchedDriverContext, held: Held): Promise<void> {
  const { key } = opening;
  // Where the store keeps no value open, the lock alone holds off writers of this thread.
  opening.ownVersion = access.ownVersion?.(key);
  if (access.open === undefined) return;
  signal?.throwIfAborted();
  let value = held.open.get(key);
  if (value === undefined) {
    value = await access.open(key);
    if (value !== undefined) {
      held.open.set(key, value);
      held.releases.push(value.close);
    }
  }
  opening.exists = value !== undefined;
  opening.version = opening.wantsVersion ? value?.version() : undefined;
  opening.byteLength = value?.byteLength;
  opening.bytes = value?.bytes;
}

async function get(
  reads: readonly Read[],
  { access, coalesce, signal }: BatchedDriverContext,
  limit: Limit,
  { open, isLocked }: Held,
): Promise<void> {
  const unchecked = new Set<OpenValue>();
  await forEachBounded(planFetches(reads, access.hasRanges, coalesce), limit, async (fetch) => {
    signal?.throwIfAborted();
    const { key, range } = fetch;
    const value = range === undefined ? undefined : open.get(key);
    if (value?.check !== undefined && !isLocked) unchecked.add(value);
    if (value === undefined || range === undefined)
      distribute(fetch, await access.get(key, range, signal === undefined ? {} : { signal }));
    else distribute(fetch, await (value.readAsync?.(range) ?? value.read(range)));
    if (!needsSize(fetch)) return;
    const byteLength = value?.byteLength ?? (await access.size?.(key));
    for (const read of fetch.reads) read.byteLength = byteLength;
  });
  for (const value of unchecked) value.check?.();
}

/** Holders of at most `total` at once, each of its own weight; the rest wait in order. */
class Limit {
  #free: number;
  readonly #waiting: { readonly weight: number; readonly resolve: () => void }[] = [];

  constructor(total: number) {
    this.#free = total;
  }

  async enter(weight: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#free >= weight) this.#free -= weight;
    else await new Promise<void>((resolve) => this.#waiting.push({ weight, resolve }));
  }

  leave(weight: number): void {
    this.#free += weight;
    for (let next = this.#waiting[0]; next !== undefined && next.weight <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.weight;
      next.resolve();
    }
  }
}

const one = (): number => 1;

/** Runs `body` for every item, within `limit`. After a failure no later item starts; the error of the earliest failed item is thrown. */
async function forEachBounded<T>(
  items: Iterable<T>,
  limit: Limit,
  body: (item: T) => Promise<void>,
  weightOf: (item: T) => number = one,
): Promise<void> {
  let failure: { readonly index: number; readonly error: unknown } | undefined;
  const running: Promise<void>[] = [];
  let index = 0;
  for (const item of items) {
    const weight = weightOf(item);
    await limit.enter(weight);
    if (failure !== undefined) {
      limit.leave(weight);
      break;
    }
    const position = index++;
    running.push(
      body(item)
        .catch((error: unknown) => {
          if (failure === undefined || position < failure.index) failure = { index: position, error };
        })
        .finally(() => limit.leave(weight)),
    );
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}
