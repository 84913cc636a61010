/** What a result depends on besides the code: the machine, versions, the commit. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, platform, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export function describeMachine() {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
  };
}

/** The version in the package.json of an installed package. */
function installedVersion(name) {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, "node_modules", name, "package.json");
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")).version;
    if (dirname(folder) === folder) return undefined;
  }
}

const packages = [
  "zarrita",
  "@zarrita/storage",
  "fflate",
  "@bokuweb/zstd-wasm",
  "numcodecs",
  "@node-rs/crc32",
  "sse4_crc32",
];

export function describeVersions() {
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
  const versions = { syncodec: own, node: process.versions.node };
  for (const name of packages) {
    const version = installedVersion(name);
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

/** The commit that is measured, with a mark if files of the library differ from it; `null` in an installed package. */
export function describeCommit() {
  // A package may lie within somebody else's repository.
  if (!existsSync(join(root, ".git"))) return null;
  const git = (...args) => {
    const { status, stdout } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8" });
    return status === 0 ? stdout.trim() : undefined;
  };
  const commit = git("rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return null;
  return git("status", "--porcelain", "--", "src", "assembly", "package.json") === ""
    ? commit
    : `${commit} and changes`;
}
