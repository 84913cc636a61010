/**
 * `maxWorkers`: threads that work on one call at once, the calling one included. 0 and 1 mean that it works alone.
 */

import { availableParallelism, hostThreads, warn } from "../platform.js";

let configured: number | undefined;

/**
 * All that the host can run at once; but 1 in a thread that the program has started itself, because there are others then.
 */
let defaultMaxWorkers = hostThreads?.isMainThread ? availableParallelism() : 1;

/** For hosts that this file does not know. */
export function setDefaultMaxWorkers(count: number): void {
  defaultMaxWorkers = count;
}

/** `value` if it is a number of workers; else warns and is `undefined`, which stands for the default. */
export function checkMaxWorkers(value: unknown): number | undefined {
  if (value === undefined || (typeof value === "number" && Number.isInteger(value) && value >= 0)) return value;
  warn(`syncodec: maxWorkers must be a whole number from 0, not ${String(value)}: the default is used`);
  return undefined;
}

/** Sets what calls without the option use; `undefined` brings the default back. */
export function configureMaxWorkers(value: unknown): void {
  configured = checkMaxWorkers(value);
}

/** What holds for a call: its own option, its array's, what is configured, or the default. */
export function resolveMaxWorkers(ofCall: number | undefined, ofArray: number | undefined): number {
  return ofCall ?? ofArray ?? configured ?? defaultMaxWorkers;
}
