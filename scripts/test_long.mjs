// The long run: 500,000 steps of the model test (or SYNCODEC_MODEL_STEPS), a million bad decodes of each kind, a million changed streams of
// DEFLATE, 200,000 states that crashes leave, then every suite of random cases ten times, each time with other seeds.
// Closes with one line: N passed, N failed.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const test = join(fileURLToPath(new URL(".", import.meta.url)), "test.mjs");
const suites = ["test/pipeline", "test/array", "test/kernels", "test/codecs"];
const repetitions = 10;
let passed = 0;
let failed = 0;

function run(...folders) {
  const env = {
    SYNCODEC_MODEL_STEPS: "500000",
    SYNCODEC_BAD_DECODES: "1000000",
    SYNCODEC_MUTATED_STREAMS: "1000000",
    SYNCODEC_CRASH_STATES: "200000",
    ...process.env,
  };
  const { stdout } = spawnSync(process.execPath, [test, ...folders], {
    stdio: ["inherit", "pipe", "inherit"],
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  process.stdout.write(stdout);
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(stdout.trim().split("\n").at(-1));
  passed += Number(counts?.[1] ?? 0);
  failed += Number(counts?.[2] ?? 1);
}

run("test/model");
run("test/durability/crashes.test.ts");
run("test/hostile/memory.test.ts", "test/hostile/inflate.test.ts");
for (let i = 0; i < repetitions; i++) run(...suites);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
