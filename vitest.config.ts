import { defineConfig } from 'vitest/config';

// Node suites run anywhere; `ion` wants Go, `browser` wants Chromium (test/support/real.ts says which is missing).
const suite = (name: string, testTimeout: number, fileParallelism = true) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 180_000, fileParallelism },
});

export default defineConfig({
  test: {
    projects: [
      suite('unit', 20_000),
      suite('contract', 20_000),
      suite('package', 120_000),
      suite('ion', 60_000, false),
      suite('browser', 90_000, false),
    ],
    coverage: { include: ['src/**'], exclude: ['src/sfu/gen/**'] },
  },
});
