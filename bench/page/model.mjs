/** What can be chosen on the page, and what is chosen. No DOM. */

import { allCases, groups } from "../cases/index.mjs";

const filesReason = "needs files, which pages do not have";

/** Groups `{ letter, title, cases }`; a case that cannot run here has a `reason`. `workers` is that of the host. */
export function catalogueFor(workers) {
  const reasonOf = ({ store, needsWorkers }) =>
    store === "local" ? filesReason : needsWorkers ? workers.reason : undefined;
  const cases = allCases().map((each) => ({ ...each, reason: reasonOf(each) }));
  return Object.entries(groups).map(([letter, title]) => ({
    letter,
    title,
    cases: cases.filter(({ group }) => group === letter),
  }));
}

/** Sets of cases that are chosen by one click; the first one is chosen at the start. */
export const presets = [
  {
    name: "Tour",
    about: "reads of small chunks and of a cube, throughput by chunk size",
    has: ({ id, quick }) => /^G\.chunk\.none/.test(id) || (/^[RS]\./.test(id) && quick && !id.endsWith(".latency")),
  },
  { name: "Reads", about: "R and S in memory, every codec", has: ({ id }) => /^(R\..*\.memory$|S\.memory)/.test(id) },
  { name: "Quick", about: "some of every group, as in --quick", has: ({ quick }) => quick },
  { name: "All", about: "every case that a page can run", has: () => true },
  { name: "None", about: "no case", has: () => false },
];

/** Seconds that a case takes, about: what its effort allows, and preparing and verifying. */
const secondsPerCase = { quick: 0.8, full: 3.5 };

/** "about 40 s", "about 12 min" for so many cases. */
export function estimate(count, isQuick) {
  const seconds = count * (isQuick ? secondsPerCase.quick : secondsPerCase.full);
  return seconds < 90 ? `about ${Math.ceil(seconds / 5) * 5} s` : `about ${Math.round(seconds / 60)} min`;
}

/** The chosen cases: ids of those that can run. */
export class Choice extends EventTarget {
  #runnable;
  #ids = new Set();

  constructor(catalogue) {
    super();
    this.#runnable = catalogue.flatMap(({ cases }) => cases.filter(({ reason }) => reason === undefined));
    this.choose(presets[0]);
  }

  /** In the order of the suite. */
  get ids() {
    return this.#runnable.flatMap(({ id }) => (this.#ids.has(id) ? [id] : []));
  }

  has(id) {
    return this.#ids.has(id);
  }

  /** The preset that this is, if it is one. */
  get preset() {
    return presets.find(({ has }) => this.#runnable.every((each) => Boolean(has(each)) === this.#ids.has(each.id)));
  }

  choose({ has }) {
    this.#ids = new Set(this.#runnable.filter(has).map(({ id }) => id));
    this.dispatchEvent(new Event("change"));
  }

  set(cases, isChosen) {
    for (const { id, reason } of cases) {
      if (reason !== undefined) continue;
      if (isChosen) this.#ids.add(id);
      else this.#ids.delete(id);
    }
    this.dispatchEvent(new Event("change"));
  }
}
