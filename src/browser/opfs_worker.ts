/** The I/O worker of {@link OpfsStore}: it alone has the files' handles, and serves all stores that are connected to it. */

import { RuntimeError } from "../errors.js";
import { segmentsOf } from "./key_segments.js";
import { type FilePlace, OpfsFiles } from "./opfs_files.js";
import {
  type Answer,
  type Connection,
  failureOf,
  type Operation,
  type Request,
  SharedReply,
  type ValueState,
} from "./opfs_protocol.js";

const opfs = await navigator.storage.getDirectory();
/** Where I/O workers ask each other for files, by their paths. */
const channel = new BroadcastChannel("syncodec-opfs");
const files = new OpfsFiles(opfs, (path) => channel.postMessage(path));
channel.addEventListener("message", ({ data }: MessageEvent<string>) => files.giveUp(data));

/** The path of a directory from the root of the file system. */
async function pathOf(directory: string | FileSystemDirectoryHandle): Promise<readonly string[]> {
  if (typeof directory === "string") {
    const path = directory.replace(/^\/|\/$/g, "");
    return path === "" ? [] : segmentsOf(`/${path}`);
  }
  const path = await opfs.resolve(directory);
  if (path !== null) return path;
  throw new RuntimeError("UNSUPPORTED", "The directory is not in the origin private file system of this page");
}

/** Takes a key's lock, which holds in the whole origin: whoever has it keeps the file, too. */
function lock(place: FilePlace): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const hold = (): Promise<void> =>
      new Promise((release) => {
        const unpin = files.pin(place);
        resolve(() => {
          unpin();
          release();
        });
      });
    navigator.locks.request(`syncodec-opfs-key ${place.path.join("/")}`, hold).catch(reject);
  });
}

/** Serves the store at the other end of `port`. */
function serve({ root, port }: Connection): void {
  /** What the store has, or waits for, and gives back: locks, and values that it has open. By the numbers of its requests. */
  const locks = new Map<number, Promise<() => void>>();
  const path = pathOf(root);

  const carryOut = async (id: number, operation: Operation, reply: SharedReply | undefined): Promise<Answer> => {
    const directory = await path;
    if (operation.kind === "list") return files.list(directory, operation.prefix);
    const { key } = operation;
    const place = { key, path: [...directory, ...segmentsOf(key)] };
    switch (operation.kind) {
      case "get": {
        let value: Uint8Array | undefined;
        const allocate = (byteLength: number): Uint8Array | undefined => {
          if (reply === undefined) value = new Uint8Array(byteLength);
          return reply === undefined || byteLength > reply.capacity ? value : reply.bytes(byteLength);
        };
        const byteLength = await files.read(place, operation.range, operation.version, allocate);
        return reply === undefined ? value : byteLength;
      }
      case "open": {
        const unpin = files.pin(place);
        let state: ValueState | undefined;
        try {
          state = await files.state(place);
        } finally {
          if (state === undefined) unpin();
          else locks.set(id, Promise.resolve(unpin));
        }
        return state;
      }
      case "size":
        return files.size(place);
      case "set":
        return files.set(place, operation.value, operation.durability).then(() => undefined);
      case "patch":
        return files.patch(place, operation.patch, operation.durability).then(() => undefined);
      case "recover":
        return files.recover(place, operation.keep);
      case "delete":
        return files.delete(place).then(() => undefined);
      case "lock": {
        const held = lock(place);
        locks.set(id, held);
        await held;
        return undefined;
      }
    }
  };

  const answer = async (id: number, operation: Operation, shared: SharedArrayBuffer | undefined): Promise<void> => {
    const reply = shared && new SharedReply(shared);
    try {
      const found = await carryOut(id, operation, reply);
      if (reply === undefined)
        port.postMessage({ id, answer: found }, found instanceof Uint8Array ? [found.buffer] : []);
      else if (found === undefined) reply.finishNothing();
      else if (operation.kind === "get" && typeof found === "number") reply.finishBytes(found);
      else reply.finishText("json", found);
    } catch (error) {
      const failure = failureOf(error);
      if (reply === undefined) port.postMessage({ id, failure });
      else reply.finishText("failure", failure);
    }
  };

  const unlock = async (id: number): Promise<void> => {
    const held = locks.get(id);
    locks.delete(id);
    (await held)?.();
  };

  const unlockAll = (): void => {
    for (const id of [...locks.keys()]) void unlock(id);
  };

  port.addEventListener("message", ({ data }: MessageEvent<Request>) => {
    if ("connect" in data) serve({ root, port: data.connect });
    else if ("unlock" in data) void unlock(data.unlock);
    else if ("operation" in data) void answer(data.id, data.operation, data.reply);
    else if ("alive" in data) void navigator.locks.request(data.alive, unlockAll);
    else {
      unlockAll();
      // Nothing of ours is left beside the values.
      void files.closeAll().catch(() => undefined);
    }
  });
  port.start();
}

addEventListener("message", ({ data }: MessageEvent<Connection>) => serve(data));
postMessage("ready");
