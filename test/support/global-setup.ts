import { buildGo, buildIon } from './ion.js';
import { goPath } from './real.js';

/**
 * Builds the Ion SFU, bare and for production, and Toxiproxy, before the clock of any test runs. What fails here is said by the suites
 * that need it.
 */
export async function setup(): Promise<void> {
  if (!goPath()) return;
  for (const build of [buildIon, () => buildGo('production-ion'), () => buildGo('toxiproxy')])
    await build().catch((error: Error) => process.stderr.write(`${error.message}\n`));
}
