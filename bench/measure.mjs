/**
 * Times what does the same work by turns in one process, so that all meet the same machine.
 *
 * Fast calls are timed in batches, so that the resolution of the clock does not matter.
 */

/** How long to measure. `seconds` are those of one case, over all its contestants. */
export const fullEffort = { repetitions: 15, minimum: 3, seconds: 3, batchMilliseconds: 3, warmUpMilliseconds: 250 };
export const quickEffort = { repetitions: 7, minimum: 3, seconds: 1, batchMilliseconds: 1, warmUpMilliseconds: 20 };
/** Everything once, to see that it works. */
export const tinyEffort = { repetitions: 1, minimum: 1, seconds: 0, batchMilliseconds: 0, warmUpMilliseconds: 0 };

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Milliseconds of `calls` calls. Only what returns a promise is awaited. */
async function timeBatch({ run }, calls, isAsync, now) {
  const start = now();
  if (isAsync) for (let i = 0; i < calls; i++) await run();
  else for (let i = 0; i < calls; i++) run();
  return now() - start;
}

/** Warms up, and finds how many calls make a batch that the clock can measure. */
async function prepared(contestant, effort, now) {
  const { before, run, verifyMilliseconds = 0 } = contestant;
  // A call that takes seconds needs no warming up: it was verified just now.
  if (verifyMilliseconds > effort.seconds * 100)
    return { contestant, isAsync: true, calls: 1, estimate: verifyMilliseconds, times: [] };
  await before?.();
  const start = now();
  const result = run();
  const isAsync = result instanceof Promise;
  await result;
  let spent = now() - start;
  let estimate = spent;
  let calls = 1;
  for (let round = 0; round < 200; round++) {
    // What needs preparation before each call is timed call by call.
    const isLongEnough = before !== undefined || estimate * calls >= effort.batchMilliseconds;
    if (isLongEnough && spent >= effort.warmUpMilliseconds) break;
    if (!isLongEnough) calls = Math.min(calls * 2, 2 ** 20);
    await before?.();
    const time = await timeBatch(contestant, calls, isAsync, now);
    estimate = time / calls;
    spent += time;
  }
  return { contestant, isAsync, calls, estimate, times: [] };
}

/**
 * Medians of contestants `{ name, run, before? }`, in milliseconds of one call; `before` is not timed. 15 repetitions each, or as many as
 * fit in the effort's seconds. A contestant much faster than the slowest one is measured several times a turn, as time allows few turns.
 */
export async function measure(contestants, effort, now) {
  const entries = [];
  for (const contestant of contestants) entries.push(await prepared(contestant, effort, now));
  const slowest = Math.max(...entries.map(({ estimate }) => estimate));
  const isSlow = slowest * effort.repetitions > effort.seconds * 500;
  for (const entry of entries) {
    entry.samples = isSlow && effort.minimum > 1 && entry.estimate * entry.calls * 20 < slowest ? 5 : 1;
  }
  const started = now();
  for (let turn = 0; turn < effort.repetitions; turn++) {
    if (turn >= effort.minimum && now() - started > effort.seconds * 1000) break;
    for (const { contestant, isAsync, calls, samples, times } of entries) {
      for (let sample = 0; sample < samples && times.length < effort.repetitions; sample++) {
        await contestant.before?.();
        times.push((await timeBatch(contestant, calls, isAsync, now)) / calls);
      }
    }
  }
  return entries.map(({ contestant, times }) => ({
    name: contestant.name,
    milliseconds: median(times),
    count: times.length,
  }));
}
