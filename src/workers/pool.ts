/**
 * The pool of one thread: lanes to its workers, and the tasks that are on them. It knows nothing of chunks: a task is bytes in a buffer, and
 * a function that is called when they have been worked on.
 */

import { warn } from "../platform.js";
import {
  controlWords,
  entriesPerLane,
  entryState,
  type LaneData,
  laneState,
  type Message,
  ring,
  spins,
  word,
} from "./protocol.js";
import type { StartWorker, WorkerPort } from "./worker_port.js";

/** Work on its way to a worker. */
export interface Task {
  /** Bytes that its buffer must have. */
  readonly byteLength: number;
  /** Expected microseconds. */
  readonly cost: number;
  /** Writes the task; may define things on `lane`. */
  write(buffer: SharedArrayBuffer, lane: Lane): void;
  /** Called once, on the thread that made the task: with the buffer when the worker is done, with `undefined` if the worker was lost. */
  finish(buffer: SharedArrayBuffer | undefined): void;
}

/** Buffers of an idle pool have at most this many bytes together. */
const keptBytes = 64 * 2 ** 20;
/** Things that one worker keeps. What is forgotten too early costs a task that fails there and runs here. */
const maximumDefined = 1024;
const smallestBuffer = 64 * 1024;
/** How long a worker may take before it is given up, which dies without saying so: some time, and a multiple of what its tasks should take. */
export interface Patience {
  readonly milliseconds: number;
  readonly factor: number;
}

const defaultPatience: Patience = { milliseconds: 5000, factor: 50 };

interface Entry {
  task: Task | undefined;
  buffer: SharedArrayBuffer | undefined;
}

/** One worker, and what it has been given. */
export class Lane {
  readonly port: WorkerPort;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #entries: Entry[] = [];
  readonly #defined = new Set<number>();
  /** When the worker was last seen to get on, in milliseconds. */
  #seen = 0;
  /** Whether the worker was writing when it was first found overdue. */
  #wasWriting = false;

