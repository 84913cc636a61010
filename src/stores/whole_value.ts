/** Writing and removing whole values in files: old or new, because a file is renamed into place or unlinked. Under the value's lock. */

import type { Disk, DiskFile } from "./disk.js";
import { type Steps, settled } from "./steps.js";

/** Puts `value` in the place of the file at `path`; `temporary` is a name in its directory that nobody else uses. */
export function* replaceFile(
  disk: Disk,
  path: string,
  temporary: string,
  value: Uint8Array,
  power: boolean,
): Steps<void> {
  const file = yield* settled(disk.create(temporary));
  try {
    yield* fill(file, value, power);
    yield* settled(disk.rename(temporary, path));
  } catch (error) {
    try {
      yield* settled(disk.remove(temporary));
    } catch {
      // The write's own error says more; a file left over is hidden, and swept with its lock.
    }
    throw error;
  }
  if (power) yield* settled(disk.syncDirectory(path));
}

function* fill(file: DiskFile, value: Uint8Array, power: boolean): Steps<void> {
  try {
    yield* settled(file.write(0, value));
    if (power) yield* settled(file.sync());
  } finally {
    // On a network file system this is where the bytes travel.
    yield* settled(file.close());
  }
}

/** Removes the file at `path`, if there is one. */
export function* removeFile(disk: Disk, path: string, power: boolean): Steps<void> {
  if ((yield* settled(disk.remove(path))) && power) yield* settled(disk.syncDirectory(path));
}
