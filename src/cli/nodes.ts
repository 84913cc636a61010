/** From a path on the command line to the nodes below it. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Group, NodeError, openSync, SyncodecError, ZarrArray } from "../index.js";
import { joinKey } from "../metadata/node_path.js";
import { LocalStore, type LocalStoreOptions } from "../node.js";

export interface ArrayEntry {
  readonly kind: "array";
  readonly name: string;
  readonly array: ZarrArray;
}

export interface GroupEntry {
  readonly kind: "group";
  readonly name: string;
  readonly group: Group;
  readonly members: readonly Entry[];
}

/** A member whose metadata cannot be read; it must not hide its siblings. */
export interface UnreadableEntry {
  readonly kind: "unreadable";
  readonly name: string;
  readonly path: string;
  readonly error: SyncodecError;
}

export type Entry = ArrayEntry | GroupEntry | UnreadableEntry;

/** A store on the directory `path`, which must hold a node. */
export function openLocalStore(path: string, options: LocalStoreOptions = {}): LocalStore {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new NodeError("NODE_NOT_FOUND", `${path} does not exist`);
  if (!stats.isDirectory()) throw new NodeError("NODE_NOT_FOUND", `${path} is not a directory`);
  const store = new LocalStore(path, options);
  if (!holdsNode(store.root)) {
    throw new NodeError(
      "NODE_NOT_FOUND",
      `${path} is not a Zarr array or group: it has no zarr.json, .zarray or .zgroup`,
    );
  }
  return store;
}

/** Whether the directory is an array or a group of either format. Names that begin with a dot are no nodes in Zarr v2. */
export function holdsNode(directory: string): boolean {
  const documents = basename(directory).startsWith(".") ? ["zarr.json"] : ["zarr.json", ".zarray", ".zgroup"];
  return documents.some((document) => existsSync(join(directory, document)));
}

/** The array in the directory `path`; of one format, where it has documents of both. */
export function openLocalArray(path: string, format?: 2 | 3): ZarrArray {
  const node = openSync(openLocalStore(path), format === undefined ? {} : { zarrFormat: format });
  if (node instanceof ZarrArray) return node;
  throw new NodeError("NODE_NOT_FOUND", `${path} is a group, not an array`);
}

/** The root of `store` with everything below it. Throws only if the root itself cannot be read. */
export function readTree(store: LocalStore): ArrayEntry | GroupEntry {
  return readNode(store, "/", basename(store.root));
}

function readNode(store: LocalStore, path: string, name: string): ArrayEntry | GroupEntry {
  const node = openSync(store, { path });
  if (node instanceof ZarrArray) return { kind: "array", name, array: node };
  return { kind: "group", name, group: node, members: readMembers(store, path) };
}

const byName = new Intl.Collator("en", { numeric: true });

/**
 * From the directories themselves: consolidated metadata may be out of date, and listing keys would walk through every chunk.
 * Links are not followed, as in the store's listings.
 */
function readMembers(store: LocalStore, path: string): Entry[] {
  const directory = join(store.root, path);
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("__"))
    .map(({ name }) => name)
    .sort(byName.compare);
  return names.flatMap((name): Entry[] => {
    const member = joinKey(path, name);
    try {
      return holdsNode(join(directory, name)) ? [readNode(store, member, name)] : [];
    } catch (error) {
      if (!(error instanceof SyncodecError)) throw error;
      return [{ kind: "unreadable", name, path: member, error }];
    }
  });
}

/** `entry` and everything below it, parents first. */
export function* walk(entry: Entry): Generator<Entry, void, void> {
  yield entry;
  if (entry.kind === "group") for (const member of entry.members) yield* walk(member);
}