  constructor(start: StartWorker, signal: LaneData["signal"], onExit: (lane: Lane, error: unknown) => void) {
    this.#control = new Int32Array(new SharedArrayBuffer(controlWords * Int32Array.BYTES_PER_ELEMENT));
    for (let entry = 0; entry < entriesPerLane; entry++) this.#entries.push({ task: undefined, buffer: undefined });
    this.port = start({ control: this.#control, signal }, (error) => onExit(this, error));
  }

  get isDead(): boolean {
    return this.#state === laneState.dead;
  }

  get isReady(): boolean {
    return this.#state === laneState.ready;
  }

  get #state(): number {
    return Atomics.load(this.#control, word.laneState);
  }

  /** Tasks on the lane. */
  get load(): number {
    let count = 0;
    for (const { task } of this.#entries) if (task !== undefined) count++;
    return count;
  }

  /** Makes `value` known to the worker under `id`, once. */
  define(id: number, value: () => unknown): void {
    if (this.#defined.has(id)) return;
    const [oldest] = this.#defined;
    if (oldest !== undefined && this.#defined.size === maximumDefined) this.forget(oldest);
    this.#defined.add(id);
    this.#send({ kind: "define", id, value: value() });
  }

  forget(id: number): void {
    if (!this.#defined.delete(id)) return;
    this.#send({ kind: "forget", id });
    ring(this.#control, word.bell);
  }

  /** Publishes `task` in a free entry, of which there must be one. */
  publish(task: Task): void {
    const number = this.#entries.findIndex((entry) => entry.task === undefined);
    const entry = this.#entries[number]!;
    if (entry.buffer === undefined || entry.buffer.byteLength < task.byteLength) {
      this.#setBuffer(number, new SharedArrayBuffer(bufferLength(task.byteLength)));
    }
    task.write(entry.buffer!, this);
    if (this.load === 0) this.#seen = performance.now();
    entry.task = task;
    Atomics.store(this.#control, word.entryState(number), entryState.published);
    ring(this.#control, word.bell);
  }

  /** Finishes what is done; returns the number of such tasks. */
  collect(): number {
    let count = 0;
    for (const [number, entry] of this.#entries.entries()) {
      const { task, buffer } = entry;
      const state = word.entryState(number);
      if (task === undefined || Atomics.load(this.#control, state) !== entryState.done) continue;
      entry.task = undefined;
      Atomics.store(this.#control, state, entryState.free);
      this.#seen = performance.now();
      task.finish(buffer);
      count++;
    }
    return count;
  }

  /** Takes back a task that the worker has not begun, of those that `isWanted` accepts. */
  takeBack(isWanted: (task: Task) => boolean): Task | undefined {
    for (const [number, entry] of this.#entries.entries()) {
      const { task } = entry;
      if (task === undefined || !isWanted(task)) continue;
      const state = word.entryState(number);
      const { published, free } = entryState;
      if (Atomics.compareExchange(this.#control, state, published, free) !== published) continue;
      entry.task = undefined;
      return task;
    }
    return undefined;
  }

  /** Drops buffers of more than `byteLength` bytes that hold no task. */
  trim(byteLength: number): void {
    this.#entries.forEach(({ task, buffer }, number) => {
      if (task === undefined && buffer !== undefined && buffer.byteLength > byteLength) {
        this.#setBuffer(number, undefined);
        ring(this.#control, word.bell);
      }
    });
  }

  /** Whether the worker has had more than enough time for what it has. */
  isOverdue(patience: Patience): boolean {
    let cost = 0;
    for (const { task } of this.#entries) cost += task?.cost ?? 0;
    return this.load > 0 && performance.now() - this.#seen > patience.milliseconds + (patience.factor * cost) / 1000;
  }

  /** Ends the worker; its tasks are finished as lost. False if it is writing into a caller's memory just now: then it must be waited for. */
  giveUp(): boolean {
    for (let entry = 0; entry < entriesPerLane; entry++) {
      const state = word.entryState(entry);
      const { published, claimed, lost, writing } = entryState;
      Atomics.compareExchange(this.#control, state, published, lost);
      const found = Atomics.compareExchange(this.#control, state, claimed, lost);
      // A writer only copies bytes: one that is still at it after all this time has died of it.
      if (found === writing && !this.isDead && !this.#wasWriting) {
        this.#wasWriting = true;
        this.#seen = performance.now();
        return false;
      }
      if (found === writing) Atomics.store(this.#control, state, lost);
    }
    Atomics.store(this.#control, word.laneState, laneState.dead);
    this.port.terminate();
    for (const entry of this.#entries) {
      const { task } = entry;
      entry.task = undefined;
      task?.finish(undefined);
    }
    return true;
  }

  #send(message: Message): void {
    this.port.postMessage(message);
    Atomics.add(this.#control, word.messages, 1);
  }

  #setBuffer(number: number, buffer: SharedArrayBuffer | undefined): void {
    this.#entries[number]!.buffer = buffer;
    const generation = Atomics.add(this.#control, word.generation(number), 1) + 1;
    this.#send({ kind: "buffer", entry: number, generation, buffer });
  }
}

/** The next power of two: a sequence of growing tasks makes few buffers. */
function bufferLength(byteLength: number): number {
  let length = smallestBuffer;
  while (length < byteLength) length *= 2;
  return length;
}

/** Losses in a row, without a task done between them, after which no more workers are started. */
const maximumLosses = 3;

/** Workers of this thread. */
export class Pool {
  readonly #start: StartWorker;
  readonly #patience: Patience;
  readonly #signal: LaneData["signal"] = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #lanes: Lane[] = [];
  #losses = 0;
  /** Asynchronous calls that wait for workers. */
  #waiting = 0;

  constructor(start: StartWorker, patience: Patience = defaultPatience) {
    this.#start = start;
    this.#patience = patience;
  }

  /** Lanes of all workers, also of those that are not ready. */
  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /** Starts workers until there are `count`, and does not wait for them. */
  grow(count: number): void {
    while (this.#lanes.length < count && this.#losses < maximumLosses) {
      this.#lanes.push(new Lane(this.#start, this.#signal, (lane, error) => this.#onExit(lane, error)));
    }
  }

  /** A number that has changed when any worker has finished something since. */
  get signal(): number {
    return Atomics.load(this.#signal, 0);
  }

  /** Finishes tasks that are done, and those of workers that have died. */
  collect(): void {
    for (const lane of this.#lanes) {
      if (lane.collect() > 0) this.#losses = 0;
      if (lane.isDead) this.#lose(lane);
    }
  }

  /** Sleeps until the signal is no longer `seen`; workers that seem to have died in silence are given up. */
  wait(seen: number): void {
    let spin = 0;
    while (spin < spins && this.signal === seen) spin++;
    if (spin === spins && Atomics.wait(this.#signal, 0, seen, pollMilliseconds) === "timed-out") this.#checkOverdue();
  }

  /** As {@link wait}, while the event loop turns. */
  async waitAsync(seen: number): Promise<void> {
    const { async: isAsync, value } = Atomics.waitAsync(this.#signal, 0, seen, pollMilliseconds);
    if (!isAsync) return;
    // The promise alone would not keep the program alive.
    if (++this.#waiting === 1) for (const { port } of this.#lanes) port.keepAlive(true);
    try {
      if ((await value) === "timed-out") this.#checkOverdue();
    } finally {
      if (--this.#waiting === 0) for (const { port } of this.#lanes) port.keepAlive(false);
    }
  }

  /** Takes back a task that no worker has begun, of those that `isWanted` accepts. */
  takeBack(isWanted: (task: Task) => boolean): Task | undefined {
    for (const lane of this.#lanes) {
      const task = lane.takeBack(isWanted);
      if (task !== undefined) return task;
    }
    return undefined;
  }

  /** Drops buffers that are too large to keep, and what was defined under `ids`. */
  tidy(ids: Iterable<number>): void {
    for (const id of ids) for (const lane of this.#lanes) lane.forget(id);
    const limit = keptBytes / (this.#lanes.length * entriesPerLane);
    for (const lane of this.#lanes) lane.trim(limit);
  }

  /** Ends all workers; what they had is lost. */
  close(): void {
    this.#losses = maximumLosses;
    for (const lane of this.#lanes) lane.giveUp();
    this.#lanes = [];
  }

  #checkOverdue(): void {
    for (const lane of this.#lanes) if (lane.isOverdue(this.#patience)) this.#lose(lane);
  }

  #lose(lane: Lane, error?: unknown): void {
    if (!lane.giveUp()) return;
    this.#lanes = this.#lanes.filter((each) => each !== lane);
    if (this.#losses < maximumLosses && ++this.#losses === maximumLosses) {
      warn(`syncodec's workers fail, so all work runs on the calling thread: ${String(error ?? "they end early")}`);
    }
  }

  #onExit(lane: Lane, error: unknown): void {
    if (!this.#lanes.includes(lane)) return;
    // Another one would not start either.
    if (!lane.isReady && !lane.isDead) this.#losses = Math.max(this.#losses, maximumLosses - 1);
    this.#lose(lane, error);
    Atomics.notify(this.#signal, 0);
  }
}

/** A sleeping thread looks this often whether its workers are overdue. */
const pollMilliseconds = 250;
