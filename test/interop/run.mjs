/**
 * `npm run test:interop`: syncodec (from dist/) writes arrays, and patches shards, its own and zarr-python's; zarr-python reads everything back.
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
  const [written, v2, patched] = ["written", "v2", "patched"].map((name) => join(folder, name));
  run(process.execPath, [join(here, "write.mjs"), written], "inherit");
  run(process.execPath, [join(here, "write_v2.mjs"), v2], "inherit");
  run(venvPython, [join(here, "shards.py"), patched], "inherit");
  run(process.execPath, [join(here, "patch.mjs"), patched], "inherit");
  run(venvPython, [join(here, "verify.py"), written, v2, patched], "inherit");
}
