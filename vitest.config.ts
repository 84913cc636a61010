import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These run in Chromium: npm run test:browser.
    exclude: [...configDefaults.exclude, "test/**/*.browser.test.ts"],
    testTimeout: 60_000,
    // By default one core is left to a user interface.
    maxWorkers: availableParallelism(),
    setupFiles: ["test/support/one_thread.ts"],
  },
});
