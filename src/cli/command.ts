/** What the commands share: their form, and the reading of their arguments. */

import { type ParseArgsConfig, parseArgs } from "node:util";
import type { Outputs } from "./output.js";

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Printed by `syncodec <name> --help`, without a newline at its end. */
  readonly help: string;
  /** Returns the exit status. */
  run(args: readonly string[], outputs: Outputs): Promise<number>;
}

/** The command line itself is wrong: exit status 2. */
export class UsageError extends Error {}

/** `parseArgs`, with a {@link UsageError} instead of its errors. */
export function parseArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // What follows the first sentence is advice about positional arguments that begin with a dash.
    throw new UsageError(error.message.replace(/\. To specify a positional.*$/s, ""), { cause: error });
  }
}

/** A Zarr format, the value of an option called `option`. */
export function parseFormat(text: string | undefined, option: string): 2 | 3 | undefined {
  if (text === undefined) return undefined;
  if (text === "2" || text === "3") return text === "2" ? 2 : 3;
  throw new UsageError(`Option '--${option}' must be 2 or 3, not ${text}`);
}

/** Exactly `names.length` positional arguments. */
export function expectPositionals(positionals: readonly string[], names: readonly string[]): void {
  const extra = positionals[names.length];
  if (extra !== undefined) throw new UsageError(`Unexpected argument ${JSON.stringify(extra)}`);
  if (positionals.length < names.length)
    throw new UsageError(`Missing ${names.slice(positionals.length).join(" and ")}`);
}
