/** Builds the page into a folder, by default dist/ beside this file: `npm run build:page`. Any web server can serve it, under any path. */

import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { forBrowsers } from "../../scripts/for_browsers.mjs";
import { describeCommit, describeVersions } from "../node/machine.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const zstdFolder = join(dirname(createRequire(import.meta.url).resolve("@bokuweb/zstd-wasm")), "..", "web");

/** The peer is the package as it is published; syncodec has a part of it inlined. */
const zstdPeer = {
  name: "zstd-peer",
  setup({ onResolve }) {
    onResolve({ filter: /^@bokuweb\/zstd-wasm$/ }, ({ importer }) =>
      dirname(importer) === folder ? { path: join(zstdFolder, "index.web.js") } : undefined,
    );
  },
};

/** Of the packages in the page. */
function versionsInPage() {
  const { syncodec, zarrita, numcodecs, fflate, "@bokuweb/zstd-wasm": zstd } = describeVersions();
  return { syncodec, zarrita, numcodecs, fflate, "@bokuweb/zstd-wasm": zstd };
}

export async function buildPage(outdir = join(folder, "dist")) {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  for (const name of ["index.html", "style.css"]) copyFileSync(join(folder, name), join(outdir, name));
  copyFileSync(join(zstdFolder, "zstd.wasm"), join(outdir, "zstd.wasm"));
  await build({
    entryPoints: {
      main: join(folder, "main.mjs"),
      worker: join(folder, "worker.mjs"),
      // The library starts it by this name.
      pool_worker: fileURLToPath(new URL("../../src/browser/pool_worker.ts", import.meta.url)),
    },
    outdir,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { BUILD: JSON.stringify({ commit: describeCommit(), versions: versionsInPage() }) },
    plugins: [zstdPeer, forBrowsers()],
    logLevel: "warning",
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
