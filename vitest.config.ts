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
 * has further chances, and the last lines of the report name it.
 */
const realSuite = (name: string, testTimeout: number) => {
  const { test, ...rest } = suite(name, testTimeout);
  return { ...rest, test: { ...test, retry: process.env.CI ? 2 : 0 } };
};

/** Installs the tarball that its setup packs. */
const packageSuite = () => {
  const { test, ...rest } = realSuite('package', 120_000);
  return { ...rest, test: { ...test, globalSetup: 'test/support/package-setup.ts' } };
};

/** One group after the other. With several files at a time: their SFUs, servers and clients mostly wait. */
const laterSuite = (name: string, testTimeout: number, groupOrder: number, maxWorkers: 1 | 2 | 3) => ({
  extends: true as const,
  test: { ...realSuite(name, testTimeout).test, maxWorkers, sequence: { groupOrder } },
});

const ionSuite = (...args: Parameters<typeof laterSuite>) => ({
  extends: true as const,
  test: { ...laterSuite(...args).test, globalSetup: 'test/support/global-setup.ts' },
});

export default defineConfig({
  test: {
    reporters: ['default', './test/support/progress-reporter.ts'],
    // The suites that run together mostly wait, for timers and sockets.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      suite('unit', 20_000),
      realSuite('contract', 20_000),
      packageSuite(),
      laterSuite('crowd', 60_000, 1, 1),
      ionSuite('ion', 60_000, 2, 3),
      ionSuite('cluster', 60_000, 2, 3),
      ionSuite('native', 60_000, 2, 3),
      laterSuite('interop', 60_000, 2, 3),
      ionSuite('ops', 60_000, 2, 3),
      ionSuite('cli', 60_000, 2, 3),
      ionSuite('examples', 120_000, 2, 3),
      ionSuite('browser', 120_000, 3, 2),
    ],
    coverage: { include: ['src/**'], exclude: ['src/*/gen/**'] },
  },
});
