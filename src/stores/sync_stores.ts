/** Stores that answer at once: a part that a bundle for browsers holds apart. */

import { type Part, staticPart } from "../part.js";
import * as part from "./sync_stores_part.js";

export const syncStores: Part<typeof part> = staticPart(part);
