/**
 * What the cases need of a browser: the library from its sources, with its kernels and Web Workers, and the chosen peers. Loaded by the worker only,
 * where the library uses workers for calls that ask for them and for no others.
 */

import * as fflate from "fflate";
import "../../src/browser.ts";
import * as syncodec from "../../src/index.ts";
import { bloscKernels } from "../../src/wasm/blosc_kernels.ts";
import { bulkKernels } from "../../src/wasm/bulk_kernels.ts";
import { deflateKernels } from "../../src/wasm/deflate_kernels.ts";
import { filterKernels } from "../../src/wasm/filter_kernels.ts";
import * as memory from "../../src/wasm/memory.ts";
import * as shardLayout from "../../src/wasm/shard_layout.ts";
import { zstdKernels } from "../../src/wasm/zstd_kernels.ts";
import { commonHost, kernelsMaker, withoutPython } from "../host.mjs";
import { describeWorkers } from "./environment.mjs";
import { loadPeers } from "./peers.mjs";

const kernelModules = [bloscKernels, bulkKernels, deflateKernels, filterKernels, zstdKernels];

/** A host with the peers of these names. */
export async function createHost(peerNames) {
  await syncodec.init();
  return commonHost({
    syncodec,
    internals: { memory, shardLayout, fflate, newKernels: kernelsMaker(memory, kernelModules) },
    peers: await loadPeers(peerNames),
    python: withoutPython("runs in Python"),
    workers: describeWorkers(),
  });
}
