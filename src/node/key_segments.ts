/**
 * Which keys may become file names. Keys come from metadata and users, so that every segment is untrusted.
 */
import { ArgumentError } from "../errors.js";
import { isPlainSegment } from "../stores/plain_segment.js";

/** What Windows reads as something else: streams, wildcards, trailing dots and blanks, device names. */
const unsafeWindowsSegment = /[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Whether a segment of a key is a plain file name. */
export function isSafeSegment(segment: string, windows: boolean = process.platform === "win32"): boolean {
  return isPlainSegment(segment) && !(windows && unsafeWindowsSegment.test(segment));
}

/**
 * Checks `path`, the whole of `key` or a part of it: a slash before each segment, and none at the end.
 *
 * @throws ArgumentError `INVALID_PATH`
 */
export function checkSegments(key: string, path: string): void {
  if (
    path.startsWith("/") &&
    path
      .slice(1)
      .split("/")
      .every((segment) => isSafeSegment(segment))
  )
    return;
  throw new ArgumentError("INVALID_PATH", "not a key of plain names, each after a slash", { key });
}
