/**
 * `node readers.mjs SECONDS`: a process that patches a value in a loop, and this one, which reads it: never a mixture. Each kind of patch.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalStore } from "../../dist/node.js";
import { kinds, read } from "./readers_values.mjs";

const writer = fileURLToPath(new URL("readers_writer.mjs", import.meta.url));
const key = "/0";
const seconds = Number(process.argv[2]);
const directory = mkdtempSync(join(tmpdir(), "syncodec-readers-"));
let mixtures = 0;
let reads = 0;
let again = 0;
try {
  for (const [number, kind] of Object.keys(kinds).entries()) {
    const root = join(directory, String(number));
    const child = spawn(process.execPath, [writer, root, key, kind], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const store = new LocalStore(root);
    const seen = new Set();
    const end = performance.now() + (seconds * 1000) / Object.keys(kinds).length;
    while (performance.now() < end) {
      const { k, mixture, attempts } = read(store, key, kind);
      reads++;
      again += attempts - 1;
      if (mixture !== undefined) {
        mixtures++;
        console.log(`${kind}: ${mixture.join(", ")}`);
      } else seen.add(k);
    }
    console.log(`${kind}: ${seen.size} versions seen`);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    store.close();
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.log(`${reads} reads, ${mixtures} mixtures, ${again} begun anew`);
process.exitCode = mixtures === 0 && reads > 0 ? 0 : 1;
