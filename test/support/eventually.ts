import { vi } from 'vitest';

/** Checks again until `check` does not throw: `vi.waitFor` with a time that suffices on a busy machine, too. */
export function eventually<T>(check: () => T | Promise<T>, timeoutMs = 15_000): Promise<T> {
  return vi.waitFor(check, { timeout: timeoutMs });
}
