/** Every way in which changes of a disk can be cut short. */

import { sectorBytes } from "../../src/stores/journal.js";
import type { Random } from "../model/random.js";
import type { Choose, CrashDisk, DiskChange } from "./crash_disk.js";

/** What happens to the process: it is killed, and the system goes on; or the power goes. */
export type CrashModel = "kill" | "power";

export interface Crash {
  readonly model: CrashModel;
  /** How many of the changes were made whole. */
  readonly done: number;
  readonly disk: CrashDisk;
  /** Whether a write was cut inside a sector: after a loss of power the protocol may then find neither old nor new. */
  readonly isInSector: boolean;
}

export interface CrashOptions {
  readonly models: readonly CrashModel[];
  /** As many losses of power are looked at before each sync, and at the end: all of them, if there are no more. */
  readonly limit: number;
  readonly random: Random;
}

/** The crashes between the changes of `log`, which begin on `start`, and within its writes. */
export function* crashesOf(start: CrashDisk, log: readonly DiskChange[], options: CrashOptions): Generator<Crash> {
  const disk = start.copy();
  for (let done = 0; done <= log.length; done++) {
    if (options.models.includes("kill")) {
      yield { model: "kill", done, disk: disk.copy(), isInSector: false };
      yield* cutWrites(disk, log[done], done);
    }
    // Until the next sync, what a loss of power may leave only becomes more.
    if (options.models.includes("power") && (done === log.length || isSync(log[done]!))) {
      for (const after of powerLosses(disk, options)) yield { model: "power", done, disk: after, isInSector: false };
    }
    if (done < log.length) disk.apply(log[done]!);
  }
}

function isSync({ kind }: DiskChange): boolean {
  return kind === "sync" || kind === "sync directory";
}

/**
 * A kill in a write: at the ends of sectors, at as many bytes from its start (pages of 4096 bytes are among both), and at odd places. A write
 * within one sector is made whole: systems copy what lies in one page at once.
 */
function* cutWrites(disk: CrashDisk, change: DiskChange | undefined, done: number): Generator<Crash> {
  if (change?.kind !== "write") return;
  const { file, offset, bytes } = change;
  if ((offset % sectorBytes) + bytes.byteLength <= sectorBytes) return;
  const cuts = new Set([1, bytes.byteLength >> 1, bytes.byteLength - 1]);
  for (let sector = sectorBytes; sector < bytes.byteLength + sectorBytes; sector += sectorBytes)
    cuts.add(sector).add(sector - (offset % sectorBytes));
  for (const cut of cuts) {
    if (cut <= 0 || cut >= bytes.byteLength) continue;
    const after = disk.copy();
    after.apply({ kind: "write", file, offset, bytes: bytes.subarray(0, cut) });
    yield { model: "kill", done, disk: after, isInSector: (offset + cut) % sectorBytes !== 0 };
  }
}

function* powerLosses(disk: CrashDisk, { limit, random }: CrashOptions): Generator<CrashDisk> {
  const all: CrashDisk[] = [];
  for (const choose of allChoices()) {
    all.push(disk.afterPowerLoss(choose));
    if (all.length > limit) break;
  }
  if (all.length <= limit) {
    yield* all;
    return;
  }
  yield disk.afterPowerLoss(() => 0);
  yield disk.afterPowerLoss((count) => count - 1);
  for (let i = 2; i < limit; i++) {
    // Much, half or little of it reached the disk.
    const share = random.pick([0.1, 0.5, 0.9]);
    yield disk.afterPowerLoss((count) => (random.chance(share) ? count - 1 : random.integer(0, count - 1)));
  }
}

/** Functions that, called in the same order, give every sequence of choices in turn. Each is to be used up before the next is taken. */
function* allChoices(): Generator<Choose> {
  const digits: { choice: number; readonly count: number }[] = [];
  do {
    let position = 0;
    yield (count) => {
      digits[position] ??= { choice: 0, count };
      return digits[position++]!.choice;
    };
    while (digits.length > 0 && digits.at(-1)!.choice === digits.at(-1)!.count - 1) digits.pop();
    if (digits.length > 0) digits.at(-1)!.choice++;
  } while (digits.length > 0);
}
