/** Whoever reads a name in an editor, or on the API page, finds what it is for. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const entries = ["index", "node", "browser", "zarrita", "numcodecs", "kernels"];
const pathOf = (entry: string): string => fileURLToPath(new URL(`../../src/${entry}.ts`, import.meta.url));
const program = ts.createProgram(entries.map(pathOf), {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  skipLibCheck: true,
  noEmit: true,
});
const checker = program.getTypeChecker();

function exportsOf(entry: string): readonly ts.Symbol[] {
  return checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(pathOf(entry))!)!);
}

test.each(entries)("every export of %s has a docstring", (entry) => {
  const exported = exportsOf(entry);
  expect(exported.length).toBeGreaterThan(0);
  const undocumented = exported.filter((symbol) => {
    const { flags } = symbol;
    const source = flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return ts.displayPartsToString(source.getDocumentationComment(checker)).trim() === "";
  });
  expect(undocumented.map(({ name }) => name)).toEqual([]);
});

test("npm run docs:api writes a page of them all", () => {
  const folder = mkdtempSync(join(tmpdir(), "syncodec-api-"));
  try {
    execFileSync(process.execPath, [fileURLToPath(new URL("../../scripts/docs_api.mjs", import.meta.url)), folder]);
    const page = readFileSync(join(folder, "README.md"), "utf8");
    const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, name]) => name);
    // What two entries export stands under the first.
    const names = new Set(entries.flatMap((entry) => exportsOf(entry).map(({ name }) => name)));
    expect(headings.sort()).toEqual([...names].sort());
    expect(page).toContain("openArraySync<D extends DataTypeName = DataTypeName>(store: Store, options?: OpenOptions)");
    expect(page).not.toContain("[object");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
