/**
 * `zarr.json`: what opens is written as it was read, binds, and answers for elements that are not stored; small arrays are written to as well.
 */

import { type Group, init, MemoryStore, openSync, type ZarrArray } from "../../../src/index.js";
import { formatArrayMetadata, parseArrayMetadata } from "../../../src/metadata/array_metadata.js";
import { formatGroupMetadata, parseGroupMetadata } from "../../../src/metadata/group_metadata.js";
import { formatJson, type JsonObject, parseJson } from "../../../src/metadata/json.js";
import { mutateJson } from "../mutate_json.js";
import {
  attempt,
  check,
  checkBytes,
  dataCodes,
  elementBytes,
  metadataCodes,
  outcomeOf,
  type Target,
} from "../target.js";
import { seedDocuments } from "./documents.js";

const key = "/zarr.json";
/** Arrays whose stored chunks have at most so many bytes are written to. */
const smallChunk = 1 << 14;

function text(document: JsonObject): string {
  return formatJson(document, 0);
}

/** A scalar, told from every other one: -0 from 0, and NaN from null. */
function textOf(scalar: unknown): Uint8Array {
  return elementBytes([Object.is(scalar, -0) ? "-0" : typeof scalar === "number" ? `${scalar}` : scalar]);
}

function checkArray(array: ZarrArray): string {
  const { metadata } = array;
  const { document } = metadata;
  check(
    text(parseArrayMetadata(parseJson(formatJson(document)), key).document) === text(document),
    "the document has changed",
  );
  const canonical = formatArrayMetadata(metadata);
  check(
    text(formatArrayMetadata(parseArrayMetadata(canonical, key))) === text(canonical),
    "the canonical document has changed",
  );
  check(typeof array.attributes === "object", "attributes");
  const { shape } = array;
  if (shape.includes(0)) return `empty ${shape.length}`;
  const first = shape.map(() => 0);
  const expected = array.fillValue;
  for (const position of [first, shape.map((length) => length - 1)])
    checkBytes(
      textOf(array.getSync(position)),
      textOf(expected),
      "a missing chunk reads as something else than its fill value",
    );
  const elements = metadata.chunkGrid.largestShape.reduce((product, length) => product * length, 1);
  const { dataType } = metadata;
  if (elements * dataType.itemSize > smallChunk) return `large ${shape.length}`;
  const isNumeric = !dataType.variable && !dataType.isBoxed && dataType.fields === undefined;
  const value = isNumeric ? dataType.decodeScalar(new Uint8Array(dataType.itemSize).fill(1)) : expected;
  const written = attempt(["INVALID_ARGUMENT", "UNSUPPORTED"], () => array.setSync(first, value as number));
  const read = attempt(dataCodes, () => array.getSync(first));
  return `${dataType.name} ${outcomeOf(written)} ${outcomeOf(read)}`;
}

function checkGroup(group: Group): string {
  const { document } = group.metadata;
  check(
    text(parseGroupMetadata(parseJson(formatJson(document)), key).document) === text(document),
    "the document has changed",
  );
  check(text(parseGroupMetadata(formatGroupMetadata(group.metadata), key).document) !== "", "the canonical document");
  const members = attempt(metadataCodes, () => group.membersSync());
  for (const member of members.value ?? []) {
    const { path } = member;
    check(path.startsWith("/") && path.indexOf("/", 1) < 0 && path.length > 1, `a member at ${path}`);
  }
  return `${group.metadata.consolidated?.size ?? -1} ${outcomeOf(members)}`;
}

export const metadataTarget: Target = {
  name: "metadata",
  prepare: () => init(),
  seeds: () => seedDocuments().map((document) => new TextEncoder().encode(document)),
  mutate: mutateJson,
  run(input) {
    const store = new MemoryStore([[key, input]]);
    const opened = attempt(metadataCodes, () => openSync(store));
    if (opened.error !== undefined) {
      check(opened.error.key === key, `the key is missing: ${opened.error.message}`);
      return outcomeOf(opened);
    }
    const node = opened.value;
    return "shape" in node ? checkArray(node) : checkGroup(node);
  },
  canary() {
    const [document] = seedDocuments();
    check("shape" in openSync(new Map([[key, new TextEncoder().encode(document)]])), "a good document");
  },
};
