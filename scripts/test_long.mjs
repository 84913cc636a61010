// The long run: 500,000 steps of the model test (or SYNCODEC_MODEL_STEPS), a million bad decodes of each kind, a million changed streams of
// DEFLATE, every suite of random cases ten times, each time with other seeds; then durability: 200,000 states that crashes leave (or
// SYNCODEC_CRASH_STATES), 1,000 writers killed at random (or SYNCODEC_KILLS) and all others at every call, a minute of 8 processes with 4
// writers each, 30 s of reads beside a writer, and a soak of 10 minutes (or SYNCODEC_SOAK_SECONDS).
// Closes with one line: N passed, N failed.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const test = join(fileURLToPath(new URL(".", import.meta.url)), "test.mjs");
const suites = ["test/pipeline", "test/array", "test/kernels", "test/codecs"];
const repetitions = 10;
const soak = fileURLToPath(new URL("../test/durability/soak.mjs", import.meta.url));
const captured = { stdio: ["inherit", "pipe", "inherit"], encoding: "utf8", maxBuffer: 2 ** 28 };
let passed = 0;
let failed = 0;

function run(...folders) {
  const env = {
    SYNCODEC_MODEL_STEPS: "500000",
    SYNCODEC_BAD_DECODES: "1000000",
    SYNCODEC_MUTATED_STREAMS: "1000000",
    SYNCODEC_CRASH_STATES: "200000",
    SYNCODEC_KILLS: "1000",
    SYNCODEC_WRITERS: "60 8 4 40",
    SYNCODEC_READ_SECONDS: "30",
    ...process.env,
  };
  add(spawnSync(process.execPath, [test, ...folders], { ...captured, env }));
}

/** Of a run, the last line of what it printed. */
function add({ stdout }) {
  process.stdout.write(stdout);
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(stdout.trim().split("\n").at(-1));
  passed += Number(counts?.[1] ?? 0);
  failed += Number(counts?.[2] ?? 1);
}

run("test/model");
run("test/hostile/memory.test.ts", "test/hostile/inflate.test.ts");
for (let i = 0; i < repetitions; i++) run(...suites);
run("test/durability");
add(spawnSync(process.execPath, ["--expose-gc", soak, process.env.SYNCODEC_SOAK_SECONDS ?? "600"], captured));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
