/**
 * The metadata document of a group, with the consolidated metadata of its descendants where zarr-python has put it there.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#group-metadata
 */

import { MetadataError, SyncodecError } from "../errors.js";
import {
  type ArrayMetadata,
  checkNode,
  parseArrayMetadata,
  parseAttributes,
  type StoredMetadata,
} from "./array_metadata.js";
import { type JsonObject, type JsonValue, jsonNumber } from "./json.js";
import { normalizePath } from "./node_path.js";
import {
  at,
  describeWhere,
  expectBoolean,
  expectObject,
  expectOneOf,
  expectString,
  rejectUnknownFields,
  unsupported,
  type Where,
} from "./validate.js";

interface ConsolidatedDocument {
  readonly document: JsonObject;
}

/**
 * A descendant in consolidated metadata. `parse` reads its document, and throws a MetadataError as {@link parseArrayMetadata} and
 * {@link parseGroupMetadata} do. Not done with the group's own, so that one array of an unsupported type does not make its group unreadable.
 */
export type ConsolidatedNode =
  | (ConsolidatedDocument & { readonly nodeType: "array"; parse(): ArrayMetadata })
  | (ConsolidatedDocument & { readonly nodeType: "group"; parse(): GroupMetadata });

/** Descendants by normalized path relative to their group (`/a/b`). */
export type Consolidated = ReadonlyMap<string, ConsolidatedNode>;

/** The metadata of a group of either format. */
export interface GroupMetadata extends StoredMetadata {
  /** `undefined` if the group has no consolidated metadata. */
  readonly consolidated: Consolidated | undefined;
}

function parseMember(value: JsonValue, where: Where): ConsolidatedNode {
  const document = expectObject(value, where);
  const nodeType = expectOneOf(document.get("node_type"), ["array", "group"], at(where, "node_type"));
  return nodeType === "array"
    ? { nodeType, document, parse: () => parseArrayMetadata(document, where) }
    : { nodeType, document, parse: () => parseGroupMetadata(document, where) };
}

/** A path in consolidated metadata, normalized. */
export function parseMemberPath(name: string, where: Where): string {
  try {
    return normalizePath(name);
  } catch (cause) {
    const details = cause instanceof SyncodecError ? { expected: cause.expected, found: cause.found } : {};
    throw new MetadataError("INVALID_PATH", `Invalid node path ${describeWhere(where)}`, {
      ...details,
      key: where.key,
      cause,
    });
  }
}

function parseConsolidated(value: JsonValue | undefined, where: Where): Consolidated | undefined {
  // null is what zarr-python writes for "not consolidated".
  if (value === undefined || value === null) return undefined;
  const object = expectObject(value, where);
  const mustUnderstand = object.get("must_understand");
  const isOptional = mustUnderstand !== undefined && !expectBoolean(mustUnderstand, at(where, "must_understand"));
  const kind = expectString(object.get("kind"), at(where, "kind"));
  if (kind !== "inline") {
    if (isOptional) return undefined;
    throw unsupported(`consolidated metadata ${JSON.stringify(kind)}`, where, '"inline"');
  }
  rejectUnknownFields(object, ["kind", "must_understand", "metadata"], where);
  const inside = at(where, "metadata");
  const nodes = new Map<string, ConsolidatedNode>();
  for (const [name, document] of expectObject(object.get("metadata"), inside)) {
    const path = parseMemberPath(name, at(inside, name));
    if (path === "/" || nodes.has(path)) {
      throw new MetadataError("INVALID_PATH", `Invalid node path ${describeWhere(at(inside, name))}`, {
        expected: "one document for each descendant",
        found: path === "/" ? "the group itself" : `${path} again`,
        key: where.key,
      });
    }
    nodes.set(path, parseMember(document, at(inside, name)));
  }
  return nodes;
}

/**
 * Reads the document of a group. `where` is its store key, or its place inside another document.
 *
 * @throws MetadataError `INVALID_METADATA` if the specification forbids it, `UNSUPPORTED` if this version cannot honour it,
 * `INVALID_PATH` for a consolidated node whose path leaves the group.
 */
export function parseGroupMetadata(document: JsonValue, where: string | Where): GroupMetadata {
  const root = typeof where === "string" ? { field: "", key: where } : where;
  const object = expectObject(document, root);
  checkNode(object, "group", root);
  rejectUnknownFields(object, ["zarr_format", "node_type", "attributes", "consolidated_metadata"], root);
  return {
    zarrFormat: 3,
    documentName: "zarr.json",
    attributes: parseAttributes(object, root),
    consolidated: parseConsolidated(object.get("consolidated_metadata"), at(root, "consolidated_metadata")),
    document: object,
  };
}

/** The field `consolidated_metadata`; `nodes` gives the documents of descendants by path relative to the group (`/a/b` or `a/b`). */
export function formatConsolidated(nodes: ReadonlyMap<string, ConsolidatedDocument>): JsonObject {
  const metadata: JsonObject = new Map();
  for (const [path, node] of nodes) metadata.set(path.replace(/^\//, ""), node.document);
  return new Map<string, JsonValue>([
    ["kind", "inline"],
    ["must_understand", false],
    ["metadata", metadata],
  ]);
}

/** The document of a group. */
export function formatGroupMetadata(parts: {
  readonly attributes?: JsonObject | undefined;
  readonly consolidated?: ReadonlyMap<string, ConsolidatedDocument> | undefined;
}): JsonObject {
  const document: JsonObject = new Map<string, JsonValue>([
    ["zarr_format", jsonNumber(3)],
    ["node_type", "group"],
    ["attributes", parts.attributes ?? new Map()],
  ]);
  if (parts.consolidated !== undefined) document.set("consolidated_metadata", formatConsolidated(parts.consolidated));
  return document;
}
