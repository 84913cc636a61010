import { describe, expect, it, vi } from "vitest";
import { RuntimeError } from "../../src/errors.js";
import { coreKernels, instantiateCore, type KernelModule, loadKernels } from "../../src/wasm/kernels.js";
import { currentMemory, loadMemory, Memory, type Span, useMemory } from "../../src/wasm/memory.js";
import { zstdKernels } from "../../src/wasm/zstd_kernels.js";

/** The code of the error that `body` throws. */
function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof RuntimeError) return error.code;
    throw error;
  }
  return "no error";
}

/** A real trap: a kernel reads beyond the end of linear memory. */
function trap(memory: Memory): void {
  memory.kernels.crc32c(0xfffffff0, 64, 0);
}

describe("scopes", () => {
  it("align every span and keep spans apart", () => {
    useMemory((memory) => {
      const spans = [memory.allocate(1), memory.allocate(0), memory.allocate(17), memory.write(new Uint8Array([7]))];
      for (const span of spans) expect(span.pointer % 16).toBe(0);
      expect(spans[2]!.pointer).toBe(spans[0]!.pointer + 16);
      expect(spans[3]!.pointer).toBe(spans[2]!.pointer + 32);
      expect(spans[0]!.pointer).toBeGreaterThanOrEqual(memory.kernels.heapBase);
    });
  });

  it("free what they allocated, also on throw", () => {
    useMemory((memory) => {
      const first = memory.scope(() => memory.allocate(100));
      expect(() =>
        memory.scope(() => {
          memory.allocate(1000);
          throw new TypeError("mine");
        }),
      ).toThrow(new TypeError("mine"));
      expect(memory.allocate(1).pointer).toBe(first.pointer);
    });
  });

  it("refuse a span whose scope has ended", () => {
    useMemory((memory) => {
      const dead = memory.scope((inner) => inner.write(new Uint8Array(32)));
      expect(() => memory.view(dead)).toThrow(RangeError);
      expect(() => memory.read(dead)).toThrow(RangeError);
    });
    const outside = useMemory((memory) => memory.write(new Uint8Array(4)));
    expect(() => currentMemory().view(outside)).toThrow(RangeError);
  });

  it("are needed to allocate", () => {
    expect(() => currentMemory().allocate(1)).toThrow("inside a scope");
  });

  it("return what the body returns", () => {
    expect(useMemory(() => "result")).toBe("result");
  });
});

describe("spans", () => {
  it("hold a copy of what was written, and give copies back", () => {
    useMemory((memory) => {
      const source = new Uint8Array([1, 2, 3]);
      const span = memory.write(source);
      source[0] = 9;
      const copy = memory.read(span);
      memory.view(span)[1] = 8;
      expect(copy).toEqual(new Uint8Array([1, 2, 3]));
      expect(memory.read(span)).toEqual(new Uint8Array([1, 8, 3]));
      expect(copy.buffer.byteLength).toBe(3);
    });
  });

  it("can be sliced within their bounds", () => {
    useMemory((memory) => {
      const span = memory.write(new Uint8Array([1, 2, 3, 4]));
      expect(memory.read(memory.slice(span, 1, 3))).toEqual(new Uint8Array([2, 3]));
      expect(memory.read(memory.slice(span, 4))).toEqual(new Uint8Array(0));
      for (const [start, end] of [
        [-1, 2],
        [3, 2],
        [0, 5],
        [Number.NaN, 2],
      ] as const) {
        expect(() => memory.slice(span, start, end)).toThrow(RangeError);
      }
    });
  });

  it.each([-1, 1.5, Number.NaN, Infinity])("cannot have %d bytes", (byteLength) => {
    useMemory((memory) => expect(() => memory.allocate(byteLength)).toThrow(RangeError));
  });
});

describe("growth", () => {
  it("keeps the data and gives views onto the new memory", () => {
    const memory = new Memory();
    memory.scope(() => {
      const span = memory.write(new Uint8Array([1, 2, 3]));
      const stale = memory.view(span);
      const before = memory.bytes.byteLength;
      const large = memory.allocate(before + 1);
      expect(stale.byteLength).toBe(0);
      expect(memory.bytes.byteLength).toBeGreaterThanOrEqual(2 * before);
      expect(memory.view(span)).toEqual(new Uint8Array([1, 2, 3]));
      memory.view(large).fill(5);
      expect(memory.read(span)).toEqual(new Uint8Array([1, 2, 3]));
    });
  });

  it("copies from a view of the same memory", () => {
    const memory = new Memory();
    memory.scope(() => {
      const span = memory.allocate(memory.bytes.byteLength - 100_000);
      memory.view(span).fill(7);
      const before = memory.bytes.byteLength;
      const copy = memory.write(memory.view(span));
      expect(memory.bytes.byteLength).toBeGreaterThan(before);
      expect(memory.view(copy).every((byte) => byte === 7)).toBe(true);
    });
  });

  it("throws OUT_OF_MEMORY beyond 4 GiB, and the memory stays usable", () => {
    useMemory((memory) => {
      expect(codeOf(() => memory.allocate(2 ** 32))).toBe("OUT_OF_MEMORY");
      expect(codeOf(() => memory.allocate(2 ** 52))).toBe("OUT_OF_MEMORY");
      expect(memory.read(memory.write(new Uint8Array([1])))).toEqual(new Uint8Array([1]));
    });
  });

  it("throws OUT_OF_MEMORY when the host gives no more", () => {
    const memory = new Memory();
    const grow = vi.spyOn(memory.kernels.memory, "grow").mockImplementation(() => {
      throw new RangeError("WebAssembly.Memory.grow(): Unable to grow instance memory");
    });
    memory.scope(() => expect(codeOf(() => memory.allocate(2 ** 20))).toBe("OUT_OF_MEMORY"));
    expect(grow).toHaveBeenCalledTimes(2);
  });

  it("beyond 256 MiB lasts until the outermost scope ends", () => {
    const before = currentMemory();
    useMemory((memory) => {
      memory.scope(() => memory.allocate(2 ** 28));
      expect(currentMemory()).toBe(before);
    });
    expect(currentMemory()).not.toBe(before);
  });
});

