/** In a browser no workers are started until `syncodec/browser` says how: a bundle would take the address of Node's worker for its own. */

import type { StartWorker } from "./worker_port.js";

export const hostWorkers: StartWorker | undefined = undefined;
