/** What the cases need of Node: files in fresh directories, besides what every host has. */

import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commonHost } from "../host.mjs";

/**
 * @param syncodec the module `syncodec`, with `LocalStore`
 * @param internals see {@link commonHost}
 * @param peers by name, `{ module }` or `{ reason }`
 */
export async function createHost({ syncodec, internals, peers, python }) {
  const folder = mkdtempSync(join(process.env.BENCH_TMP ?? tmpdir(), "syncodec-bench-"));
  let places = 0;
  const { LocalStore } = syncodec;
  const fileSystemStore = peers.zarrita?.fileSystemStore;

  const newFolder = () => {
    const path = join(folder, String(places++));
    mkdirSync(path);
    return path;
  };
  const removeFolder = (path) => rmSync(path, { recursive: true, force: true });

  function local(options) {
    const path = newFolder();
    const store = new LocalStore(path, options);
    const peerStore = fileSystemStore && new fileSystemStore(path);
    return {
      store,
      peerStore,
      content: store,
      path,
      /** A value of zeros up to `end`, then `bytes`; the zeros take no space on the disk. */
      writeSparse(key, end, bytes) {
        const file = join(path, key);
        mkdirSync(dirname(file), { recursive: true });
        const descriptor = openSync(file, "w");
        ftruncateSync(descriptor, end);
        writeSync(descriptor, bytes, 0, bytes.byteLength, end);
        closeSync(descriptor);
      },
      remove() {
        store.close();
        removeFolder(path);
      },
    };
  }

  return {
    ...commonHost({ syncodec, internals, peers, python, openers: { local } }),
    newFolder,
    removeFolder,
    /** Bytes that this process has written to files so far, as Linux counts them; NaN elsewhere. */
    writtenBytes() {
      try {
        return Number(/^wchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))[1]);
      } catch {
        return Number.NaN;
      }
    },
    /** A directory that holds what the place holds, and its removal. */
    export(place) {
      if (place.path !== undefined) return { path: place.path, remove() {} };
      const path = newFolder();
      for (const key of place.content.listSync("/")) {
        const file = join(path, key);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, place.content.getSync(key));
      }
      return { path, remove: () => removeFolder(path) };
    },
    close: () => removeFolder(folder),
  };
}
