/** What libzstd, in the WebAssembly build of `@bokuweb/zstd-wasm`, makes of frames: the oracle of ours. */

import { compressUsingDict, createCCtx, createDCtx, decompressUsingDict } from "@bokuweb/zstd-wasm";
import { loadZstd } from "../../src/codecs/zstd_encoder.js";
import { parseZstdFrames, type ZstdFrame } from "../../src/codecs/zstd_frame.js";
import { SyncodecError } from "../../src/errors.js";
import { join } from "./bytes.js";

const none = new Uint8Array(0);

export interface ZstdLibrary {
  /** One frame that states its content size, without a checksum. */
  encode(content: Uint8Array, level: number): Uint8Array;
  /** All frames of `encoded`, or `undefined` if one is bad or they give more than `room` bytes. */
  decode(encoded: Uint8Array, room: number): Uint8Array | undefined;
}

export async function loadZstdLibrary(): Promise<ZstdLibrary> {
  // Only once in a process: another initialization would put a new memory under the contexts that exist.
  await loadZstd();
  const compression = createCCtx();
  const decompression = createDCtx();

  function decodeFrame(frame: Uint8Array, size: number): Uint8Array | undefined {
    try {
      return decompressUsingDict(decompression, frame, none, { defaultHeapSize: size });
    } catch {
      return undefined;
    }
  }

  function framesOf(encoded: Uint8Array): readonly ZstdFrame[] | undefined {
    try {
      return parseZstdFrames(encoded);
    } catch (error) {
      if (error instanceof SyncodecError) return undefined;
      throw error;
    }
  }

  return {
    encode: (content, level) => compressUsingDict(compression, content, none, level),
    decode(encoded, room) {
      const parts: Uint8Array[] = [];
      let left = room;
      const frames = framesOf(encoded);
      if (frames === undefined) return undefined;
      for (const { start, end, contentSize, maximumSize } of frames) {
        const size = contentSize ?? Math.min(left, maximumSize);
        if (size > left) return undefined;
        const part = decodeFrame(encoded.subarray(start, end), size);
        if (part === undefined || part.length > left || part.length !== (contentSize ?? part.length)) return undefined;
        parts.push(part);
        left -= part.length;
      }
      return join(...parts);
    },
  };
}
