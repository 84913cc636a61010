/** `syncodec verify`: decodes everything that is stored and names what is bad. */

import { SyncodecError, type ZarrArray } from "../index.js";
import { formatJson, fromPlain } from "../metadata/json.js";
import type { LocalStore } from "../node.js";
import type { Keep, Recovery } from "../stores/durable.js";
import { type Command, expectPositionals, parseArguments, UsageError } from "./command.js";
import { chunkFaults, type Fault } from "./faults.js";
import { count, formatBytes, formatSeconds, formatShape, oneLine } from "./format.js";
import { openLocalStore, readTree, type UnreadableEntry, walk } from "./nodes.js";
import type { Outputs } from "./output.js";
import { Progress } from "./progress.js";
import { listStoredKeys, type StoredKeys } from "./stored_chunks.js";

interface BadChunk extends Fault {
  readonly key: string;
}

interface Findings {
  arrays: number;
  chunks: number;
  badChunks: number;
  /** Of stored chunks that were checked. */
  bytes: number;
  /** One or more for each bad chunk. */
  readonly bad: BadChunk[];
  readonly unreadable: UnreadableEntry[];
  readonly warnings: { readonly key: string; readonly reason: string }[];
  /** `undefined` if nothing was to be repaired. */
  readonly repairs: Repairs | undefined;
}

interface Repairs {
  readonly done: { readonly key: string; readonly recovery: Recovery; readonly removed: readonly string[] }[];
  readonly failed: { readonly key: string; readonly error: SyncodecError }[];
}

/** What became of a change that was cut, for people. */
const recoveries: { readonly [found in Recovery]: string | undefined } = {
  "nothing to do": undefined,
  "was done": "a change was complete",
  undone: "undid a change",
  finished: "finished a change",
  dropped: "kept the file and dropped the change of the journal",
};

/** What went wrong, without the place, which stands before it. */
function describeFault({ reason, expected, found, offset, codec }: SyncodecError): string {
  const parts: string[] = [];
  if (expected !== undefined) parts.push(`expected ${expected}`);
  if (found !== undefined) parts.push(`found ${found}`);
  if (offset !== undefined) parts.push(`at byte ${offset}`);
  if (codec !== undefined) parts.push(`codec ${codec}`);
  return parts.length === 0 ? reason : `${reason} (${parts.join("; ")})`;
}

function badLine({ key, inner, error }: BadChunk): string {
  const place = inner.length === 0 ? [] : [`inner chunk ${inner.map(formatShape).join(" / ")}`];
  return ["bad", key, ...place, error.code, describeFault(error)].join("  ");
}

function repairLine({ key, recovery, removed }: Repairs["done"][number]): string {
  const swept = removed.length === 0 ? undefined : `removed ${count(removed.length, "file")} of a dead writer`;
  return ["repaired", key, [recoveries[recovery], swept].filter((part) => part !== undefined).join(", ")].join("  ");
}

function summaryLine(findings: Findings, milliseconds: number): string {
  const { arrays, chunks, badChunks, bad, unreadable, warnings, bytes, repairs } = findings;
  const inner = bad.filter((fault) => fault.inner.length > 0).length;
  return [
    count(arrays, "array"),
    count(chunks, "chunk"),
    inner === 0 ? `${badChunks} bad` : `${badChunks} bad (${count(inner, "inner chunk")})`,
    ...(unreadable.length === 0 ? [] : [`${unreadable.length} unreadable`]),
    ...(warnings.length === 0 ? [] : [count(warnings.length, "warning")]),
    ...(repairs === undefined ? [] : [`${repairs.done.length} repaired`]),
    ...(repairs === undefined || repairs.failed.length === 0 ? [] : [`${repairs.failed.length} not repaired`]),
    `${formatBytes(bytes)} in ${formatSeconds(milliseconds)}`,
  ].join(", ");
}

function jsonDocument(findings: Findings, milliseconds: number): string {
  const { arrays, chunks, badChunks, bad, unreadable, warnings, bytes, repairs } = findings;
  const document = {
    arrays,
    chunks,
    bad_chunks: badChunks,
    bad: bad.map(({ key, inner, error }) => ({ key, inner_chunk: inner, code: error.code, message: error.message })),
    unreadable: unreadable.map(({ path, error }) => ({ path, code: error.code, message: error.message })),
    warnings,
    ...(repairs && {
      repaired: repairs.done.map(({ key, recovery, removed }) => ({ key, change: recovery, removed })),
      not_repaired: repairs.failed.map(({ key, error }) => ({ key, code: error.code, message: error.message })),
    }),
    bytes,
    seconds: milliseconds / 1000,
  };
  return formatJson(fromPlain(document));
}

type Report = (line: string) => Promise<void>;

/** What is done to what killed writers have left; `undefined`: nothing. */
interface RepairOptions {
  readonly keep: Keep | undefined;
}

