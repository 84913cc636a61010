/** Tests run on one thread unless they say otherwise: workers load dist/, which is as new as the sources only after a build. */

import { configureMaxWorkers } from "../../src/pipeline/max_workers.js";

configureMaxWorkers(1);
