/**
 * The structure of Zstandard data, read without decoding it: where each frame ends and what it declares.
 *
 * A frame header is never believed: what it declares is compared with what the blocks can hold, and by the codec with what the metadata
 * says, before any memory is taken.
 *
 * Source: RFC 8878, section 3.1, https://www.rfc-editor.org/rfc/rfc8878
 */

import { DataError } from "../errors.js";

export interface ZstdFrame {
  /** Byte range of the frame in the input. */
  readonly start: number;
  readonly end: number;
  /** Decoded length in bytes, if the header states it. */
  readonly contentSize: number | undefined;
  /** What the blocks can hold at most: no memory is taken for a header that claims more, nor where it says nothing. */
  readonly maximumSize: number;
}

const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
/** Bytes that a block holds at most, encoded and decoded. */
const blockLimit = 2 ** 17;
/** Decoders must support 8 MiB; libzstd's own limit without a further option is 2^27. */
const maximumWindow = 2 ** 27;

function corrupt(reason: string, offset: number): DataError {
  return new DataError("CORRUPT_DATA", reason, { offset });
}

/** Splits `data` into its frames, skippable ones left out; every byte must belong to a frame. */
export function parseZstdFrames(data: Uint8Array): ZstdFrame[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const frames: ZstdFrame[] = [];
  let position = 0;
  const take = (count: number): number => {
    const at = position;
    if (at + count > data.byteLength) throw corrupt("zstd data is cut short", data.byteLength);
    position += count;
    return at;
  };
  while (position < data.byteLength) {
    const start = position;
    const word = view.getUint32(take(4), true);
    if ((word & 0xfffffff0) >>> 0 === skippableMagic) {
      take(view.getUint32(take(4), true));
      continue;
    }
    if (word !== magic) throw corrupt("zstd frame does not begin with its magic number", start);
    const contentSize = parseHeader();
    let maximumSize = 0;
    for (let last = false; !last; ) {
      const at = take(3);
      const block = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16);
      last = (block & 1) === 1;
      const type = (block >>> 1) & 3;
      if (type === 3) throw corrupt("zstd block has the reserved type", at);
      const size = block >>> 3;
      if (size > blockLimit) throw corrupt("zstd block is larger than a block may be", at);
      take(type === 1 ? 1 : size);
      maximumSize += type === 2 ? blockLimit : size;
    }
    if (contentSize.bytes !== undefined && contentSize.bytes > maximumSize)
      throw corrupt("zstd frame declares more bytes than its blocks can hold", start);
    if (contentSize.hasChecksum) take(4);
    frames.push({ start, end: position, contentSize: contentSize.bytes, maximumSize });
  }
  return frames;

  function parseHeader(): { bytes: number | undefined; hasChecksum: boolean } {
    const at = take(1);
    const descriptor = data[at]!;
    if ((descriptor & 8) !== 0) throw corrupt("zstd frame header has its reserved bit set", at);
    const singleSegment = (descriptor & 32) !== 0;
    if (!singleSegment) {
      const window = data[take(1)]!;
      const base = 2 ** (10 + (window >>> 3));
      if (base + (base / 8) * (window & 7) > maximumWindow)
        throw corrupt("zstd frame asks for a window over 128 MiB", at + 1);
    }
    const dictionary = [0, 1, 2, 4][descriptor & 3]!;
    const dictionaryAt = take(dictionary);
    for (let i = 0; i < dictionary; i++) {
      if (data[dictionaryAt + i] !== 0) throw corrupt("zstd frame needs a dictionary", dictionaryAt);
    }
    const width = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!;
    const sizeAt = take(width);
    let bytes: number | undefined;
    if (width === 1) bytes = data[sizeAt]!;
    else if (width === 2) bytes = view.getUint16(sizeAt, true) + 256;
    else if (width === 4) bytes = view.getUint32(sizeAt, true);
    else if (width === 8) bytes = view.getUint32(sizeAt, true) + view.getUint32(sizeAt + 4, true) * 2 ** 32;
    return { bytes, hasChecksum: (descriptor & 4) !== 0 };
  }
}