async function repair(store: LocalStore, { keep }: RepairOptions, report: Report): Promise<Repairs> {
  const repairs: Repairs = { done: [], failed: [] };
  for (const each of store.repairSync("/", keep)) {
    if ("recovery" in each) {
      if (each.recovery === "nothing to do" && each.removed.length === 0) continue;
      repairs.done.push(each);
      await report(repairLine(each));
    } else {
      const { key, error } = each;
      if (!(error instanceof SyncodecError)) throw error;
      repairs.failed.push({ key, error });
      await report(`not repaired  ${key}  ${error.code}  ${error.message}`);
    }
  }
  return repairs;
}

function* leftoverWarnings(store: LocalStore): Generator<Findings["warnings"][number]> {
  for (const { key, isUnfinished, files } of store.leftoversSync()) {
    const what = isUnfinished ? "a change was cut" : "a writer died here";
    yield { key, reason: `${what}; the next write, or --repair, clears up ${files.join(", ")}` };
  }
}

/** Checks the node in the directory `path` and everything below it. `report` receives a line for each finding, as soon as it is made. */
async function verify(
  path: string,
  repairOptions: RepairOptions | undefined,
  { stderr }: Outputs,
  report: Report,
): Promise<Findings> {
  const store = openLocalStore(path, { readOnly: repairOptions === undefined });
  const repairs = repairOptions && (await repair(store, repairOptions, report));
  const findings: Findings = {
    arrays: 0,
    chunks: 0,
    badChunks: 0,
    bytes: 0,
    bad: [],
    unreadable: [],
    warnings: [],
    repairs,
  };
  if (repairs === undefined) {
    for (const warning of leftoverWarnings(store)) {
      findings.warnings.push(warning);
      await report(`warning  ${warning.key}  ${warning.reason}`);
    }
  }
  const work: { array: ZarrArray; stored: StoredKeys }[] = [];
  for (const entry of walk(readTree(store))) {
    if (entry.kind === "unreadable") {
      findings.unreadable.push(entry);
      await report(`unreadable  ${entry.path}  ${entry.error.code}  ${entry.error.message}`);
    } else if (entry.kind === "array") {
      const stored = listStoredKeys(entry.array, store);
      work.push({ array: entry.array, stored });
      for (const stray of stored.strays) {
        findings.warnings.push(stray);
        await report(`warning  ${stray.key}  ${stray.reason}`);
      }
    }
  }
  findings.arrays = work.length;
  findings.chunks = work.reduce((sum, { stored }) => sum + stored.chunks.length, 0);
  const progress = new Progress(stderr, "chunks", findings.chunks);
  for (const { array, stored } of work) {
    for (const { key, coordinates, byteLength } of stored.chunks) {
      const faults = [...chunkFaults(array, coordinates)];
      if (faults.length > 0) {
        findings.badChunks++;
        progress.clear();
      }
      for (const fault of faults) {
        findings.bad.push({ key, ...fault });
        await report(badLine({ key, ...fault }));
      }
      findings.bytes += byteLength;
      progress.advance(byteLength);
    }
  }
  progress.clear();
  store.close();
  return findings;
}

function parseKeep(text: string | undefined): Keep | undefined {
  if (text === undefined || text === "file" || text === "journal") return text;
  throw new UsageError(`Option '--keep' must be file or journal, not ${text}`);
}

export const verifyCommand: Command = {
  name: "verify",
  summary: "decode every stored chunk and check every checksum",
  help: `Usage: syncodec verify PATH [--repair [--keep=file|journal]] [--json]

Decodes every stored chunk of the array in the directory PATH, or of every array below a group, and checks
every checksum. Prints one line for each bad chunk (of shards: for each bad inner chunk), a warning for each
key that is not a chunk of its array or beside which a writer that was killed has left files, and a summary.
Exit status 1 if a chunk is bad, a node unreadable or a key not repaired. Without --repair nothing is written.

Options:
  --repair       first finish or undo changes that were cut, as the next write of each key would, and remove
                 what else killed writers have left; prints one line for each key that was repaired, or not
  --keep=file    with --repair, where a change can be neither finished nor undone because another program has
                 changed the file meanwhile: keep the file as it is, and drop the change
  --keep=journal the same, but finish the change
  --json         one JSON document instead`,

  async run(args, outputs) {
    const { values, positionals } = parseArguments({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean" }, repair: { type: "boolean" }, keep: { type: "string" } },
    });
    expectPositionals(positionals, ["PATH"]);
    const keep = parseKeep(values.keep);
    if (keep !== undefined && !values.repair) throw new UsageError("Option '--keep' goes with '--repair'");
    const started = performance.now();
    const { stdout } = outputs;
    const report = async (line: string): Promise<void> => {
      if (!values.json) await stdout.write(`${oneLine(line)}\n`);
    };
    const findings = await verify(positionals[0]!, values.repair ? { keep } : undefined, outputs, report);
    const milliseconds = performance.now() - started;
    await stdout.write(`${(values.json ? jsonDocument : summaryLine)(findings, milliseconds)}\n`);
    const { bad, unreadable, repairs } = findings;
    return bad.length + unreadable.length + (repairs?.failed.length ?? 0) > 0 ? 1 : 0;
  },
};
