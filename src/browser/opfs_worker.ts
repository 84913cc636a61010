/** The I/O worker of {@link OpfsStore}: it alone has the files' handles, and serves all stores that are connected to it. */

import { KeyLocks } from "../stores/key_locks.js";
import { segmentsOf } from "./key_segments.js";
import { OpfsFiles } from "./opfs_files.js";
import { type Answer, type Connection, failureOf, type Operation, type Request, SharedReply } from "./opfs_protocol.js";

const files = new OpfsFiles(await navigator.storage.getDirectory());
const locks = new KeyLocks();

/** Serves the store at the other end of `port`. */
function serve({ root, port }: Connection): void {
  /** Locks that the store has, or waits for, by the number of its request. */
  const held = new Map<number, Promise<() => void>>();
  const path = files.pathOf(root);

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
      case "open":
        return files.state(place);
      case "size":
        return (await files.state(place))?.byteLength;
      case "set":
        return files.set(place, operation.value).then(() => undefined);
      case "patch":
        return files.patch(place, operation.patch).then(() => undefined);
      case "delete":
        return files.delete(place).then(() => undefined);
      case "lock": {
        const lock = locks.acquire(place.path.join("/"), "exclusive");
        held.set(id, lock);
        await lock;
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
    const lock = held.get(id);
    held.delete(id);
    (await lock)?.();
  };

  const unlockAll = (): void => {
    for (const id of [...held.keys()]) void unlock(id);
  };

  port.addEventListener("message", ({ data }: MessageEvent<Request>) => {
    if ("connect" in data) serve({ root, port: data.connect });
    else if ("unlock" in data) void unlock(data.unlock);
    else if ("operation" in data) void answer(data.id, data.operation, data.reply);
    else if ("alive" in data) void navigator.locks.request(data.alive, unlockAll);
    else unlockAll();
  });
  port.start();
}

addEventListener("message", ({ data }: MessageEvent<Connection>) => serve(data));
postMessage("ready");
