// What the build for browsers puts in the place of modules for Node.js; and the same for esbuild, which bundles tests and the benchmark page.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { textOfModule } from "./kernel_modules.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
export const zstdPackage = "@bokuweb/zstd-wasm";
const zstdFolder = join(dirname(createRequire(import.meta.url).resolve(zstdPackage)), "..", "web");

/** The encoder's WebAssembly, a file of the package. */
export const zstdModule = join(zstdFolder, "zstd.wasm");
/** The module that carries it as text. */
const zstdText = "zstd-text";

/**
 * A module in the place of the zstd library: these of its files under `simple/`, and its WebAssembly as it was given, else as text. `wasm` is the
 * folder of sources, or of what they were compiled to, and `extension` that of its files.
 */
function inlinedLibrary(wasm, extension, files) {
  const from = (path) => JSON.stringify(join(zstdFolder, path));
  const own = (name) => JSON.stringify(join(wasm, `${name}${extension}`));
  return `
    import { givenModule } from ${own("given")};
    import { bytesOfText } from ${own("module_text")};
    import { Module, waitInitialized } from ${from("module.js")};
    ${files.map((name) => `export * from ${from(`simple/${name}.js`)};`).join("\n")}
    export async function init() {
      const given = givenModule("zstdEncoder");
      if (given === undefined) Module.init(bytesOfText((await import("${zstdText}")).text));
      else {
        Module.instantiateWasm = (imports, receive) => receive(new WebAssembly.Instance(given, imports));
        Module.init();
      }
      await waitInitialized();
    }`;
}

/** The modules that have no file: `resolve` gives their ids, `load` their code. */
export function inlinedZstd(wasm, extension, files = ["compress_using_dict"]) {
  return {
    resolve: (specifier) =>
      specifier === zstdPackage ? "zstd-library" : specifier === zstdText ? zstdText : undefined,
    load(id) {
      if (id === "zstd-library") return inlinedLibrary(wasm, extension, files);
      return `export const text = ${JSON.stringify(textOfModule(readFileSync(zstdModule)))};`;
    },
  };
}

/** A plugin of esbuild: `name.browser.js`, or `.ts` among the sources, in the place of `name.js`, and {@link inlinedZstd}. */
export function forBrowsers(zstdFiles) {
  const zstd = inlinedZstd(join(root, "src/wasm"), ".ts", zstdFiles);
  return {
    name: "for-browsers",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, resolveDir }) => {
        const name = join(resolveDir, path.replace(/\.js$/, ".browser"));
        const replacement = [`${name}.ts`, `${name}.js`].find((each) => existsSync(each));
        return replacement === undefined ? undefined : { path: replacement };
      });
      onResolve({ filter: /zstd/ }, ({ path }) => {
        const id = zstd.resolve(path);
        return id === undefined ? undefined : { path: id, namespace: "inlined" };
      });
      onLoad({ filter: /.*/, namespace: "inlined" }, ({ path }) => ({
        contents: zstd.load(path),
        resolveDir: zstdFolder,
        loader: "js",
      }));
    },
  };
}
