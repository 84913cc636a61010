/**
 * The synchronous driver: runs plans against a store that answers at once, on this thread, without a promise.
 */

import type { SyncAccess } from "../stores/access.js";
import type { KeyLocks } from "../stores/key_locks.js";
import { type CoalesceOptions, distribute, planFetches } from "./fetches.js";
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
    for (;;) {
      const { done, value } = plan.next();
      if (done) return value;
      carryOut(value, context, releases);
    }
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

function carryOut(request: Request, { access, locks, coalesce }: SyncDriverContext, releases: (() => void)[]): void {
  switch (request.kind) {
    case "lock":
      for (const key of [...request.keys].sort()) {
        locks.checkSync(key, request.mode);
        if (access.lock !== undefined && request.mode === "exclusive") releases.push(access.lock(key));
      }
      return;
    case "get":
      get(request.reads, access, coalesce);
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
    case "list":
      request.listing.keys = access.list && [...access.list(request.listing.prefix)];
      return;
  }
}

function get(reads: readonly Read[], access: SyncAccess, coalesce: CoalesceOptions): void {
  for (const fetch of planFetches(reads, access.hasRanges, coalesce)) {
    const { key, range } = fetch;
    const into = fetch.reads.length === 1 ? fetch.reads[0]!.into : undefined;
    if (into !== undefined && access.readInto !== undefined) {
      const found = access.readInto(key, range, into);
      if (found === undefined || found === into.byteLength) {
        distribute(fetch, found === undefined ? undefined : into);
        continue;
      }
      // A value of the wrong length: fetch it, so that the error can say what was found.
    }
    distribute(fetch, access.get(key, range));
  }
}
