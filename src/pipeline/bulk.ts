/** Reading whole shards: a part that a bundle for browsers holds apart. */

import { type Part, staticPart } from "../part.js";
import * as part from "./bulk_part.js";

export const bulk: Part<typeof part> = staticPart(part);
