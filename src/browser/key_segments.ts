/** Keys as paths of names. */

import { ArgumentError } from "../errors.js";
import { isPlainSegment } from "../stores/plain_segment.js";

/**
 * The names in `key`, each after a slash.
 *
 * @throws ArgumentError `INVALID_PATH`
 */
export function segmentsOf(key: string): string[] {
  const [first, ...names] = key.split("/");
  if (first === "" && names.length > 0 && names.every(isPlainSegment)) return names;
  throw new ArgumentError("INVALID_PATH", "not a key of plain names, each after a slash", { key });
}
