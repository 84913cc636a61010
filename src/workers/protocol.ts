/**
 * What a thread and its workers share. Every worker has one *lane*: control words, and a few entries, each with a buffer for one task.
 * The calling thread writes a task into a free entry's buffer and publishes it; the worker claims it, works, and says that it is done.
 *
 * ```
 * control words   | state | bell | messages | entry 0: state, generation | entry 1: state, generation |
 * entry           free -> published -> claimed <-> writing -> done -> free       (worker)
 *                         published -> free                                      (taken back by the calling thread)
 *                                      claimed -> lost                           (given up by the calling thread)
 * ```
 *
 * Messages carry what does not fit into words. They are sent before the entry that needs them is published, and received before it is worked
 * on: without a turn of the event loop where the host can do that.
 */

/** Entries per lane: one in work, one ahead, while the calling thread is busy with a job of its own. */
export const entriesPerLane = 2;

/** Words of a lane's control array. */
export const word = {
  laneState: 0,
  /** Grows with every task that is published: what a worker without work waits on. */
  bell: 1,
  /** Messages sent so far: a worker that receives them with its event loop knows by it whether some are under way. */
  messages: 2,
  entryState: (entry: number): number => 3 + 2 * entry,
  /** Number of the entry's present buffer. */
  generation: (entry: number): number => 4 + 2 * entry,
} as const;
export const controlWords: number = 3 + 2 * entriesPerLane;

export const laneState = { starting: 0, ready: 1, dead: 2 } as const;
export const entryState = { free: 0, published: 1, claimed: 2, writing: 3, done: 4, lost: 5 } as const;

/** Checks of a word before a thread goes to sleep: waking costs 64 µs, a task that comes meanwhile 0.3 µs. */
export const spins = 200;

/** What a worker is started with. */
export interface LaneData {
  readonly control: Int32Array<SharedArrayBuffer>;
  /** One word, grown whenever any worker of the pool has finished something: what a calling thread waits on. */
  readonly signal: Int32Array<SharedArrayBuffer>;
}

export type Message =
  | {
      readonly kind: "buffer";
      readonly entry: number;
      readonly generation: number;
      readonly buffer: SharedArrayBuffer | undefined;
    }
  /** Something that tasks name by its number, until it is forgotten. */
  | { readonly kind: "define"; readonly id: number; readonly value: unknown }
  | { readonly kind: "forget"; readonly id: number };

/** Adds one to a word and wakes who waits on it. */
export function ring(words: Int32Array, index: number): void {
  Atomics.add(words, index, 1);
  Atomics.notify(words, index);
}

export function isLaneData(value: unknown): value is LaneData {
  return typeof value === "object" && value !== null && "control" in value && "signal" in value;
}

export function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "kind" in value;
}
