using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (services = [(name = "main", worker = .worker)]);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "core.wasm", wasm = embed "core.wasm"),
    (name = "bulk.wasm", wasm = embed "bulk.wasm"),
    (name = "zstd.wasm", wasm = embed "zstd.wasm"),
    (name = "zstd_encoder.wasm", wasm = embed "zstd_encoder.wasm"),
    (name = "deflate.wasm", wasm = embed "deflate.wasm"),
    (name = "blosc.wasm", wasm = embed "blosc.wasm"),
    (name = "filters.wasm", wasm = embed "filters.wasm"),
  ],
  compatibilityDate = "2025-01-01",
);
