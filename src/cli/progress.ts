/** A progress bar on a terminal; nothing anywhere else. */

import type { Output } from "./output.js";

const intervalMilliseconds = 100;
const barWidth = 24;
/** Back to the first column, then erase to the end of the line. */
const clearLine = "\r\x1b[K";

export class Progress {
  readonly #output: Output;
  readonly #noun: string;
  readonly #total: number;
  readonly #started: number = performance.now();
  #drawn = 0;
  #visible = false;
  #done = 0;
  #bytes = 0;

  /** @param noun What is counted, in the plural. */
  constructor(output: Output, noun: string, total: number) {
    this.#output = output;
    this.#noun = noun;
    this.#total = total;
  }

  /** One more is done, which took `bytes` bytes. */
  advance(bytes: number): void {
    this.#done++;
    this.#bytes += bytes;
    const now = performance.now();
    if (!this.#output.isTerminal || now - this.#drawn < intervalMilliseconds) return;
    this.#drawn = now;
    this.#visible = true;
    this.#output.writeNow(clearLine + this.#line(now - this.#started));
  }

  /** Takes the bar away, so that something else can be printed; the next {@link advance} may bring it back. */
  clear(): void {
    if (this.#visible) this.#output.writeNow(clearLine);
    this.#visible = false;
  }

  #line(milliseconds: number): string {
    const fraction = this.#done / this.#total;
    const filled = Math.floor(fraction * barWidth);
    const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
    const speed = this.#bytes / 1000 / Math.max(milliseconds, 1);
    return `${bar} ${Math.floor(fraction * 100)}%  ${this.#done} / ${this.#total} ${this.#noun}  ${speed.toFixed(1)} MB/s`;
  }
}
