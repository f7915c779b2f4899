import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Node suites run anywhere; `ion` wants Go, `browser` wants Chromium and Firefox (test/support/real.ts says which is missing).
const suite = (name: string, testTimeout: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    setupFiles: 'test/support/quiet.ts',
    testTimeout,
    hookTimeout: 60_000,
  },
});

/**
 * Has processes of others in it: browsers, SFUs, servers and the test share two cores in CI. What one of them does too late
 * once has a second chance, and the last lines of the report name it.
 */
const realSuite = (name: string, testTimeout: number) => {
  const { test, ...rest } = suite(name, testTimeout);
  return { ...rest, test: { ...test, retry: process.env.CI ? 1 : 0 } };
};

/** Installs the tarball that its setup packs. */
const packageSuite = () => {
  const { test, ...rest } = realSuite('package', 120_000);
  return { ...rest, test: { ...test, globalSetup: 'test/support/package-setup.ts' } };
};

/** Wants the machine: file by file, after the others. */
const aloneSuite = (name: string, testTimeout: number, groupOrder: number) => ({
  extends: true as const,
  test: { ...realSuite(name, testTimeout).test, fileParallelism: false, sequence: { groupOrder } },
});

const ionSuite = (...args: Parameters<typeof aloneSuite>) => ({
  extends: true as const,
  test: { ...aloneSuite(...args).test, globalSetup: 'test/support/global-setup.ts' },
});

export default defineConfig({
  test: {
    // The suites that run together mostly wait, for timers and sockets.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      suite('unit', 20_000),
      realSuite('contract', 20_000),
      packageSuite(),
      aloneSuite('crowd', 60_000, 1),
      ionSuite('ion', 60_000, 2),
      ionSuite('cluster', 60_000, 6),
      ionSuite('native', 60_000, 5),
      aloneSuite('interop', 60_000, 4),
      ionSuite('browser', 120_000, 3),
      ionSuite('ops', 60_000, 7),
    ],
    coverage: { include: ['src/**'], exclude: ['src/*/gen/**'] },
  },
});
