/** What the page can compare with, and what it cannot. A peer is loaded when it is chosen. */

const defaultExport = ({ default: module }) => ({ module });

/** `prefixes` begin the names of its contestants; `load` gives modules by the names that the cases ask for. */
export const peers = [
  {
    name: "zarrita",
    about: "Zarr in JavaScript",
    prefixes: ["zarrita"],
    load: async () => ({ zarrita: { module: await import("zarrita") } }),
  },
  {
    name: "numcodecs.js",
    about: "blosc, zstd and lz4, compiled from C",
    prefixes: ["numcodecs.js"],
    load: async () => ({
      "numcodecs.js blosc": defaultExport(await import("numcodecs/blosc")),
      "numcodecs.js zstd": defaultExport(await import("numcodecs/zstd")),
      "numcodecs.js lz4": defaultExport(await import("numcodecs/lz4")),
    }),
  },
  {
    name: "fflate",
    about: "gzip and zlib in JavaScript",
    prefixes: ["fflate"],
    load: async () => ({ fflate: { module: await import("fflate") } }),
  },
  {
    name: "@bokuweb/zstd-wasm",
    about: "Zstandard, compiled from C",
    prefixes: ["@bokuweb/zstd-wasm", "bare backend"],
    async load() {
      const module = await import("@bokuweb/zstd-wasm");
      await module.init();
      return { "@bokuweb/zstd-wasm": { module } };
    },
  },
  {
    name: "bare operations",
    about: "memcpy, plain loops: the physical limit",
    // What no other peer claims.
    prefixes: [""],
    load: async () => ({}),
  },
];

/** Those that cannot run in a page. */
export const absentPeers = [
  {
    name: "fizarrita",
    prefixes: ["fizarrita"],
    reason: "its 1.4.1 cannot read with zarrita 0.7: its workers pass data_type where codecs read dataType",
  },
  { name: "node:zlib, Buffer", prefixes: ["node:zlib", "Buffer"], reason: "parts of Node.js" },
  { name: "@node-rs/crc32, sse4_crc32", prefixes: ["@node-rs/crc32", "sse4_crc32"], reason: "native addons" },
  {
    name: "zarr-python, zarrs, tensorstore",
    prefixes: ["zarr-python", "zarrs", "tensorstore"],
    reason: "run in Python",
  },
];

/** Which contestants run if the peers of these names are chosen. */
export function wantedPeers(chosen) {
  const known = [...absentPeers, ...peers];
  return (contestant) => {
    const { name } = known.find(({ prefixes }) => prefixes.some((prefix) => contestant.startsWith(prefix)));
    return chosen.includes(name);
  };
}

/** Whether a contestant is another library, and not syncodec otherwise called nor a bare operation. */
export const isLibrary = (contestant) => peers.some(({ prefixes }) => contestant.startsWith(prefixes[0] || "-"));

/** Modules of the chosen peers, as hosts have them; the reason where one cannot be loaded. */
export async function loadPeers(chosen) {
  const loaded = {};
  for (const { name, load } of peers) {
    if (!chosen.includes(name)) continue;
    try {
      Object.assign(loaded, await load());
    } catch (error) {
      loaded[name] = { reason: `cannot be loaded: ${error.message}` };
    }
  }
  return loaded;
}
