/** Settings of the whole program. */

import { configureMaxWorkers } from "./pipeline/max_workers.js";

/** What {@link configure} sets. */
export interface Configuration {
  readonly codecPipeline?: {
    /** What calls use that say nothing else, as in `RuntimeOptions`; `undefined` brings the default back. */
    readonly maxWorkers?: number | undefined;
  };
}

/** Changes the settings that are given, for all calls of this thread from now on. */
export function configure({ codecPipeline }: Configuration): void {
  if (codecPipeline !== undefined && "maxWorkers" in codecPipeline) configureMaxWorkers(codecPipeline.maxWorkers);
}
