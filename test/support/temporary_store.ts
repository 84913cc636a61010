/** Stores that keep files, synchronous and with patches: `LocalStore` here, `OpfsStore` in browsers. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalStore } from "../../src/node.js";

const directories: string[] = [];

export async function temporaryStore(): Promise<LocalStore> {
  const directory = mkdtempSync(join(tmpdir(), "syncodec-test-"));
  directories.push(directory);
  return new LocalStore(directory, { durability: "none" });
}

export async function removeTemporaryStores(): Promise<void> {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
}
