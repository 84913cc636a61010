import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, MetadataError } from "../../src/errors.js";
import { formatJson, fromPlain, JsonNumber, parseJson, toPlain } from "../../src/metadata/json.js";

/** The message and offset with which `source` is refused. */
function refusal(source: string | Uint8Array): string {
  try {
    parseJson(source, "/a/zarr.json");
  } catch (error) {
    if (error instanceof MetadataError && error.code === "INVALID_METADATA") return error.message;
    throw error;
  }
  throw new Error(`accepted ${source}`);
}

const bytes = (...values: (number | string)[]): Uint8Array =>
  Uint8Array.from(
    values.flatMap((value) => (typeof value === "number" ? [value] : [...new TextEncoder().encode(value)])),
  );

describe("parseJson", () => {
  test("agrees with JSON.parse on what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 1, 2), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        const value = parseJson(new TextEncoder().encode(spaced));
        expect(formatJson(value, indent)).toBe(spaced);
      }),
    );
  });

  test("keeps every character of a string", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const escaped = JSON.stringify(text).replace(
          /[^ -~]/g,
          (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
        expect(parseJson(escaped)).toBe(text);
        expect(parseJson(JSON.stringify(text))).toBe(text);
      }),
    );
  });

  test.each([
    "0",
    "-0",
    "-0.0",
    "1e5",
    "1E+05",
    "0.10",
    "1.000000000000000000001",
    "18446744073709551615",
    "1e400",
    "-1.5E-7",
  ])("keeps the number %s as it is written", (text) => {
    expect(formatJson(parseJson(` [${text}] `), 0)).toBe(`[${text}]`);
  });

  test("reads numbers as bigint only where a double would lose digits", () => {
    const plain = (text: string): unknown => toPlain(parseJson(text));
    expect(plain("9007199254740991")).toBe(9007199254740991);
    expect(plain("9007199254740992")).toBe(9007199254740992n);
    expect(plain("-9007199254740993")).toBe(-9007199254740993n);
    expect(plain("-0")).toBe(-0);
    expect(plain("1e20")).toBe(1e20);
    expect(plain("1e400")).toBe(Number.POSITIVE_INFINITY);
    expect([parseJson("2"), parseJson("-0")].map((n) => n instanceof JsonNumber && n.isInteger)).toEqual([true, true]);
    expect(["2.0", "2e0", "2E0"].map((t) => new JsonNumber(t).isInteger)).toEqual([false, false, false]);
  });

  test.each([
    ["", "expected a JSON value; found the end of the document; at byte 0"],
    [" ", "expected a JSON value; found the end of the document; at byte 1"],
    ["[1,]", 'expected a JSON value; found "]"; at byte 3'],
    ["[1 2]", 'expected "," or "]"; found "2"; at byte 3'],
    ["[1", 'expected "," or "]"; found the end of the document; at byte 2'],
    ["[,1]", 'expected a JSON value; found ","; at byte 1'],
    ['{"a":1,}', 'expected a name in quotes; found "}"; at byte 7'],
    ["{a:1}", 'expected a name in quotes; found "a"; at byte 1'],
    ['{"a" 1}', 'expected ":"; found "1"; at byte 5'],
    ['{"a":1 "b":2}', 'expected "," or "}"; found """; at byte 7'],
    ["[] []", 'expected the end of the document; found "["; at byte 3'],
    ["01", 'expected the end of the document; found "1"; at byte 1'],
    ["-", 'expected a JSON value; found "-"; at byte 0'],
    ["+1", 'expected a JSON value; found "+"; at byte 0'],
    [".5", 'expected a JSON value; found "."; at byte 0'],
    ["1.", 'expected the end of the document; found "."; at byte 1'],
    ["1e", 'expected the end of the document; found "e"; at byte 1'],
    ["0x1", 'expected the end of the document; found "x"; at byte 1'],
    ["１", 'expected a JSON value; found "１"; at byte 0'],
    ["NaN", 'expected a JSON value; found "N"; at byte 0'],
    ["-Infinity", 'expected a JSON value; found "-"; at byte 0'],
    ["nul", 'expected a JSON value; found "n"; at byte 0'],
    ["True", 'expected a JSON value; found "T"; at byte 0'],
    ["truest", 'expected the end of the document; found "s"; at byte 4'],
    ["'a'", 'expected a JSON value; found "\'"; at byte 0'],
    ['"a', 'expected "; found the end of the document; at byte 2'],
    ['"a\nb"', "expected a string without control characters; found control character 0x0a; at byte 2"],
    ['"\\x"', 'expected an escape sequence; found "x"; at byte 2'],
    ['"\\', "expected an escape sequence; found the end of the document; at byte 2"],
    ['"\\u12G4"', 'expected four hexadecimal digits; found "1"; at byte 3'],
    ["[1]\f", "expected the end of the document; found control character 0x0c; at byte 3"],
    ["[\u00a01]", 'expected a JSON value; found "\u00a0"; at byte 1'],
    ["/* */1", 'expected a JSON value; found "/"; at byte 0'],
    ["\ufeff{}", "expected a JSON value; found a byte order mark; at byte 0"],
    ['{"é":1,"é":1}', 'expected unique names; found "é" again; at byte 8'],
    ['{"a":{"b":1,"\\u0062":1}}', 'expected unique names; found "b" again; at byte 12'],
  ])("refuses %j", (text, details) => {
    const message = `Invalid JSON (${details}; key /a/zarr.json)`;
    expect(refusal(text)).toBe(message);
    expect(refusal(new TextEncoder().encode(text))).toBe(message);
  });

  test.each([
    [bytes('["', 0xff, '"]'), 2],
    [bytes('"é', 0xc3, '"'), 3],
    [bytes('"', 0xed, 0xa0, 0x80, '"'), 1],
    [bytes('"', 0xc0, 0xaf, '"'), 1],
    [bytes('"', 0xe2, 0x82), 1],
  ])("refuses invalid UTF-8 (case %#)", (source, offset) => {
    expect(refusal(source)).toBe(`Invalid JSON (expected valid UTF-8; at byte ${offset}; key /a/zarr.json)`);
  });

  test("reads bytes in shared memory", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    shared.set(bytes("true"));
    expect(parseJson(shared)).toBe(true);
  });

  test.each([
    ["[", "]"],
    ['{"a":', "}"],
  ])("nests %j to 512 levels and no further", (open, close) => {
    const nested = (depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
    expect(formatJson(parseJson(nested(512)), 0)).toBe(nested(512));
    const message = "expected at most 512 levels of nesting; found more";
    expect(refusal(nested(513))).toContain(message);
    expect(refusal(open.repeat(100_000))).toContain(message);
  });

  test("reads a document of 1 MB", () => {
    const text = formatJson(fromPlain(Array.from({ length: 40_000 }, (_, index) => ({ n: index / 7, s: 'é"' }))), 0);
    expect(text.length).toBeGreaterThan(1e6);
    expect(formatJson(parseJson(text), 0)).toBe(text);
  });
});

