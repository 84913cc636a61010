/**
 * Compiles assembly/ into build/, and writes src/wasm/binary/, which carries the builds as text, so that no bundler and no fetch stands between
 * the library and its kernels. Does nothing where every output is newer than every input. `--debug` compiles into build/debug/ only, with names
 * and source maps.
 *
 * https://www.assemblyscript.org/compiler.html
 */
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileKernels, kernelModules, textOfModule } from "./kernel_modules.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

const inputs = [
  ...["build_wasm.mjs", "kernel_modules.mjs"].map((name) => join(root, "scripts", name)),
  join(root, "asconfig.json"),
  createRequire(import.meta.url).resolve("assemblyscript/package.json"),
  ...readdirSync(join(root, "assembly"), { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(root, "assembly", name)),
];
const newestInput = Math.max(...inputs.map(modified));

const comment = "/** Generated from assembly/ by scripts/build_wasm.mjs: see module_text.ts. */\n";

/** Where each build goes, and the texts that carry it: those of SIMD one by one, so that a bundle has only what it needs. */
const builds = {
  simd: { suffix: "", texts: kernelModules },
  scalar: { suffix: ".scalar", texts: ["scalar"] },
};

function writeTexts(target, compiled) {
  const texts = compiled.map(({ name, module }) => [name, textOfModule(module)]);
  const write = (name, contents) => writeFileSync(join(root, "src/wasm/binary", `${name}.ts`), comment + contents);
  if (target === "scalar") {
    const fields = texts.map(([name, text]) => `  ${name}:\n    "${text}",\n`).join("");
    write("scalar", `export const scalarTexts: Readonly<Record<string, string>> = {\n${fields}};\n`);
  } else for (const [name, text] of texts) write(name, `export const text: string =\n  "${text}";\n`);
}

async function build(target) {
  const { suffix, texts } = builds[target];
  const modules = kernelModules.map((name) => join(root, "build", `${name}${suffix}.wasm`));
  const outputs = [...modules, ...texts.map((name) => join(root, "src/wasm/binary", `${name}.ts`))];
  if (!outputs.every((path) => modified(path) > newestInput)) {
    const compiled = await compileKernels(target);
    for (const [i, { module }] of compiled.entries()) writeFileSync(modules[i], module);
    writeTexts(target, compiled);
  }
  for (const path of modules)
    console.log(`${basename(path).padEnd(22)} ${String(statSync(path).size).padStart(6)} bytes`);
}

if (process.argv.includes("--debug")) {
  const folder = join(root, "build", "debug");
  mkdirSync(folder, { recursive: true });
  for (const { name, module, sourceMap } of await compileKernels("debug")) {
    writeFileSync(join(folder, `${name}.wasm`), module);
    writeFileSync(join(folder, `${name}.wasm.map`), sourceMap);
  }
} else {
  for (const folder of ["build", "src/wasm/binary"]) mkdirSync(join(root, folder), { recursive: true });
  for (const target of Object.keys(builds)) await build(target);
}
