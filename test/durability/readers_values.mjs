/**
 * Values that show a mixture of versions, for writers and readers in different threads and processes. Version `k` of a value has only bytes
 * `k` where a reader of it looks.
 */

const slots = 8;
const slotBytes = 600;
const indexBytes = 16;
/** Patches after which a value that grows is written anew. */
const maximalLength = 20_000;

function index(k, offset) {
  const bytes = new Uint8Array(indexBytes).fill(k);
  new DataView(bytes.buffer).setUint32(0, offset, true);
  return bytes;
}

const slot = (k) => new Uint8Array(slotBytes).fill(k);

function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** How version `k` (1 to 255) is written, if the value has `length` bytes now: a value, or a patch. */
export const kinds = {
  "slots, W5": {
    first: (k) => joined(Array.from({ length: slots }, () => slot(k))),
    patch: (k) => ({
      writes: Array.from({ length: slots }, (_, i) => ({ offset: i * slotBytes, bytes: slot(k) })),
    }),
    *ranges() {
      for (let i = 0; i < slots; i += 2) yield { offset: i * slotBytes, length: slotBytes };
    },
  },
  "index at the end, W6": {
    first: (k) => joined([slot(k), index(k, 0)]),
    patch: (k, length) => ({
      writes: [{ offset: length, bytes: joined([slot(k), index(k, length)]) }],
      byteLength: length + slotBytes + indexBytes,
    }),
    *ranges() {
      const found = yield { suffixLength: indexBytes };
      yield { offset: offsetIn(found), length: slotBytes };
    },
  },
  "index at the start, W6": {
    first: (k) => joined([index(k, indexBytes), slot(k)]),
    patch: (k, length) => ({
      writes: [
        { offset: length, bytes: slot(k) },
        { offset: 0, bytes: index(k, length) },
      ],
      byteLength: length + slotBytes,
    }),
    *ranges() {
      const found = yield { offset: 0, length: indexBytes };
      yield { offset: offsetIn(found), length: slotBytes };
    },
  },
};

function offsetIn(index) {
  return new DataView(index.buffer, index.byteOffset, index.byteLength).getUint32(0, true);
}

/** Writes version `k`. */
export function write(store, key, kind, k) {
  const length = store.sizeSync(key);
  const { first, patch } = kinds[kind];
  if (length === undefined || length > maximalLength) store.setSync(key, first(k));
  else store.patchSync(key, patch(k, length));
}

/**
 * Reads a value, part by part. Returns the version it had and what the store calls it, or `mixture`. `attempts`: how often it was changed
 * meanwhile. `checks`: whether it is looked for that.
 */
export function read(store, key, kind, checks = true) {
  for (let attempts = 1; ; attempts++) {
    const value = store.openSync(key);
    try {
      const parts = kinds[kind].ranges();
      const seen = new Set();
      for (let step = parts.next(); !step.done; ) {
        const bytes = value.read(step.value);
        if (bytes.length === indexBytes) for (const byte of bytes.subarray(4)) seen.add(byte);
        else for (const byte of bytes) seen.add(byte);
        if (bytes.length === 0) seen.add(-1);
        step = parts.next(bytes);
      }
      const version = value.version();
      if (checks) value.check();
      return seen.size === 1 ? { k: [...seen][0], version, attempts } : { mixture: [...seen], attempts };
    } catch (error) {
      if (error.code !== "VALUE_CHANGED") throw error;
    } finally {
      value.close();
    }
  }
}
