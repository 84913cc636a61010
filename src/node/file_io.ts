/**
 * Transfers of whole spans between memory and files, and the file system's errors.
 *
 * Node and the operating system may transfer less than they are asked for; these functions go on until all is done.
 */
import { close, constants, read, readSync, realpathSync, renameSync, write, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { RuntimeError, SyncodecError, withContext } from "../errors.js";

/** Zero where the platform has no such flag. */
export const noFollow: number = constants.O_NOFOLLOW ?? 0;

export const closeAsync: (file: number) => Promise<void> = promisify(close);
const readAsync = promisify(read);
const writeAsync = promisify(write);

/** Node transfers less than 2 GiB at a time. */
const maximalTransfer = 2 ** 30;
/** Windows refuses to replace a file that another process has open for a moment; ten pauses of 10 ms in all. */
const renameAttempts = process.platform === "win32" ? 11 : 1;
const renamePauseMs = 10;

/** Where a file is, and under which key: for messages. */
export interface FilePlace {
  readonly key: string;
  readonly path: string;
}

/** The errno name of an error of the file system. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  // ERR_… is Node's own verdict on an argument, a TypeError or RangeError that stays one.
  return typeof error.code === "string" && !error.code.startsWith("ERR_") ? error.code : undefined;
}

/** Whether there is no file of that name: nothing, a file in place of a directory above it, or a directory. */
export function isMissing(code: string | undefined): boolean {
  return code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR";
}

/** The disk, or the user's part of it. */
function isFull(code: string): boolean {
  return code === "ENOSPC" || code === "EDQUOT";
}

/** `error` with the key, and, if the file system raised it, as a {@link RuntimeError}: `QUOTA_EXCEEDED` if it is full, else `STORE_ERROR`. */
export function storeError(action: string, { key, path }: FilePlace, error: unknown): unknown {
  if (error instanceof SyncodecError) return withContext(error, { key });
  const code = errorCode(error);
  if (code === undefined) return error;
  const kind = isFull(code) ? "QUOTA_EXCEEDED" : "STORE_ERROR";
  return new RuntimeError(kind, `cannot ${action} ${path}: ${code}`, { key, cause: error });
}

/** Runs `body`; see {@link storeError}. */
export function guard<T>(action: string, place: FilePlace, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw storeError(action, place, error);
  }
}

/** The path with all links resolved; `undefined` if it leads nowhere. */
export function realpath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (isMissing(errorCode(error))) return undefined;
    throw error;
  }
}

function allocate(byteLength: number): Uint8Array {
  try {
    return new Uint8Array(byteLength);
  } catch (cause) {
    throw new RuntimeError("OUT_OF_MEMORY", `cannot allocate ${byteLength} bytes`, { cause });
  }
}

/** A span `[start, end)` of a file, in bytes. */
interface FileSpan {
  readonly start: number;
  readonly end: number;
}

/** The span's bytes, or what there is of them if another process has cut the file since its size was taken. */
export function readBytes(file: number, { start, end }: FileSpan): Uint8Array {
  const bytes = allocate(end - start);
  const count = readFully(file, bytes, start);
  return count === bytes.byteLength ? bytes : bytes.subarray(0, count);
}

export async function readBytesAsync(file: number, { start, end }: FileSpan): Promise<Uint8Array> {
  const bytes = allocate(end - start);
  const count = await readFullyAsync(file, bytes, start);
  return count === bytes.byteLength ? bytes : bytes.subarray(0, count);
}

/** Fills `target` from the file; returns the number of bytes there were. */
export function readFully(file: number, target: Uint8Array, position: number): number {
  let done = 0;
  while (done < target.byteLength) {
    const count = readSync(file, target, done, Math.min(target.byteLength - done, maximalTransfer), position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

async function readFullyAsync(file: number, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < target.byteLength) {
    const length = Math.min(target.byteLength - done, maximalTransfer);
    const { bytesRead } = await readAsync(file, target, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Writes all of `source`. */
export function writeFully(file: number, source: Uint8Array, position: number): void {
  let done = 0;
  while (done < source.byteLength) {
    const length = Math.min(source.byteLength - done, maximalTransfer);
    done += wrote(writeSync(file, source, done, length, position + done));
  }
}

export async function writeFullyAsync(file: number, source: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < source.byteLength) {
    const length = Math.min(source.byteLength - done, maximalTransfer);
    done += wrote((await writeAsync(file, source, done, length, position + done)).bytesWritten);
  }
}

/** A write of nothing, repeated, would never end. */
function wrote(count: number): number {
  if (count === 0) throw new RuntimeError("STORE_ERROR", "the file system takes no more bytes");
  return count;
}

function isHeldByOthers(error: unknown): boolean {
  const code = errorCode(error);
  return code === "EPERM" || code === "EBUSY" || code === "EACCES";
}

/** Puts `from` in the place of `to`. */
export function renameOver(from: string, to: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      if (attempt >= renameAttempts || !isHeldByOthers(error)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, renamePauseMs);
    }
  }
}

export async function renameOverAsync(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      if (attempt >= renameAttempts || !isHeldByOthers(error)) throw error;
      await sleep(renamePauseMs);
    }
  }
}
