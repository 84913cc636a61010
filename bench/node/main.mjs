/** The command line of the suite. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { allCases } from "../cases/index.mjs";
import { kernelsMaker, withoutPython } from "../host.mjs";
import { fullEffort, quickEffort } from "../measure.mjs";
import { documentOf, formatTables } from "../results.mjs";
import { runCase } from "../suite.mjs";
import { createHost } from "./host.mjs";
import { describeCommit, describeMachine, describeVersions } from "./machine.mjs";
import { loadPeers } from "./peers.mjs";
import { startPython } from "./python.mjs";

const folder = fileURLToPath(new URL("../", import.meta.url));

const help = `Usage: npm run bench -- [options]

Times syncodec against its peers, by turns and after verifying what each gives. Prints a table, with the targets
met and missed, and writes bench/results/<date>.json.

Options:
  --case PATTERN   only cases whose id begins with PATTERN, for example W or K.crc32c; may be repeated
  --filter TEXT    only cases whose id or title contains TEXT
  --peer NAME      only peers whose name begins with NAME, for example zarrita; may be repeated
  --quick          fewer cases and repetitions: under two minutes
  --python PATH    interpreter with the packages of bench/python/requirements.txt (or BENCH_PYTHON)
  --json FILE      write the results there ("-": to stdout, in place of the table)
  --report [FILE]  make docs/performance.md from a file of results, by default the latest; measures nothing
  --list           print the ids and titles of the cases
  --help           this text`;

const options = {
  case: { type: "string", multiple: true },
  filter: { type: "string" },
  peer: { type: "string", multiple: true },
  quick: { type: "boolean", default: false },
  python: { type: "string" },
  json: { type: "string" },
  report: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

/** The library as built: what the cases call, and the modules that hold the kernels. */
async function loadLibrary() {
  const dist = new URL("../../dist/", import.meta.url);
  if (!existsSync(new URL("index.js", dist))) throw new Error("dist/ is missing: npm run build comes first");
  const load = (path) => import(new URL(path, dist).href);
  const syncodec = { ...(await load("index.js")), LocalStore: (await load("node.js")).LocalStore };
  await syncodec.init();
  const memory = await load("wasm/memory.js");
  const kernelModules = await Promise.all(
    ["blosc", "bulk", "deflate", "filter", "zstd"].map(
      async (name) => (await load(`wasm/${name}_kernels.js`))[`${name}Kernels`],
    ),
  );
  const internals = {
    memory,
    newKernels: kernelsMaker(memory, kernelModules),
    shardLayout: await load("wasm/shard_layout.js"),
    fflate: await import("fflate"),
  };
  return { syncodec, internals };
}

async function choosePython(path) {
  if (path === undefined) return withoutPython("no interpreter: --python PATH or BENCH_PYTHON");
  try {
    return await startPython(path);
  } catch (error) {
    return withoutPython(`cannot run here: ${error.message}`);
  }
}

/** A host of Node, with the peers that there are. */
export async function openHost(pythonPath) {
  const python = await choosePython(pythonPath);
  return createHost({ ...(await loadLibrary()), peers: await loadPeers(), python });
}

/** The cases that the options ask for. */
export function selectCases(cases, { case: ids, filter, quick }) {
  return cases.filter((each) => {
    if (quick && !each.quick) return false;
    if (ids !== undefined && !ids.some((id) => each.id.startsWith(id))) return false;
    return filter === undefined || `${each.id} ${each.title}`.includes(filter);
  });
}

/** Runs cases and gives the document of results. `report` is told before each case, and returns false to end the run before it. */
export async function measureCases(cases, host, { effort, peers, quick, report }) {
  const isPeerWanted = (name) => peers === undefined || peers.some((peer) => name.startsWith(peer));
  const started = Date.now();
  const measured = [];
  for (const [i, each] of cases.entries()) {
    // Cases may run without a turn of the event loop, which is where a signal arrives.
    await host.pause(0);
    if (report(each, i) === false) break;
    measured.push(await runCase(each, host, effort, isPeerWanted));
  }
  return documentOf(measured, started, Math.round((Date.now() - started) / 1000), {
    quick,
    commit: describeCommit(),
    machine: describeMachine(),
    versions: { ...describeVersions(), ...host.python.versions },
  });
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The progress of a run, on stderr: one line that is overwritten on a terminal, a line per case elsewhere. */
export function progressTo(stream, total) {
  return ({ id }, i) => {
    const text = `${String(i + 1).padStart(String(total).length)} / ${total}  ${id}`;
    stream.write(stream.isTTY ? `\r\x1b[K${i + 1 === total ? `${text}\n` : text}` : `${text}\n`);
  };
}

/**
 * The quick cases on this machine, without Python: what `syncodec bench` runs. `options` are `case`, `filter` and `peer` as on the command
 * line; `report` is told of each case. Gives the document of results and its tables.
 */
export async function runQuick(options, report) {
  const cases = selectCases(allCases(), { ...options, quick: true });
  const host = await openHost();
  try {
    const document = await measureCases(cases, host, {
      effort: quickEffort,
      peers: options.peer,
      quick: true,
      report: (each, i) => report(each.id, i, cases.length),
    });
    return { document, tables: formatTables(document.rows, document.targets) };
  } finally {
    await host.close();
  }
}

export async function main(args) {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.report) {
    const { writeReport } = await import("../report/report.mjs");
    console.log(writeReport(positionals[0]));
    return;
  }
  const cases = selectCases(allCases(), values);
  if (values.list) {
    for (const { id, title } of cases) console.log(`${id.padEnd(44)}${title}`);
    return;
  }
  if (cases.length === 0) {
    console.error("No case is called so; --list shows them all");
    process.exitCode = 2;
    return;
  }
  let isInterrupted = false;
  process.once("SIGINT", () => {
    isInterrupted = true;
    process.stderr.write("\nThis case is the last one; again to end at once\n");
  });
  const progress = progressTo(process.stderr, cases.length);
  const host = await openHost(values.python ?? process.env.BENCH_PYTHON);
  try {
    const document = await measureCases(cases, host, {
      effort: values.quick ? quickEffort : fullEffort,
      peers: values.peer,
      quick: values.quick,
      report: (each, i) => (isInterrupted ? false : progress(each, i)),
    });
    const text = `${JSON.stringify(document, null, 1)}\n`;
    if (values.json === "-") process.stdout.write(text);
    else {
      const file = values.json ?? join(folder, "results", `${document.date.slice(0, 19).replaceAll(":", "-")}.json`);
      write(file, text);
      console.log(formatTables(document.rows, document.targets));
      console.log(`\n${document.seconds} s; ${file}`);
    }
  } finally {
    host.python.close();
    await host.close();
  }
}