describe("plain values", () => {
  test("round trip, with names that are special in JavaScript", () => {
    const names = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty"));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.string({ unit: "binary" }),
        fc.double({
          noNaN: true,
          noDefaultInfinity: true,
          maxExcluded: true,
          minExcluded: true,
          min: -(2 ** 53),
          max: 2 ** 53,
        }),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }),
        fc.array(tie("value")),
        fc.dictionary(names, tie("value"), { noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, (original) => {
        // Not toStrictEqual, which looks at a property named constructor as if it were inherited.
        expect(isDeepStrictEqual(toPlain(parseJson(formatJson(fromPlain(original)))), original)).toBe(true);
      }),
    );
  });

  test("__proto__ is a property like any other", () => {
    const plain = toPlain(parseJson('{"__proto__": {"polluted": true}, "constructor": 1}'));
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
    expect(Object.entries(Object(plain))).toEqual([
      ["__proto__", { polluted: true }],
      ["constructor", 1],
    ]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(formatJson(fromPlain(plain), 0)).toBe('{"__proto__":{"polluted":true},"constructor":1}');
  });

  test("takes Maps, null prototypes and numbers as they were read", () => {
    const value = new Map<string, unknown>([
      ["a", Object.assign(Object.create(null), { b: -0, c: parseJson("2.50") })],
    ]);
    expect(formatJson(fromPlain(value), 0)).toBe('{"a":{"b":-0,"c":2.50}}');
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  test.each([
    [{ a: [1, Number.NaN] }, 'Cannot write value["a"][1] as JSON', "NaN"],
    [Number.POSITIVE_INFINITY, "Cannot write value as JSON", "Infinity"],
    [{ "x y": undefined }, 'Cannot write value["x y"] as JSON', "undefined"],
    [new Array(1), "Cannot write value[0] as JSON", "undefined"],
    [{ f: () => 1 }, 'Cannot write value["f"] as JSON', "a function"],
    [[Symbol("s")], "Cannot write value[0] as JSON", "a symbol"],
    [new Date(0), "Cannot write value as JSON", "[object Date]"],
    [Uint8Array.of(1), "Cannot write value as JSON", "[object Uint8Array]"],
    [new Map([[1, 2]]), "Cannot write value as JSON", "1"],
    [cycle, "Cannot write a value as JSON", "more, or a cycle"],
  ])("refuses case %#", (value, reason, found) => {
    const error = (() => {
      try {
        return fromPlain(value);
      } catch (error) {
        return error;
      }
    })();
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", reason, found });
  });
});

test("formatJson indents like JSON.stringify", () => {
  const plain = { a: [], b: {}, c: [1, [2]], d: { e: null } };
  for (const indent of [0, 2, 4])
    expect(formatJson(fromPlain(plain), indent)).toBe(JSON.stringify(plain, null, indent));
  expect(formatJson(fromPlain(plain))).toBe(JSON.stringify(plain, null, 2));
});
