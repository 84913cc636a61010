/**
 * Coalescing: the reads of one request become as few store requests as their gaps allow.
 */

import { sliceRange } from "../stores/range.js";
import type { ByteRange } from "../stores/store.js";
import type { Read } from "./plan.js";

/** Which byte ranges of one value are read together. */
export interface CoalesceOptions {
  /** Ranges of one key at most this many bytes apart are read as one. */
  readonly maxGapBytes: number;
  /** A joined range is at most this long. */
  readonly maxBytes: number;
}

/** One store request, which serves one read or several. */
export interface Fetch {
  readonly key: string;
  readonly range: ByteRange | undefined;
  readonly reads: readonly Read[];
}

interface OffsetRead {
  readonly read: Read;
  readonly offset: number;
  readonly length: number;
}

/** Groups `reads` into store requests, in the order of their first read. `hasRanges`: whether the store can read less than a whole value. */
export function planFetches(reads: readonly Read[], hasRanges: boolean, coalesce: CoalesceOptions): Fetch[] {
  const fetches: Fetch[] = [];
  const ranged = new Map<string, OffsetRead[]>();
  const wholes = new Map<string, Read[]>();
  for (const read of reads) {
    const { key, range } = read;
    if (range === undefined) fetches.push({ key, range, reads: [read] });
    else if (!hasRanges) {
      const known = wholes.get(key);
      if (known !== undefined) known.push(read);
      else {
        const members = [read];
        wholes.set(key, members);
        fetches.push({ key, range: undefined, reads: members });
      }
    } else if ("suffixLength" in range) fetches.push({ key, range, reads: [read] });
    else {
      const member = { read, offset: range.offset, length: range.length };
      const known = ranged.get(key);
      if (known === undefined) ranged.set(key, [member]);
      else known.push(member);
    }
  }
  for (const [key, members] of ranged) joinRanges(key, members, coalesce, fetches);
  return fetches;
}

function joinRanges(
  key: string,
  members: OffsetRead[],
  { maxGapBytes, maxBytes }: CoalesceOptions,
  fetches: Fetch[],
): void {
  members.sort((a, b) => a.offset - b.offset);
  for (let first = 0; first < members.length; ) {
    const { offset } = members[first]!;
    let end = offset + members[first]!.length;
    let next = first + 1;
    for (; next < members.length; next++) {
      const member = members[next]!;
      const joinedEnd = Math.max(end, member.offset + member.length);
      if (member.offset > end + maxGapBytes || joinedEnd - offset > maxBytes) break;
      end = joinedEnd;
    }
    fetches.push({
      key,
      range: { offset, length: end - offset },
      reads: members.slice(first, next).map(({ read }) => read),
    });
    first = next;
  }
}

/** Whether a read still asks how long the stored value is. */
export function needsSize({ reads }: Fetch): boolean {
  return reads.some(({ wantsSize, value, byteLength }) => wantsSize && value !== undefined && byteLength === undefined);
}

/** Hands the fetched bytes to the reads that asked for them. */
export function distribute({ range, reads }: Fetch, value: Uint8Array | undefined): void {
  for (const read of reads) {
    if (range === undefined) read.byteLength = value?.byteLength;
    if (value === undefined) read.value = undefined;
    else if (read.range === range) read.value = value;
    else if (range === undefined) read.value = sliceRange(value, read.range);
    else read.value = sliceRange(value, relative(read.range, range));
  }
}

function relative(inner: ByteRange | undefined, outer: ByteRange): ByteRange | undefined {
  if (inner === undefined || "suffixLength" in inner || "suffixLength" in outer) return inner;
  return { offset: inner.offset - outer.offset, length: inner.length };
}
