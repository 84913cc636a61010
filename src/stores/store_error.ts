/** What a store throws, as our errors. */

import { RuntimeError, SyncodecError } from "../errors.js";

export type Operation = "read" | "write" | "patch" | "delete" | "list" | "lock";

/** An error of the store, with the key; ours and an abort's pass as they are. */
export function storeError(error: unknown, operation: Operation, key: string): unknown {
  if (error instanceof SyncodecError || (error instanceof Error && error.name === "AbortError")) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RuntimeError("STORE_ERROR", `Store failed to ${operation}: ${message}`, { key, cause: error });
}
