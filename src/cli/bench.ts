/** `syncodec bench`: the quick part of the benchmark suite, on the user's machine and against the peers that are installed. */

import { formatJson, fromPlain } from "../metadata/json.js";
import { type Command, expectPositionals, parseArguments, UsageError } from "./command.js";

/** What of `bench/` is used here; it is JavaScript and not compiled. */
interface Suite {
  runQuick(
    options: { readonly case?: readonly string[]; readonly peer?: readonly string[] },
    report: (id: string, number: number, total: number) => void,
  ): Promise<{ readonly document: { readonly rows: readonly unknown[] }; readonly tables: string }>;
}

async function loadSuite(): Promise<Suite> {
  return import(new URL("../../bench/node/main.mjs", import.meta.url).href);
}

export const benchCommand: Command = {
  name: "bench",
  summary: "time syncodec on this machine",
  help: `Usage: syncodec bench [--case PATTERN]... [--peer NAME]... [--json]

Times the quick cases of the benchmark suite on this machine, after verifying what each gives, against peers
that are installed (zarrita, numcodecs.js, fflate, ...). Prints a table of medians and ratios; 2× means that
syncodec takes half the peer's time. Takes up to two minutes.

Options:
  --case PATTERN   only cases whose id begins with PATTERN: R, W, S, M, P, K, C, G, or K.crc32c
  --peer NAME      only peers whose name begins with NAME
  --json           one JSON document instead`,

  async run(args, { stdout, stderr }) {
    const { values, positionals } = parseArguments({
      args: [...args],
      allowPositionals: true,
      options: {
        case: { type: "string", multiple: true },
        peer: { type: "string", multiple: true },
        json: { type: "boolean" },
      },
    });
    expectPositionals(positionals, []);
    const suite = await loadSuite();
    const { document, tables } = await suite.runQuick(values, (id, number, total) => {
      if (stderr.isTerminal) stderr.writeNow(`\r\x1b[K${number + 1} / ${total}  ${id}`);
    });
    if (stderr.isTerminal) stderr.writeNow("\r\x1b[K");
    if (document.rows.length === 0) throw new UsageError("No quick case has such an id");
    await stdout.write(`${values.json ? formatJson(fromPlain(document)) : tables}\n`);
    return 0;
  },
};
