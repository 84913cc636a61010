/**
 * `syncodec/kernels`: for hosts that compile no WebAssembly at run time, such as Cloudflare Workers. They give compiled modules by imports.
 *
 * @example
 * ```ts
 * import bulk from "syncodec/kernels/bulk.wasm";
 * import core from "syncodec/kernels/core.wasm";
 * import { useKernels } from "syncodec/kernels";
 *
 * useKernels({ bulk, core });
 * ```
 */
export { type KernelModules, useKernels } from "./wasm/given.js";
