// Mutation check: changes the source in one place, runs a fast subset of the tests, and counts the changes that no test notices.
//
//   npm run test:mutation -- [--files a,b] [--sample N] [--seed S] [--mutant ID,ID] [--list] [--jobs N] [--minutes N]
//
// --sample N   N mutants in random order, the same ones for the same seed      --minutes N   starts no more of them after N minutes
// --mutant ID  replays mutants, and prints what the tests say                  --list        only lists the mutants
//
// Works on copies of the tree in the temporary folder; the working tree is never touched. A run that does not end in time counts as killed.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));

const defaultFiles = [
  ...[
    "read_plan",
    "write_plan",
    "patch_plan",
    "chunk_write",
    "whole_shard",
    "fetches",
    "bound_grid",
    "tiling",
    "box",
  ].map((name) => `src/pipeline/${name}.ts`),
  ...["src/codecs/sharding_indexed.ts", "src/codecs/dense.ts"],
  ...["src/grid/chunk_grid.ts", "src/grid/projection.ts", "src/grid/selection.ts", "src/stores/range.ts"],
];

/** The subset, likeliest killers first: each file, and how many runs its properties get at most. */
const tests = [
  ["test/stores/range.test.ts"],
  ["test/stores/open_value.test.ts"],
  ["test/grid/chunk_grid.test.ts"],
  ["test/grid/projection.test.ts"],
  ["test/grid/selection.test.ts"],
  ["test/pipeline/fetches.test.ts"],
  ["test/codecs/shard_index.test.ts"],
  ["test/pipeline/box.test.ts", 150],
  ["test/pipeline/requests.test.ts"],
  ["test/pipeline/read_into.test.ts"],
  ["test/pipeline/kernels_in_use.test.ts"],
  ["test/pipeline/shard_layouts.test.ts", 60],
  ["test/array/selections.test.ts", 30],
  ["test/pipeline/properties.test.ts", 80],
  ["test/pipeline/whole_shard.test.ts", 30],
  ["test/array/patch.test.ts", 4],
  ["test/array/resize.test.ts", 8],
  ["test/array/rectilinear.test.ts"],
  ["test/pipeline/index_cache.test.ts"],
  ["test/codecs/sharding_indexed.test.ts"],
];

