/** docs/data-types.md against the data types there are. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createArraySync, MemoryStore, type ZarrArray } from "../../src/index.js";
import { type DataTypeOption, dataTypeFamilies, dataTypeFromOption } from "../../src/metadata/data_type.js";
import { formatJson, parseJson } from "../../src/metadata/json.js";

const text = readFileSync(new URL("../../docs/data-types.md", import.meta.url), "utf8");
const codeIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** The cells of each row, by the names in the table's head. */
const rows = ((): Record<string, string>[] => {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  const cells = lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const [head, , ...body] = cells;
  return body.map((row) => Object.fromEntries(head!.map((name, i) => [name, row[i]!])));
})();

const sized = { length_bytes: 4 };
const time = { unit: "ns", scale_factor: 1 };
const configurations: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  raw_bytes: sized,
  null_terminated_bytes: sized,
  fixed_length_utf32: sized,
  "numpy.datetime64": time,
  "numpy.timedelta64": time,
  struct: { fields: [{ name: "x", data_type: "float32" }] },
};

test("every data type has its row, in order", () => {
  const listed = rows.map(({ name, aliases }) => ({ name: codeIn(name!)[0], aliases: codeIn(aliases!) }));
  expect(listed).toEqual(dataTypeFamilies.map(({ name, aliases = [] }) => ({ name, aliases: [...aliases] })));
});

describe.each(rows)("$name", (row) => {
  const [name] = codeIn(row.name!) as [string];
  const type = dataTypeFromOption({
    name: name === "r*" ? "r16" : name,
    configuration: configurations[name] ?? {},
  } as DataTypeOption);

  test("array and scalar", () => {
    expect(codeIn(row["JavaScript array"]!)).toContain(type.arrayName);
    const scalar = type.decodeScalar(type.defaultFill());
    const kind = Array.isArray(scalar) ? "`[re, im]`" : scalar instanceof Uint8Array ? "`Uint8Array`" : typeof scalar;
    expect(row.scalar).toBe(kind);
  });

  test("fill values are read, and written as they stand there", () => {
    const examples = codeIn(row["fill value"]!);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const element = type.parseFill(parseJson(example), { field: "fill_value" });
      expect(formatJson(type.formatFill(element), 0)).toBe(example);
    }
  });
});

test("the example runs", () => {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(text)!;
  const run = new Function("createArraySync", "store", `${example}; return points;`);
  const points: ZarrArray<"struct"> = run(createArraySync, new MemoryStore());
  expect([points.getSync([0]), points.getSync([1]), points.getSync([2])]).toEqual([
    { x: 1.5, id: 7n },
    { x: 2.5, id: 0n },
    { x: Number.NaN, id: 0n },
  ]);
});

test("what is said not to be supported is not", () => {
  const section = text.slice(text.indexOf("## Not supported"));
  for (const name of codeIn(section).filter((code) => code !== "UNSUPPORTED")) {
    expect(() => dataTypeFromOption(name as DataTypeOption)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  }
});
