/** `syncodec verify`: decodes everything that is stored and names what is bad. */

import type { SyncodecError, ZarrArray } from "../index.js";
import { formatJson, fromPlain } from "../metadata/json.js";
import { type Command, expectPositionals, parseArguments } from "./command.js";
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
}

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

function summaryLine(findings: Findings, milliseconds: number): string {
  const { arrays, chunks, badChunks, bad, unreadable, warnings, bytes } = findings;
  const inner = bad.filter((fault) => fault.inner.length > 0).length;
  return [
    count(arrays, "array"),
    count(chunks, "chunk"),
    inner === 0 ? `${badChunks} bad` : `${badChunks} bad (${count(inner, "inner chunk")})`,
    ...(unreadable.length === 0 ? [] : [`${unreadable.length} unreadable`]),
    ...(warnings.length === 0 ? [] : [count(warnings.length, "warning")]),
    `${formatBytes(bytes)} in ${formatSeconds(milliseconds)}`,
  ].join(", ");
}

function jsonDocument(findings: Findings, milliseconds: number): string {
  const { arrays, chunks, badChunks, bad, unreadable, warnings, bytes } = findings;
  const document = {
    arrays,
    chunks,
    bad_chunks: badChunks,
    bad: bad.map(({ key, inner, error }) => ({ key, inner_chunk: inner, code: error.code, message: error.message })),
    unreadable: unreadable.map(({ path, error }) => ({ path, code: error.code, message: error.message })),
    warnings,
    bytes,
    seconds: milliseconds / 1000,
  };
  return formatJson(fromPlain(document));
}

/** Checks the node in the directory `path` and everything below it. `report` receives a line for each finding, as soon as it is made. */
async function verify(path: string, { stderr }: Outputs, report: (line: string) => Promise<void>): Promise<Findings> {
  const store = openLocalStore(path);
  const findings: Findings = { arrays: 0, chunks: 0, badChunks: 0, bytes: 0, bad: [], unreadable: [], warnings: [] };
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
  return findings;
}

export const verifyCommand: Command = {
  name: "verify",
  summary: "decode every stored chunk and check every checksum",
  help: `Usage: syncodec verify PATH [--json]

Decodes every stored chunk of the array in the directory PATH, or of every array below a group, and checks
every checksum. Prints one line for each bad chunk (of shards: for each bad inner chunk), a warning for each
key that is not a chunk of its array, and a summary. Exit status 1 if a chunk is bad or a node unreadable.

Options:
  --json   one JSON document instead`,

  async run(args, outputs) {
    const { values, positionals } = parseArguments({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean" } },
    });
    expectPositionals(positionals, ["PATH"]);
    const started = performance.now();
    const { stdout } = outputs;
    const report = async (line: string): Promise<void> => {
      if (!values.json) await stdout.write(`${oneLine(line)}\n`);
    };
    const findings = await verify(positionals[0]!, outputs, report);
    const milliseconds = performance.now() - started;
    await stdout.write(`${(values.json ? jsonDocument : summaryLine)(findings, milliseconds)}\n`);
    return findings.bad.length + findings.unreadable.length > 0 ? 1 : 0;
  },
};
