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

/** Serves `data`'s lane until the thread is terminated. `receive` gives the next message, if there is one, at once. */
export function serve(
  { control, signal }: LaneData,
  receive: () => Message | undefined,
  run: (task: SharedArrayBuffer, workplace: Workplace) => void,
): never {
  const buffers: { readonly generation: number; readonly buffer: SharedArrayBuffer | undefined }[] = [];
  const defined = new Map<number, unknown>();
  const receiveAll = (): void => {
    for (let message = receive(); message !== undefined; message = receive()) {
      if (message.kind === "buffer") buffers[message.entry] = message;
      else if (message.kind === "define") defined.set(message.id, message.value);
      else defined.delete(message.id);
    }
  };

  const runEntry = (entry: number): void => {
    const state = word.entryState(entry);
    const generation = Atomics.load(control, word.generation(entry));
    if (buffers[entry]?.generation !== generation) receiveAll();
    const buffer = buffers[entry]?.buffer;
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
      if (!defined.has(id)) receiveAll();
      return defined.get(id);
    };
    // A task without a result is one that the calling thread does itself.
    if (buffer !== undefined) run(buffer, { lookUp, write });
    Atomics.compareExchange(control, state, entryState.claimed, entryState.done);
    ring(signal, 0);
  };

  Atomics.store(control, word.laneState, laneState.ready);
  ring(signal, 0);
  for (;;) {
    const bell = Atomics.load(control, word.bell);
    let isIdle = true;
    for (let entry = 0; entry < entriesPerLane; entry++) {
      const state = word.entryState(entry);
      if (Atomics.compareExchange(control, state, entryState.published, entryState.claimed) === entryState.published) {
        isIdle = false;
        runEntry(entry);
      }
    }
    if (!isIdle) continue;
    receiveAll();
    let spin = 0;
    while (spin < spins && Atomics.load(control, word.bell) === bell) spin++;
    if (spin === spins) Atomics.wait(control, word.bell, bell);
  }
}
