/** The JSON parser against `JSON.parse`. */

import {
  formatJson,
  fromPlain,
  JsonNumber,
  type JsonValue,
  maximumDepth,
  parseJson,
  toPlain,
} from "../../../src/metadata/json.js";
import { mutateJson } from "../mutate_json.js";
import { attempt, check, outcomeOf, type Target } from "../target.js";

const documents = [
  '{"zarr_format":3,"node_type":"group","attributes":{"n":9007199254740993,"e":[1.5e-7,-0,true,null]}}',
  '[{"a":{"b":{"c":[[],{},""]}}},"\\u00e9\\ud83d\\ude00\\n","é😀"]',
  '{"shape": [10, 20], "fill_value": "NaN", "__proto__": {"x": 1}, "constructor": 18446744073709551615}',
  " [ 1 , 2.50 , 1E+400 , -0.0 ] ",
  '"text"',
  "-12",
  "true",
];

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What `JSON.parse` makes of it; `undefined` where it refuses. */
function parseReference(input: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(decoder.decode(input)) };
  } catch {
    return undefined;
  }
}

/** Whether our value is the reference's. Counts members, to see names that were repeated. */
function isSame(ours: JsonValue, reference: unknown): boolean {
  if (ours instanceof JsonNumber) return Object.is(Number(ours.text), reference);
  if (Array.isArray(ours))
    return (
      Array.isArray(reference) &&
      ours.length === reference.length &&
      ours.every((item, i) => isSame(item, reference[i]))
    );
  if (!(ours instanceof Map)) return ours === reference;
  if (typeof reference !== "object" || reference === null || Array.isArray(reference)) return false;
  const names = Object.keys(reference);
  // JavaScript puts names that are integers first.
  return (
    names.length === ours.size &&
    names.every((name) => ours.has(name) && isSame(ours.get(name)!, Reflect.get(reference, name)))
  );
}

/** Members of all objects in the value. */
function countMembers(value: JsonValue): number {
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + countMembers(item), 0);
  return value instanceof Map ? [...value.values()].reduce((sum, item) => sum + countMembers(item), value.size) : 0;
}

/** How deep a document nests that `JSON.parse` takes. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [mark] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (mark === "[" || mark === "{") deepest = Math.max(deepest, ++depth);
    else if (mark === "]" || mark === "}") depth--;
  }
  return deepest;
}

function run(input: Uint8Array): string {
  const parsed = attempt(["INVALID_METADATA"], () => parseJson(input, "/zarr.json"));
  const reference = parseReference(input);
  if (parsed.error !== undefined) {
    const { expected, offset, reason } = parsed.error;
    check(reason === "Invalid JSON" && expected !== undefined, `no reason given: ${parsed.error.message}`);
    check(offset !== undefined && offset >= 0 && offset <= input.length, `offset ${offset} of ${input.length}`);
    if (reference === undefined) return outcomeOf(parsed);
    const isStricter =
      expected === "unique names" ||
      (`${expected}`.endsWith("of nesting") && depthOf(decoder.decode(input)) > maximumDepth);
    check(isStricter, `refuses what JSON.parse takes: ${parsed.error.message}`);
    return outcomeOf(parsed);
  }
  const { value } = parsed;
  check(reference !== undefined, "takes what JSON.parse refuses");
  check(isSame(value, reference.value), "differs from JSON.parse");
  const names =
    decoder
      .decode(input)
      .match(/"(?:[^"\\]|\\.)*"\s*:?/gs)
      ?.filter((text) => text.endsWith(":")) ?? [];
  check(countMembers(value) === names.length, "takes a name twice");
  for (const indent of [0, 2]) {
    const text = formatJson(value, indent);
    check(formatJson(parseJson(text), indent) === text, "what is written is not what is read");
  }
  const plain = toPlain(value);
  check(
    Reflect.get({}, "x") === undefined && Object.getPrototypeOf({}) === Object.prototype,
    "a prototype has changed",
  );
  // 1e400 has no plain value that can be written.
  if (!JSON.stringify(plain, (_, each) => (typeof each === "bigint" ? `${each}` : each)).includes("null"))
    attempt(["INVALID_ARGUMENT"], () => fromPlain(plain));
  return "ok";
}

export const jsonTarget: Target = {
  name: "json",
  seeds: () => documents.map((text) => new TextEncoder().encode(text)),
  mutate: mutateJson,
  run,
  canary() {
    const text = '{"a":[1,18446744073709551615,"é",null,true],"__proto__":2.50}';
    check(formatJson(parseJson(text), 0) === text, "a good document");
  },
};
