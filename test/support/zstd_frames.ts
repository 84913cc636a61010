/** Zstandard frames made by hand. Source: RFC 8878, section 3.1. */

import { join } from "./bytes.js";

export type Block = readonly number[];

export const magic: readonly number[] = [0x28, 0xb5, 0x2f, 0xfd];

export function block(type: 0 | 1 | 2 | 3, size: number, content: readonly number[], isLast: boolean): Block {
  const header = (size << 3) | (type << 1) | (isLast ? 1 : 0);
  return [header & 255, (header >> 8) & 255, header >> 16, ...content];
}

export function raw(content: readonly number[], isLast = true): Block {
  return block(0, content.length, content, isLast);
}

export function runLength(value: number, length: number, isLast = true): Block {
  return block(1, length, [value], isLast);
}

interface Header {
  readonly descriptor?: number;
  readonly window?: number;
}

/** A frame of unknown content size, with a window of 1 KiB unless `window` says otherwise. */
export function frame(blocks: readonly Block[], { descriptor = 0, window = 0 }: Header = {}): Uint8Array {
  return join(magic, [descriptor, window], ...blocks);
}

/** A single-segment frame that declares its content size in one byte. */
export function sized(size: number, ...blocks: Block[]): Uint8Array {
  return join(magic, [0x20, size], ...blocks);
}

export function skippable(content: readonly number[], length: number = content.length): Uint8Array {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint32(0, 0x184d2a53, true);
  header.setUint32(4, length, true);
  return join(new Uint8Array(header.buffer), content);
}

/** A block of literals and sequences, encoded by hand. */
export function compressed(content: readonly number[], isLast = true): Block {
  return block(2, content.length, content, isLast);
}

/** The stream from which `digits` are read, in their order: backwards, below a one. */
export function bitsBackwards(digits: string): number[] {
  const padded = `1${digits}`.padStart(Math.ceil((digits.length + 1) / 8) * 8, "0");
  return Array.from({ length: padded.length / 8 }, (_, i) =>
    Number.parseInt(padded.slice(i * 8, i * 8 + 8), 2),
  ).reverse();
}
