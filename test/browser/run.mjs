/**
 * Runs in Chromium every test file that does not need Node.js: each in a worker of its own, on the sources as they are built for browsers, in a
 * page that is cross-origin isolated. Files `*.browser.test.ts` run only here, and those that
 * are called `*.window.browser.test.ts` in the page itself. Closes with one line: N passed, N failed. Arguments are parts of the paths of test files.
 *
 * A file needs Node.js if it, or what it imports, imports a `node:` module or tells vitest to replace a module before it begins.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { chromiumPath } from "../../scripts/chromium.mjs";
import { forBrowsers } from "../../scripts/for_browsers.mjs";
import { measureOpfs, testOpfsPages } from "./opfs_pages.mjs";
import { answerRange } from "./range_server.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "syncodec-browser-"));

const allFiles = readdirSync(join(root, "test"), { recursive: true })
  .map((path) => `test/${path.replaceAll("\\", "/")}`)
  .filter((path) => path.endsWith(".test.ts"))
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .sort();

/** What a test imports by itself is what it names: the lists of all codecs and data types, not those of a browser. */
const asNamed = {
  name: "as-named",
  setup({ onResolve }) {
    onResolve({ filter: /^(?:\.\.\/)+src\/.*\.js$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace(/\.js$/, ".ts")),
    }));
  },
};

/** Modules that the library starts workers with. */
const workers = ["src/browser/opfs_worker.ts", "src/browser/pool_worker.ts"];

/** Options of both passes. */
const options = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "browser",
  target: "es2024",
  outdir: folder,
  outbase: root,
  metafile: true,
  sourcemap: true,
  logLevel: "error",
  plugins: [asNamed, forBrowsers(["compress_using_dict", "decompress_using_dict"])],
  inject: [fileURLToPath(new URL("buffer.js", import.meta.url))],
  define: { "process.env": "{}", "process.platform": '"browser"', "import.meta.env": "{}" },
};

/** Test files that need Node.js, with what they need it for. */
async function findNodeFiles() {
  const { metafile } = await build({
    ...options,
    entryPoints: allFiles,
    write: false,
    packages: "external",
    external: ["node:*"],
  });
  const { inputs } = metafile;
  const reasons = new Map();
  for (const file of allFiles) {
    const reached = new Set([file]);
    for (const path of reached) {
      for (const each of inputs[path]?.imports ?? []) if (!each.external) reached.add(each.path);
    }
    const modules = [...reached].flatMap((path) => inputs[path]?.imports ?? []).map(({ path }) => path);
    const found = new Set(modules.filter((path) => path.startsWith("node:")));
    if (/^vi\.mock\(/m.test(readFileSync(join(root, file), "utf8"))) found.add("vi.mock");
    if (found.size > 0) reasons.set(file, [...found].sort().join(", "));
  }
  return reasons;
}

const html = `<!doctype html><link rel="icon" href="data:,"><script type="module">
  globalThis.run = (path) => new Promise((resolve, reject) => {
    const worker = new Worker("/test/browser/test_worker.js", { type: "module" });
    worker.onerror = (event) => reject(new Error(path + ": " + event.message));
    worker.onmessage = ({ data }) => {
      if (data === "ready") worker.postMessage(path);
      else {
        worker.terminate();
        resolve(data);
      }
    };
  });
  globalThis.runInWindow = async (path) => (await import("/test/browser/test_worker.js")).run(path);
</script>`;

/** For test/browser/opfs_pages.mjs. */
const opfsPage = "test/browser/opfs_page";
const measuresOpfs = wanted.includes("opfs_cost");
const hasOpfsPages = wanted.length === 0 || wanted.some((part) => "test/browser/opfs_pages.mjs".includes(part));

const types = { ".js": "text/javascript", ".map": "application/json", ".html": "text/html" };

async function serve() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://page");
    if (pathname.startsWith("/values/")) return answerRange(request, response, pathname.split("/").slice(2));
    // A library's chunk, which may be anywhere, names its workers as files beside itself.
    const worker = workers.find((each) => basename(each, ".ts") === basename(pathname, ".js"));
    const path = join(folder, worker?.replace(/\.ts$/, ".js") ?? pathname);
    if (!existsSync(path)) return response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": types[extname(path)] ?? "application/octet-stream",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    return response.end(readFileSync(path));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function main() {
  const nodeFiles = await findNodeFiles();
  for (const [file, reason] of nodeFiles) console.log(`not here: ${file} (${reason})`);
  const files = allFiles.filter((file) => !nodeFiles.has(file));
  await build({
    ...options,
    entryPoints: [
      ...files,
      "test/browser/test_worker.js",
      "test/browser/lock_worker.ts",
      `${opfsPage}.ts`,
      "test/browser/opfs_cost.ts",
      ...workers,
    ],
  });
  writeFileSync(join(folder, "index.html"), html);
  const opfsScript = `<script type="module" src="/${opfsPage}.js"></script>`;
  writeFileSync(join(folder, "opfs.html"), `<!doctype html><link rel="icon" href="data:,">${opfsScript}`);
  const server = await serve();
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ["--no-sandbox"] });
  const counts = { passed: 0, skipped: 0, failed: 0 };
  const runFile = async (page, file) => {
    const start = performance.now();
    const inWindow = file.endsWith(".window.browser.test.ts");
    let result;
    try {
      result = await page.evaluate(
        inWindow ? (path) => globalThis.runInWindow(path) : (path) => globalThis.run(path),
        `/${file.replace(/\.ts$/, ".js")}`,
      );
    } catch (error) {
      result = { passed: 0, skipped: 0, failures: [`${file}: ${error.message}`] };
    }
    const { passed, skipped, failures } = result;
    counts.passed += passed;
    counts.skipped += skipped;
    counts.failed += failures.length;
    for (const failure of failures) console.log(`✗ ${file}: ${failure}`);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${failures.length === 0 ? "✓" : "✗"} ${file}: ${passed} passed, ${skipped} skipped, ${seconds} s`);
  };
  try {
    const queue = [...files];
    const lane = async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const page = await browser.newPage();
        page.on("console", (message) => console.log(`  ${file}: ${message.text()}`));
        await page.goto(`http://127.0.0.1:${server.address().port}/index.html`);
        await runFile(page, file);
        await page.context().close();
      }
    };
    await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
    const opfsUrl = `http://127.0.0.1:${server.address().port}/opfs.html`;
    if (hasOpfsPages) {
      const { passed, failed } = await testOpfsPages(chromiumPath(), opfsUrl);
      counts.passed += passed;
      counts.failed += failed;
    }
    if (measuresOpfs) await measureOpfs(chromiumPath(), opfsUrl);
    console.log(`Chromium ${browser.version()}: ${files.length} files, ${counts.skipped} tests skipped`);
  } finally {
    await browser.close();
    server.close();
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 && counts.passed > 0;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
