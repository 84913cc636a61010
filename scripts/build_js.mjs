// Compiles src/ to dist/: ESM, declaration files and source maps; and to dist/browser/, for browsers.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildForBrowsers } from "./browser_build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
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
