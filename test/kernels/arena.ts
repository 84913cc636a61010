/** What every kernel test shares: both builds, and memory in which each region lies between guard bytes at any alignment. */
import * as fc from "fast-check";
import { expect } from "vitest";
import { Memory } from "../../src/wasm/memory.js";
import { type AllKernels, allBuilds, allKernels } from "../support/all_kernels.js";

/** Test cases of `describe.each`. */
export const builds: readonly (readonly [string, AllKernels])[] = allBuilds.map((build) => {
  const kernels = allKernels(new Memory(build));
  kernels.memory.grow(64);
  return [build, kernels];
});

/** Bytes by which a region is moved off an aligned address. */
export const skew: fc.Arbitrary<number> = fc.integer({ min: 0, max: 15 });

const guard = 0xa5;
const guardLength = 64;

interface Region {
  readonly start: number;
  readonly end: number;
  /** What a region that no kernel may write holds. */
  readonly content: Uint8Array | undefined;
}

/** Regions of linear memory for one call. */
export class Arena {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #regions: Region[] = [];
  #top: number;

  constructor(kernels: AllKernels) {
    this.#bytes = new Uint8Array(kernels.memory.buffer);
    this.#base = Math.ceil(kernels.heapBase / 16) * 16;
    this.#top = this.#base;
    this.#guardTo(this.#base + guardLength);
  }

  #guardTo(end: number): void {
    this.#bytes.fill(guard, this.#top, end);
    this.#top = end;
  }

  #add(length: number, offset: number, content: Uint8Array | undefined): number {
    const start = Math.ceil(this.#top / 16) * 16 + offset;
    this.#guardTo(start);
    this.#regions.push({ start, end: start + length, content });
    this.#top = start + length;
    this.#guardTo(this.#top + guardLength);
    return start;
  }

  /** Places bytes that the kernel may read only. */
  input(content: Uint8Array | ArrayBuffer, offset = 0): number {
    const bytes = new Uint8Array(content);
    const start = this.#add(bytes.length, offset, bytes);
    this.#bytes.set(bytes, start);
    return start;
  }

  /** Places a region to be written, holding `content` at first. */
  output(content: Uint8Array | number, offset = 0): number {
    const bytes = typeof content === "number" ? new Uint8Array(content).fill(0x5a) : content;
    const start = this.#add(bytes.length, offset, undefined);
    this.#bytes.set(bytes, start);
    return start;
  }

  /** A copy of `length` bytes. */
  read(pointer: number, length: number): Uint8Array {
    return this.#bytes.slice(pointer, pointer + length);
  }

  /** Asserts that no byte outside of the outputs has changed. */
  check(): void {
    let at = this.#base;
    for (const { start, end, content } of [
      ...this.#regions,
      { start: this.#top, end: this.#top, content: undefined },
    ]) {
      expect(this.#bytes.subarray(at, start).every((byte) => byte === guard)).toBe(true);
      if (content !== undefined) expect(Buffer.compare(this.#bytes.subarray(start, end), content)).toBe(0);
      at = end;
    }
  }
}
