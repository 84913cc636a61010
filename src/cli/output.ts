/** Text on its way to a terminal, a file or a pipe. */

import { once } from "node:events";
import type { Writable } from "node:stream";

/** Wraps a stream so that a writer waits while its reader is behind, and learns when the reader has gone (`EPIPE`). */
export class Output {
  /** Whether somebody watches: then a progress bar makes sense. */
  readonly isTerminal: boolean;
  readonly #stream: Writable;
  #failure: Error | undefined;

  constructor(stream: Writable & { readonly isTTY?: boolean }) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    // Without a listener the error of a closed pipe would end the process with a stack.
    stream.on("error", (error) => {
      this.#failure ??= error;
    });
  }

  /** Resolves when the stream takes more. Rejects with the stream's error. */
  async write(text: string): Promise<void> {
    this.#check();
    if (!this.#stream.write(text)) await once(this.#stream, "drain");
    this.#check();
  }

  /** For progress, in the middle of synchronous work: errors come up at the next {@link write}. */
  writeNow(text: string): void {
    if (this.#failure === undefined) this.#stream.write(text);
  }

  /** Resolves when all text has left the process. */
  async flush(): Promise<void> {
    this.#check();
    await new Promise<void>((resolve, reject) => {
      this.#stream.write("", (error) => (error ? reject(error) : resolve()));
    });
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Where a command writes: results to `stdout`, everything else to `stderr`. */
export interface Outputs {
  readonly stdout: Output;
  readonly stderr: Output;
}
