import type { TestProject } from 'vitest/node';
import { packCleanClone } from './tarball.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the tarball that the suite installs. */
    tarball: string;
  }
}

/** Packs the package once for all files of the suite. */
export async function setup({ provide }: TestProject): Promise<void> {
  provide('tarball', await packCleanClone());
}
