/** What tests of locks run in other processes and threads: `<command> <root> [arguments]`. */

import { appendFileSync, existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { LockFiles } from "../../src/node/lock_file.js";

const [command = "", root = "", ...rest] = process.argv.slice(2);
const locks = new LockFiles(root);
const value = `${root}/k`;

function say(message: string): void {
  if (parentPort !== null) parentPort.postMessage(message);
  else process.send?.(message);
}

/** Adds one to the number in `value`, and says so in `log`; dies at the given step of it. Returns whether it is not yet `target`. */
function increment(wasStolen: boolean, target: number, deadly: number): boolean {
  let step = 0;
  const next = (): void => {
    if (++step === deadly) process.kill(process.pid, "SIGKILL");
  };
  const inside = `${root}/inside`;
  const me = String(process.pid);
  if (existsSync(inside) && !wasStolen) say("somebody else is inside");
  next();
  writeFileSync(inside, me);
  next();
  const number = Number(readFileSync(value, "utf8"));
  if (number < target) {
    writeFileSync(`${root}/next`, String(number + 1));
    next();
    renameSync(`${root}/next`, value);
    next();
    appendFileSync(`${root}/log`, `${number + 1}\n`);
  }
  if (readFileSync(inside, "utf8") !== me) say("somebody else came inside");
  unlinkSync(inside);
  next();
  return number < target;
}

switch (command) {
  case "count": {
    const [target = 0, turns = 0, step = 0] = rest.map(Number);
    for (let turn = 0, isLess = true; isLess; turn++) {
      const lock = turn % 2 === 0 ? locks.acquireSync(value) : await locks.acquire(value);
      isLess = increment(lock.wasStolen, target, turn === turns ? step : 0);
      lock.release();
    }
    process.disconnect();
    break;
  }
  case "hold":
    locks.acquireSync(value);
    say("held");
    setInterval(() => {}, 60_000);
    break;
  case "use":
    locks.acquireSync(value).release();
    say(existsSync(`${root}/__locks`) ? "used" : "no owner file");
    if (rest[0] === "exit") process.exit(0);
    if (parentPort === null) process.disconnect();
    break;
  case "forget": {
    // The store is out of reach when the function returns.
    (() => new LockFiles(root).acquireSync(value).release())();
    const had = existsSync(`${root}/__locks`);
    while (existsSync(`${root}/__locks`)) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    say(had ? "collected" : "no owner file");
    process.disconnect();
    break;
  }
  default:
    throw new Error(`unknown command ${command}`);
}
