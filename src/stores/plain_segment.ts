/** Segments of keys that no file system takes for something else than a name. Keys come from metadata and users, so that each is untrusted. */

/** Only dots, plain or percent-encoded, alone or beside an encoded separator; a backslash; a drive letter; half of a surrogate pair. */
const unsafeSegment = /^$|\\|^[a-z]:$|(?:^|%2f|%5c)(?:\.|%2e)+(?:$|%2f|%5c)|\p{Surrogate}/iu;

/** Whether a segment of a key is a plain name. Percent signs are plain characters, except where they hide dots. */
export function isPlainSegment(segment: string): boolean {
  return !segment.includes("\0") && !segment.includes("/") && !unsafeSegment.test(segment);
}
