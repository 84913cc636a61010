/** What an import of a `.wasm` file gives on hosts that compile it before the program begins. */
declare const module: WebAssembly.Module;
export default module;
