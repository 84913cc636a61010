/** Runs cases: opens each, verifies every contestant, measures them by turns, and asks the peers in Python for the same work. */

import { measure } from "./measure.mjs";

/** The faster of zarr-python's two pipelines stands for it. */
function bestOfZarrPython(results) {
  const settings = results.filter(({ name }) => name.startsWith("zarr-python "));
  if (settings.length === 0) return [];
  const best = settings.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a));
  return [{ ...best, name: "zarr-python", setting: best.name.slice("zarr-python ".length) }];
}

/** Contestants that verify; of the others the reason. What syncodec gets wrong is an error of the run. */
async function verified(contestants, missing, now) {
  const found = [];
  for (const contestant of contestants) {
    try {
      const started = now();
      const metrics = (await contestant.verify()) ?? {};
      found.push({ ...contestant, metrics, verifyMilliseconds: now() - started });
    } catch (error) {
      if (contestant.name.startsWith("syncodec")) throw error;
      missing.push({ name: contestant.name, reason: `failed: ${error.message}` });
    }
  }
  return found;
}

/** `{ id, group, title, bytes, seconds, results: [{ name, milliseconds, count, … }], missing: [{ name, reason }] }` of one case. */
export async function runCase({ id, group, title, bytes, open }, host, effort, isPeerWanted = () => true) {
  const started = host.now();
  const opened = await open(host);
  try {
    const missing = opened.missing.filter(({ name }) => isPeerWanted(name));
    const wanted = opened.contestants.filter(({ name }) => name.startsWith("syncodec") || isPeerWanted(name));
    const contestants = await verified(wanted, missing, host.now);
    const timed = await measure(contestants, effort, host.now);
    const results = timed.map((result, i) => ({ ...result, ...contestants[i].metrics }));
    const peers = opened.python?.peers.filter(isPeerWanted) ?? [];
    if (peers.length > 0) {
      const answer = await host.python.measure({ ...opened.python, peers }, host, effort);
      results.push(...answer.results);
      missing.push(...answer.missing);
    }
    results.push(...bestOfZarrPython(results));
    return { id, group, title, bytes, seconds: (host.now() - started) / 1000, results, missing };
  } finally {
    await opened.close();
  }
}
