// Where Chromium is, for the tests that run in it: SYNCODEC_CHROMIUM, or the first that is installed; where apt-get may install one, it does.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

function installed() {
  return [process.env.SYNCODEC_CHROMIUM, ...places].find((path) => path && existsSync(path));
}

function install() {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  console.log("installing chromium by apt-get");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", "chromium"]]) {
    spawnSync("/usr/bin/apt-get", ["--quiet", "--quiet", ...args], { stdio: ["ignore", "ignore", "inherit"], env });
  }
}

/** The path of the program. Throws if there is none. */
export function chromiumPath() {
  if (installed() === undefined) install();
  const path = installed();
  if (path === undefined) {
    throw new Error(
      "the tests need Chromium: install it (Debian: apt-get install chromium), or set SYNCODEC_CHROMIUM to its path",
    );
  }
  return path;
}
