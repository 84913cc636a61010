/** docs/codecs.md against the codecs there are. */

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { builtInCodecs } from "../../src/codecs/index.js";
import { init } from "../../src/index.js";
import { type DataType, dataTypeByName } from "../../src/metadata/data_type.js";
import { fromPlain } from "../../src/metadata/json.js";
import { parseNamed } from "../../src/metadata/validate.js";
import { jsonType } from "../../src/metadata/variable_types.js";
import { bindCodecs } from "../../src/pipeline/bind.js";
import { chainOf, codecSamples, variableCodecSamples } from "../codecs/samples.js";

const text = readFileSync(new URL("../../docs/codecs.md", import.meta.url), "utf8");
const codeIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** The cells of each row, by the names in the table's head. */
const rows = ((): Record<string, string>[] => {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  const [head, , ...body] = lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return body.map((row) => Object.fromEntries(head!.map((name, i) => [name, row[i]!])));
})();

beforeAll(() => init());

test("every codec has its row, in order", () => {
  const listed = rows.map((row) => ({ name: codeIn(row.name!)[0], aliases: codeIn(row["other names"]!) }));
  expect(listed).toEqual(builtInCodecs.map(({ name, aliases = [] }) => ({ name, aliases: [...aliases] })));
});

describe.each(rows)("$name", (row) => {
  const [name] = codeIn(row.name!) as [string];
  const variable = variableCodecSamples[name];
  const samples = codecSamples[name];
  const typeName = variable?.dataType ?? samples?.dataTypes?.[0] ?? "uint16";
  const dataType: DataType = typeName === "json" ? jsonType : dataTypeByName(typeName);
  const bind = () =>
    bindCodecs(
      chainOf(name, samples?.small ?? {}).map((option) => parseNamed(fromPlain(option), { field: "" })),
      { shape: [2, 3], dataType, fillValue: dataType.defaultFill() },
      { field: "codecs" },
    );

  test("kind, partial writes, kernel", () => {
    const { kind } = builtInCodecs.find((codec) => codec.name === name)!;
    expect(row.kind).toBe(kind.replace("_to_", " → "));
    const chain = bind();
    const { shard } = chain;
    const isFixed = (shard?.inner ?? chain).encodedSize.kind === "fixed";
    expect(row.partial).toBe(isFixed ? "yes" : "no");
    const steps = chain.byteSteps.filter((step) => step.name !== "bytes" || name === "bytes");
    const isKernel = shard === undefined ? steps.every(({ place }) => place === "wasm") : shard.dense !== undefined;
    expect(row.kernel).toBe(isKernel ? "yes" : "no");
  });

  test("reads and writes, synchronously", () => {
    expect([row.read, row.write]).toEqual(["yes", "yes"]);
    expect(bind().isSync).toBe(true);
  });
});

test("what is said not to be built in is not", () => {
  const section = text.slice(text.indexOf("## Not built in"));
  const [sentence] = section.split(" and all others");
  for (const name of codeIn(sentence!)) {
    const bind = () =>
      bindCodecs(
        [parseNamed(fromPlain({ name }), { field: "" })],
        { shape: [2], dataType: dataTypeByName("uint8"), fillValue: Uint8Array.of(0) },
        { field: "codecs" },
      );
    expect(bind).toThrow(expect.objectContaining({ code: "UNKNOWN_CODEC" }));
  }
});
