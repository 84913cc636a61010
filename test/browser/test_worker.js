/**
 * Runs one test file in a dedicated worker of a page, with vitest's own runner, and posts what came of it.
 *
 * Vitest keeps its state in a global object, which must be there before any module of it runs: this module imports them late.
 */

const config = {
  root: "/",
  setupFiles: [],
  name: undefined,
  passWithNoTests: false,
  testNamePattern: undefined,
  allowOnly: false,
  sequence: { seed: 0, hooks: "stack", setupFiles: "list" },
  chaiConfig: undefined,
  maxConcurrency: 1,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  retry: 0,
  includeTaskLocation: false,
  tags: [],
  tagsFilter: undefined,
  strictTags: false,
  expect: {},
  experimental: { importDurations: { limit: 0 } },
  snapshotOptions: { updateSnapshot: "none", expand: false },
  fakeTimers: {},
};

Object.defineProperty(globalThis, "__vitest_worker__", {
  value: { config, ctx: { pool: "browser" }, environment: { name: "browser" }, metaEnv: {}, providedContext: {} },
});

const isSuite = (task) => task.type === "suite";

function testsOf(suite) {
  return suite.tasks.flatMap((task) => (isSuite(task) ? testsOf(task) : [task]));
}

function suitesOf(suite) {
  return [suite, ...suite.tasks.filter(isSuite).flatMap(suitesOf)];
}

function nameOf(task) {
  return task.suite === undefined ? task.name : `${nameOf(task.suite)} > ${task.name}`;
}

function failuresOf(task) {
  const errors = task.result?.state === "fail" ? (task.result.errors ?? []) : [];
  return errors.map(({ stack, message, diff }) => `${nameOf(task)}\n${stack ?? message}\n${diff ?? ""}`);
}

function resultOf(file) {
  const tests = testsOf(file);
  const failures = [...suitesOf(file), ...tests].flatMap(failuresOf);
  const inState = (state) => tests.filter(({ result }) => result?.state === state).length;
  const [passed, skipped] = [inState("pass"), tests.filter(({ mode }) => mode === "skip" || mode === "todo").length];
  const lost = tests.length - passed - skipped;
  if (lost > failures.length) failures.push(`${file.name}: ${lost} tests did not pass`);
  if (tests.length === 0 && failures.length === 0) failures.push(`${file.name}: no tests`);
  return { passed, skipped, failures };
}

/** Modules of a bundle cannot be replaced or loaded a second time: a test that wants that is skipped. */
async function skipTestsThatReplaceModules() {
  const [{ vi }, { getCurrentTest }] = await Promise.all([import("vitest"), import("@vitest/runner")]);
  const skipped = new WeakSet();
  const skip = () => {
    const test = getCurrentTest();
    // Also called after a test, to clean up behind it.
    if (test === undefined || skipped.has(test)) return vi;
    skipped.add(test);
    return test.context.skip("modules are bundled");
  };
  Object.assign(vi, { resetModules: skip, doMock: skip, doUnmock: () => vi });
}

export async function run(path) {
  const [{ TestRunner, expect }, { startTests }] = await Promise.all([import("vitest"), import("@vitest/runner")]);
  const { setUp } = await import("./set_up.js");
  class PageRunner extends TestRunner {
    async importFile(url) {
      return import(url);
    }
    // The worker ends with the file.
    onCleanupWorkerContext() {}
    // Snapshots are files.
    async onBeforeRunSuite() {}
    async onAfterRunSuite() {}
    onBeforeTryTask(test) {
      const noneExpected = { isExpectingAssertions: false, expectedAssertionsNumber: null };
      expect.setState({ assertionCalls: 0, currentTestName: nameOf(test), ...noneExpected });
    }
    trace = async (_name, attributes, body = attributes) => body();
  }
  await skipTestsThatReplaceModules();
  await setUp();
  const [file] = await startTests([path], new PageRunner(config));
  if (file === undefined) throw new Error(`${path} was not run`);
  return resultOf(file);
}

if (typeof document === "undefined") {
  addEventListener("message", async ({ data }) => {
    try {
      postMessage(await run(data));
    } catch (error) {
      postMessage({ passed: 0, skipped: 0, failures: [`${data}: ${error instanceof Error ? error.stack : error}`] });
    }
  });
  postMessage("ready");
}
