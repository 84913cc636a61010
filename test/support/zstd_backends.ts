/** The places where zstd can be encoded, each in a library of its own. */

import { vi } from "vitest";
import { hostZlib } from "../../src/platform.js";
import { bareHost } from "./bare_host.js";

export type Library = typeof import("../../src/index.js");

/** A library that can encode zstd in one place only. Its error classes are its own. */
export const backends: (readonly [string, () => Promise<Library>])[] = [
  [
    "WebAssembly",
    async () => {
      vi.resetModules();
      vi.doMock("../../src/platform.js", () => bareHost);
      const library = await import("../../src/index.js");
      await library.init(["zstd"]);
      return library;
    },
  ],
];
if (hostZlib?.zstdCompressSync !== undefined) {
  backends.push([
    "node:zlib",
    () => {
      vi.resetModules();
      vi.doUnmock("../../src/platform.js");
      return import("../../src/index.js");
    },
  ]);
}

/** What a test does when it is done with them. */
export function restoreModules(): void {
  vi.doUnmock("../../src/platform.js");
  vi.resetModules();
}
