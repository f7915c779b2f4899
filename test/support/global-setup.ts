import { buildIon } from './ion.js';
import { goPath } from './real.js';

/** Builds the Ion SFU before the clock of any test runs. What fails here is said by the suites that need it. */
export async function setup(): Promise<void> {
  if (!goPath()) return;
  await buildIon().catch((error: Error) => process.stderr.write(`${error.message}\n`));
}
