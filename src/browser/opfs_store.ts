/**
 * A store in the origin private file system: key `/a/c/0` is the file `a/c/0` in a directory of it.
 *
 * One worker per thread has the files open and does what a store asks for. Where a thread may sleep (in a worker of a page that is cross-origin
 * isolated) the store is synchronous too: it sleeps until the answer lies in shared memory.
 *
 * A value whose write is cut short (the page is closed or killed, the quota refuses it) is the old one or the new one when it is next read;
 * docs/browser.md has the promise.
 *
 * @example
 * ```ts
 * import { createArraySync } from "syncodec";
 * import { OpfsStore } from "syncodec/browser";
 *
 * const store = await OpfsStore.open("image.zarr");
 * const array = createArraySync(store, { shape: [512, 512], chunkShape: [64, 64], dataType: "uint8" });
 * ```
 */

import { ArgumentError, RuntimeError } from "../errors.js";
import { checkDurability, type Durability } from "../stores/durability.js";
import type { Keep, Recovery } from "../stores/durable.js";
import type { AsyncStore, ByteRange, OpenValue, Patch, RequestOptions, SyncStore } from "../stores/store.js";
import { segmentsOf } from "./key_segments.js";
import {
  type Answer,
  errorOf,
  hiddenPrefix,
  type Operation,
  type Reply,
  SharedReply,
  type ValueState,
} from "./opfs_protocol.js";
import { maySleep } from "./thread.js";

const smallestReply = 64 * 1024;
/** A reply of more bytes is not kept after the call. */
const keptReply = 16 * 2 ** 20;
/** After so long the worker must have died. */
const patienceMs = 30_000;

let ioWorker: Promise<Worker> | undefined;

/** The worker of this thread, started by the first store. */
function startWorker(): Promise<Worker> {
  const started = new Promise<Worker>((resolve, reject) => {
    if (typeof Worker === "undefined" || navigator.storage?.getDirectory === undefined) {
      reject(
        new RuntimeError("UNSUPPORTED", "No origin private file system: it needs a browser that has one, and HTTPS"),
      );
      return;
    }
    const worker = new Worker(new URL("./opfs_worker.js", import.meta.url), { type: "module", name: "syncodec-opfs" });
    worker.addEventListener("message", () => resolve(worker), { once: true });
    worker.addEventListener("error", ({ message }) => {
      const reason = `The worker of OpfsStore does not start${message ? `: ${message}` : ""}; is opfs_worker.js where the bundle is?`;
      reject(new RuntimeError("STORE_ERROR", reason));
    });
  });
  return started;
}

interface Waiter {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** A connection to an I/O worker. */
class Client {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiter>();
  #lastId = 0;
  #setClosed: () => void = () => undefined;
  readonly #closed: Promise<void> = new Promise((resolve) => {
    this.#setClosed = resolve;
  });
  #reply: SharedReply | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      const waiter = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("failure" in data) waiter?.reject(errorOf(data.failure));
      else waiter?.resolve(data.answer);
    });
    port.start();
    const name = `syncodec-opfs ${crypto.randomUUID()}`;
    // Whoever gets this lock next knows that this thread has ended: the end of a port is not reported everywhere.
    void navigator.locks.request(name, () => {
      port.postMessage({ alive: name });
      return this.#closed;
    });
  }

  /** Sends a request; `id` names it later. */
  send(operation: Operation, reply?: SharedReply): number {
    const id = ++this.#lastId;
    const owned = ownBytes(operation);
    this.#port.postMessage({ id, operation: owned.operation, reply: reply?.buffer }, owned.transfer);
    return id;
  }

  ask(operation: Operation): Promise<{ readonly id: number; readonly answer: Answer }> {
    return new Promise((resolve, reject) => {
      const id = this.send(operation);
      this.#waiting.set(id, { resolve: (answer) => resolve({ id, answer }), reject });
    });
  }

  /**
   * Sends a request and sleeps until its answer is there. Bytes are a view, to be copied before the next request.
   *
   * @param limit An answer of more bytes than this is only measured: then the answer is its length.
   */
  askSync(
    operation: Operation,
    limit: number = Number.POSITIVE_INFINITY,
  ): { readonly id: number; readonly answer: unknown } {
    let wanted = Number.isFinite(limit) ? limit : smallestReply;
    for (;;) {
      const reply = this.#replyOf(wanted);
      reply.reset();
      const id = this.send(operation, reply);
      const found = reply.wait(patienceMs);
      if (found === undefined) {
        // Its answer may still come.
        this.#reply = undefined;
        this.unlock(id);
        throw new RuntimeError("STORE_ERROR", `no answer from the worker of OpfsStore in ${patienceMs / 1000} seconds`);
      }
      switch (found.kind) {
        case "nothing":
          return { id, answer: undefined };
        case "failure":
          throw errorOf(found.failure);
        case "json":
          return { id, answer: found.value };
        case "bytes":
          return { id, answer: found.bytes };
        case "too-large":
          if (found.byteLength > limit) return { id, answer: found.byteLength };
          wanted = found.byteLength;
      }
    }
  }

  unlock(id: number): void {
    this.#port.postMessage({ unlock: id });
  }

  share(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#port.postMessage({ connect: port1 }, [port1]);
    return port2;
  }

  close(): void {
    this.#port.postMessage({ close: true });
    this.#port.close();
    this.#setClosed();
  }

  #replyOf(byteLength: number): SharedReply {
    const kept = this.#reply;
    if (kept !== undefined && kept.capacity >= byteLength) return kept;
    const reply = SharedReply.allocate(Math.max(byteLength, smallestReply));
    if (byteLength <= keptReply) this.#reply = reply;
    return reply;
  }
}

