import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These run in Chromium: npm run test:browser.
    exclude: [...configDefaults.exclude, "test/**/*.browser.test.ts"],
    testTimeout: 60_000,
    setupFiles: ["test/support/one_thread.ts"],
  },
});
