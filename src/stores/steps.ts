/**
 * Computations over files, written once, that run at once where the files answer at once and wait where they do not.
 *
 * A computation is a generator. `yield* settled(value)` gives a value, or what a promise resolves to; only then does the generator yield.
 */

export type Settling<T> = T | Promise<T>;

export type Steps<R> = Generator<Promise<void>, R, void>;

/** The value, or what the promise resolves to. */
export function* settled<T>(value: Settling<T>): Steps<T> {
  if (!(value instanceof Promise)) return value;
  const found: T[] = [];
  yield value.then((result) => void found.push(result));
  for (const result of found) return result;
  throw new TypeError("A step was resumed before its promise was settled");
}

/** Runs steps none of which waits. */
export function runSteps<R>(steps: Steps<R>): R {
  const { done, value } = steps.next();
  if (done) return value;
  throw new TypeError("A synchronous call met a promise");
}

export async function runStepsAsync<R>(steps: Steps<R>): Promise<R> {
  for (let step = steps.next(); ; ) {
    if (step.done) return step.value;
    let failure: { readonly error: unknown } | undefined;
    try {
      await step.value;
    } catch (error) {
      failure = { error };
    }
    step = failure === undefined ? steps.next() : steps.throw(failure.error);
  }
}
