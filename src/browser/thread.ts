/** What the thread that this is can do. */

/** Whether this thread may sleep, with memory to share. Windows and service workers may not. */
export function maySleep(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether workers can be started and share memory with this thread. */
export function hasSharedWorkers(): boolean {
  const isIsolated: unknown = Reflect.get(globalThis, "crossOriginIsolated");
  return isIsolated === true && typeof Worker !== "undefined" && typeof Atomics.waitAsync === "function";
}

/** Whether this is the thread of a page, which must not be busy for long. */
export function isWindow(): boolean {
  return typeof document !== "undefined";
}

/** Resolves in another turn of the event loop. `setTimeout` would wait for 4 ms. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