/** The operation with bytes that may be handed over: a message would copy all of a buffer of which they are a part, and not copy shared memory. */
function ownBytes(operation: Operation): { readonly operation: Operation; readonly transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const own = (bytes: Uint8Array): Uint8Array => {
    const copy = new Uint8Array(bytes);
    transfer.push(copy.buffer);
    return copy;
  };
  if (operation.kind === "set") return { operation: { ...operation, value: own(operation.value) }, transfer };
  if (operation.kind !== "patch") return { operation, transfer };
  const writes = operation.patch.writes.map(({ offset, bytes }) => ({ offset, bytes: own(bytes) }));
  return { operation: { ...operation, patch: { ...operation.patch, writes } }, transfer };
}

/** Options of {@link OpfsStore}. */
export interface OpfsStoreOptions {
  /**
   * - `"process"` (default): after the end of the page or its worker at any moment, a value is the old or the new one.
   * - `"power"`: the same after a loss of power, as far as browsers let that be; what is written is flushed before a call returns.
   * - `"none"`: values are written in place without a journal, and may be cut.
   */
  readonly durability?: Durability;
}

/** A directory of the origin private file system as a store. Where the thread may sleep it is a {@link SyncOpfsStore}. */
export class OpfsStore implements AsyncStore {
  /** Not for callers: {@link OpfsStore.open} and {@link OpfsStore.connect} make stores. */
  protected readonly client: Client;
  /** What {@link SyncStore.setSync} is given has been copied when it returns. */
  readonly copiesValues = true;
  /** What this store's writes survive; others that are connected to the same worker have their own. */
  readonly durability: Durability;

  protected constructor(client: Client, durability: Durability) {
    this.client = client;
    this.durability = durability;
  }

