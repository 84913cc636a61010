/** Where a copy goes, and that nothing is lost there by mistake. */

import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { ArgumentError, NodeError } from "../index.js";
import { normalizePath } from "../metadata/node_path.js";
import { LocalStore } from "../node.js";
import { holdsNode } from "./nodes.js";

export interface Destination {
  readonly store: LocalStore;
  /** Normalized path of the node in the store. */
  readonly path: string;
  /** Whether there is a node to be replaced. */
  readonly replace: boolean;
}

/** The path with its links resolved, as far as it exists. */
function realPath(path: string): string {
  if (existsSync(path) || dirname(path) === path) return realpathSync(path);
  return join(realPath(dirname(path)), basename(path));
}

function contains(outer: string, inner: string): boolean {
  return `${inner}${sep}`.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

/**
 * Refuses a destination that holds something, unless `overwrite` is set and it is a node: only of a node is it known that all that lies below
 * belongs to it. Refuses in any case that source and destination contain one another.
 */
export function checkDestination(source: LocalStore, root: string, path: string, overwrite: boolean): Destination {
  const store = new LocalStore(root);
  const normalized = normalizePath(path);
  const directory = join(store.root, normalized);
  const [from, to] = [realPath(source.root), realPath(directory)];
  if (contains(from, to) || contains(to, from)) {
    throw new ArgumentError("INVALID_ARGUMENT", `Cannot copy ${source.root} to ${directory}: one contains the other`);
  }
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) return { store, path: normalized, replace: false };
  if (!stats.isDirectory()) throw new NodeError("NODE_EXISTS", `${directory} exists and is not a directory`);
  if (readdirSync(directory).length === 0) return { store, path: normalized, replace: false };
  if (!overwrite) throw new NodeError("NODE_EXISTS", `${directory} exists and is not empty: --overwrite replaces it`);
  if (!holdsNode(directory)) {
    throw new NodeError(
      "NODE_EXISTS",
      `${directory} exists and is no Zarr node: it is not overwritten, remove it first`,
    );
  }
  return { store, path: normalized, replace: true };
}
