/**
 * `npm run fuzz -- <target|all> [--seconds N] [--seed S] [--replay file] [--finds folder]`: runs fuzz targets, each in a thread of its own that is
 * watched over, so that a hang or a crash is reported with its input. What `all` is given in time is shared. Bundled and started by
 * scripts/fuzz.mjs.
 *
 * A find is written to the folder of finds, from which every later run begins: once it is fixed, it is committed.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Fuzzer, type Progress, type RunOptions, type Summary } from "./fuzzer.js";
import { targets } from "./targets/index.js";

const shareBytes = 1 << 16;
/** A thread that makes no progress for so long hangs. Longer than an execution may take: the machine may be busy. */
const hangSeconds = 30;
const longestShown = 4096;
/** What the process may grow by while a target runs, before and after it has warmed up. What earlier targets took counts for none. */
const growthLimit = 2 ** 30;
const warmUpSeconds = 20;

interface Job {
  readonly target: string;
  readonly options: RunOptions;
  readonly shared: SharedArrayBuffer;
}

function progressOf(shared: SharedArrayBuffer): Progress {
  return { counts: new Int32Array(shared, 0, 2), input: new Uint8Array(shared, 8) };
}

function findTarget(name: string) {
  const target = targets.find((each) => each.name === name);
  if (target === undefined)
    throw new Error(`no target "${name}": one of all, ${targets.map((each) => each.name).join(", ")}`);
  return target;
}

/** Runs a target in a thread. */
function runInThread(target: string, options: RunOptions): Promise<Summary> {
  const shared = new SharedArrayBuffer(8 + shareBytes);
  const { counts, input } = progressOf(shared);
  const start = performance.now();
  return new Promise((resolve) => {
    const job: Job = { target, options, shared };
    const worker = new Worker(new URL(import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    const finish = (summary: Summary): void => {
      clearInterval(watch);
      void worker.terminate();
      resolve(summary);
    };
    const fail = (message: string): void =>
      finish({
        executions: counts[0]!,
        seconds: (performance.now() - start) / 1000,
        corpus: 0,
        blocks: 0,
        outcomes: 0,
        find: { input: input.slice(0, counts[1]), message },
      });
    let last = { count: -1, time: start };
    let baseline = process.memoryUsage.rss();
    let isWarm = false;
    const watch = setInterval(() => {
      const count = Atomics.load(counts, 0);
      const now = performance.now();
      if (count !== last.count) last = { count, time: now };
      if (now - last.time > hangSeconds * 1000) fail(`no progress for ${hangSeconds} s`);
      const resident = process.memoryUsage.rss();
      if (resident - baseline > growthLimit) fail(`the process has grown from ${baseline} to ${resident} bytes`);
      if (!isWarm && now - start > warmUpSeconds * 1000) {
        isWarm = true;
        baseline = resident;
      }
    }, 100);
    worker.on("message", finish);
    worker.on("error", (error) => fail(`the thread ended: ${error.message}\n${error.stack}`));
  });
}

function keptInputs(folder: string): Uint8Array[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

/** Keeps an input; the path says how to run it again. */
function keep(folder: string, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash("sha256").update(input).digest("hex").slice(0, 12));
  writeFileSync(path, input);
  return path;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: `${Math.floor(Math.random() * 2 ** 31)}` },
      replay: { type: "string" },
      finds: { type: "string", default: "test/fuzz/finds" },
    },
  });
  const [name = "all"] = positionals;
  const chosen = name === "all" ? targets : [findTarget(name)];
  if (values.replay !== undefined) {
    const target = findTarget(name);
    await target.prepare?.();
    console.log(await target.run(readFileSync(values.replay)));
    target.canary();
    return;
  }
  const seconds = Number(values.seconds) / chosen.length;
  for (const target of chosen) {
    const folder = join(values.finds, target.name.replace(":", "-"));
    const options = { seed: Number(values.seed), seconds, kept: keptInputs(folder), script: import.meta.url };
    const { executions, seconds: took, corpus, blocks, outcomes, find } = await runInThread(target.name, options);
    console.log(
      `${target.name}: ${executions} executions, ${Math.round(executions / took)} a second, seed ${values.seed}, ` +
        `corpus ${corpus}, ${blocks} blocks, ${outcomes} outcomes, ${find === undefined ? 0 : 1} finds`,
    );
    if (find === undefined) continue;
    const path = keep(folder, find.input);
    const base64 = find.input.length > longestShown ? "" : `, in base64: ${Buffer.from(find.input).toString("base64")}`;
    console.log(`${find.message}\n${find.input.length} bytes${base64}`);
    console.log(`npm run fuzz -- ${target.name} --replay ${path}`);
    process.exitCode = 1;
  }
}

if (isMainThread) await main();
else {
  const { target, options, shared }: Job = workerData;
  parentPort!.postMessage(await new Fuzzer(findTarget(target), options, progressOf(shared)).run());
}
