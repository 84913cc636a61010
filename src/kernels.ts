/**
 * `syncodec/kernels`: for hosts that compile no WebAssembly at run time, such as Cloudflare Workers. They give compiled modules by imports.
 *
 * @example
 * ```ts
 * import core from "syncodec/kernels/core.wasm";
 * import { useKernels } from "syncodec/kernels";
 *
 * useKernels({ core });
 * ```
 */
export { type KernelModules, useKernels } from "./wasm/given.js";