const { values: options } = parseArgs({
  options: {
    files: { type: "string" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    mutant: { type: "string" },
    list: { type: "boolean", default: false },
    jobs: { type: "string", default: "2" },
    minutes: { type: "string", default: "Infinity" },
  },
});

// ---- Mutants ----

const { SyntaxKind: Kind } = ts;

/** Operators and what takes their place. */
const operators = new Map([
  [Kind.LessThanToken, ["<=", ">="]],
  [Kind.LessThanEqualsToken, ["<", ">"]],
  [Kind.GreaterThanToken, [">=", "<="]],
  [Kind.GreaterThanEqualsToken, [">", "<"]],
  [Kind.EqualsEqualsEqualsToken, ["!=="]],
  [Kind.ExclamationEqualsEqualsToken, ["==="]],
  [Kind.PlusToken, ["-"]],
  [Kind.MinusToken, ["+"]],
  [Kind.AsteriskToken, ["/"]],
  [Kind.SlashToken, ["*"]],
  [Kind.PercentToken, ["*"]],
  [Kind.PlusEqualsToken, ["-="]],
  [Kind.MinusEqualsToken, ["+="]],
  [Kind.AsteriskEqualsToken, ["/="]],
  [Kind.AmpersandAmpersandToken, ["||"]],
  [Kind.BarBarToken, ["&&"]],
]);

const swappedNames = new Map([
  ["min", "max"],
  ["max", "min"],
  ["floor", "ceil"],
  ["ceil", "floor"],
  ["some", "every"],
  ["every", "some"],
]);

/** Every mutant of one file: id, place, and the text that takes the place of `start … end`. */
function mutantsOf(file) {
  const text = readFileSync(join(root, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const mutants = [];

  const add = (node, replacement) => {
    const start = node.getStart(source);
    const end = node.getEnd();
    const { line, character } = source.getLineAndCharacterOfPosition(start);
    const original = text.slice(start, end);
    const hash = createHash("sha256").update(`${file}:${start}:${end}:${replacement}`);
    const id = hash.digest("hex").slice(0, 8);
    mutants.push({ id, file, line: line + 1, column: character + 1, start, end, original, replacement });
  };

  /** The declared return type of the function that `node` is in, without `Plan<…>` around it. */
  const returnType = (node) => {
    let parent = node.parent;
    while (parent !== undefined && !ts.isFunctionLike(parent)) parent = parent.parent;
    const declared = parent?.type?.getText(source) ?? "";
    return /^Plan<(.*)>$/s.exec(declared)?.[1] ?? declared;
  };

  const condition = (node, canLoop = true) => {
    if (node === undefined) return;
    if (canLoop && node.kind !== Kind.TrueKeyword) add(node, "true");
    if (node.kind !== Kind.FalseKeyword) add(node, "false");
  };

  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    // What an error says is no behaviour.
    if (ts.isThrowStatement(node)) return;
    if (ts.isNewExpression(node) && /Error$/.test(node.expression.getText(source))) return;
    if (ts.isCallExpression(node) && /(^|\.#?)(invalid|wrongOrder)$/.test(node.expression.getText(source))) return;

    if (ts.isBinaryExpression(node)) {
      const { left, operatorToken, right } = node;
      const isText = [left, right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));
      if (!isText || operatorToken.kind !== Kind.PlusToken)
        for (const other of operators.get(operatorToken.kind) ?? []) add(operatorToken, other);
    } else if (ts.isNumericLiteral(node)) {
      const { text: digits } = node;
      if (!/^0x/.test(digits)) {
        add(node, `${Number(digits) + 1}`);
        add(node, `${Number(digits) - 1}`);
      }
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === Kind.ExclamationToken) {
      add(node, node.operand.getText(source));
    } else if (node.kind === Kind.TrueKeyword && !ts.isIfStatement(node.parent)) add(node, "false");
    else if (node.kind === Kind.FalseKeyword && !ts.isIfStatement(node.parent)) add(node, "true");
    else if (ts.isIfStatement(node)) condition(node.expression);
    else if (ts.isConditionalExpression(node)) condition(node.condition);
    else if (ts.isForStatement(node)) condition(node.condition, false);
    else if (ts.isWhileStatement(node)) condition(node.expression, false);
    else if (ts.isExpressionStatement(node)) {
      const { expression } = node;
      const isStep = ts.isBinaryExpression(expression) && /=$/.test(expression.operatorToken.getText(source));
      if (ts.isCallExpression(expression) || ts.isYieldExpression(expression) || isStep) add(node, ";");
    } else if (ts.isContinueStatement(node) || ts.isBreakStatement(node)) add(node, ";");
    else if (ts.isPropertyAccessExpression(node)) {
      const other = swappedNames.get(node.name.text);
      if (other !== undefined && ts.isCallExpression(node.parent)) add(node.name, other);
    } else if (ts.isReturnStatement(node)) {
      const value = node.expression?.getText(source);
      const type = returnType(node);
      const isTest = type === "boolean" || / is /.test(type);
      if (value === undefined) add(node, ";");
      else {
        if (/\bundefined\b/.test(type) && value !== "undefined" && !/\[\]$/.test(type))
          add(node.expression, "undefined");
        if (/\[\]$/.test(type) && !isTest && value !== "[]") add(node.expression, "[]");
        if (isTest && value !== "true") add(node.expression, "true");
        if (isTest && value !== "false") add(node.expression, "false");
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const seen = new Set();
  return mutants.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** `count` of `items` in random order, the same ones for the same seed. */
function sampleOf(items, count, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const numbers = items.map((_, i) => i);
  for (let i = numbers.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [numbers[i], numbers[j]] = [numbers[j], numbers[i]];
  }
  return numbers.slice(0, count).map((i) => items[i]);
}

// ---- Runs ----

/** A copy of the tree with the fast subset as its only tests. */
function makeCopy(folder) {
  const isWanted = (path) => !/^test[\\/](fixtures|interop)([\\/]|$)/.test(relative(root, path));
  mkdirSync(folder);
  for (const part of ["src", "test", "build", "package.json", "tsconfig.json"])
    cpSync(join(root, part), join(folder, part), { recursive: true, filter: isWanted });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  for (const [file, runs] of tests) {
    if (runs === undefined) continue;
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    writeFileSync(
      path,
      text.replace(/numRuns: (\d+)/g, (_, given) => `numRuns: ${Math.min(given, runs)}`),
    );
  }
  // The same random cases for every mutant; all files in one thread and one module graph, in the order of the list.
  writeFileSync(
    join(folder, "setup.ts"),
    `import fc from "fast-check";\nfc.configureGlobal({ seed: 20, endOnFailure: true });\n`,
  );
  writeFileSync(
    join(folder, "vitest.config.ts"),
    `
import { BaseSequencer } from "vitest/node";
const files = ${JSON.stringify(tests.map(([file]) => file))};
class InOrder extends BaseSequencer {
  async sort(specifications) {
    const rank = ({ moduleId }) => files.findIndex((file) => moduleId.endsWith(file));
    return [...specifications].sort((a, b) => rank(a) - rank(b));
  }
}
export default {
  cacheDir: "cache",
  test: {
    include: files, setupFiles: ["setup.ts"], sequence: { sequencer: InOrder }, bail: 1, testTimeout: 60_000,
    pool: "threads", maxWorkers: 1, isolate: false, fileParallelism: false, reporters: ["dot"],
  },
};
`,
  );
}

/** Runs the tests of a copy: whether they pass, after how many seconds, and what they print. */
function runTests(folder, timeout) {
  const started = performance.now();
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(process.execPath, ["--max-old-space-size=1500", vitest, "run"], { cwd: folder });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      output += data;
    });
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), timeout);
  return new Promise((resolve) => {
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ passes: status === 0, seconds: (performance.now() - started) / 1000, output });
    });
  });
}

