/** The peers in Python: one child for the whole run, which answers one line of JSON for each line it gets. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bytesOf } from "../cases/data.mjs";

const script = fileURLToPath(new URL("../python/run.py", import.meta.url));

/** Starts the interpreter at `path`. */
export async function startPython(path) {
  const child = spawn(path, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failure = once(child, "error").then(([error]) => error);
  const answer = async () => {
    const found = await Promise.race([lines.next(), failure]);
    if (found instanceof Error) throw found;
    if (found.done) throw new Error(`${path} ended: ${script} failed`);
    return JSON.parse(found.value);
  };
  const ask = (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return answer();
  };
  const { versions, missing } = await answer();
  return {
    versions,
    async measure({ peers, spec, place, data, expected }, host, effort) {
      const absent = peers.filter((name) => missing[name] !== undefined);
      const present = peers.filter((name) => missing[name] === undefined);
      const exported = host.export(place);
      const folder = host.newFolder();
      try {
        const [dataPath, expectedPath] = [join(folder, "data"), join(folder, "expected")];
        writeFileSync(dataPath, bytesOf(data));
        writeFileSync(expectedPath, bytesOf(expected));
        const request = { ...spec, peers: present, path: exported.path, data: dataPath, expected: expectedPath };
        const { results, missing: failed } = await ask({ ...request, folder, effort });
        return { results, missing: [...absent.map((name) => ({ name, reason: missing[name] })), ...failed] };
      } finally {
        exported.remove();
        host.removeFolder(folder);
      }
    },
    close: () => child.stdin.end(),
  };
}
