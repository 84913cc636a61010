/** Running plans synchronously in a bundle for browsers. */

import { lazyPart, type Part } from "../part.js";
import { bulk } from "./bulk.js";

export const synchronous: Part<typeof import("./synchronous_part.js")> = lazyPart(
  "What reads and writes synchronously is",
  async () => {
    // Plans could not load it in the middle of a synchronous call.
    const [part] = await Promise.all([import("./synchronous_part.js"), bulk.load()]);
    return part;
  },
);
