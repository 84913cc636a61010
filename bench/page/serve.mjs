/** Serves the built page on this machine: `npm run bench:page`. With `--no-isolation` as a web server does that sends no special headers. */

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const types = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** What makes a page cross-origin isolated: https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** The part of so many bytes that a request asks for, all of it by default: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests */
function partOf({ headers }, size) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? "") ?? [];
  if (!first && !last) return undefined;
  const start = first ? Number(first) : Math.max(0, size - Number(last));
  return { start, end: first && last ? Math.min(Number(last), size - 1) : size - 1 };
}

/** A server of `folder` at `base`, on the loopback interface. */
export async function servePage(folder, { port = 0, base = "/", isIsolated = true } = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    // The parser of URLs has resolved every "..", and no file of the page needs percent-encoding.
    const path = pathname.startsWith(base) ? join(folder, pathname.slice(base.length)) : "";
    const file = path !== "" && existsSync(path) && statSync(path).isDirectory() ? join(path, "index.html") : path;
    if (!file.startsWith(folder) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const type = types[extname(file)] ?? "application/octet-stream";
    const { size } = statSync(file);
    const part = partOf(request, size);
    if (part !== undefined && part.start > part.end) {
      response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
      return;
    }
    response.writeHead(part === undefined ? 200 : 206, {
      "Content-Type": type,
      "Content-Length": part === undefined ? size : part.end - part.start + 1,
      ...(part !== undefined && { "Content-Range": `bytes ${part.start}-${part.end}/${size}` }),
      "Accept-Ranges": "bytes",
      "Cache-Control": "no-cache",
      ...(isIsolated && isolation),
    });
    createReadStream(file, part).pipe(response);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return { server, url: `http://localhost:${server.address().port}${base}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { port: { type: "string", default: "8000" }, "no-isolation": { type: "boolean", default: false } },
  });
  const folder = fileURLToPath(new URL("dist", import.meta.url));
  const { url } = await servePage(folder, { port: Number(values.port), isIsolated: !values["no-isolation"] });
  console.log(url);
}
