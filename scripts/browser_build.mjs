// The build for browsers: dist/ once more as ES modules that need nothing else, with what is not always needed in chunks that are loaded on
// demand. Pages load it as it is; bundlers take it from the "default" condition of package.json.
//
// A file `name.browser.js` takes the place of `name.js`. Packages are bundled, the zstd encoder with its WebAssembly module as text, because
// each bundler treats an asset of a package in its own way, and some not at all. Rollup rather than esbuild makes the chunks: it knows that
// what the entry has loaded need not be loaded by the others, so that the core is one file instead of 14.

import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { transform } from "esbuild";
import { rollup } from "rollup";
import { inlinedZstd, zstdModule, zstdPackage } from "./for_browsers.mjs";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const require = createRequire(import.meta.url);
const zstd = inlinedZstd(join(dist, "wasm"), ".js");

/** The plugin: replacements, and the zstd encoder inlined. */
const forBrowsers = {
  name: "for-browsers",
  resolveId(specifier, importer) {
    const inlined = zstd.resolve(specifier);
    if (inlined !== undefined) return `\0${inlined}`;
    if (importer === undefined || !/^\..*\.js$/.test(specifier)) return null;
    const replacement = join(dirname(importer), specifier.replace(/\.js$/, ".browser.js"));
    return existsSync(replacement) ? replacement : null;
  },
  load(id) {
    return id.startsWith("\0zstd") ? zstd.load(id.slice(1)) : null;
  },
  async renderChunk(code) {
    // Takes the comments away.
    const { code: short, map } = await transform(code, { target: "es2022", sourcemap: true });
    return { code: short, map };
  },
};

/** The modules that one imports, and those import, and so on. */
function reachedFrom(id, getModuleInfo) {
  const found = new Set([id]);
  for (const each of found) for (const imported of getModuleInfo(each).importedIds) found.add(imported);
  return found;
}

/**
 * Chunks that are made here. What opening and reading an array loads is one: left to itself, Rollup makes one for each set of entries and parts
 * that share something, six files instead of one. What synchronous calls need is another, though it is two parts.
 */
function chunksByHand() {
  let core;
  const synchronous = [
    "stores/sync_stores_part",
    "pipeline/synchronous_part",
    "pipeline/direct_read",
    "pipeline/sync_driver",
  ].map((path) => join(dist, `${path}.js`));
  return (id, { getModuleInfo }) => {
    core ??= reachedFrom(join(dist, "array.js"), getModuleInfo);
    if (core.has(id)) return "core";
    return synchronous.includes(id) ? "synchronous" : undefined;
  };
}

/** What the licenses of the bundled packages ask for. */
function notices() {
  const fflate = join(dirname(require.resolve("fflate")), "..", "LICENSE");
  return `fflate (https://github.com/101arrowz/fflate)\n\n${readFileSync(fflate, "utf8")}
${zstdPackage} (https://github.com/bokuweb/zstd-wasm): MIT License, bokuweb. It contains Zstandard
(https://github.com/facebook/zstd): BSD License, Copyright (c) Meta Platforms, Inc. and affiliates.\n`;
}

/** Builds dist/web/ from dist/. */
export async function buildForBrowsers() {
  const bundle = await rollup({
    input: {
      index: join(dist, "index.js"),
      kernels: join(dist, "kernels.js"),
      numcodecs: join(dist, "numcodecs.js"),
      zarrita: join(dist, "zarrita.js"),
      browser: join(dist, "browser.js"),
      // Workers lie beside the modules that start them.
      opfs_worker: join(dist, "browser/opfs_worker.js"),
      pool_worker: join(dist, "browser/pool_worker.js"),
    },
    external: /^(numcodecs|zarrita)(\/|$)/,
    // What compiled helpers in the zstd library find as `this`.
    context: "globalThis",
    treeshake: { moduleSideEffects: (id) => id.includes(zstdPackage) },
    plugins: [forBrowsers, nodeResolve({ browser: true })],
  });
  await bundle.write({
    dir: join(dist, "web"),
    format: "es",
    manualChunks: chunksByHand(),
    onlyExplicitManualChunks: true,
    sourcemap: true,
    chunkFileNames: ({ name }) => `chunks/${name.replace(/^[^a-z]+/, "")}-[hash].js`,
    hashCharacters: "hex",
  });
  await bundle.close();
  copyFileSync(zstdModule, join(dist, "web/zstd_encoder.wasm"));
  writeFileSync(join(dist, "web/THIRD_PARTY.txt"), notices());
}
