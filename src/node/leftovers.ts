/** What writers that were killed have left beside values: journals, locks, temporary files. By name only; nothing is opened. */

import { type Dirent, readdirSync } from "node:fs";
import { errorCode, isMissing, storeError } from "./file_io.js";
import { isSafeSegment } from "./key_segments.js";
import { hiddenPrefix, type StorePaths } from "./store_paths.js";

const suffix = /^(.+)\.(?:journal|lock(?:\..+)?|[\w-]+\.tmp)$/s;

/** The name of the value that a hidden file belongs to. */
function ownerOf(name: string): string | undefined {
  return name.startsWith(hiddenPrefix) ? suffix.exec(name.slice(hiddenPrefix.length))?.[1] : undefined;
}

/** Names of the hidden files of the value `name` among `entries` of its directory. */
export function filesBeside(name: string, entries: readonly string[]): string[] {
  return entries.filter((entry) => ownerOf(entry) === name);
}

/** Names of its temporary files. */
export function temporariesOf(name: string, entries: readonly string[]): string[] {
  return filesBeside(name, entries).filter((entry) => entry.endsWith(".tmp"));
}

/** Keys below the directory with key `start` that something was left beside, in no particular order. */
export function* keysWithLeftovers(paths: StorePaths, start: string): Generator<string> {
  const pending = [start];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const path = paths.pathOf(directory);
    let entries: Dirent[] = [];
    try {
      entries = readdirSync(path, { withFileTypes: true });
    } catch (error) {
      if (!isMissing(errorCode(error))) throw storeError("list", { key: directory, path }, error);
    }
    const found = new Set<string>();
    for (const entry of entries) {
      const owner = entry.isFile() ? ownerOf(entry.name) : undefined;
      if (owner !== undefined && isSafeSegment(owner)) found.add(owner);
      else if (entry.isDirectory() && isSafeSegment(entry.name) && !entry.name.startsWith(hiddenPrefix))
        pending.push(`${directory}/${entry.name}`);
    }
    for (const name of found) yield `${directory}/${name}`;
  }
}