/** Whether the mutant survives; its file in the copy is put back. */
async function tryMutant(folder, { file, start, end, replacement }, timeout) {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.slice(0, start) + replacement + text.slice(end));
  try {
    return await runTests(folder, timeout);
  } finally {
    writeFileSync(path, text);
  }
}

const shorten = (text) => (text.length > 70 ? `${text.slice(0, 67)}…` : text).replace(/\s+/g, " ");
const describe = ({ id, file, line, column, original, replacement }) =>
  `${id}  ${file}:${line}:${column}  ${shorten(original)} → ${shorten(replacement)}`;

function printTable(files, results) {
  const rows = files.flatMap((file) => {
    const own = results.filter(({ mutant }) => mutant.file === file);
    return own.length === 0 ? [] : [[file, own.length, own.filter(({ survives }) => !survives).length]];
  });
  const sum = (column) => rows.reduce((total, row) => total + row[column], 0);
  rows.push(["all", sum(1), sum(2)]);
  console.log(`\n${"file".padEnd(34)} mutants  killed  survived  percent`);
  for (const [file, count, killed] of rows) {
    const numbers = [`${count}`.padStart(7), `${killed}`.padStart(7), `${count - killed}`.padStart(9)];
    console.log(`${file.padEnd(34)} ${numbers.join(" ")} ${((100 * killed) / count).toFixed(1).padStart(8)}`);
  }
  const survivors = results.filter(({ survives }) => survives);
  if (survivors.length > 0) console.log("\nsurvivors");
  for (const { mutant } of survivors) console.log(describe(mutant));
}

async function main() {
  const files = options.files?.split(",") ?? defaultFiles;
  let mutants = files.flatMap(mutantsOf);
  if (options.mutant !== undefined) {
    const wanted = options.mutant.split(",");
    mutants = mutants.filter(({ id }) => wanted.includes(id));
  } else if (options.sample !== undefined) {
    mutants = sampleOf(mutants, Number(options.sample), Number(options.seed));
  }
  if (options.list) {
    for (const mutant of mutants) console.log(describe(mutant));
    console.log(`${mutants.length} mutants`);
    return;
  }
  if (mutants.length === 0) throw new Error("There is no such mutant");
  const temporary = mkdtempSync(join(tmpdir(), "syncodec-mutation-"));
  process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const folders = Array.from({ length: Number(options.jobs) }, (_, job) => join(temporary, `${job}`));
  for (const folder of folders) makeCopy(folder);
  const first = await runTests(folders[0], 300_000);
  if (!first.passes) throw new Error(`The tests fail without a mutant:\n${first.output}`);
  const timeout = first.seconds * 4000 + 5000;
  console.log(`${mutants.length} mutants; the tests take ${first.seconds.toFixed(1)} s`);
  const deadline = performance.now() + Number(options.minutes) * 60_000;
  const results = [];
  const queue = [...mutants];
  const work = async (folder) => {
    while (queue.length > 0 && performance.now() < deadline) {
      const mutant = queue.shift();
      const { passes: survives, seconds, output } = await tryMutant(folder, mutant, timeout);
      results.push({ mutant, survives });
      const verdict = survives ? "SURVIVED" : seconds * 1000 >= timeout ? "timeout " : "killed  ";
      console.log(`${verdict} ${seconds.toFixed(1).padStart(5)} s  ${describe(mutant)}`);
      if (options.mutant !== undefined) console.log(output);
    }
  };
  await Promise.all(folders.map(work));
  results.sort((a, b) => mutants.indexOf(a.mutant) - mutants.indexOf(b.mutant));
  printTable(files, results);
}

await main();
