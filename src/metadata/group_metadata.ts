/**
 * The metadata document of a group, with the consolidated metadata of its descendants where zarr-python has put it there.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#group-metadata
 */

import { MetadataError, SyncodecError } from "../errors.js";
import { type ArrayMetadata, checkNode, parseArrayMetadata, parseAttributes } from "./array_metadata.js";
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

/** A descendant in consolidated metadata. */
export interface ConsolidatedNode {
  readonly nodeType: "array" | "group";
  readonly document: JsonObject;
  /**
   * Reads the document. Not done with the group's own, so that one array of an unsupported type does not make its group unreadable.
   *
   * @throws MetadataError as {@link parseArrayMetadata} and {@link parseGroupMetadata}.
   */
  parse(): ArrayMetadata | GroupMetadata;
}

export interface GroupMetadata {
  readonly zarrFormat: 3;
  readonly attributes: JsonObject;
  /** Descendants by normalized path relative to this group (`/a/b`); `undefined` if the group has no consolidated metadata. */
  readonly consolidated: ReadonlyMap<string, ConsolidatedNode> | undefined;
  /** The whole document, also what this version ignores. Not to be changed in place. */
  readonly document: JsonObject;
}

function parseMember(value: JsonValue, where: Where): ConsolidatedNode {
  const document = expectObject(value, where);
  const nodeType = expectOneOf(document.get("node_type"), ["array", "group"], at(where, "node_type"));
  const parse = nodeType === "array" ? parseArrayMetadata : parseGroupMetadata;
  return { nodeType, document, parse: () => parse(document, where) };
}

function parseMemberPath(name: string, where: Where): string {
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

function parseConsolidated(
  value: JsonValue | undefined,
  where: Where,
): ReadonlyMap<string, ConsolidatedNode> | undefined {
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
    attributes: parseAttributes(object, root),
    consolidated: parseConsolidated(object.get("consolidated_metadata"), at(root, "consolidated_metadata")),
    document: object,
  };
}

/** The document of a group; `consolidated` gives the documents of its descendants by path relative to it (`/a/b` or `a/b`). */
export function formatGroupMetadata(parts: {
  readonly attributes?: JsonObject | undefined;
  readonly consolidated?: ReadonlyMap<string, { readonly document: JsonObject }> | undefined;
}): JsonObject {
  const document: JsonObject = new Map<string, JsonValue>([
    ["zarr_format", jsonNumber(3)],
    ["node_type", "group"],
    ["attributes", parts.attributes ?? new Map()],
  ]);
  if (parts.consolidated !== undefined) {
    const metadata: JsonObject = new Map();
    for (const [path, node] of parts.consolidated) metadata.set(path.replace(/^\//, ""), node.document);
    document.set(
      "consolidated_metadata",
      new Map<string, JsonValue>([
        ["kind", "inline"],
        ["must_understand", false],
        ["metadata", metadata],
      ]),
    );
  }
  return document;
}
