/** What the writes of a store survive. */

import { ArgumentError } from "../errors.js";

const durabilities = ["none", "process", "power"] as const;

/** What a write survives: nothing in particular, a kill of the process, or a loss of power. */
export type Durability = (typeof durabilities)[number];

/** @throws ArgumentError `INVALID_ARGUMENT` */
export function checkDurability(durability: Durability): void {
  if (durabilities.includes(durability)) return;
  throw new ArgumentError("INVALID_ARGUMENT", "unknown durability", {
    expected: durabilities.join(", "),
    found: String(durability),
  });
}
