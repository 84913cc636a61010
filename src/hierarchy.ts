/**
 * Nodes in a store: the plans that open, create and delete arrays and groups. Plans, so that the synchronous and asynchronous functions are
 * one piece of code.
 */

import { ArgumentError, NodeError } from "./errors.js";
import { type ArrayMetadata, parseArrayMetadata } from "./metadata/array_metadata.js";
import { formatGroupMetadata, type GroupMetadata, parseGroupMetadata } from "./metadata/group_metadata.js";
import { formatJson, type JsonObject, type JsonValue, parseJson } from "./metadata/json.js";
import { ancestors, joinKey, normalizePath } from "./metadata/node_path.js";
import { runAsync } from "./pipeline/batched_driver.js";
import type { Listing, Plan } from "./pipeline/plan.js";
import { newRead } from "./pipeline/read_plan.js";
import { runSync } from "./pipeline/sync_driver.js";
import { defaultCoalesce, requireSync } from "./runtime.js";
import type { StoreAccess } from "./stores/access.js";
import { keyLocksOf } from "./stores/key_locks.js";

export type ArrayNode = { readonly kind: "array"; readonly path: string; readonly metadata: ArrayMetadata };
export type GroupNode = { readonly kind: "group"; readonly path: string; readonly metadata: GroupMetadata };
export type HierarchyNode = ArrayNode | GroupNode;

const documentName = "zarr.json";

/** Runs a plan of this file on `access`, now. */
export function runNodePlanSync<R>(plan: Plan<R>, access: StoreAccess): R {
  return runSync(plan, { access: requireSync(access), locks: keyLocksOf(access.store), coalesce: defaultCoalesce });
}

/** Runs a plan of this file on `access`. */
export function runNodePlan<R>(plan: Plan<R>, access: StoreAccess, signal?: AbortSignal): Promise<R> {
  return runAsync(plan, {
    access: access.async,
    locks: keyLocksOf(access.store),
    coalesce: defaultCoalesce,
    concurrency: 16,
    signal,
  });
}

function parseNode(path: string, key: string, bytes: Uint8Array): HierarchyNode {
  const document = parseJson(bytes, key);
  return nodeOf(path, document, key);
}

function nodeOf(path: string, document: JsonValue, key: string): HierarchyNode {
  const nodeType = document instanceof Map ? document.get("node_type") : undefined;
  if (nodeType === "group") return { kind: "group", path, metadata: parseGroupMetadata(document, key) };
  return { kind: "array", path, metadata: parseArrayMetadata(document, key) };
}

/** Reads the node at `path`; `undefined` if there is none. */
export function* findNode(path: string): Plan<HierarchyNode | undefined> {
  const key = joinKey(path, documentName);
  const read = newRead(key);
  yield { kind: "get", reads: [read] };
  return read.value && parseNode(path, key, read.value);
}

/** Reads the node at `path`. Throws `NODE_NOT_FOUND` if there is none, or one of another kind. */
export function openNode(path: string, kind: "array"): Plan<ArrayNode>;
export function openNode(path: string, kind: "group"): Plan<GroupNode>;
export function openNode(path: string, kind?: undefined): Plan<HierarchyNode>;
export function* openNode(path: string, kind?: "array" | "group"): Plan<HierarchyNode> {
  const normalized = normalizePath(path);
  const node = yield* findNode(normalized);
  if (node === undefined) {
    throw new NodeError("NODE_NOT_FOUND", `No Zarr node at ${normalized}`, {
      expected: `a document under ${joinKey(normalized, documentName)}`,
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

/**
 * Writes the document of a new node, and those of ancestor groups that do not exist.
 *
 * @throws NodeError `NODE_EXISTS` if a node is there and `overwrite` is not set, or if an ancestor is an array.
 */
export function* createNode<N extends HierarchyNode>(node: N, overwrite: boolean): Plan<N> {
  const { path, metadata } = node;
  const above = ancestors(path);
  const reads = [...above, path].map((each) => newRead(joinKey(each, documentName)));
  yield { kind: "get", reads };
  const existing = reads.at(-1)!;
  if (existing.value !== undefined) {
    if (!overwrite)
      throw new NodeError("NODE_EXISTS", `A node exists at ${path}: pass overwrite: true to replace it`, {
        key: existing.key,
      });
    yield* deleteNode(path);
  }
  const writes = above.flatMap((each, i) => {
    const { key, value } = reads[i]!;
    if (value === undefined) return [{ key, value: encodeDocument(formatGroupMetadata({})) }];
    if (parseNode(each, key, value).kind === "array")
      throw new NodeError("NODE_EXISTS", `${each} is an array and cannot contain ${path}`, { key });
    return [];
  });
  yield { kind: "set", writes: [...writes, { key: existing.key, value: encodeDocument(metadata.document) }] };
  return node;
}

export function encodeDocument(document: JsonObject): Uint8Array {
  return new TextEncoder().encode(formatJson(document));
}

/** Replaces the document of a node. */
export function* writeDocument(path: string, document: JsonObject): Plan {
  yield { kind: "set", writes: [{ key: joinKey(path, documentName), value: encodeDocument(document) }] };
}

/** Deletes a node with everything below it, its document first, so that what a failure leaves is no node. */
export function* deleteNode(path: string): Plan {
  const prefix = joinKey(path, "");
  const listing: Listing = { prefix, keys: undefined };
  yield { kind: "list", listing };
  if (listing.keys === undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", `Cannot delete ${path}: the store cannot list its keys`);
  }
  const document = joinKey(path, documentName);
  yield { kind: "set", writes: [{ key: document, value: undefined }] };
  const rest = listing.keys.filter((key) => key !== document);
  yield { kind: "set", writes: rest.map((key) => ({ key, value: undefined })) };
}

/** The direct members of a group: from its consolidated metadata, else by listing the store. */
export function* listMembers({ path, metadata }: GroupNode): Plan<HierarchyNode[]> {
  const { consolidated } = metadata;
  if (consolidated !== undefined) {
    return [...consolidated]
      .filter(([relative]) => relative.lastIndexOf("/") === 0)
      .map(([relative, { document }]) => {
        const member = joinKey(path, relative.slice(1));
        return nodeOf(member, document, joinKey(member, documentName));
      });
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
  const paths = listing.keys
    .filter((key) => key.endsWith(`/${documentName}`))
    .map((key) => key.slice(0, -documentName.length - 1))
    .filter((member) => member.length > prefix.length && !member.includes("/", prefix.length))
    .sort();
  const reads = paths.map((member) => newRead(joinKey(member, documentName)));
  if (reads.length > 0) yield { kind: "get", reads };
  return paths.flatMap((member, i) => {
    const { key, value } = reads[i]!;
    return value === undefined ? [] : [parseNode(member, key, value)];
  });
}
