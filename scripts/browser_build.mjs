// The build for browsers: the same sources as ES modules that need nothing else, with what is not always needed in chunks that are loaded on
// demand. Pages load it as it is; bundlers take it from the "default" condition of package.json.
//
// A file `name.browser.ts` takes the place of `name.ts`. Packages are bundled, the zstd encoder with its WebAssembly module as text, because
// each bundler treats an asset of a package in its own way, and some not at all.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { textOfModule } from "./kernel_modules.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Puts `name.browser.ts` in the place of `name.ts`, and the zstd library as text in the place of its package, with these of its files under
 * `simple/`.
 */
export const forBrowsers = (zstdFiles = ["compress_using_dict"]) => ({
  name: "for-browsers",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, resolveDir }) => {
      const replacement = join(resolveDir, path.replace(/\.js$/, ".browser.ts"));
      return existsSync(replacement) ? { path: replacement } : undefined;
    });
    onResolve({ filter: /^@bokuweb\/zstd-wasm$/ }, () => ({ path: "zstd-library", namespace: "inlined" }));
    onLoad({ filter: /.*/, namespace: "inlined" }, () => {
      const web = join(dirname(createRequire(import.meta.url).resolve("@bokuweb/zstd-wasm")), "..", "web");
      const from = (path) => JSON.stringify(join(web, path));
      const contents = `
        import { bytesOfText } from ${JSON.stringify(join(root, "src/wasm/module_text.ts"))};
        import { Module, waitInitialized } from ${from("module.js")};
        ${zstdFiles.map((name) => `export * from ${from(`simple/${name}.js`)};`).join("\n")}
        export async function init() {
          Module.init(bytesOfText(${JSON.stringify(textOfModule(readFileSync(join(web, "zstd.wasm"))))}));
          await waitInitialized();
        }`;
      return { contents, resolveDir: web, loader: "js" };
    });
  },
});

/** What the licenses of the bundled packages ask for. */
function notices() {
  const require = createRequire(import.meta.url);
  const fflate = join(dirname(require.resolve("fflate")), "..", "LICENSE");
  return `fflate (https://github.com/101arrowz/fflate)\n\n${readFileSync(fflate, "utf8")}
@bokuweb/zstd-wasm (https://github.com/bokuweb/zstd-wasm): MIT License, bokuweb. It contains Zstandard
(https://github.com/facebook/zstd): BSD License, Copyright (c) Meta Platforms, Inc. and affiliates.\n`;
}

/** Builds dist/browser/. Resolves to esbuild's metafile. */
export async function buildForBrowsers() {
  const { metafile, outputFiles } = await build({
    entryPoints: ["index", "numcodecs", "browser", "browser/opfs_worker", "browser/pool_worker"].map((name) => ({
      in: join(root, "src", `${name}.ts`),
      // Workers lie beside the modules that start them.
      out: basename(name),
    })),
    outdir: join(root, "dist/browser"),
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    write: false,
    external: ["numcodecs"],
    plugins: [forBrowsers()],
    logLevel: "warning",
    absWorkingDir: root,
  });
  mkdirSync(join(root, "dist/browser/chunks"), { recursive: true });
  for (const { path, text } of outputFiles) {
    // A chunk of which nothing is used is imported for its effects, of which it has none; an empty line keeps source maps right.
    writeFileSync(path, path.endsWith(".js") ? text.replace(/^import "\.\/[^"]*";$/gm, "") : text);
  }
  writeFileSync(join(root, "dist/browser/THIRD_PARTY.txt"), notices());
  return metafile;
}
