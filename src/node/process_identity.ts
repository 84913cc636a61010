/**
 * Who this thread is, in words that other processes understand, and whether somebody who left such words is dead for good.
 *
 * Linux: `boot` is /proc/sys/kernel/random/boot_id, `namespace` the links of /proc/self/ns, `start` field 22 of /proc/<pid>/stat, which no
 * later process of the same pid shares. Elsewhere these are empty, and a pid that was used again counts as its former owner.
 *
 * Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { threadId } from "node:worker_threads";
import { errorCode } from "./file_io.js";

/** A thread. A field that the platform does not tell is empty. */
export interface Identity {
  readonly host: string;
  /** Differs after every start of the machine. */
  readonly boot: string;
  /** In which pids, and start times, mean what they mean here. */
  readonly namespace: string;
  readonly pid: number;
  /** When the process began, in ticks since the boot. */
  readonly start: string;
  /** Node's number of the thread; 0 is the main one. */
  readonly thread: number;
  /** The system's id of the thread, and when it began: `1234 567890`. */
  readonly task: string;
}

let own: Identity | undefined;

/** This thread. */
export function ownIdentity(): Identity {
  own ??= look();
  return own;
}

function look(): Identity {
  const pid = process.pid;
  // In a pid namespace that still sees the outer /proc, the numbers there are of others.
  const isOwnProc = link("/proc/self") === String(pid);
  const task = isOwnProc ? (link("/proc/thread-self").split("/task/")[1] ?? "") : "";
  const taskStart = task === "" ? undefined : statOf(`/proc/self/task/${task}`)?.start;
  return {
    host: hostname(),
    boot: text("/proc/sys/kernel/random/boot_id").trim(),
    namespace: [link("/proc/self/ns/pid"), link("/proc/self/ns/time")].join(" ").trim(),
    pid,
    start: (isOwnProc && statOf("/proc/self")?.start) || "",
    thread: threadId,
    task: taskStart === undefined ? "" : `${task} ${taskStart}`,
  };
}

/** Whether `a` and `b` are in the same process. */
function isSameProcess(a: Identity, b: Identity): boolean {
  return (
    a.host === b.host && a.boot === b.boot && a.namespace === b.namespace && a.pid === b.pid && a.start === b.start
  );
}

/** Whether `other` is the thread that asks. */
export function isThisThread(other: Identity): boolean {
  const self = ownIdentity();
  return isSameProcess(other, self) && other.thread === self.thread && other.task === self.task;
}

/** Whether `other` will certainly never do anything again. What cannot be told is alive. */
export function isDead(other: Identity): boolean {
  const self = ownIdentity();
  if (other.host !== self.host) return false;
  if (other.boot !== self.boot) return other.boot !== "" && self.boot !== "";
  if (other.namespace !== self.namespace) return false;
  if (isSameProcess(other, self)) return isThreadGone(other);
  if (isPidFree(other.pid)) return true;
  if (other.start === "" || self.start === "") return false;
  const stat = statOf(`/proc/${other.pid}`);
  // Nothing to be read: another user's process, which this one may not see.
  return stat !== undefined && (stat.start !== other.start || stat.isZombie);
}

/**
 * A thread of this process that was terminated. Node ends a thread after the file operations it has begun, so that none is under way any
 * more. This cannot be said of a thread of another process: that may be on its way out after a kill, with operations of the thread still
 * running in the pool.
 */
function isThreadGone({ task }: Identity): boolean {
  const [id, start] = task.split(" ");
  return start !== undefined && statOf(`/proc/self/task/${id}`)?.start !== start;
}

function isPidFree(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
}

/** Whether a time of a file, in ms, lies before the start of this machine. In doubt it does not. */
export function isBeforeBoot(milliseconds: number): boolean {
  const doubt = 10_000;
  return milliseconds < Date.now() - uptime() * 1000 - doubt;
}

function statOf(directory: string): { readonly start: string; readonly isZombie: boolean } | undefined {
  const stat = text(`${directory}/stat`);
  // The name, in brackets, may itself contain brackets and blanks. What follows begins with field 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads, start] = [fields[0], fields[17], fields[19]];
  if (start === undefined) return undefined;
  // The first thread is a zombie already while others of a killed process still finish their system calls.
  return { start, isZombie: (state === "Z" || state === "X") && Number(threads) <= 1 };
}

/** Empty if it cannot be read. */
function text(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return "";
  }
}
