/** How a pool starts its workers if nobody says otherwise: by `node:worker_threads`. */

import { nodeWorkers, type StartWorker } from "./worker_port.js";

export const hostWorkers: StartWorker | undefined = nodeWorkers(new URL("../worker.js", import.meta.url));
