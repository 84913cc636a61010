/**
 * Number-preserving JSON: what `JSON.parse` would lose, the digits of a 64-bit integer and the text of a decimal, is kept.
 *
 * ```ts
 * const document = parseJson('{"fill_value": 18446744073709551615}');
 * formatJson(document, 0); // {"fill_value":18446744073709551615}
 * toPlain(document); // { fill_value: 18446744073709551615n }
 * ```
 *
 * The parser is strict (RFC 8259) and stricter in three places where readers of one document could disagree: no byte order mark, no
 * duplicate names, no nesting beyond {@link maximumDepth}.
 *
 * https://www.rfc-editor.org/rfc/rfc8259
 */

import { ArgumentError, MetadataError } from "../errors.js";

/** A number as it was written. */
export class JsonNumber {
  /** A number literal of RFC 8259, or NaN, Infinity, -Infinity where those are allowed; the constructor does not check it. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether the literal has neither fraction nor exponent: `2` is an integer, `2.0` and `2e0` are not. */
  get isInteger(): boolean {
    return /^-?[0-9]+$/.test(this.text);
  }

  /** Integer literals beyond ±(2^53 − 1) as bigint, all others as number: the nearest double, hence ±Infinity for `1e400`. */
  toPlain(): number | bigint {
    const value = Number(this.text);
    return Number.isSafeInteger(value) || !this.isInteger ? value : BigInt(this.text);
  }
}

/** A JSON object. A Map, so that no name (`__proto__`, `constructor`) is special and the order of the document is kept. */
export type JsonObject = Map<string, JsonValue>;
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;
/** The same as plain JavaScript values; bigint only for integers beyond ±(2^53 − 1). */
export type PlainJson = null | boolean | string | number | bigint | PlainJson[] | { [name: string]: PlainJson };

/** Arrays and objects may nest this deep. Python's reader stops near 1000, so no real document comes close. */
export const maximumDepth = 512;
/** Lower, because attributes are written some levels inside a document, which must be readable again. */
const maximumPlainDepth = maximumDepth - 32;

/** Python writes and reads the words NaN, Infinity and -Infinity, which no standard knows; data that it wrote may hold them. */
export interface JsonDialect {
  /** Whether these words are numbers. Default false. */
  readonly nonFinite?: boolean;
}

/** The character, or the end, that stands at `position`, for messages. */
function describeCharacter(text: string, position: number): string {
  const code = text.codePointAt(position);
  if (code === undefined) return "the end of the document";
  if (code === 0xfeff) return "a byte order mark";
  return code < 0x20 ? `control character 0x${code.toString(16).padStart(2, "0")}` : `"${String.fromCodePoint(code)}"`;
}

function decodeUtf8(bytes: Uint8Array, key: string | undefined): string {
  // Browsers refuse to decode shared memory; slice() copies it out.
  const own = bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(own);
  } catch (cause) {
    const repaired = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(own));
    let offset = 0;
    while (offset < own.length && own[offset] === repaired[offset]) offset++;
    throw new MetadataError("INVALID_METADATA", "Invalid JSON", { expected: "valid UTF-8", offset, key, cause });
  }
}

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const hexPattern = /^[0-9a-fA-F]{4}$/;
const quote = 0x22;
const backslash = 0x5c;
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/**
 * Parses a whole document. `key` is the store key for messages.
 *
 * @throws MetadataError `INVALID_METADATA` with the byte offset at which the document went bad.
 */
