/**
 * The synchronous driver: runs plans against a store that answers at once, on this thread, without a promise.
 */

import type { SyncAccess } from "../stores/access.js";
import type { KeyLocks } from "../stores/key_locks.js";
import type { ByteRange, OpenValue } from "../stores/store.js";
import { type Memory, type Span, useMemory } from "../wasm/memory.js";
import { runJobs } from "./dispatch.js";
import { type CoalesceOptions, distribute, type Fetch, needsSize, planFetches } from "./fetches.js";
import { isWorthRepeating, type Opening, type Plan, type Read, type Request } from "./plan.js";
import { runJob } from "./transform.js";

/** What one plan holds until it ends. */
interface Held {
  readonly releases: (() => void)[];
  readonly open: Map<string, OpenValue>;
  /** Whether the store keeps others from writing what is open. */
  isLocked: boolean;
}

export interface SyncDriverContext {
  readonly access: SyncAccess;
  readonly locks: KeyLocks;
  readonly coalesce: CoalesceOptions;
  /** Threads that may work at once, this one included. */
  readonly maxWorkers: number;
}

/** Runs `plan` to its end and returns its result. */
export function runSync<R>(plan: Plan<R>, context: SyncDriverContext): R {
  const held: Held = { releases: [], open: new Map(), isLocked: false };
  try {
    let step = plan.next();
    while (!step.done) {
      const request = step.value;
      if (request.kind === "get" && wantsLinearMemory(request.reads, context.access)) {
        // What was read into linear memory lives until the transforms that follow have used it.
        step = useMemory((memory) => {
          get(request.reads, context, held, memory);
          let next = plan.next();
          for (; !next.done && next.value.kind === "transform"; next = plan.next()) carryOut(next.value, context, held);
          return next;
        });
      } else {
        carryOut(request, context, held);
        step = plan.next();
      }
    }
    return step.value;
  } finally {
    for (const release of held.releases.reverse()) release();
  }
}

/** Runs a plan; where a value changed while it was read, another one. */
export function runAnewSync<R>(newPlan: () => Plan<R>, context: SyncDriverContext): R {
  for (let attempt = 1; ; attempt++) {
    try {
      return runSync(newPlan(), context);
    } catch (error) {
      if (!isWorthRepeating(error, attempt)) throw error;
    }
  }
}

/** Runs a plan that asks for nothing but transforms. */
export function runPure<R>(plan: Plan<R>): R {
  for (;;) {
    const { done, value } = plan.next();
    if (done) return value;
    if (value.kind === "transform") for (const job of value.jobs) runJob(job);
    else throw new TypeError(`A plan without a store asked to ${value.kind}`);
  }
}

function carryOut(request: Request, context: SyncDriverContext, held: Held): void {
  const { access, locks } = context;
  switch (request.kind) {
    case "lock":
      for (const key of [...request.keys].sort()) {
        locks.checkSync(key, request.mode);
        if (access.lock !== undefined && request.mode === "exclusive") {
          held.releases.push(access.lock(key));
          held.isLocked = true;
        }
      }
      return;
    case "open":
      if (access.open !== undefined) for (const opening of request.openings) open(opening, access.open, held);
      return;
    case "get":
      get(request.reads, context, held);
      return;
    case "transform":
      runJobs(request.jobs, context.maxWorkers);
      return;
    case "set":
      for (const { key, value } of request.writes) {
        if (value === undefined) access.delete(key);
        else access.set(key, value);
      }
      return;
    case "patch":
      for (const { key, patch } of request.patches) access.patch!(key, patch);
      return;
    case "list":
      request.listing.keys = access.list && [...access.list(request.listing.prefix)];
      return;
    case "load":
      throw request.missing;
  }
}

function wantsLinearMemory(reads: readonly Read[], { readInto }: SyncAccess): boolean {
  return readInto !== undefined && reads.some(({ into }) => into !== undefined && into.target === undefined);
}

function open(opening: Opening, openStore: NonNullable<SyncAccess["open"]>, { open, releases }: Held): void {
  const { key } = opening;
  let value = open.get(key);
  if (value === undefined) {
    value = openStore(key);
    if (value !== undefined) {
      open.set(key, value);
      releases.push(value.close);
    }
  }
  opening.exists = value !== undefined;
  opening.version = opening.wantsVersion ? value?.version() : undefined;
  opening.byteLength = value?.byteLength;
  opening.bytes = value?.bytes;
}

/** Carries out a batch of reads; `memory` is given where some of them ask for linear memory. */
function get(
  reads: readonly Read[],
  { access, coalesce }: SyncDriverContext,
  { open, isLocked }: Held,
  memory?: Memory,
): void {
  // Whole values need no coalescing: 1000 chunks of 1000 bytes are read in 0.4 ms instead of 0.5.
  const isWhole = reads.every(({ range }) => range === undefined);
  if (isWhole) {
    for (const read of reads) getWhole(read, access, memory);
    return;
  }
  let unchecked: Set<OpenValue> | undefined;
  for (const fetch of planFetches(reads, access.hasRanges, coalesce)) {
    const { key, range } = fetch;
    const value = range === undefined ? undefined : open.get(key);
    if (value?.check !== undefined && !isLocked) {
      unchecked ??= new Set();
      unchecked.add(value);
    }
    if (access.readInto !== undefined && readInto(fetch, access.readInto, value, memory)) continue;
    distribute(fetch, value === undefined || range === undefined ? access.get(key, range) : value.read(range));
    if (needsSize(fetch)) {
      const byteLength = value?.byteLength ?? access.size?.(key);
      for (const read of fetch.reads) read.byteLength = byteLength;
    }
  }
  if (unchecked !== undefined) for (const value of unchecked) value.check?.();
}

/** Reads one whole value. */
function getWhole(read: Read, { get, readInto: store }: SyncAccess, memory: Memory | undefined): void {
  const { key } = read;
  if (store !== undefined && read.into !== undefined) {
    if (readInto({ key, range: undefined, reads: [read] }, store, undefined, memory)) return;
  }
  const value = get(key);
  read.value = value;
  read.byteLength = value?.byteLength;
}

/**
 * Reads straight into the caller's array or into linear memory, where the plan asks for it. A value of the wrong length is fetched after
 * all (the result is false), so that the error can say what was found.
 */
function readInto(
  { key, range, reads }: Fetch,
  store: NonNullable<SyncAccess["readInto"]>,
  value: OpenValue | undefined,
  memory: Memory | undefined,
): boolean {
  const from = (target: Uint8Array): number | undefined =>
    value === undefined || range === undefined ? store(key, range, target) : value.readInto(range, target);
  const [read] = reads;
  const into = read?.into;
  if (read === undefined || into === undefined) return false;
  if (into.target !== undefined) {
    if (reads.length > 1) return false;
    const found = from(into.target.subarray(into.offset, into.offset + into.byteLength));
    read.isInPlace = found === into.byteLength;
    return found === undefined || read.isInPlace;
  }
  if (memory === undefined || (range !== undefined && "suffixLength" in range)) return false;
  const span = memory.allocate(range?.length ?? into.byteLength);
  const found = from(memory.view(span));
  if (found !== span.byteLength) return found === undefined;
  for (const member of reads) member.span = partOf(span, member.range, range);
  return true;
}

/** The part of a fetched span that one of its reads asked for. */
function partOf(span: Span, part: ByteRange | undefined, whole: ByteRange | undefined): Span {
  if (part === undefined || whole === undefined || "suffixLength" in part || "suffixLength" in whole) return span;
  return { pointer: span.pointer + part.offset - whole.offset, byteLength: part.length };
}
