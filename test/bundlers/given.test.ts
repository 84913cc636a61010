/** `syncodec/kernels`: the build for browsers where nothing may be compiled at run time, as on hosts that give compiled modules by imports. */

import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type * as Syncodec from "../../src/index.js";
import type * as Kernels from "../../src/kernels.js";
import { requireBuild } from "../cli/support.js";

requireBuild();

const read = (path: string): WebAssembly.Module =>
  new WebAssembly.Module(readFileSync(new URL(`../../${path}`, import.meta.url)));
const compiled = {
  core: read("build/core.wasm"),
  bulk: read("build/bulk.wasm"),
  zstd: read("build/zstd.wasm"),
  zstdEncoder: read("dist/web/zstd_encoder.wasm"),
  deflate: read("build/deflate.wasm"),
  blosc: read("build/blosc.wasm"),
  filters: read("build/filters.wasm"),
};

let syncodec: typeof Syncodec;
let kernels: typeof Kernels;

/** WebAssembly as such hosts have it: instances of modules that are compiled, and nothing else. */
function withoutCompiler(): object {
  const refuse = (): never => {
    throw new WebAssembly.CompileError("code generation is not allowed");
  };
  const { Instance, Memory, RuntimeError, CompileError, LinkError, instantiate } = WebAssembly;
  return {
    ...{ Instance, Memory, RuntimeError, CompileError, LinkError },
    Module: new Proxy(WebAssembly.Module, { construct: refuse }),
    instantiate: async (module: unknown, imports: WebAssembly.Imports) =>
      module instanceof WebAssembly.Module ? instantiate(module, imports) : refuse(),
    compile: async () => refuse(),
    validate: () => true,
  };
}

beforeEach(async () => {
  vi.resetModules();
  // What Node.js has itself, browsers do not.
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  vi.stubGlobal("WebAssembly", withoutCompiler());
  syncodec = await import(new URL("../../dist/web/index.js", import.meta.url).href);
  kernels = await import(new URL("../../dist/web/kernels.js", import.meta.url).href);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const values = Int32Array.from({ length: 300 }, (_, i) => i * i);

async function roundTrip(options: object): Promise<unknown> {
  const { createArray, MemoryStore, openArray } = syncodec;
  const store = new MemoryStore();
  const array = await createArray(store, { shape: [300], chunkShape: [50], dataType: "int32", ...options });
  await array.set(null, values);
  return (await (await openArray(store)).get()).data;
}

test.each(["crc32c", "zstd", "gzip", "zlib", "blosc", "numcodecs.lz4", "numcodecs.fletcher32"])(
  "given modules are used: %s",
  async (name) => {
    kernels.useKernels(compiled);
    expect(await roundTrip({ compressors: [name] })).toEqual(values);
    expect(await roundTrip({ compressors: [name], shardShape: [150] })).toEqual(values);
  },
);

test("synchronous calls use them too", () => {
  kernels.useKernels({ core: compiled.core });
  expect(syncodec.crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

test("what is not given is refused, and the error names the way", async () => {
  const refusal = { code: "UNSUPPORTED", message: expect.stringContaining("useKernels of syncodec/kernels") };
  await expect(roundTrip({ compressors: ["crc32c"] })).rejects.toMatchObject(refusal);
  const { core, bulk, deflate } = compiled;
  kernels.useKernels({ core, bulk });
  expect(await roundTrip({ compressors: ["crc32c"] })).toEqual(values);
  await expect(roundTrip({ compressors: ["gzip"] })).rejects.toMatchObject(refusal);
  kernels.useKernels({ deflate });
  expect(await roundTrip({ compressors: ["gzip"] })).toEqual(values);
});

test("other modules are refused, and then none is used", () => {
  const { core, zstd, zstdEncoder } = compiled;
  const use = (modules: object) => () => kernels.useKernels(modules);
  expect(use({ core, zstd: zstdEncoder })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(use({ core, zstdEncoder: zstd })).toThrow("Another module was given than zstdEncoder");
  expect(use({ core, zlib: zstd })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", found: "zlib" }));
  expect(use({ core, zstd: new Uint8Array(8) })).toThrow(new TypeError("zstd must be a WebAssembly.Module"));
  expect(() => syncodec.crc32c(new Uint8Array(1))).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
});
