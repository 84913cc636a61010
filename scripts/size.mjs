// Prints what a page loads, minified and gzipped: the core, and each part that it loads on demand; then the bytes of code that the functions
// of each file of assembly/ take in either build. What is inlined counts for the function that it is in.

import { bundleSizes } from "./bundle_sizes.mjs";
import { compileKernels } from "./kernel_modules.mjs";

for (const [name, bytes] of await bundleSizes()) {
  console.log(`${name.padEnd(36)} ${(bytes / 1000).toFixed(1).padStart(7)} kB`);
}

/** Reads a WebAssembly module from its beginning to its end: https://webassembly.github.io/spec/core/binary/modules.html */
class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name() {
    return new TextDecoder().decode(this.take(this.number()));
  }

  list(read) {
    return Array.from({ length: this.number() }, read);
  }
}

/** Bytes of each function of a module by name. No function is imported, so that they count from the first one with a body. */
function functionSizes(bytes) {
  const module = new Reader(bytes);
  module.at = 8;
  let sizes = [];
  let names = new Map();
  while (module.at < bytes.length) {
    const id = module.number();
    const section = new Reader(module.take(module.number()));
    if (id === 10) sizes = section.list(() => section.take(section.number()).length);
    if (id !== 0 || section.name() !== "name") continue;
    while (section.at < section.bytes.length) {
      const kind = section.number();
      const part = new Reader(section.take(section.number()));
      if (kind === 1) names = new Map(part.list(() => [part.number(), part.name()]));
    }
  }
  return sizes.map((size, index) => [names.get(index) ?? "", size]);
}

/** The functions of a build, compiled once more to keep their names. */
async function namedFunctions(target) {
  const compiled = await compileKernels(target, ["--debug"]);
  return compiled.flatMap(({ module }) => functionSizes(module));
}

const builds = [await namedFunctions("simd"), await namedFunctions("scalar")];
const sizes = new Map();
for (const [column, functions] of builds.entries()) {
  for (const [name, size] of functions) {
    // assembly/crc32c/crc32c
    const [, file = name, kernel = name] = name.split("/");
    const kernels = sizes.get(file) ?? sizes.set(file, new Map()).get(file);
    const row = kernels.get(kernel) ?? kernels.set(kernel, [0, 0]).get(kernel);
    row[column] += size;
  }
}
const total = (rows) => rows.reduce(([simd, scalar], row) => [simd + row[0], scalar + row[1]], [0, 0]);
const line = (name, [simd, scalar]) => console.log(name.padEnd(36) + `${simd}`.padStart(8) + `${scalar}`.padStart(8));
console.log(`\n${"bytes of code".padEnd(36)}    SIMD  scalar`);
const files = [...sizes].sort(([, a], [, b]) => total([...b.values()])[0] - total([...a.values()])[0]);
for (const [file, kernels] of files) {
  line(file, total([...kernels.values()]));
  if (kernels.size > 1) for (const [kernel, row] of kernels) line(`  ${kernel}`, row);
}
line("all", total(files.flatMap(([, kernels]) => [...kernels.values()])));