  /**
   * Opens a directory, which need not exist: the first write creates it.
   *
   * @param directory Its path from the root of the origin private file system, or a handle of it.
   * @throws RuntimeError `UNSUPPORTED` where there is no such file system, `STORE_ERROR` if the worker does not start.
   */
  static async open(
    directory: string | FileSystemDirectoryHandle,
    options: OpfsStoreOptions = {},
  ): Promise<OpfsStore | SyncOpfsStore> {
    if (options.durability !== undefined) checkDurability(options.durability);
    if (typeof directory === "string") checkDirectory(directory);
    ioWorker ??= startWorker();
    const worker = await ioWorker.catch((error: unknown) => {
      // Another try may find the network again.
      ioWorker = undefined;
      throw error;
    });
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ root: directory, port: port1 }, [port1]);
    return OpfsStore.connect(port2, options);
  }

  /** A store over what {@link share} gave, in the thread that it was sent to. */
  static connect(port: MessagePort, { durability = "process" }: OpfsStoreOptions = {}): OpfsStore | SyncOpfsStore {
    checkDurability(durability);
    const client = new Client(port);
    return maySleep() ? new SyncOpfsStore(client, durability) : new OpfsStore(client, durability);
  }

  /**
   * A port to post to another thread of this page (transferred), which connects by it: then both are served by one worker, which alone has the files.
   */
  share(): MessagePort {
    return this.client.share();
  }

  /** Ends the connection and gives its locks back, as the end of the store's thread does; the files are closed. */
  close(): void {
    this.client.close();
  }

  async get(key: string, options?: RequestOptions): Promise<Uint8Array | undefined> {
    return this.#get({ kind: "get", key, range: undefined }, options);
  }

  async getRange(key: string, range: ByteRange, options?: RequestOptions): Promise<Uint8Array | undefined> {
    return this.#get({ kind: "get", key, range }, options);
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    await this.#ask({ kind: "set", key, value, durability: this.durability });
  }

  async delete(key: string): Promise<void> {
    await this.#ask({ kind: "delete", key });
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    const { answer } = await this.client.ask({ kind: "list", prefix });
    if (isKeys(answer)) yield* answer;
  }

  /** The value must exist and the range lie within it. */
  async setRange(key: string, value: Uint8Array, offset: number): Promise<void> {
    await this.patch(key, { writes: [{ offset, bytes: value }] });
  }

  /**
   * All of it or nothing.
   *
   * @throws RuntimeError `VALUE_CHANGED` if the value is not of the patch's version.
   */
  async patch(key: string, patch: Patch): Promise<void> {
    await this.#ask({ kind: "patch", key, patch, durability: this.durability });
  }

  /** As {@link SyncOpfsStore.openSync}; only {@link OpenValue.readAsync} reads from it. */
  async open(key: string): Promise<OpenValue | undefined> {
    checkKey(key);
    const { id, answer } = await this.client.ask({ kind: "open", key });
    if (!isState(answer)) return undefined;
    const { byteLength, version } = answer;
    const refuse = (): never => {
      throw new RuntimeError("NOT_SYNCHRONOUS", "a value that was opened asynchronously is read so", { key });
    };
    return {
      byteLength,
      read: refuse,
      readInto: refuse,
      readAsync: async (range) => {
        const value = await this.#get({ kind: "get", key, range, version }, undefined);
        if (value === undefined) throw gone(key);
        return value;
      },
      version: () => version,
      close: () => this.client.unlock(id),
    };
  }

  async size(key: string): Promise<number | undefined> {
    const answer = await this.#ask({ kind: "size", key });
    return typeof answer === "number" ? answer : undefined;
  }

  /**
   * Finishes or undoes the change of a value that a crash has cut, as the next read or write would do.
   *
   * @param keep What counts where neither is possible (`JOURNAL_CONFLICT`): the value as it is, or what the journal would make of it.
   */
  async recover(key: string, keep?: Keep): Promise<Recovery> {
    const answer = await this.#ask({ kind: "recover", key, keep });
    return isRecovery(answer) ? answer : "nothing to do";
  }

  /** Waits until nobody else, in no page of this origin, has the key's lock. */
  async lock(key: string): Promise<() => void> {
    checkKey(key);
    const { id } = await this.client.ask({ kind: "lock", key });
    return () => this.client.unlock(id);
  }

  async #get(
    operation: Operation & { kind: "get" },
    options: RequestOptions | undefined,
  ): Promise<Uint8Array | undefined> {
    options?.signal?.throwIfAborted();
    const answer = await this.#ask(operation);
    options?.signal?.throwIfAborted();
    return answer instanceof Uint8Array ? answer : undefined;
  }

  async #ask(operation: Exclude<Operation, { kind: "list" }>): Promise<Answer> {
    checkKey(operation.key);
    return (await this.client.ask(operation)).answer;
  }
}

function isKeys(answer: unknown): answer is readonly string[] {
  return Array.isArray(answer);
}

function isRecovery(answer: unknown): answer is Recovery {
  return typeof answer === "string";
}

