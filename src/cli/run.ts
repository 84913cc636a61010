/** Choosing the command, and turning what it throws into one line and an exit status. */

import { readFileSync } from "node:fs";
import type { Writable } from "node:stream";
import { init, SyncodecError } from "../index.js";
import { benchCommand } from "./bench.js";
import { type Command, UsageError } from "./command.js";
import { copyCommand } from "./copy.js";
import { dumpCommand } from "./dump.js";
import { oneLine } from "./format.js";
import { infoCommand } from "./info.js";
import { Output, type Outputs } from "./output.js";
import { verifyCommand } from "./verify.js";

const commands: readonly Command[] = [infoCommand, verifyCommand, copyCommand, dumpCommand, benchCommand];

function helpText(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return `Usage: syncodec <command> [options]

Reads, checks and rewrites Zarr arrays in local directories.

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`).join("\n")}

Options:
  --help     this text; after a command, the command's options
  --version  the version
  --debug    print the stack of an error

Exit status: 0 if all is well, 1 after an error or if verify finds something bad, 2 if the command line is wrong.`;
}

function version(): string {
  const document: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof document === "object" && document !== null && "version" in document ? String(document.version) : "";
}

/** The arguments before a `--` that equal one of `names`. */
function hasFlag(args: readonly string[], ...names: string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((argument) => names.includes(argument));
}

async function dispatch([first, ...rest]: readonly string[], outputs: Outputs): Promise<number> {
  const { stdout } = outputs;
  if (first === undefined) throw new UsageError("Missing command");
  const command = commands.find(({ name }) => name === first);
  if (command === undefined) {
    if (first === "--help" || first === "-h" || first === "help") await stdout.write(`${helpText()}\n`);
    else if (first === "--version" || first === "-v") await stdout.write(`${version()}\n`);
    else throw new UsageError(`Unknown ${first.startsWith("-") ? "option" : "command"} ${JSON.stringify(first)}`);
    return 0;
  }
  if (hasFlag(rest, "--help", "-h")) {
    await stdout.write(`${command.help}\n`);
    return 0;
  }
  await init();
  try {
    return await command.run(rest, outputs);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${error.message}. Try: syncodec ${first} --help`);
    throw error;
  }
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}

function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return `syncodec: ${String(error)}`;
  const code = error instanceof SyncodecError ? ` [${error.code}]` : "";
  return `syncodec: ${oneLine(error.message)}${code}`;
}

/** Runs the command line `args` (without the program's name) and returns the exit status, when all output has been handed over. */
export async function run(
  args: readonly string[],
  streams: { readonly stdout: Writable; readonly stderr: Writable },
): Promise<number> {
  const outputs: Outputs = { stdout: new Output(streams.stdout), stderr: new Output(streams.stderr) };
  const debug = hasFlag(args, "--debug");
  try {
    const end = args.indexOf("--");
    const status = await dispatch(
      args.filter((argument, i) => argument !== "--debug" || (end >= 0 && i > end)),
      outputs,
    );
    await outputs.stdout.flush();
    return status;
  } catch (error) {
    // `syncodec dump x | head` has what it wants.
    if (isClosedPipe(error)) return 0;
    const isUsage = error instanceof UsageError;
    const hint = isUsage && !error.message.includes("--help") ? ". Try: syncodec --help" : "";
    outputs.stderr.writeNow(`${errorLine(error)}${hint}\n`);
    if (debug && error instanceof Error) outputs.stderr.writeNow(`${error.stack}\n`);
    return isUsage ? 2 : 1;
  }
}
