/**
 * A lock in a simulated directory: every order in which contenders make their calls, and every call before which one of them dies.
 *
 * What a contender does next depends on the results of its calls alone, so that the code under test becomes a graph, found by running it
 * with the results known so far. At each new attempt at the lock it is where it was before (only its pauses grow), so the graph is finite.
 */

import { acquireLock, type Contender, type Holder, type LockOperations } from "../../src/node/lock_protocol.js";
import { runSteps, type Steps, settled } from "../../src/stores/steps.js";

/** Without a directory. */
export const lock = "__k.lock";

export type Acquire = (files: LockOperations, lock: string, contender: Contender) => Steps<boolean>;

interface Scenario {
  readonly contenders: number;
  /** How often each takes the lock, with the same token. */
  readonly rounds: number;
  /** At most so many contenders die. */
  readonly deaths: number;
  /** Files and their owners: 0, 1, … are contenders, from -1 downwards there are dead ones. */
  readonly files: readonly (readonly [string, number])[];
  /** Whether the store's own owner file is on another file system, or there are no links at all. */
  readonly links?: "elsewhere" | "none";
  readonly acquire?: Acquire;
  /** What has happened before: contenders who make a call each, `~who` one who dies. */
  readonly prelude?: readonly number[];
}

export interface Exploration {
  readonly states: number;
  /** How the states end in which nobody has anything left to do. */
  readonly ends: number;
  /** Ends in which a claim or a temporary file of a dead contender is left, but no lock. */
  readonly littered: number;
  /** What went wrong, each kind with its number of states. */
  readonly failures: ReadonlyMap<string, number>;
}

type Result = boolean | string | undefined | readonly string[] | { readonly error: string };
type Call = readonly [name: string, ...args: string[]];

interface Node {
  /** `undefined` at the end. */
  readonly call: Call | undefined;
  /** Results that lead here. */
  readonly results: readonly Result[];
  readonly next: Map<string, Node>;
  readonly id: number;
  /** Whether the contender has the lock, as far as it knows. */
  readonly isInside: boolean;
}

export function token(who: number): string {
  return (who < 0 ? `dead${-who}` : `0${who}`).replaceAll(/[^0-9a-f]/g, "e").padStart(28, "0");
}

class Stop extends Error {}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** What one contender does. */
class Behaviour {
  readonly start: Node;
  readonly #scenario: Scenario;
  readonly #who: number;
  readonly #known: Map<string, Node> = new Map();
  #count = 0;

