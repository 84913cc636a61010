/** The peers in JavaScript. One that is not installed, or cannot run here, has a reason in place of a module. */

import * as zlib from "node:zlib";

async function load(name, pick = (module) => module) {
  try {
    return { module: pick(await import(name)) };
  } catch (error) {
    if (error.code === "ERR_MODULE_NOT_FOUND") return { reason: "not installed: npm install in bench/" };
    return { reason: `cannot be loaded: ${error.message}` };
  }
}

async function loadZarrita() {
  const zarrita = await load("zarrita");
  const files = await load("@zarrita/storage/fs", (module) => module.default);
  return { ...zarrita, fileSystemStore: files.module };
}

/** Where this is the copy that syncodec uses, it is initialized; a second time would take away the memory under contexts in use. */
function isInitialized({ createCCtx, freeCCtx }) {
  try {
    freeCCtx(createCCtx());
    return true;
  } catch {
    return false;
  }
}

async function loadZstdWasm() {
  const loaded = await load("@bokuweb/zstd-wasm", (module) => module.default ?? module);
  if (loaded.module !== undefined && !isInitialized(loaded.module)) await loaded.module.init();
  return loaded;
}

/** Behind a shim for Web Workers the codecs of 1.4.1 still fail with zarrita 0.7: "Cannot read properties of undefined (reading 'match')". */
const fizarrita = { reason: "cannot run here: it needs Web Workers, and its codecs fail with zarrita 0.7" };

const defaultExport = (module) => module.default;

/** By name: `{ module }` or `{ reason }`. */
export async function loadPeers() {
  const { zstdDecompressSync } = zlib;
  return {
    zarrita: await loadZarrita(),
    fizarrita,
    fflate: await load("fflate"),
    "@bokuweb/zstd-wasm": await loadZstdWasm(),
    "node:zlib": { module: zlib },
    "node:zlib zstd":
      zstdDecompressSync === undefined
        ? { reason: `cannot run here: Node ${process.version} has no zstd, which came with 22.15` }
        : { module: zlib },
    Buffer: { module: Buffer },
    "@node-rs/crc32": await load("@node-rs/crc32", (module) => module.default ?? module),
    sse4_crc32: await load("sse4_crc32", defaultExport),
    "numcodecs.js blosc": await load("numcodecs/blosc", defaultExport),
    "numcodecs.js zstd": await load("numcodecs/zstd", defaultExport),
    "numcodecs.js lz4": await load("numcodecs/lz4", defaultExport),
    "numcodecs.js gzip": await load("numcodecs/gzip", defaultExport),
    "numcodecs.js zlib": await load("numcodecs/zlib", defaultExport),
  };
}
