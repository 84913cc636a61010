/**
 * Parts of the library that a bundle for browsers holds apart and loads when they are needed. In Node.js all of them are there at once.
 *
 * A file `name.browser.ts` takes the place of `name.ts` in the build for browsers (scripts/build_js.mjs); both export the same.
 */

import { NotLoadedError } from "./errors.js";

export interface Part<T> {
  /** Throws a {@link NotLoadedError} where it is not loaded; `what` names in it what is wanted of a part of several things. */
  get(what?: string): T;
  load(): Promise<void>;
  readonly isLoaded: boolean;
}

export function staticPart<T>(value: T): Part<T> {
  return { get: () => value, load: async () => {}, isLoaded: true };
}

/** `what` names it in the error: "What writes chunks is". */
export function lazyPart<T>(what: string, bring: () => Promise<T>): Part<T> {
  let loaded: { readonly value: T } | undefined;
  const load = async (): Promise<void> => {
    loaded ??= { value: await bring() };
  };
  return {
    load,
    get isLoaded() {
      return loaded !== undefined;
    },
    get(wanted = what) {
      if (loaded === undefined) throw new NotLoadedError(wanted, load);
      return loaded.value;
    },
  };
}

/** Runs `body`, and again each time that a part which it needs has been loaded. It must change nothing before it returns. */
export async function whenLoaded<R>(body: () => R): Promise<R> {
  for (;;) {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof NotLoadedError)) throw error;
      await error.load();
    }
  }
}
