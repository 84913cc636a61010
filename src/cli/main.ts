#!/usr/bin/env node
/** The `syncodec` command. */

import { run } from "./run.js";

// Not process.exit: what a pipe has not taken yet would be lost.
process.exitCode = await run(process.argv.slice(2), process);
