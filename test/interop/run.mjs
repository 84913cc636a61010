/**
 * `npm run test:interop`: syncodec (from dist/) writes arrays, and patches shards, its own and zarr-python's; zarr-python reads everything back.
 * The other way, zarr-python writes an array for each combination of codec, data type and format; syncodec reads and writes them anew, and
 * zarr-python compares.
 *
 * Needs Python >= 3.12; without one it says so and succeeds. `PYTHON` names an interpreter to try first. The packages of
 * test/fixtures/requirements.txt go into a virtual environment, `.venv/` at the repository root, made on the first run.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const requirements = join(root, "test", "fixtures", "requirements.txt");
const venv = join(root, ".venv");
const [scripts, executable] = process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];
const venvPython = join(venv, scripts, executable);
const installedMark = join(venv, "syncodec-requirements.txt");

function isNewEnough(python) {
  const check = "import sys; sys.exit(sys.version_info < (3, 12))";
  return spawnSync(python, ["-c", check], { stdio: "ignore" }).status === 0;
}

function findPython() {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions");
  const pyenv = existsSync(versions) ? readdirSync(versions) : [];
  pyenv.sort((a, b) => b.localeCompare(a, undefined, { numeric: true }));
  const candidates = [
    ...(process.env.PYTHON ? [process.env.PYTHON] : []),
    ...["python3.14", "python3.13", "python3.12", "python3", "python"],
    ...pyenv.map((version) => join(versions, version, "bin", "python")),
  ];
  return candidates.find(isNewEnough);
}

/** Runs a command to its end; on failure prints what it printed, if that was captured, and ends this process. */
function run(command, args, stdio = "pipe") {
  const result = spawnSync(command, args, { cwd: root, stdio, encoding: "utf8" });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}\n`);
  process.stderr.write(`interop failed: ${[command, ...args].join(" ")}\n`);
  process.exit(1);
}

/** Runs a check of zarr-python's; returns the numbers of its closing line, "N passed, N failed". */
function check(args) {
  const { stdout, stderr, status } = spawnSync(venvPython, args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 });
  process.stdout.write(`${stdout}${stderr}`);
  const [, passed = 0, failed = 1] = /(\d+) passed, (\d+) failed\s*$/.exec(stdout) ?? [];
  return [Number(passed), status === 0 ? Number(failed) : Math.max(1, Number(failed))];
}

function prepareEnvironment(python) {
  const wanted = readFileSync(requirements, "utf8");
  const usable = isNewEnough(venvPython);
  if (usable && existsSync(installedMark) && readFileSync(installedMark, "utf8") === wanted) return;
  if (!usable) run(python, ["-m", "venv", "--clear", venv]);
  run(venvPython, ["-m", "pip", "install", "--disable-pip-version-check", "-r", requirements]);
  writeFileSync(installedMark, wanted);
}

const python = findPython();
if (python === undefined) {
  console.log("interop skipped: no Python 3.12 or newer found");
} else {
  prepareEnvironment(python);
  const folder = mkdtempSync(join(tmpdir(), "syncodec-interop-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const names = ["written", "v2", "patched", "theirs", "ours"];
  const [written, v2, patched, theirs, ours] = names.map((name) => join(folder, name));
  run(process.execPath, [join(here, "write.mjs"), written], "inherit");
  run(process.execPath, [join(here, "write_v2.mjs"), v2], "inherit");
  run(venvPython, [join(here, "shards.py"), patched], "inherit");
  run(process.execPath, [join(here, "patch.mjs"), patched], "inherit");
  const command = join(root, "dist", "cli", "main.js");
  run(venvPython, [join(here, "matrix.py"), "write", theirs], "inherit");
  for (const format of ["v3", "v2"])
    run(process.execPath, [command, "copy", join(theirs, format), join(ours, format)], "inherit");
  const results = [
    check([join(here, "verify.py"), written, v2, patched]),
    check([join(here, "matrix.py"), "check", theirs, ours]),
  ];
  const [passed, failed] = [0, 1].map((i) => results[0][i] + results[1][i]);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}
