/**
 * Nodes in a store: the plans that open, create, list and delete arrays and groups of Zarr v2 and v3. Plans, so that the synchronous and
 * asynchronous functions are one piece of code.
 */

import { ArgumentError, NodeError } from "./errors.js";
import { type ArrayMetadata, documentsOf, parseArrayMetadata, type StoredMetadata } from "./metadata/array_metadata.js";
import {
  type Consolidated,
  type ConsolidatedNode,
  formatConsolidated,
  formatGroupMetadata,
  type GroupMetadata,
  parseGroupMetadata,
} from "./metadata/group_metadata.js";
import { formatJson, type JsonObject, type JsonValue, parseJson } from "./metadata/json.js";
import { ancestors, documentNames, isMetadataPath, joinKey, normalizePath } from "./metadata/node_path.js";
import { expectObject } from "./metadata/validate.js";
import { runAsync } from "./pipeline/batched_driver.js";
import { newRead } from "./pipeline/chunk_read.js";
import { type Listing, type Plan, type Read, withParts } from "./pipeline/plan.js";
import { synchronous } from "./pipeline/synchronous.js";
import { defaultCoalesce, requireSync } from "./runtime.js";
import type { StoreAccess } from "./stores/access.js";
import { keyLocksOf } from "./stores/key_locks.js";
import { zarrV2 } from "./zarr_v2.js";

export type ZarrFormat = 2 | 3;
export type ArrayNode = { readonly kind: "array"; readonly path: string; readonly metadata: ArrayMetadata };
export type GroupNode = { readonly kind: "group"; readonly path: string; readonly metadata: GroupMetadata };
export type HierarchyNode = ArrayNode | GroupNode;

