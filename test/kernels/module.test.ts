import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { scalarTexts } from "../../src/wasm/binary/scalar.js";
import { bloscKernels } from "../../src/wasm/blosc_kernels.js";
import { bulkKernels } from "../../src/wasm/bulk_kernels.js";
import { deflateKernels } from "../../src/wasm/deflate_kernels.js";
import { filterKernels } from "../../src/wasm/filter_kernels.js";
import { coreKernels, type KernelModule } from "../../src/wasm/kernels.js";
import { bytesOfText } from "../../src/wasm/module_text.js";
import { zstdKernels } from "../../src/wasm/zstd_kernels.js";

const names: Readonly<Record<string, readonly string[]>> = {
  core: ["byteswap16", "byteswap2", "byteswap4", "byteswap8", "crc32c", "heapBase", "memory"],
  bulk: [
    "copyStrided",
    "decodeShard",
    "decodeShardIndex",
    "encodeShard",
    "encodeShardIndex",
    "fill",
    "heapBase",
    "isFilled",
    "mortonOrder",
    "packedStart",
    "patchSlots",
  ],
  deflate: ["adler32", "crc32", "heapBase", "inflate"],
  zstd: ["heapBase", "xxh64Low", "zstdDecode"],
  blosc: [
    "bitshuffle",
    "bitunshuffle",
    "blosclzDecode",
    "blosclzEncode",
    "heapBase",
    "lz4Decode",
    "lz4Encode",
    "lz4EncodeHigh",
    "shuffle",
    "snappyDecode",
    "snappyEncode",
    "unshuffle",
  ],
  filters: [
    "deltaDecode",
    "deltaEncode",
    "fletcher32",
    "heapBase",
    "jenkinsLookup3",
    "packBits",
    "roundFloats",
    "roundIntegers",
    "unpackBits",
  ],
};

const modules: readonly KernelModule[] = [
  coreKernels,
  bulkKernels,
  deflateKernels,
  zstdKernels,
  bloscKernels,
  filterKernels,
];
const cases = modules.flatMap(({ name, simd }) => [
  { name, build: "SIMD", text: simd, file: `${name}.wasm` },
  { name, build: "scalar", text: scalarTexts[name] ?? "", file: `${name}.scalar.wasm` },
]);

describe.each(cases)("$name, $build", ({ name, text, file }) => {
  const bytes = bytesOfText(text);
  const compiled = new WebAssembly.Module(bytes);

  it("is carried as text byte by byte", () => {
    const built = readFileSync(new URL(`../../build/${file}`, import.meta.url));
    expect(Buffer.compare(built, bytes)).toBe(0);
    expect(text).toMatch(/^[ !#-[\]-~]*$/);
  });

  it("imports nothing but the memory of the core", () => {
    const imports = name === "core" ? [] : [{ module: "env", name: "memory", kind: "memory" }];
    expect(WebAssembly.Module.imports(compiled)).toEqual(imports);
  });

  it("exports its kernels and heapBase", () => {
    const exported = WebAssembly.Module.exports(compiled).map((each) => each.name);
    expect(exported.sort()).toEqual(names[name]);
  });
});

describe.each(["SIMD", "scalar"])("static data, %s", (build) => {
  /** The first address behind the static data of a module, and what it has written when it is instantiated on a memory of zeros. */
  function dataOf(name: string): { readonly end: number; readonly written: readonly number[] } {
    const module = new WebAssembly.Module(
      bytesOfText(cases.find((each) => each.name === name && each.build === build)!.text),
    );
    const memory = new WebAssembly.Memory({ initial: 64 });
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const own = exports.memory instanceof WebAssembly.Memory ? exports.memory : memory;
    const bytes = new Uint8Array(own.buffer);
    const { heapBase } = exports;
    if (typeof heapBase !== "function") throw new TypeError("no heapBase");
    return { end: heapBase(), written: [...bytes.keys()].filter((i) => bytes[i] !== 0) };
  }

  it("of each module lies behind that of the one before it, the core's at the end", () => {
    let start = 0;
    for (const name of ["filters", "blosc", "zstd", "deflate", "bulk", "core"]) {
      const { end, written } = dataOf(name);
      expect(end).toBeGreaterThanOrEqual(start);
      expect(written.every((address) => address >= start && address < end)).toBe(true);
      start = end;
    }
  });
});