function isState(answer: unknown): answer is ValueState {
  return typeof answer === "object" && answer !== null && "version" in answer;
}

function gone(key: string): RuntimeError {
  return new RuntimeError("VALUE_CHANGED", "the value is gone", { key });
}

/** @throws ArgumentError `INVALID_PATH` */
function checkKey(key: string): void {
  if (!segmentsOf(key).some((name) => name.startsWith(hiddenPrefix))) return;
  throw new ArgumentError("INVALID_PATH", `names that begin with ${hiddenPrefix} are the store's own`, { key });
}

function checkDirectory(directory: string): void {
  const path = directory.replace(/^\/|\/$/g, "");
  if (path !== "") segmentsOf(`/${path}`);
}

/** The store in a thread that may sleep. */
export class SyncOpfsStore extends OpfsStore implements SyncStore {
  /** Not for callers. */
  constructor(client: Client, durability: Durability) {
    super(client, durability);
  }

  getSync(key: string, range?: ByteRange): Uint8Array | undefined {
    return this.#get({ kind: "get", key, range });
  }

  readIntoSync(key: string, range: ByteRange | undefined, target: Uint8Array): number | undefined {
    return this.#readInto({ kind: "get", key, range }, target);
  }

  setSync(key: string, value: Uint8Array): void {
    this.#ask({ kind: "set", key, value, durability: this.durability });
  }

  /** As {@link OpfsStore.recover}. */
  recoverSync(key: string, keep?: Keep): Recovery {
    const answer = this.#ask({ kind: "recover", key, keep });
    return isRecovery(answer) ? answer : "nothing to do";
  }

  deleteSync(key: string): void {
    this.#ask({ kind: "delete", key });
  }

  listSync(prefix: string): readonly string[] {
    const { answer } = this.client.askSync({ kind: "list", prefix });
    return isKeys(answer) ? answer : [];
  }

  setRangeSync(key: string, value: Uint8Array, offset: number): void {
    this.patchSync(key, { writes: [{ offset, bytes: value }] });
  }

  patchSync(key: string, patch: Patch): void {
    this.#ask({ kind: "patch", key, patch, durability: this.durability });
  }

  sizeSync(key: string): number | undefined {
    const answer = this.#ask({ kind: "size", key });
    return typeof answer === "number" ? answer : undefined;
  }

  /**
   * The value as it is now: other pages cannot write it until it is closed, and once another thread of this page has written it, reads throw.
   *
   * @throws RuntimeError `VALUE_CHANGED` from the value's methods, where it is no longer the same.
   */
  openSync(key: string): OpenValue | undefined {
    checkKey(key);
    const { id, answer } = this.client.askSync({ kind: "open", key });
    if (!isState(answer)) return undefined;
    const { byteLength, version } = answer;
    return {
      byteLength,
      read: (range) => {
        const value = this.#get({ kind: "get", key, range, version });
        if (value === undefined) throw gone(key);
        return value;
      },
      readInto: (range, target) => {
        const length = this.#readInto({ kind: "get", key, range, version }, target);
        if (length === undefined) throw gone(key);
        return length;
      },
      version: () => version,
      close: () => this.client.unlock(id),
    };
  }

  /** Sleeps until nobody else, in no page of this origin, has the key's lock. */
  lockSync(key: string): () => void {
    checkKey(key);
    const { id } = this.client.askSync({ kind: "lock", key });
    return () => this.client.unlock(id);
  }

  #get(operation: Operation & { kind: "get" }): Uint8Array | undefined {
    const answer = this.#ask(operation);
    return answer instanceof Uint8Array ? answer.slice() : undefined;
  }

  #readInto(operation: Operation & { kind: "get" }, target: Uint8Array): number | undefined {
    const answer = this.#ask(operation, target.byteLength);
    if (!(answer instanceof Uint8Array)) return typeof answer === "number" ? answer : undefined;
    if (answer.byteLength <= target.byteLength) target.set(answer);
    return answer.byteLength;
  }

  #ask(operation: Exclude<Operation, { kind: "list" }>, limit?: number): unknown {
    checkKey(operation.key);
    return this.client.askSync(operation, limit).answer;
  }
}
