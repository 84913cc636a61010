/**
 * Node paths: `/` for the root of a store, `/a/b` for a node below it. A path that was checked here can become a file name: no segment
 * leaves the store's root, in any spelling that a file system or a web server might understand.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#node-names
 */

import { ArgumentError } from "../errors.js";

/** Where metadata is stored, in Zarr v3 and v2. */
export const documentNames: readonly string[] = ["zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"];
/** What `fetch` takes: as the first segment of a URL relative to a store's, it would lead to another host. */
const schemePattern = /^(?:https?|file|ftp|wss?|data|blob|about):/i;

/** What is wrong with one segment of a path, if anything. */
function findFault(text: string): string | undefined {
  // URL parsers leave out control characters, and blanks at both ends: dots may hide behind them.
  const segment = text.replace(/(?!\0)\p{Cc}/gu, "").replace(/^ +| +$/g, "");
  if (segment === "") return "no empty segments";
  if (segment.includes("\\") || segment.includes("\0")) return "no backslashes and no NUL";
  // Once is enough: a second decoding is nobody's idea of a path.
  const decoded = segment.replace(/%2e/gi, ".");
  if (/^\.+$/.test(decoded)) return "no segments made only of dots";
  if (/%(?:2f|5c|00)/i.test(segment)) return "no percent-encoded separators or NUL";
  if (/^[A-Za-z]:/.test(segment)) return "no drive letters";
  if (schemePattern.test(segment)) return "no URL schemes";
  if (segment.startsWith("__")) return 'no segments beginning with "__"';
  return documentNames.includes(segment) ? `no segment "${segment}"` : undefined;
}

/** Whether Zarr v2 takes `path` for something else than a node: names that begin with a dot are those of its documents. */
export function isMetadataPath(path: string): boolean {
  return path.includes("/.");
}

/**
 * `path` as `/` or `/a/b`. One leading and one trailing slash may be there or not; `""` is the root.
 *
 * @throws ArgumentError `INVALID_PATH` naming the path.
 */
export function normalizePath(path: string): string {
  const inner = path.replace(/^\//, "").replace(/\/$/, "");
  if (inner === "" && path.length < 2) return "/";
  for (const segment of inner.split("/")) {
    const expected = findFault(segment);
    if (expected !== undefined) {
      throw new ArgumentError("INVALID_PATH", `Invalid path ${JSON.stringify(path)}`, {
        expected,
        found: JSON.stringify(segment),
      });
    }
  }
  return `/${inner}`;
}

/** The store key (or path) of `name` below a normalized path. */
export function joinKey(path: string, name: string): string {
  return path === "/" ? `/${name}` : `${path}/${name}`;
}

/** The nodes above a normalized path, from the root down; none for the root itself. */
export function ancestors(path: string): string[] {
  const above: string[] = [];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
    above.unshift(path.slice(0, end));
  return path === "/" ? [] : ["/", ...above];
}
