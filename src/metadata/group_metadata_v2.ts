/**
 * The documents of a group of Zarr v2: `.zgroup`, `.zattrs`, and `.zmetadata`, the consolidated documents of the group and of everything
 * below it.
 *
 * https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#hierarchies
 * https://zarr.readthedocs.io/en/stable/user-guide/consolidated_metadata/
 */

import { MetadataError } from "../errors.js";
import { checkFormatV2, parseArrayMetadataV2, parseAttributesV2 } from "./array_metadata_v2.js";
import { type Consolidated, type ConsolidatedNode, type GroupMetadata, parseMemberPath } from "./group_metadata.js";
import { JsonNumber, type JsonObject, type JsonValue, jsonNumber } from "./json.js";
import { isMetadataPath, joinKey } from "./node_path.js";
import { at, describeJson, describeWhere, expectObject, unsupported, type Where } from "./validate.js";

/** The document `.zgroup`. */
export function formatGroupMetadataV2(): JsonObject {
  return new Map([["zarr_format", jsonNumber(2)]]);
}

/**
 * Reads the documents of a group; `attributes` is the content of `.zattrs`, if there is one. `where` and `attributesWhere` are their store
 * keys, or places in another document. Fields that Zarr v2 does not know are left alone.
 *
 * @throws MetadataError `INVALID_METADATA` if the specification forbids it.
 */
export function parseGroupMetadataV2(
  document: JsonValue,
  attributes: JsonValue | undefined,
  where: Where,
  attributesWhere: Where,
): GroupMetadata {
  const object = expectObject(document, where);
  checkFormatV2(object, where);
  return {
    zarrFormat: 2,
    documentName: ".zgroup",
    attributes: parseAttributesV2(attributes, attributesWhere),
    consolidated: undefined,
    document: object,
  };
}

/** The documents of one node in `.zmetadata`, by name, each with its place. */
type Documents = Map<string, { readonly value: JsonValue; readonly where: Where }>;

function nodeOf(documents: Documents): ConsolidatedNode | undefined {
  const attributes = documents.get(".zattrs");
  for (const [name, nodeType] of [[".zarray", "array"] as const, [".zgroup", "group"] as const]) {
    const found = documents.get(name);
    if (found === undefined) continue;
    const { where } = found;
    const document = expectObject(found.value, where);
    const attributesWhere = attributes?.where ?? where;
    return nodeType === "array"
      ? { nodeType, document, parse: () => parseArrayMetadataV2(document, attributes?.value, where, attributesWhere) }
      : { nodeType, document, parse: () => parseGroupMetadataV2(document, attributes?.value, where, attributesWhere) };
  }
  return undefined;
}

/**
 * Reads the document `.zmetadata` into the descendants of its group, each of which is read when it is asked for.
 *
 * @throws MetadataError `INVALID_METADATA`; `UNSUPPORTED` for another format than 1; `INVALID_PATH` for a node whose path leaves the group.
 */
export function parseConsolidatedV2(value: JsonValue, where: Where): Consolidated {
  const object = expectObject(value, where);
  const format = object.get("zarr_consolidated_format");
  if (!(format instanceof JsonNumber) || format.text !== "1") {
    throw unsupported(`consolidated metadata ${describeJson(format)}`, at(where, "zarr_consolidated_format"), "1");
  }
  const inside = at(where, "metadata");
  const byPath = new Map<string, Documents>();
  for (const [key, document] of expectObject(object.get("metadata"), inside)) {
    const slash = key.lastIndexOf("/");
    const path = slash < 0 ? "/" : parseMemberPath(key.slice(0, slash), at(inside, key));
    if (isMetadataPath(path)) continue;
    const documents: Documents = byPath.get(path) ?? new Map();
    const name = key.slice(slash + 1);
    if (documents.has(name)) {
      throw new MetadataError("INVALID_PATH", `Invalid node path ${describeWhere(at(inside, key))}`, {
        expected: "each document once",
        found: `${joinKey(path, name)} again`,
        key: where.key,
      });
    }
    byPath.set(path, documents.set(name, { value: document, where: at(inside, key) }));
  }
  // The group's own documents are read by themselves.
  byPath.delete("/");
  const nodes = new Map<string, ConsolidatedNode>();
  for (const [path, documents] of byPath) {
    const node = nodeOf(documents);
    if (node !== undefined) nodes.set(path, node);
  }
  return nodes;
}

/** The document `.zmetadata`. `documents` are those of a group and of everything below it, by key relative to the group (`a/.zarray`). */
export function formatConsolidatedV2(documents: ReadonlyMap<string, JsonObject>): JsonObject {
  return new Map<string, JsonValue>([
    ["metadata", new Map(documents)],
    ["zarr_consolidated_format", jsonNumber(1)],
  ]);
}