describe("a trap", () => {
  it("becomes KERNEL_TRAP with its cause, and the next call gets a new instance", () => {
    const before = currentMemory();
    let caught: unknown;
    try {
      useMemory(trap);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(RuntimeError);
    expect(caught).toMatchObject({ code: "KERNEL_TRAP", cause: expect.any(WebAssembly.RuntimeError) });
    expect(currentMemory()).not.toBe(before);
    expect(useMemory((memory) => memory.read(memory.write(new Uint8Array([4]))))).toEqual(new Uint8Array([4]));
  });

  it("closes the memory to the scopes around it", () => {
    let touched = 0;
    const body = (memory: Memory): void => {
      const span: Span = memory.write(new Uint8Array(8));
      expect(codeOf(() => memory.scope(trap))).toBe("KERNEL_TRAP");
      for (const touch of [
        () => memory.view(span),
        () => memory.bytes,
        () => memory.read(span),
        () => memory.write(new Uint8Array(1)),
        () => memory.allocate(1),
        () => memory.scope(() => 0),
      ]) {
        expect(codeOf(touch)).toBe("KERNEL_TRAP");
        touched++;
      }
      expect(useMemory((fresh) => fresh)).not.toBe(memory);
    };
    useMemory(body);
    expect(touched).toBe(6);
  });
});

describe("the instance", () => {
  it("is one per thread, however it is loaded", async () => {
    await loadMemory();
    const memory = currentMemory();
    await loadMemory();
    expect(currentMemory()).toBe(memory);
    expect(useMemory((inner) => inner)).toBe(memory);
  });

  it("is compiled asynchronously where there is none, unless a synchronous call was first", async () => {
    expect(codeOf(() => useMemory(trap))).toBe("KERNEL_TRAP");
    const loading = loadMemory();
    const memory = currentMemory();
    await loading;
    expect(currentMemory()).toBe(memory);
  });

  it("has kernels that a test can watch", () => {
    const spy = vi.spyOn(currentMemory().kernels, "crc32c");
    useMemory((memory) => {
      const span = memory.write(new TextEncoder().encode("123456789"));
      expect(memory.kernels.crc32c(span.pointer, span.byteLength, 0) >>> 0).toBe(0xe3069283);
    });
    expect(spy).toHaveBeenCalledTimes(1);
    spy.mockRestore();
  });
});

describe("a host", () => {
  it("without WebAssembly is told so", () => {
    vi.stubGlobal("WebAssembly", undefined);
    try {
      expect(codeOf(() => new Memory())).toBe("UNSUPPORTED");
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("that refuses to compile is told which policy to set", async () => {
    const refused: KernelModule = { name: "refused", simd: "not a module", kernelsOf: (exports) => exports };
    const memory = new Memory();
    expect(codeOf(() => memory.kernelsOf(refused))).toBe("UNSUPPORTED");
    expect(() => memory.kernelsOf(refused)).toThrow("wasm-unsafe-eval");
    await expect(loadKernels(refused, "simd")).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("without SIMD gets the scalar build, once it is loaded", async () => {
    vi.resetModules();
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    const fresh = await import("../../src/wasm/memory.js");
    expect(() => fresh.currentMemory()).toThrow(expect.objectContaining({ code: "CODEC_NOT_LOADED" }));
    expect(() => fresh.currentMemory()).toThrow("await init()");
    await fresh.loadMemory();
    expect(validate).toHaveBeenCalledTimes(1);
    validate.mockRestore();
    const { kernels } = fresh.currentMemory();
    expect(kernels.heapBase).toBeGreaterThan(0);
    expect(kernels.crc32c(0, 0, 5)).toBe(5);
  });
});

describe("modules of kernels", () => {
  it("are instantiated once for each memory, and work on it", () => {
    const memory = new Memory();
    const kernels = memory.kernelsOf(zstdKernels);
    expect(memory.kernelsOf(zstdKernels)).toBe(kernels);
    expect(new Memory().kernelsOf(zstdKernels)).not.toBe(kernels);
    const hash = memory.scope(() => {
      const { pointer, byteLength } = memory.write(new TextEncoder().encode("abc"));
      return kernels.xxh64Low(pointer, byteLength) >>> 0;
    });
    expect(hash).toBe(0xad770999);
  });

  it("are new after a trap", () => {
    const before = currentMemory().kernelsOf(zstdKernels);
    expect(codeOf(() => useMemory(trap))).toBe("KERNEL_TRAP");
    expect(currentMemory().kernelsOf(zstdKernels)).not.toBe(before);
  });

  it("are compiled ahead where that is asked for", async () => {
    await loadKernels(coreKernels, "scalar");
    const compile = vi.spyOn(WebAssembly, "Module");
    expect(instantiateCore("scalar").heapBase).toBeGreaterThan(0);
    expect(compile).not.toHaveBeenCalled();
    compile.mockRestore();
  });
});
