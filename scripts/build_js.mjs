// Compiles src/ to dist/: ESM, declaration files and source maps; and to dist/web/, for browsers. Does nothing where dist/ is newer than
// all that it is made of.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildForBrowsers } from "./browser_build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Written last, so that a build that was cut short is done again. */
const stamp = join(root, "build/dist.stamp");

/** When anything in a folder last changed, the folders themselves included: a file that went away counts. */
function newestIn(folder) {
  const entries = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
  return Math.max(...[folder, ...entries].map((path) => statSync(path).mtimeMs));
}

const files = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"];
const inputs = ["src", "scripts"].map((name) => newestIn(join(root, name)));
for (const name of files) inputs.push(statSync(join(root, name)).mtimeMs);
if (existsSync(join(root, "dist")) && existsSync(stamp) && statSync(stamp).mtimeMs > Math.max(...inputs))
  process.exit(0);

rmSync(stamp, { force: true });
rmSync(`${root}dist`, { recursive: true, force: true });
try {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`], {
    stdio: "inherit",
  });
} catch {
  process.exit(1);
}
const command = `${root}dist/cli/main.js`;
if (existsSync(command)) chmodSync(command, 0o755);
await buildForBrowsers();
writeFileSync(stamp, "");
