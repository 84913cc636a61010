/**
 * The synchronous driver: runs plans against a store that answers at once, on this thread, without a promise.
 */

import type { SyncAccess } from "../stores/access.js";
import type { KeyLocks } from "../stores/key_locks.js";
import type { ByteRange } from "../stores/store.js";
import { type Memory, type Span, useMemory } from "../wasm/memory.js";
import { type CoalesceOptions, distribute, type Fetch, needsSize, planFetches } from "./fetches.js";
import type { Plan, Read, Request } from "./plan.js";
import { runJob } from "./transform.js";

export interface SyncDriverContext {
  readonly access: SyncAccess;
  readonly locks: KeyLocks;
  readonly coalesce: CoalesceOptions;
}

/** Runs `plan` to its end and returns its result. */
export function runSync<R>(plan: Plan<R>, context: SyncDriverContext): R {
  const releases: (() => void)[] = [];
  try {
    let step = plan.next();
    while (!step.done) {
      const request = step.value;
      if (request.kind === "get" && wantsLinearMemory(request.reads, context.access)) {
        // What was read into linear memory lives until the transforms that follow have used it.
        step = useMemory((memory) => {
          get(request.reads, context, memory);
          let next = plan.next();
          for (; !next.done && next.value.kind === "transform"; next = plan.next())
            carryOut(next.value, context, releases);
          return next;
        });
      } else {
        carryOut(request, context, releases);
        step = plan.next();
      }
    }
    return step.value;
  } finally {
    for (const release of releases.reverse()) release();
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

function carryOut(request: Request, context: SyncDriverContext, releases: (() => void)[]): void {
  const { access, locks } = context;
  switch (request.kind) {
    case "lock":
      for (const key of [...request.keys].sort()) {
        locks.checkSync(key, request.mode);
        if (access.lock !== undefined && request.mode === "exclusive") releases.push(access.lock(key));
      }
      return;
    case "get":
      get(request.reads, context);
      return;
    case "transform":
      for (const job of request.jobs) runJob(job);
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
  }
}

function wantsLinearMemory(reads: readonly Read[], { readInto }: SyncAccess): boolean {
  return readInto !== undefined && reads.some(({ into }) => into !== undefined && into.target === undefined);
}

/** Carries out a batch of reads; `memory` is given where some of them ask for linear memory. */
function get(reads: readonly Read[], { access, coalesce }: SyncDriverContext, memory?: Memory): void {
  for (const fetch of planFetches(reads, access.hasRanges, coalesce)) {
    if (access.readInto !== undefined && readInto(fetch, access.readInto, memory)) continue;
    distribute(fetch, access.get(fetch.key, fetch.range));
    if (access.size !== undefined && needsSize(fetch)) {
      const byteLength = access.size(fetch.key);
      for (const read of fetch.reads) read.byteLength = byteLength;
    }
  }
}

/**
 * Reads straight into the caller's array or into linear memory, where the plan asks for it. A value of the wrong length is fetched after
 * all (the result is false), so that the error can say what was found.
 */
function readInto(
  { key, range, reads }: Fetch,
  store: NonNullable<SyncAccess["readInto"]>,
  memory: Memory | undefined,
): boolean {
  const [read] = reads;
  const into = read?.into;
  if (read === undefined || into === undefined) return false;
  if (into.target !== undefined) {
    if (reads.length > 1) return false;
    const found = store(key, range, into.target.subarray(into.offset, into.offset + into.byteLength));
    read.isInPlace = found === into.byteLength;
    return found === undefined || read.isInPlace;
  }
  if (memory === undefined || (range !== undefined && "suffixLength" in range)) return false;
  const span = memory.allocate(range?.length ?? into.byteLength);
  const found = store(key, range, memory.view(span));
  if (found !== span.byteLength) return found === undefined;
  for (const member of reads) member.span = partOf(span, member.range, range);
  return true;
}

/** The part of a fetched span that one of its reads asked for. */
function partOf(span: Span, part: ByteRange | undefined, whole: ByteRange | undefined): Span {
  if (part === undefined || whole === undefined || "suffixLength" in part || "suffixLength" in whole) return span;
  return { pointer: span.pointer + part.offset - whole.offset, byteLength: part.length };
}
