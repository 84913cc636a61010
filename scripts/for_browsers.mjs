// What the build for browsers puts in the place of modules for Node.js; and the same for esbuild, which bundles tests and the benchmark page.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { textOfModule } from "./kernel_modules.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
export const zstdPackage = "@bokuweb/zstd-wasm";
const zstdFolder = join(dirname(createRequire(import.meta.url).resolve(zstdPackage)), "..", "web");

/**
 * A module in the place of the zstd library: these of its files under `simple/`, and its WebAssembly as text, which `moduleText` makes
 * bytes of.
 */
export function inlinedZstd(moduleText, files = ["compress_using_dict"]) {
  const from = (path) => JSON.stringify(join(zstdFolder, path));
  return `
    import { bytesOfText } from ${JSON.stringify(moduleText)};
    import { Module, waitInitialized } from ${from("module.js")};
    ${files.map((name) => `export * from ${from(`simple/${name}.js`)};`).join("\n")}
    export async function init() {
      Module.init(bytesOfText(${JSON.stringify(textOfModule(readFileSync(join(zstdFolder, "zstd.wasm"))))}));
      await waitInitialized();
    }`;
}

/** A plugin of esbuild: `name.browser.js`, or `.ts` among the sources, in the place of `name.js`, and {@link inlinedZstd}. */
export const forBrowsers = (zstdFiles) => ({
  name: "for-browsers",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, resolveDir }) => {
      const name = join(resolveDir, path.replace(/\.js$/, ".browser"));
      const replacement = [`${name}.ts`, `${name}.js`].find((each) => existsSync(each));
      return replacement === undefined ? undefined : { path: replacement };
    });
    onResolve({ filter: /^@bokuweb\/zstd-wasm$/ }, () => ({ path: "zstd-library", namespace: "inlined" }));
    onLoad({ filter: /.*/, namespace: "inlined" }, () => ({
      contents: inlinedZstd(join(root, "src/wasm/module_text.ts"), zstdFiles),
      resolveDir: zstdFolder,
      loader: "js",
    }));
  },
});
