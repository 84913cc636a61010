/** What isolates the page, so that its workers may share memory: a server that hosts the build must send it too. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default {
  // A file that is not there is 404, a chunk of fill values, and not index.html.
  appType: "mpa",
  base: "./",
  publicDir: "../../test/fixtures/real",
  server: { headers, fs: { allow: ["../.."] } },
  preview: { headers },
  // Both for the workers of syncodec/browser: they are modules, which Vite's bundle of dependencies would lose.
  worker: { format: "es" },
  optimizeDeps: { exclude: ["syncodec"] },
};
