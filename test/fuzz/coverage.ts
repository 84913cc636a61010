/** Which blocks of this program V8 has run: inputs that reach new ones are worth changing further. Says nothing of kernels. */

import { type Profiler, Session } from "node:inspector";

export class Coverage {
  readonly #session: Session = new Session();
  readonly #url: string;

  /** `url` is the script to be watched. */
  constructor(url: string) {
    this.#url = url;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** The blocks that ran since the last call. */
  take(): Set<number> {
    const blocks = new Set<number>();
    this.#session.post("Profiler.takePreciseCoverage", (error, { result }) => {
      if (error !== null) throw error;
      for (const { url, functions } of result) if (url === this.#url) collect(functions, blocks);
    });
    return blocks;
  }
}

function collect(functions: readonly Profiler.FunctionCoverage[], blocks: Set<number>): void {
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges)
      if (count > 0) blocks.add(startOffset * 2 ** 24 + endOffset);
}
