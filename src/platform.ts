/**
 * The only file that asks the host what it has. Everything is looked up at run time, so that bundlers find no Node import.
 */

/** The part of `node:zlib` that the codecs use. */
export interface HostZlib {
  gzipSync(data: Uint8Array, options: { level: number }): Uint8Array;
  /** Writes the zlib format. */
  deflateSync(data: Uint8Array, options: { level: number }): Uint8Array;
  zstdCompressSync?(data: Uint8Array, options: { params: Record<number, number>; pledgedSrcSize?: number }): Uint8Array;
}

interface HostProcess {
  getBuiltinModule?(name: string): unknown;
  on?(event: "exit", listener: () => void): void;
  emitWarning?(message: string, options: { readonly type: string }): void;
}

function builtinModule(name: string): unknown {
  const { process } = globalThis as { process?: HostProcess };
  return process?.getBuiltinModule?.(name);
}

function isHostZlib(value: unknown): value is HostZlib {
  return typeof value === "object" && value !== null && "gzipSync" in value && "deflateSync" in value;
}

const zlib = builtinModule("node:zlib");

/** `node:zlib` in Node, Deno and Bun; `undefined` in browsers. Zstandard is there from Node 22.15. */
export const hostZlib: HostZlib | undefined = isHostZlib(zlib) ? zlib : undefined;

/** What `node:zlib` returned, as an array of its own: small results are parts of a buffer that Node shares among many. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  const { buffer, byteLength } = bytes;
  return buffer.byteLength === byteLength ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

/** A thread as `node:worker_threads` starts it. */
export interface HostThread {
  postMessage(message: unknown): void;
  terminate(): Promise<unknown>;
  ref(): void;
  unref(): void;
  on(event: "exit", listener: (code: number) => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
}

/** The part of `node:worker_threads` that the pool uses. */
export interface HostThreads {
  readonly Worker: new (
    url: URL,
    options: { readonly workerData: unknown; readonly execArgv: readonly string[]; readonly name: string },
  ) => HostThread;
  readonly isMainThread: boolean;
  readonly workerData: unknown;
  readonly parentPort: object | null;
  receiveMessageOnPort(port: object): { readonly message: unknown } | undefined;
}

function isHostThreads(value: unknown): value is HostThreads {
  return typeof value === "object" && value !== null && "Worker" in value && "receiveMessageOnPort" in value;
}

const threads = builtinModule("node:worker_threads");

/** `node:worker_threads`: threads whose start needs no turn of the event loop. `undefined` in browsers. */
export const hostThreads: HostThreads | undefined = isHostThreads(threads) ? threads : undefined;

function hasParallelism(value: unknown): value is { availableParallelism(): number } {
  return typeof value === "object" && value !== null && "availableParallelism" in value;
}

/** Threads that this host can run at once; 1 where no worker can be started. */
export function availableParallelism(): number {
  const os = builtinModule("node:os");
  return hostThreads !== undefined && hasParallelism(os) ? os.availableParallelism() : 1;
}

/** Runs `listener` when this thread ends by itself, an error included. Does nothing where the host cannot tell. */
export function onThreadExit(listener: () => void): void {
  const { process } = globalThis as { process?: HostProcess };
  process?.on?.("exit", listener);
}

/** Tells the developer about something that works, but not as asked. */
export function warn(message: string): void {
  const { process } = globalThis as { process?: HostProcess };
  if (process?.emitWarning === undefined) console.warn(message);
  else process.emitWarning(message, { type: "SyncodecWarning" });
}
