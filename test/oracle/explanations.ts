import type { Verdict } from './attempt.js';

/** Why the relay does not do what a bare Ion does, by the name of the variant. */
const EXPLANATIONS: Record<string, string> = {};

export function explanationOf(name: string, bare: Verdict, relay: Verdict): string {
  const known = EXPLANATIONS[name];
  if (known !== undefined) return known;
  if (relay === 'taken') return 'the relay writes it as the SFU takes it';
  throw new Error(`nothing explains "${name}": ${bare} by a bare Ion, ${relay} through the relay`);
}
