// The modules of kernels: how they are compiled, where their static data lies, and how they become text.
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * The modules in the order of their static data. The core comes last: its heap base is then the end of the static data of all, and the
 * memory that it exports is large enough for all.
 */
export const kernelModules = ["filters", "blosc", "zstd", "deflate", "bulk", "core"];

/** Static data begins here, as in a module that stands alone. */
const firstMemoryBase = 8;

/** `true` to compile with the options of a module that works on the memory of another. */
const isCore = (name) => name === "core";

/** Compiles an export list of assembly/modules/ for a target of asconfig.json: its bytes, and those of its source map where it has one. */
async function compile(name, target, memoryBase, options) {
  const files = new Map();
  const output = `${name}.wasm`;
  const memory = isCore(name) ? [] : ["--importMemory", "--noExportMemory", "--zeroFilledMemory"];
  const { error, stderr } = await asc.main(
    [
      `assembly/modules/${name}.ts`,
      ...["--config", "asconfig.json", "--target", target, "--baseDir", root],
      ...["--memoryBase", `${memoryBase}`, "--outFile", output, ...memory, ...options],
    ],
    { writeFile: (path, contents) => void files.set(path, contents) },
  );
  if (error) throw new Error(stderr.toString(), { cause: error });
  return { module: files.get(output), sourceMap: files.get(`${output}.map`) };
}

/** The first address behind the static data of a module, as it says itself by a function that all are compiled with. */
function endOf(bytes) {
  const module = new WebAssembly.Module(bytes);
  const imports = { env: { memory: new WebAssembly.Memory({ initial: 1024 }) } };
  return new WebAssembly.Instance(module, imports).exports.heapBase();
}

/** Compiles all modules for a target: name, bytes and source map of each. */
export async function compileKernels(target, options = []) {
  const compiled = [];
  let memoryBase = firstMemoryBase;
  for (const name of kernelModules) {
    const output = await compile(name, target, memoryBase, options);
    compiled.push({ name, ...output });
    memoryBase = endOf(output.module);
  }
  return compiled;
}

/** The text that src/wasm/module_text.ts turns back into `bytes`; see there. */
export function textOfModule(bytes) {
  const alphabet = Array.from({ length: 93 }, (_, i) => String.fromCharCode(32 + i)).filter((c) => !'"\\'.includes(c));
  const prefixes = ["", "}", "~"];
  const text = (byte) => prefixes[Math.floor(byte / alphabet.length)] + alphabet[byte % alphabet.length];
  return Array.from(bytes, text).join("");
}
