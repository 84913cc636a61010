// Sizes of what a page loads, minified and gzipped file by file, as esbuild bundles the built package: at once, and with each part that is
// loaded on demand.

import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What is loaded on demand: chunks by their names, without hashes. */
const parts = {
  core: [],
  "core + whole shards": ["bulk_part"],
  "core + synchronous reads": ["synchronous", "bulk_part"],
  "core + zstd, read": ["zstd"],
  "core + gzip, read and written": ["gzip", "writing_part"],
  "core + blosc, read": ["blosc"],
  "core + writing": ["writing_part"],
  "core + zstd, read and written": ["zstd", "writing_part", "zstd-library", "zstd-text"],
  "core + Zarr v2": ["zarr_v2_part"],
  "core + data types beyond numbers": ["data_type_families_part"],
};

/** Bytes by row; the core is all that is loaded to open an array of numbers, sharded or not, with crc32c or not, and to read parts of it. */
export async function bundleSizes() {
  const { metafile, outputFiles } = await build({
    stdin: { contents: 'export { openArray } from "./dist/web/index.js";', resolveDir: root },
    absWorkingDir: root,
    outdir: "out",
    write: false,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    metafile: true,
    external: ["numcodecs"],
    logLevel: "error",
  });
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [basename(path), gzipSync(contents, { level: 9 }).byteLength]),
  );
  const { outputs } = metafile;
  const entryOf = (name) =>
    Object.keys(outputs).find((path) => {
      const { entryPoint } = outputs[path];
      return name === undefined ? entryPoint === "<stdin>" : basename(entryPoint ?? "").replace(/-[^-]*$/, "") === name;
    });
  const collect = (path, found) => {
    if (found.has(path)) return;
    found.add(path);
    for (const each of outputs[path].imports) if (each.kind === "import-statement") collect(each.path, found);
  };
  const total = (paths) => [...paths].reduce((sum, path) => sum + sizes.get(basename(path)), 0);
  const rows = Object.entries(parts).map(([row, names]) => {
    const found = new Set();
    for (const name of [undefined, ...names]) {
      const entry = entryOf(name);
      if (entry === undefined) throw new Error(`no chunk called ${name}`);
      collect(entry, found);
    }
    return [row, total(found)];
  });
  rows.push(["everything", total(Object.keys(outputs))]);
  return new Map(rows);
}
