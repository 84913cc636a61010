/**
 * The loop of a fuzz run, in a thread of its own: takes an input of the corpus, changes it, runs it, and keeps it if it reached something new:
 * another outcome, or another block of code. Everything follows from the seed.
 */

import { currentMemory } from "../../src/wasm/memory.js";
import { Random } from "../model/random.js";
import { Coverage } from "./coverage.js";
import { Find, type Target } from "./target.js";

/** What the threads share: the number of the execution under way, and its input, so that a run that hangs can be reported. */
export interface Progress {
  /** [executions, bytes of the input]. */
  readonly counts: Int32Array;
  readonly input: Uint8Array;
}

export interface RunOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Inputs that were finds once. */
  readonly kept: readonly Uint8Array[];
  /** URL of this program, whose blocks are counted. */
  readonly script: string;
}

export interface Summary {
  readonly executions: number;
  readonly seconds: number;
  readonly corpus: number;
  readonly blocks: number;
  readonly outcomes: number;
  /** What must not happen, with the input that made it happen. */
  readonly find: { readonly input: Uint8Array; readonly message: string } | undefined;
}

const longestInput = 1 << 14;
const largestCorpus = 2000;
/** Of one execution. */
const timeLimit = 2000;
const memoryLimit = 64 * 2 ** 20;
const canaryInterval = 1000;
/** Coverage takes some milliseconds, and is taken after so many executions; fewer as long as it grows. */
const batchSizes = { smallest: 8, largest: 1024 };

export class Fuzzer {
  readonly #target: Target;
  readonly #options: RunOptions;
  readonly #progress: Progress;
  readonly #random: Random;
  readonly #corpus: Uint8Array[] = [];
  readonly #outcomes: Set<string> = new Set();
  readonly #blocks: Set<number> = new Set();
  #executions = 0;

  constructor(target: Target, options: RunOptions, progress: Progress) {
    this.#target = target;
    this.#options = options;
    this.#progress = progress;
    this.#random = new Random(options.seed);
  }

  /** Runs until the time is over, or something is found. */
  async run(): Promise<Summary> {
    const start = performance.now();
    const end = start + this.#options.seconds * 1000;
    const target = this.#target;
    const coverage = new Coverage(this.#options.script);
    let input: Uint8Array = new Uint8Array(0);
    let find: Summary["find"];
    try {
      await target.prepare?.();
      target.canary();
      for (input of [...this.#options.kept, ...target.seeds(this.#random)]) {
        await this.#execute(input);
        this.#corpus.push(input);
      }
      this.#addBlocks(coverage.take());
      let batchSize = batchSizes.smallest;
      while (performance.now() < end) {
        // An engine of node:zlib that has thrown is freed by a later turn of the event loop: without one, a gigabyte in seven minutes.
        await new Promise(setImmediate);
        const batch: Uint8Array[] = [];
        for (let i = 0; i < batchSize && performance.now() < end; i++) {
          input = this.#next();
          batch.push(input);
          if (await this.#execute(input)) this.#keep(input);
        }
        const fresh = [...coverage.take()].filter((block) => !this.#blocks.has(block));
        batchSize = Math.min(batchSize * 2, batchSizes.largest);
        if (fresh.length === 0) continue;
        this.#addBlocks(fresh);
        batchSize = batchSizes.smallest;
        this.#keep(await this.#findReaching(fresh, batch, coverage));
      }
    } catch (error) {
      find = { input, message: describeFind(error) };
    }
    if (find !== undefined) find = { ...find, input: await this.#minimise(find.input, find.message) };
    return {
      executions: this.#executions,
      seconds: (performance.now() - start) / 1000,
      corpus: this.#corpus.length,
      blocks: this.#blocks.size,
      outcomes: this.#outcomes.size,
      find,
    };
  }

  #next(): Uint8Array {
    const random = this.#random;
    const [first, second] = [this.#pick(), this.#pick()];
    // Short inputs run faster, and more of a change hits something that matters.
    const input = random.chance(0.5) || first.length < second.length ? first : second;
    const mutated = this.#target.mutate(input, second, random);
    return mutated.length > longestInput ? mutated.slice(0, longestInput) : mutated;
  }

  #pick(): Uint8Array {
    const { length } = this.#corpus;
    // What was added last has been changed least.
    const first = this.#random.chance(0.5) ? Math.floor(length * 0.9) : 0;
    return this.#corpus[this.#random.integer(first, length - 1)]!;
  }

  #addBlocks(blocks: Iterable<number>): void {
    for (const block of blocks) this.#blocks.add(block);
  }

  /** An input of `batch` that reaches one of the blocks, by halves. */
  async #findReaching(
    blocks: readonly number[],
    batch: readonly Uint8Array[],
    coverage: Coverage,
  ): Promise<Uint8Array> {
    let rest = batch;
    while (rest.length > 1) {
      const half = rest.slice(0, Math.ceil(rest.length / 2));
      for (const input of half) await this.#execute(input);
      const reached = coverage.take();
      rest = blocks.some((block) => reached.has(block)) ? half : rest.slice(half.length);
    }
    return rest[0]!;
  }

  #keep(input: Uint8Array): void {
    if (this.#corpus.length < largestCorpus) this.#corpus.push(input);
    else this.#corpus[this.#random.integer(0, largestCorpus - 1)] = input;
  }

  /** Runs one input; whether its outcome is new. */
  async #execute(input: Uint8Array): Promise<boolean> {
    const { counts, input: shared } = this.#progress;
    shared.set(input.subarray(0, shared.length));
    Atomics.store(counts, 1, input.length);
    Atomics.add(counts, 0, 1);
    let outcome = "";
    let elapsed = Number.POSITIVE_INFINITY;
    // Once more, and again, before the input is blamed: the machine may be busy.
    for (let tries = 0; tries < 3 && elapsed > timeLimit; tries++) {
      const start = performance.now();
      const result = this.#target.run(input);
      outcome = typeof result === "string" ? result : await result;
      elapsed = Math.min(elapsed, performance.now() - start);
    }
    if (elapsed > timeLimit) throw new Find(`took ${Math.round(elapsed)} ms`);
    const memory = currentMemory().bytes.byteLength;
    if (memory > memoryLimit) throw new Find(`linear memory has grown to ${memory} bytes`);
    if (++this.#executions % canaryInterval === 0) this.#target.canary();
    if (this.#outcomes.has(outcome)) return false;
    this.#outcomes.add(outcome);
    return true;
  }

  /** As short an input as ten seconds find with the same message. */
  async #minimise(input: Uint8Array, message: string): Promise<Uint8Array> {
    const end = performance.now() + 10_000;
    const fails = async (candidate: Uint8Array): Promise<boolean> => {
      try {
        await this.#execute(candidate);
        this.#target.canary();
        return false;
      } catch (error) {
        return kindOf(describeFind(error)) === kindOf(message);
      }
    };
    if (!(await fails(input))) return input;
    for (
      let size = Math.ceil(input.length / 2);
      size >= 1 && performance.now() < end;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let at = input.length - size; at >= 0 && performance.now() < end; at -= size) {
        const shorter = new Uint8Array(input.length - size);
        shorter.set(input.subarray(0, at));
        shorter.set(input.subarray(at + size), at);
        if (await fails(shorter)) input = shorter;
        at = Math.min(at, input.length);
      }
    }
    return input;
  }
}

/** A message without its numbers and bytes. */
function kindOf(message: string): string {
  return message.split("\n")[0]!.replace(/\b[0-9a-f]*[0-9][0-9a-f]*\b/g, "0");
}

export function describeFind(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ""}` : String(error);
}