export function parseJson(
  source: string | Uint8Array,
  key?: string,
  { nonFinite = false }: JsonDialect = {},
): JsonValue {
  const text = typeof source === "string" ? source : decodeUtf8(source, key);
  const end = text.length;
  let position = 0;

  function fail(expected: string, at = position, found = describeCharacter(text, at)): MetadataError {
    const offset = new TextEncoder().encode(text.slice(0, at)).length;
    return new MetadataError("INVALID_METADATA", "Invalid JSON", { expected, found, offset, key });
  }

  function skipWhitespace(): void {
    while (position < end) {
      const code = text.charCodeAt(position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      position++;
    }
  }

  function parseEscape(): string {
    const letter = text.charAt(position);
    if (letter === "u") {
      const digits = text.slice(position + 1, position + 5);
      if (!hexPattern.test(digits)) throw fail("four hexadecimal digits", position + 1);
      position += 5;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const character = escapes.get(letter);
    if (character === undefined) throw fail("an escape sequence");
    position++;
    return character;
  }

  function parseString(): string {
    position++;
    let result = "";
    let start = position;
    while (position < end) {
      const code = text.charCodeAt(position);
      if (code === quote) {
        result += text.slice(start, position);
        position++;
        return result;
      }
      if (code < 0x20) throw fail("a string without control characters");
      position++;
      if (code === backslash) {
        result += text.slice(start, position - 1);
        result += parseEscape();
        start = position;
      }
    }
    throw fail('"');
  }

  function parseArray(depth: number): JsonValue[] {
    const values: JsonValue[] = [];
    position++;
    skipWhitespace();
    if (text.charAt(position) === "]") {
      position++;
      return values;
    }
    while (true) {
      values.push(parseValue(depth));
      const mark = text.charAt(position);
      if (mark !== "," && mark !== "]") throw fail('"," or "]"');
      position++;
      if (mark === "]") return values;
    }
  }

  function parseObject(depth: number): JsonObject {
    const object: JsonObject = new Map();
    position++;
    skipWhitespace();
    if (text.charAt(position) === "}") {
      position++;
      return object;
    }
    while (true) {
      skipWhitespace();
      const start = position;
      if (text.charAt(position) !== '"') throw fail("a name in quotes");
      const name = parseString();
      if (object.has(name)) throw fail("unique names", start, `${JSON.stringify(name)} again`);
      skipWhitespace();
      if (text.charAt(position) !== ":") throw fail('":"');
      position++;
      object.set(name, parseValue(depth));
      const mark = text.charAt(position);
      if (mark !== "," && mark !== "}") throw fail('"," or "}"');
      position++;
      if (mark === "}") return object;
    }
  }

  function parseNumber(): JsonNumber {
    const word = nonFinite
      ? ["NaN", "Infinity", "-Infinity"].find((each) => text.startsWith(each, position))
      : undefined;
    if (word !== undefined) {
      position += word.length;
      return new JsonNumber(word);
    }
    numberPattern.lastIndex = position;
    const match = numberPattern.exec(text);
    if (match === null) throw fail("a JSON value");
    position = numberPattern.lastIndex;
    return new JsonNumber(match[0]);
  }

  function parseWord<T extends null | boolean>(word: string, value: T): T {
    if (!text.startsWith(word, position)) throw fail("a JSON value");
    position += word.length;
    return value;
  }

  function parseBare(depth: number): JsonValue {
    switch (text.charAt(position)) {
      case "{":
      case "[":
        if (depth === maximumDepth) throw fail(`at most ${maximumDepth} levels of nesting`, position, "more");
        return text.charAt(position) === "{" ? parseObject(depth + 1) : parseArray(depth + 1);
      case '"':
        return parseString();
      case "t":
        return parseWord("true", true);
      case "f":
        return parseWord("false", false);
      case "n":
        return parseWord("null", null);
      default:
        return parseNumber();
    }
  }

  /** Reads a value and the whitespace on both sides of it. */
  function parseValue(depth: number): JsonValue {
    skipWhitespace();
    const value = parseBare(depth);
    skipWhitespace();
    return value;
  }

  const value = parseValue(0);
  if (position < end) throw fail("the end of the document");
  return value;
}

/** Writes `value`, indented by `indent` spaces a level (0 = on one line without spaces). Numbers are written as they are. */
export function formatJson(value: JsonValue, indent = 2): string {
  const colon = indent === 0 ? ":" : ": ";

  function write(value: JsonValue, newline: string): string {
    if (value instanceof JsonNumber) return value.text;
    if (value === null || typeof value === "boolean") return `${value}`;
    if (typeof value === "string") return JSON.stringify(value);
    const inner = indent === 0 ? "" : newline + " ".repeat(indent);
    const items = Array.isArray(value)
      ? value.map((item) => inner + write(item, inner))
      : Array.from(value, ([name, item]) => inner + JSON.stringify(name) + colon + write(item, inner));
    const [open, close] = Array.isArray(value) ? "[]" : "{}";
    return items.length === 0 ? `${open}${close}` : `${open}${items.join(",")}${newline}${close}`;
  }

  return write(value, indent === 0 ? "" : "\n");
}

/** `value` as plain JavaScript values. A name such as `__proto__` becomes an own property like any other. */
export function toPlain(value: JsonValue): PlainJson {
  if (value instanceof JsonNumber) return value.toPlain();
  if (Array.isArray(value)) return value.map(toPlain);
  if (!(value instanceof Map)) return value;
  const object: { [name: string]: PlainJson } = {};
  for (const [name, item] of value) {
    if (name !== "__proto__") object[name] = toPlain(item);
    else
      Object.defineProperty(object, name, {
        value: toPlain(item),
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
  return object;
}

/** A number literal: as JavaScript writes it, except that −0 keeps its sign. `value` must be finite. */
export function jsonNumber(value: number | bigint): JsonNumber {
  return new JsonNumber(Object.is(value, -0) ? "-0" : `${value}`);
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // The second test is true for the Object.prototype of any realm.
  return prototype === null || (typeof prototype === "object" && Object.getPrototypeOf(prototype) === null);
}

function describePlain(value: unknown): string {
  if (typeof value === "number" || value === undefined) return `${value}`;
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  return Object.prototype.toString.call(value);
}

/**
 * The inverse of {@link toPlain}: null, booleans, strings, finite numbers, bigints, arrays, plain objects, and Maps with string keys.
 *
 * @throws ArgumentError `INVALID_ARGUMENT` naming the path of a value that JSON cannot hold.
 */
export function fromPlain(value: unknown, dialect: JsonDialect = {}): JsonValue {
  return convertPlain(value, "value", 0, dialect);
}

function convertPlain(value: unknown, path: string, depth: number, dialect: JsonDialect): JsonValue {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint" || (typeof value === "number" && (dialect.nonFinite || Number.isFinite(value))))
    return jsonNumber(value);
  if (value instanceof JsonNumber) return value;
  if (depth === maximumPlainDepth) {
    throw new ArgumentError("INVALID_ARGUMENT", "Cannot write a value as JSON", {
      expected: `at most ${maximumPlainDepth} levels of nesting`,
      found: "more, or a cycle",
    });
  }
  // Array.from, unlike map, visits holes, which are as wrong as undefined.
  if (Array.isArray(value))
    return Array.from(value, (item, index) => convertPlain(item, `${path}[${index}]`, depth + 1, dialect));
  const members =
    value instanceof Map
      ? value
      : typeof value === "object" && isPlainObject(value)
        ? Object.entries(value)
        : undefined;
  if (members === undefined) {
    throw new ArgumentError("INVALID_ARGUMENT", `Cannot write ${path} as JSON`, {
      expected: "null, a boolean, a string, a finite number, a bigint, an array or a plain object",
      found: describePlain(value),
    });
  }
  const object: JsonObject = new Map();
  for (const [name, item] of members) {
    if (typeof name !== "string") {
      throw new ArgumentError("INVALID_ARGUMENT", `Cannot write ${path} as JSON`, {
        expected: "string keys",
        found: describePlain(name),
      });
    }
    object.set(name, convertPlain(item, `${path}[${JSON.stringify(name)}]`, depth + 1, dialect));
  }
  return object;
}
