/** Row P1: paths that lead out of the store, in calls, in consolidated metadata, and through symbolic links. Keys of files: test/stores/local_store.test.ts. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  createArray,
  createArraySync,
  createGroup,
  createGroupSync,
  MemoryStore,
  open,
  openArraySync,
  openGroup,
  openGroupSync,
  openSync,
  type SyncodecError,
} from "../../src/index.js";
import { LocalStore } from "../../src/node.js";
import { syncodecError } from "../codecs/support.js";

const options = { shape: [4], chunkShape: [2], dataType: "int8" } as const;

const paths = [
  ...["..", "a/../b", "a//b", "//", "...", "a/.", "%2e%2e/a", "%2E./a", "a/%2e%2E", "..%2fa", "a%5C..%5C..", "a%00"],
  ...["a\\b", "..\\a", "\\\\host\\share", "a\0", "C:/a", "c:", "a/D:/b", "__a", "a/__journal", "a/zarr.json"],
  ...[".\t./a", "..\n", " ..", "%2\re%2e", " /a", "https:/example.com", "file:a", "data:,"],
];

describe.each(paths)("P1: %j", (path) => {
  test("is refused by every call, and nothing is stored", async () => {
    const store = new Map<string, Uint8Array>();
    const calls = [
      () => createArraySync(store, { ...options, path }),
      () => createGroupSync(store, { path }),
      () => openSync(store, { path }),
      () => openArraySync(store, { path }),
      () => openGroupSync(store, { path }),
    ];
    const expected = { name: "ArgumentError", code: "INVALID_PATH", expected: expect.any(String) };
    for (const call of calls) expect(syncodecError(call)).toMatchObject(expected);
    for (const call of [
      createArray(store, { ...options, path }),
      createGroup(store, { path }),
      open(store, { path }),
      openGroup(store, { path }),
    ])
      await expect(call).rejects.toMatchObject(expected);
    expect(store.size).toBe(0);
  });

  test("is refused in consolidated metadata", async () => {
    const node = '{"zarr_format": 3, "node_type": "group"}';
    const metadata = `{"good": ${node}, ${JSON.stringify(path)}: ${node}}`;
    const text = `{"zarr_format": 3, "node_type": "group", "consolidated_metadata": {"kind": "inline", "metadata": ${metadata}}}`;
    const store = new MemoryStore([["/g/zarr.json", new TextEncoder().encode(text)]]);
    const expected = { name: "MetadataError", code: "INVALID_PATH", key: "/g/zarr.json" };
    expect(syncodecError(() => openGroupSync(store, { path: "g" }))).toMatchObject(expected);
    await expect(openGroup(store, { path: "g" })).rejects.toMatchObject(expected);
  });
});

test.runIf(process.platform !== "win32")(
  "P1: a node behind a symbolic link that leads out of the root is refused",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "syncodec-paths-"));
    try {
      const outside = new LocalStore(join(folder, "outside"));
      createArraySync(outside, { ...options, path: "secret" }).setSync(null, 7);
      mkdirSync(join(folder, "root"));
      symlinkSync(join(folder, "outside"), join(folder, "root", "link"));
      const store = new LocalStore(join(folder, "root"));
      const refused = (error: SyncodecError) => expect(error).toMatchObject({ code: "INVALID_PATH" });
      for (const path of ["link/secret", "link", "link/new"]) {
        refused(syncodecError(() => openSync(store, { path })));
        refused(syncodecError(() => createArraySync(store, { ...options, path })));
      }
      await expect(open(store, { path: "link/secret" })).rejects.toMatchObject({ code: "INVALID_PATH" });
      createGroupSync(store);
      expect(openGroupSync(store).membersSync()).toEqual([]);
      expect(openArraySync(outside, { path: "secret" }).getSync([0])).toBe(7);
      store.close();
      outside.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
