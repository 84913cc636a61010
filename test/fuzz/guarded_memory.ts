/**
 * Linear memory with guard bytes behind every span, so that a kernel that writes past the end of one is seen: nothing traps there. What a span
 * and its guard hold at first depends on `poison`, so that a kernel that reads what nobody wrote gives different results on two of these.
 */

import type { Build } from "../../src/wasm/kernels.js";
import { Memory, type Span } from "../../src/wasm/memory.js";
import { allBuilds } from "../support/all_kernels.js";
import { Find } from "./target.js";

const guardLength = 48;

export class GuardedMemory extends Memory {
  readonly #poison: number;
  #guards: Span[] = [];

  constructor(build: Build, poison: number) {
    super(build);
    this.#poison = poison;
  }

  override allocate(byteLength: number): Span {
    const { pointer } = super.allocate(byteLength + guardLength);
    this.bytes.fill(this.#poison, pointer, pointer + byteLength + guardLength);
    this.#guards.push({ pointer: pointer + byteLength, byteLength: guardLength });
    return { pointer, byteLength };
  }

  override scope<T>(body: (memory: Memory) => T): T {
    const outer = this.#guards;
    this.#guards = [];
    try {
      return super.scope(() => {
        const result = body(this);
        this.#check();
        return result;
      });
    } finally {
      this.#guards = outer;
    }
  }

  #check(): void {
    for (const { pointer, byteLength } of this.#guards)
      for (let i = pointer; i < pointer + byteLength; i++)
        if (this.bytes[i] !== this.#poison)
          throw new Find(`a kernel wrote ${i - pointer} bytes past the end of a span`);
  }
}

/** Both builds. */
export const guardedMemories: readonly GuardedMemory[] = allBuilds.map(
  (build, i) => new GuardedMemory(build, i === 0 ? 0xa5 : 0x5a),
);
