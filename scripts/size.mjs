// Prints the size of the bundle, minified and gzipped: the core alone, and with the zstd library that it loads on demand.

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const entry = fileURLToPath(new URL("../dist/index.js", import.meta.url));

async function bundle(contents, external) {
  const result = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("..", import.meta.url)), loader: "js" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
    external,
    loader: { ".wasm": "binary" },
  });
  return result.outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).byteLength, 0);
}

const row = (name, bytes) => console.log(`${name.padEnd(46)} ${(bytes / 1000).toFixed(1).padStart(7)} kB`);
const openOnly = `export { openArray, openArraySync } from ${JSON.stringify(entry)};`;
row("openArray, every codec but the zstd library", await bundle(openOnly, ["@bokuweb/zstd-wasm"]));
row(
  "everything, without the zstd library",
  await bundle(`export * from ${JSON.stringify(entry)};`, ["@bokuweb/zstd-wasm"]),
);
row("everything, with the zstd library's JavaScript", await bundle(`export * from ${JSON.stringify(entry)};`, []));
