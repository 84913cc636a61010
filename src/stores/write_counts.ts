/**
 * How often keys were written through one store object: what stands in for the version of a value where the store cannot tell it. It says
 * nothing of what others write.
 */

const slotCount = 4096;
const counts = new WeakMap<object, WriteCounts>();

/** The counts of `store`. */
export function writeCountsOf(store: object): WriteCounts {
  const known = counts.get(store);
  if (known !== undefined) return known;
  const fresh = new WriteCounts();
  counts.set(store, fresh);
  return fresh;
}

export class WriteCounts {
  /** Keys share slots: a count that rises in vain costs one request. */
  readonly #slots: Uint32Array = new Uint32Array(slotCount);
  #changes = 0;

  /** How often values were found that somebody else has changed. */
  get changes(): number {
    return this.#changes;
  }

  /** To be called when somebody else is found to have changed `key`. */
  addChange(key: string): void {
    this.#changes++;
    this.add(key);
  }

  /** To be called before each write, patch or delete. */
  add(key: string): void {
    this.#slots[slotOf(key)]!++;
  }

  /** Equal as long as this store object has not been used to write `key`. */
  versionOf(key: string): string {
    return `write ${this.#slots[slotOf(key)]}`;
  }
}

function slotOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return (hash >>> 0) % slotCount;
}
