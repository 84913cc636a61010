/** The worker's side of a lane: claim, work, say so, sleep. */

import { entriesPerLane, entryState, type LaneData, laneState, type Message, ring, spins, word } from "./protocol.js";

/** What a task may ask of the thread it runs on. */
export interface Workplace {
  /** What the calling thread has defined under `id`. */
  lookUp(id: number): unknown;
  /**
   * Runs `write`, which writes into memory that belongs to the calling thread's caller, unless the calling thread has given this task up:
   * then it throws.
   */
  write(write: () => void): void;
}

/** Works on one task. */
type RunTask = (task: SharedArrayBuffer, workplace: Workplace) => void;

/** What a worker knows of its lane. */
class Station {
  readonly #data: LaneData;
  readonly #run: RunTask;
  /** Takes the messages that have come meanwhile. */
  readonly #receiveAll: () => void;
  readonly #buffers: { readonly generation: number; readonly buffer: SharedArrayBuffer | undefined }[] = [];
  readonly #defined = new Map<number, unknown>();

  constructor(data: LaneData, run: RunTask, receiveAll: () => void) {
    this.#data = data;
    this.#run = run;
    this.#receiveAll = receiveAll;
  }

  get bell(): number {
    return Atomics.load(this.#data.control, word.bell);
  }

  take(message: Message): void {
    if (message.kind === "buffer") this.#buffers[message.entry] = message;
    else if (message.kind === "define") this.#defined.set(message.id, message.value);
    else this.#defined.delete(message.id);
  }

  begin(): void {
    const { control, signal } = this.#data;
    Atomics.store(control, word.laneState, laneState.ready);
    ring(signal, 0);
  }

  /** Whether the entry held a task, which is now this worker's. */
  claim(entry: number): boolean {
    const { published, claimed } = entryState;
    return Atomics.compareExchange(this.#data.control, word.entryState(entry), published, claimed) === published;
  }

  runEntry(entry: number): void {
    const { control, signal } = this.#data;
    const state = word.entryState(entry);
    const generation = Atomics.load(control, word.generation(entry));
    if (this.#buffers[entry]?.generation !== generation) this.#receiveAll();
    const buffer = this.#buffers[entry]?.buffer;
    const write = (body: () => void): void => {
      if (Atomics.compareExchange(control, state, entryState.claimed, entryState.writing) !== entryState.claimed) {
        throw new Error("the task was given up");
      }
      try {
        body();
      } finally {
        Atomics.compareExchange(control, state, entryState.writing, entryState.claimed);
      }
    };
    const lookUp = (id: number): unknown => {
      if (!this.#defined.has(id)) this.#receiveAll();
      return this.#defined.get(id);
    };
    // A task without a result is one that the calling thread does itself.
    if (buffer !== undefined) this.#run(buffer, { lookUp, write });
    Atomics.compareExchange(control, state, entryState.claimed, entryState.done);
    ring(signal, 0);
  }

  /** Looks for a while whether the bell rings. */
  spin(bell: number): boolean {
    for (let spin = 0; spin < spins; spin++) if (this.bell !== bell) return true;
    return false;
  }
}

/** Serves `data`'s lane until the thread is terminated. `receive` gives the next message, if there is one, at once. */
export function serve(data: LaneData, receive: () => Message | undefined, run: RunTask): never {
  const receiveAll = (): void => {
    for (let message = receive(); message !== undefined; message = receive()) station.take(message);
  };
  const station = new Station(data, run, receiveAll);
  station.begin();
  for (;;) {
    const { bell } = station;
    let isIdle = true;
    for (let entry = 0; entry < entriesPerLane; entry++) {
      if (!station.claim(entry)) continue;
      isIdle = false;
      station.runEntry(entry);
    }
    if (!isIdle) continue;
    receiveAll();
    if (!station.spin(bell)) Atomics.wait(data.control, word.bell, bell);
  }
}

/**
 * As {@link serve}, where messages come with the event loop. `onMessage` is called once, at once, and calls what it is given with every message
 * from then on; `ready` settles when jobs can be run.
 */
export async function serveAsync(
  data: LaneData,
  onMessage: (take: (message: Message) => void) => void,
  run: RunTask,
  ready: Promise<unknown>,
): Promise<never> {
  const { control } = data;
  const station = new Station(data, run, () => undefined);
  let received = 0;
  let wake = (): void => undefined;
  onMessage((message) => {
    station.take(message);
    received++;
    wake();
  });
  await ready;
  station.begin();
  for (;;) {
    const { bell } = station;
    let isIdle = true;
    for (let entry = 0; entry < entriesPerLane; entry++) {
      if (!station.claim(entry)) continue;
      isIdle = false;
      // What the task needs was sent before it.
      while (received < Atomics.load(control, word.messages)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      station.runEntry(entry);
    }
    if (!isIdle || station.spin(bell)) continue;
    await Atomics.waitAsync(control, word.bell, bell).value;
  }
}