interface Write {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Documents by name, as they are stored. */
type Documents = ReadonlyMap<string, Uint8Array>;

/** Documents of Zarr v2 hold Python's words NaN and Infinity. */
const python = { nonFinite: true };

/** Runs a plan of this file on `access`, now. */
export function runNodePlanSync<R>(plan: Plan<R>, access: StoreAccess): R {
  return synchronous.get().runSync(plan, {
    access: requireSync(access),
    locks: keyLocksOf(access.store),
    coalesce: defaultCoalesce,
    maxWorkers: 1,
  });
}

/** Runs a plan of this file on `access`. */
export function runNodePlan<R>(plan: Plan<R>, access: StoreAccess, signal?: AbortSignal): Promise<R> {
  return runAsync(plan, {
    access: access.async,
    locks: keyLocksOf(access.store),
    coalesce: defaultCoalesce,
    concurrency: 16,
    maxWorkers: 1,
    signal,
  });
}

/** Checks a caller's choice of a format. */
export function checkFormat(format: ZarrFormat | undefined): ZarrFormat | undefined {
  if (format === undefined || format === 2 || format === 3) return format;
  throw new ArgumentError("INVALID_ARGUMENT", "Invalid option zarrFormat", { expected: "2 or 3", found: `${format}` });
}

/** The node that `documents` describe, if they do: v3 before v2, in v2 an array before a group. */
function parseNode(path: string, documents: Documents): HierarchyNode | undefined {
  const v3 = documents.get("zarr.json");
  return v3 === undefined ? parseNodeV2(path, documents) : parseNodeV3(path, v3);
}

function parseNodeV3(path: string, bytes: Uint8Array): HierarchyNode {
  const key = joinKey(path, "zarr.json");
  const document = parseJson(bytes, key);
  const nodeType = document instanceof Map ? document.get("node_type") : undefined;
  if (nodeType === "group") return { kind: "group", path, metadata: parseGroupMetadata(document, key) };
  return { kind: "array", path, metadata: parseArrayMetadata(document, key) };
}

function parseNodeV2(path: string, documents: Documents): HierarchyNode | undefined {
  if (documents.size === 0) return undefined;
  const { parseArrayMetadataV2, parseConsolidatedV2, parseGroupMetadataV2 } = zarrV2.get();
  const whereOf = (name: string) => ({ field: "", key: joinKey(path, name) });
  const read = (name: string): JsonValue | undefined => {
    const bytes = documents.get(name);
    return bytes && parseJson(bytes, joinKey(path, name), python);
  };
  const array = read(".zarray");
  const attributesWhere = whereOf(".zattrs");
  if (array !== undefined) {
    const metadata = parseArrayMetadataV2(array, read(".zattrs"), whereOf(".zarray"), attributesWhere);
    return { kind: "array", path, metadata };
  }
  const group = read(".zgroup");
  if (group === undefined) return undefined;
  const metadata = parseGroupMetadataV2(group, read(".zattrs"), whereOf(".zgroup"), attributesWhere);
  const all = read(".zmetadata");
  const consolidated = all === undefined ? undefined : parseConsolidatedV2(all, whereOf(".zmetadata"));
  return { kind: "group", path, metadata: { ...metadata, consolidated } };
}

/** The documents called `names` of the node at `path`, as far as there are any. */
function* readDocuments(path: string, names: readonly string[]): Plan<Documents> {
  const reads = names.map((name) => newRead(joinKey(path, name)));
  yield { kind: "get", reads };
  return documentsRead(names, reads);
}

function documentsRead(names: readonly string[], reads: readonly Read[]): Documents {
  return new Map(names.flatMap((name, i) => (reads[i]?.value === undefined ? [] : [[name, reads[i].value] as const])));
}

const documentNamesV2 = documentNames.slice(1);

/** Reads the node at `path`, of the given format, or of v3 if there is one and else of v2; `undefined` if there is none. */
export function* findNode(path: string, format?: ZarrFormat): Plan<HierarchyNode | undefined> {
  if (format !== 2) {
    const documents = yield* readDocuments(path, ["zarr.json"]);
    const node = yield* withParts(() => parseNode(path, documents));
    if (node !== undefined || format === 3) return node;
  }
  const documents = yield* readDocuments(path, documentNamesV2);
  return yield* withParts(() => parseNode(path, documents));
}

/** Reads the node at `path`. Throws `NODE_NOT_FOUND` if there is none, or one of another kind. */
export function openNode(path: string, kind: "array", format?: ZarrFormat): Plan<ArrayNode>;
export function openNode(path: string, kind: "group", format?: ZarrFormat): Plan<GroupNode>;
export function openNode(path: string, kind?: undefined, format?: ZarrFormat): Plan<HierarchyNode>;
export function* openNode(path: string, kind?: "array" | "group", format?: ZarrFormat): Plan<HierarchyNode> {
  const normalized = normalizePath(path);
  const node = yield* findNode(normalized, checkFormat(format));
  if (node === undefined) {
    const names = format === 3 ? "zarr.json" : ".zarray or .zgroup";
    throw new NodeError("NODE_NOT_FOUND", `No Zarr ${format === undefined ? "" : `v${format} `}node at ${normalized}`, {
      expected: `${format === undefined ? "zarr.json, " : ""}${names} under ${joinKey(normalized, "")}`,
    });
  }
  if (kind !== undefined && node.kind !== kind) {
    throw new NodeError(
      "NODE_NOT_FOUND",
      `The node at ${normalized} is not ${kind === "array" ? "an array" : "a group"}`,
      { expected: kind, found: node.kind },
    );
  }
  return node;
}

/** The names of the documents that make a node one. */
const nodeDocuments = ["zarr.json", ".zarray", ".zgroup"];

/**
 * Writes the documents of a new node, and those of ancestor groups that do not exist, in the node's format. Groups of either format count.
 *
 * @throws NodeError `NODE_EXISTS` if a node is there and `overwrite` is not set, or if an ancestor is an array.
 */
export function* createNode<N extends HierarchyNode>(node: N, overwrite: boolean): Plan<N> {
  const { path, metadata } = node;
  if (metadata.zarrFormat === 2 && isMetadataPath(path)) {
    throw new ArgumentError("INVALID_PATH", `Invalid path ${JSON.stringify(path)} in Zarr v2`, {
      expected: "no segments beginning with a dot",
    });
  }
  const above = ancestors(path);
  const reads = [...above, path].map((each) => nodeDocuments.map((name) => newRead(joinKey(each, name))));
  yield { kind: "get", reads: reads.flat() };
  const existing = reads.at(-1)?.find(({ value }) => value !== undefined);
  if (existing !== undefined) {
    if (!overwrite)
      throw new NodeError("NODE_EXISTS", `A node exists at ${path}: pass overwrite: true to replace it`, {
        key: existing.key,
      });
    yield* deleteNode(path);
  }
  const foundAbove = yield* withParts(() =>
    above.map((each, i) => parseNode(each, documentsRead(nodeDocuments, reads[i] ?? []))),
  );
  const writes = above.flatMap((each, i) => {
    const found = foundAbove[i];
    if (found === undefined) return [groupWrite(each, metadata.zarrFormat)];
    if (found.kind === "array")
      throw new NodeError("NODE_EXISTS", `${each} is an array and cannot contain ${path}`, {
        key: joinKey(each, found.metadata.documentName),
      });
    return [];
  });
  const own = [...documentsOf(metadata)].map(([name, document]) => documentWrite(path, name, document));
  yield { kind: "set", writes: [...writes, ...own] };
  return node;
}

/** The document of a group without attributes. */
function groupWrite(path: string, format: ZarrFormat): Write {
  return format === 2
    ? documentWrite(path, ".zgroup", zarrV2.get().formatGroupMetadataV2())
    : documentWrite(path, "zarr.json", formatGroupMetadata({}));
}

/** A document to be written, indented by `indent` spaces. */
function documentWrite(path: string, name: string, document: JsonObject, indent = 2): Write {
  return { key: joinKey(path, name), value: new TextEncoder().encode(formatJson(document, indent)) };
}

/** Writes what is different in `after` from `before`. */
export function* writeMetadata(path: string, before: StoredMetadata, after: StoredMetadata): Plan {
  const old = documentsOf(before);
  const changed = [...documentsOf(after)].filter(([name, document]) => old.get(name) !== document);
  yield { kind: "set", writes: changed.map(([name, document]) => documentWrite(path, name, document)) };
}

/** Every key below `prefix`; `purpose` says in the error what they are needed for. */
function* listKeys(prefix: string, purpose: string): Plan<readonly string[]> {
  const listing: Listing = { prefix, keys: undefined };
  yield { kind: "list", listing };
  if (listing.keys === undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", `Cannot ${purpose}: the store cannot list its keys`);
  }
  return listing.keys;
}

/** Deletes a node with everything below it, its documents first, so that what a failure leaves is no node. */
export function* deleteNode(path: string): Plan {
  const keys = yield* listKeys(joinKey(path, ""), `delete ${path}`);
  const documents = nodeDocuments.map((name) => joinKey(path, name)).filter((key) => keys.includes(key));
  for (const some of [documents, keys.filter((key) => !documents.includes(key))])
    yield { kind: "set", writes: some.map((key) => ({ key, value: undefined })) };
}

/** The documents among `keys` of nodes below `prefix` that are of `format`, if it is given: paths and names, in bytewise order. */
function documentsBelow(keys: readonly string[], prefix: string, format: ZarrFormat | undefined): [string, string[]][] {
  const byPath = new Map<string, string[]>();
  for (const key of keys) {
    const slash = key.lastIndexOf("/");
    const name = key.slice(slash + 1);
    const path = key.slice(0, slash);
    const isV3 = name === "zarr.json";
    if (path.length <= prefix.length || !documentNames.includes(name) || format === (isV3 ? 2 : 3)) continue;
    if (!isV3 && isMetadataPath(path)) continue;
    byPath.set(path, [...(byPath.get(path) ?? []), name]);
  }
  return [...byPath]
    .filter(([, names]) => names.some((name) => nodeDocuments.includes(name)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The direct members of a group: from its consolidated metadata, else by listing the store; only those of `format`, if it is given. */
export function* listMembers({ path, metadata }: GroupNode, format?: ZarrFormat): Plan<HierarchyNode[]> {
  const { consolidated } = metadata;
  if (consolidated !== undefined) {
    const direct = [...consolidated].filter(([relative]) => relative.lastIndexOf("/") === 0);
    return yield* withParts(() => direct.map(([relative, node]) => memberOf(path, relative, node, consolidated)));
  }
  const prefix = joinKey(path, "");
  const listing: Listing = { prefix, keys: undefined };
  yield { kind: "list", listing };
  if (listing.keys === undefined) {
    throw new ArgumentError(
      "INVALID_ARGUMENT",
      `Cannot list the members of ${path}: the store cannot list its keys and the group has no consolidated metadata`,
    );
  }
  const below = documentsBelow(listing.keys, prefix, format).filter(([member]) => !member.includes("/", prefix.length));
  const documents = yield* readAll(below.map(([member, names]) => [member, preferred(names)]));
  return yield* withParts(() => documents.flatMap(([member, found]) => parseNode(member, found) ?? []));
}

/** The documents to read: those of v2 do not matter beside one of v3. */
function preferred(names: string[]): string[] {
  return names.includes("zarr.json") ? ["zarr.json"] : names;
}

/** The documents of many nodes, in one request. */
function* readAll(nodes: readonly (readonly [string, readonly string[]])[]): Plan<[string, Documents][]> {
  const reads = nodes.map(([path, names]) => names.map((name) => newRead(joinKey(path, name))));
  if (nodes.length > 0) yield { kind: "get", reads: reads.flat() };
  return nodes.map(([path, names], i) => [path, documentsRead(names, reads[i] ?? [])]);
}

/** The member at `relative` of a group with consolidated metadata. A group among them has its part of it. */
function memberOf(path: string, relative: string, node: ConsolidatedNode, consolidated: Consolidated): HierarchyNode {
  const member = joinKey(path, relative.slice(1));
  if (node.nodeType === "array") return { kind: "array", path: member, metadata: node.parse() };
  const metadata = node.parse();
  const below = [...consolidated].flatMap(([each, descendant]) =>
    each.startsWith(`${relative}/`) ? [[each.slice(relative.length), descendant] as const] : [],
  );
  const own = metadata.consolidated ?? new Map();
  const document = new Map(metadata.document);
  // Where groups are consolidated with one above them, zarr-python writes that they have no members. Their own documents do not say so.
  if (own.size === 0) document.delete("consolidated_metadata");
  return {
    kind: "group",
    path: member,
    metadata: { ...metadata, document, consolidated: new Map([...own, ...below]) },
  };
}

/** Parents first, then by name: the order in which zarr-python writes them. */
function compareDepth([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  const depth = a.split("/").length - b.split("/").length;
  const [nameA, nameB] = [a, b].map((path) => path.normalize("NFKC").toLowerCase());
  return depth !== 0 ? depth : nameA! < nameB! ? -1 : 1;
}

/** The documents of every node of `format` below the group at `path`, by path relative to it. What lies below an array is no node. */
function* readDescendants(path: string, format: ZarrFormat): Plan<Map<string, ReadonlyMap<string, JsonObject>>> {
  const prefix = joinKey(path, "");
  const keys = yield* listKeys(prefix, `consolidate ${path}`);
  const below = documentsBelow(keys, prefix, format).map(([member, names]): [string, string[]] => [
    member,
    names.includes(".zarray") ? [".zarray", ".zattrs"] : names.filter((name) => name !== ".zmetadata"),
  ]);
  const groups = new Set([path]);
  const nodes = new Map<string, ReadonlyMap<string, JsonObject>>();
  for (const [member, documents] of (yield* readAll(below)).sort(compareDepth)) {
    if (!groups.has(member.slice(0, member.lastIndexOf("/")) || "/")) continue;
    const parsed = new Map<string, JsonObject>();
    for (const [name, bytes] of documents) {
      const key = joinKey(member, name);
      parsed.set(name, expectObject(parseJson(bytes, key, format === 2 ? python : {}), { field: "", key }));
    }
    if (parsed.has(".zgroup") || parsed.get("zarr.json")?.get("node_type") === "group") groups.add(member);
    nodes.set(member.slice(prefix.length), parsed);
  }
  return nodes;
}

/**
 * Copies the documents of all nodes below the group at `path`, as far as they are of its format, into a document of its own.
 *
 * @returns The group's metadata after that.
 */
export function* consolidateGroup(path: string, format: ZarrFormat): Plan<GroupMetadata> {
  const { metadata } = yield* openNode(path, "group", format);
  const nodes = yield* readDescendants(path, format);
  if (format === 3) {
    const document = consolidatedDocument(metadata.document, nodes);
    const consolidated = parseGroupMetadata(document, joinKey(path, "zarr.json"));
    yield { kind: "set", writes: [documentWrite(path, "zarr.json", document)] };
    return consolidated;
  }
  const documents = [...nodes].flatMap(([member, own]) =>
    [...own].map(([name, document]) => [`${member}/${name}`, document] as const),
  );
  const { formatConsolidatedV2, parseConsolidatedV2 } = zarrV2.get();
  const document = formatConsolidatedV2(new Map([...documentsOf(metadata), ...documents]));
  const consolidated = parseConsolidatedV2(document, { field: "", key: joinKey(path, ".zmetadata") });
  yield { kind: "set", writes: [documentWrite(path, ".zmetadata", document, 0)] };
  return { ...metadata, consolidated };
}

/** A group's document of v3 with those of its descendants. As zarr-python does it, groups among these have consolidated metadata without any. */
function consolidatedDocument(
  own: JsonObject,
  nodes: ReadonlyMap<string, ReadonlyMap<string, JsonObject>>,
): JsonObject {
  const none = formatConsolidated(new Map());
  const descendants = [...nodes].map(([path, documents]) => {
    const document: JsonObject = new Map(documents.get("zarr.json"));
    if (document.get("node_type") === "group") document.set("consolidated_metadata", none);
    return [path, { document }] as const;
  });
  return new Map(own).set("consolidated_metadata", formatConsolidated(new Map(descendants)));
}
