import { defineConfig } from 'vitest/config';

// Node suites run anywhere; `ion` wants Go, `browser` wants Chromium (test/support/real.ts says which is missing).
const suite = (name: string, testTimeout: number) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 60_000 },
});

/** With processes of their own that want the machine: file by file, after the others. */
const realSuite = (name: string, testTimeout: number, groupOrder: number) => ({
  extends: true as const,
  test: {
    ...suite(name, testTimeout).test,
    globalSetup: 'test/support/global-setup.ts',
    fileParallelism: false,
    sequence: { groupOrder },
  },
});

const browserSuite = () => {
  const { test, ...rest } = realSuite('browser', 120_000, 2);
  return { ...rest, test: { ...test, retry: process.env.CI ? 1 : 0 } };
};

export default defineConfig({
  test: {
    projects: [
      suite('unit', 20_000),
      suite('contract', 20_000),
      suite('package', 120_000),
      realSuite('ion', 60_000, 1),
      // A page, an SFU and the test share two cores in CI: what a browser does too late once has a second chance, and the
      // report says so.
      browserSuite(),
    ],
    coverage: { include: ['src/**'], exclude: ['src/*/gen/**'] },
  },
});