  constructor(scenario: Scenario, who: number) {
    this.#scenario = scenario;
    this.#who = who;
    // Not the node of later attempts: contenders that have not begun can be exchanged.
    this.start = { ...this.#run([]), id: -1 };
  }

  after(node: Node, result: Result): Node {
    const key = JSON.stringify(result) ?? "";
    const known = node.next.get(key);
    if (known !== undefined) return known;
    const next = this.#run([...node.results, result]);
    node.next.set(key, next);
    return next;
  }

  *#live(files: LockOperations, mark: (name: string) => void): Steps<void> {
    const { rounds, links = "owner", acquire = acquireLock } = this.#scenario;
    const own = token(this.#who);
    const contender: Contender = {
      token: own,
      text: own,
      temporary: `__k.${own}.tmp`,
      ownerFile: () => `${links}/${own}`,
      restoreOwnerFile: () => false,
      checkWait() {},
    };
    for (let round = 0; round < rounds; round++) {
      mark(`round ${round}`);
      const wasStolen = yield* acquire(files, lock, contender);
      mark("inside");
      // As a writer does: a temporary file, which is renamed in the end.
      const temporary = `__k.${own}-inside.tmp`;
      yield* settled(files.create(temporary, wasStolen ? "stolen" : ""));
      yield* settled(files.unlink(temporary));
      yield* settled(files.unlink(lock));
    }
    mark("end");
  }

  #run(results: readonly Result[]): Node {
    let used = 0;
    let place = "";
    let call: Call | undefined;
    const answer = (...made: Call): Result => {
      if (used < results.length) {
        const result = results[used++];
        if (typeof result === "object" && "error" in result) throw failure(result.error);
        return result;
      }
      call ??= made;
      throw new Stop();
    };
    const files: LockOperations = {
      link: (from, to) => answer("link", from, to) === true,
      create: (path, text) => answer("create", path, text) === true,
      read: (path) => {
        const found = answer("read", path);
        return typeof found === "string" ? { token: found, owner: undefined, written: 0 } : undefined;
      },
      rename: (from, to) => answer("rename", from, to) === true,
      unlink: (path) => void answer("unlink", path),
      list: (directory) => [answer("list", directory)].flat().filter((name) => typeof name === "string"),
      isDead: (holder: Holder) => answer("isDead", holder.token) === true,
      pause: () => void answer("pause"),
    };
    let isInside = false;
    const mark = (name: string): void => {
      if (name.startsWith("round")) place = name;
      isInside = name === "inside";
    };
    try {
      runSteps(this.#live(files, mark));
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    const isNewAttempt = call?.[call[0] === "link" ? 2 : 1] === lock && (call[0] === "link" || call[0] === "create");
    const key = isNewAttempt ? `${place} ${call}` : JSON.stringify(results);
    let node = this.#known.get(key);
    if (node === undefined) {
      node = { call, results, next: new Map(), id: this.#count++, isInside };
      this.#known.set(key, node);
    }
    return node;
  }
}

interface State {
  readonly files: ReadonlyMap<string, string>;
  /** Where each contender is; `undefined` if it is dead. */
  readonly nodes: readonly (Node | undefined)[];
}

function keyOf({ files, nodes }: State): string {
  const names = [...files].map(([name, holder]) => `${name}=${holder}`).sort();
  return `${nodes.map((node) => node?.id ?? "x").join(" ")} ${names.join(" ")}`;
}

/** Visits every state that can be reached. */
export function explore(scenario: Scenario): Exploration {
  const behaviours = Array.from({ length: scenario.contenders }, (_, who) => new Behaviour(scenario, who));
  const failures = new Map<string, number>();
  const fail = (what: string): void => void failures.set(what, (failures.get(what) ?? 0) + 1);
  const numbers = new Map<string, number>();
  const states: State[] = [];
  /** States from which a step (no death) leads to each state. */
  const before: number[][] = [];
  const numberOf = (state: State): number => {
    const key = keyOf(state);
    let number = numbers.get(key);
    if (number === undefined) {
      number = states.length;
      numbers.set(key, number);
      states.push(state);
      before.push([]);
    }
    return number;
  };
  const move = ({ files: before, nodes }: State, who: number, node: Node & { readonly call: Call }): State => {
    const files = new Map(before);
    const result = perform(node.call, who, { files: before, nodes }, files, fail);
    return { files, nodes: nodes.with(who, behaviours[who]!.after(node, result)) };
  };
  let first: State = {
    files: new Map(scenario.files.map(([name, who]) => [name, token(who)])),
    nodes: behaviours.map(({ start }) => start),
  };
  for (const who of scenario.prelude ?? []) {
    const node = first.nodes[who];
    if (who < 0) first = { files: first.files, nodes: first.nodes.with(~who, undefined) };
    else if (isActive(node)) first = move(first, who, node);
    else throw new Error(`contender ${who} can do nothing more`);
  }
  numberOf(first);
  const ends: number[] = [];
  for (let current = 0; current < states.length; current++) {
    const state = states[current]!;
    const { nodes } = state;
    let isEnd = true;
    const deaths = nodes.filter((node) => node === undefined).length;
    for (const [who, node] of nodes.entries()) {
      if (!isActive(node)) continue;
      isEnd = false;
      // They begin in order, as they are alike.
      const hasBegun = node !== behaviours[who]!.start;
      if (!hasBegun && who > 0 && nodes[who - 1] === behaviours[who - 1]!.start) continue;
      const next = move(state, who, node);
      check(next, fail);
      before[numberOf(next)]!.push(current);
      if (hasBegun && deaths < scenario.deaths) numberOf({ files: state.files, nodes: nodes.with(who, undefined) });
    }
    if (isEnd) ends.push(current);
  }
  let littered = 0;
  const newcomer = new Behaviour({ ...scenario, rounds: 1 }, scenario.contenders);
  const checked = new Set<string>();
  for (const end of ends) {
    const { files, nodes } = states[end]!;
    for (const holder of files.values()) if (isAlive(holder, nodes)) fail("litter of a living contender");
    if (files.size > 0 && !files.has(lock)) littered++;
    const key = keyOf({ files, nodes: [] });
    if (checked.has(key)) continue;
    checked.add(key);
    if (alone(newcomer, files, scenario.contenders, fail) === undefined) fail("a newcomer is blocked");
    // Who steals the lock next sweeps all.
    const stolen = alone(newcomer, new Map([...files, [lock, token(-99)]]), scenario.contenders, fail);
    if (stolen === undefined || stolen.size > 0) fail("litter after the next theft");
  }
  const canEnd = new Uint8Array(states.length);
  for (const end of ends) canEnd[end] = 1;
  for (const pending = [...ends]; pending.length > 0; ) {
    for (const previous of before[pending.pop()!]!) {
      if (canEnd[previous] === 1) continue;
      canEnd[previous] = 1;
      pending.push(previous);
    }
  }
  for (const possible of canEnd) if (possible === 0) fail("blocked for ever");
  return { states: states.length, ends: ends.length, littered, failures };
}

/** The files when a single contender has come and gone; `undefined` if it does not get the lock. */
function alone(
  behaviour: Behaviour,
  initial: ReadonlyMap<string, string>,
  who: number,
  fail: (what: string) => void,
): Map<string, string> | undefined {
  const files = new Map(initial);
  let node = behaviour.start;
  for (let step = 0; step < 1000; step++) {
    if (node.call === undefined) return files;
    const nodes = Array.from({ length: who + 1 }, (_, each) => (each === who ? node : undefined));
    node = behaviour.after(node, perform(node.call, who, { files: new Map(files), nodes }, files, fail));
  }
  return undefined;
}

function isActive(node: Node | undefined): node is Node & { readonly call: Call } {
  return node?.call !== undefined;
}

function isAlive(holder: string, nodes: readonly (Node | undefined)[]): boolean {
  return nodes.some((node, who) => node !== undefined && token(who) === holder);
}

function check({ files, nodes }: State, fail: (what: string) => void): void {
  let inside = 0;
  for (const [who, node] of nodes.entries()) {
    if (node?.isInside !== true) continue;
    inside++;
    if (files.get(lock) !== token(who)) fail("a living owner's lock is gone");
  }
  if (inside > 1) fail("two owners");
}

/** Makes one call of a contender in `files`, which the state has up to now. */
function perform(
  [name, first = "", second = ""]: Call,
  who: number,
  { nodes }: State,
  files: Map<string, string>,
  fail: (what: string) => void,
): Result {
  switch (name) {
    case "link": {
      if (first.startsWith("none/")) return { error: "EPERM" };
      if (first.startsWith("elsewhere/")) return { error: "EXDEV" };
      if (!first.startsWith("owner/") && !files.has(first)) return { error: "ENOENT" };
      if (files.has(second)) return false;
      files.set(second, token(who));
      return true;
    }
    case "create": {
      if (files.has(first)) return false;
      if (second === "stolen") {
        const isStale = ([path, holder]: [string, string]) => path.endsWith("-inside.tmp") && !isAlive(holder, nodes);
        if ([...files].some(isStale)) fail("a dead owner's temporary file is left after a theft");
      }
      files.set(first, token(who));
      return true;
    }
    case "read":
      return files.get(first);
    case "rename": {
      const holder = files.get(first);
      if (holder === undefined) return false;
      const replaced = files.get(second);
      if (replaced !== undefined && isAlive(replaced, nodes)) fail("stolen from a living owner");
      // Of two links to the same file, rename does nothing.
      if (replaced === holder) return true;
      files.delete(first);
      files.set(second, holder);
      return true;
    }
    case "unlink": {
      const holder = files.get(first);
      const isOthers = holder !== undefined && holder !== token(who) && isAlive(holder, nodes);
      if (isOthers && (first === lock || first.endsWith("-inside.tmp"))) fail("removed a living owner's file");
      files.delete(first);
      return undefined;
    }
    case "list":
      return [...files.keys()].sort();
    case "isDead":
      return !isAlive(first, nodes);
    default:
      return undefined;
  }
}
