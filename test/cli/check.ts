import { expect } from 'vitest';
import type { FaultCode } from '../../src/cli/check/fault.js';
import type { StepName, Verdict } from '../../src/cli/check/report.js';
import { runCli } from '../support/cli.js';
import { documentedOutputs, shapeOf, shapeOfVerdicts } from './documented.js';

/** What `sfu-relay check` says of a URL. */
export interface Checked {
  readonly exitCode: number;
  readonly steps: readonly Verdict[];
  /** Each step with what it found. */
  readonly found: string[];
}

/** Checks, and reads the result as programs do. */
export async function check(url: string, ...args: string[]): Promise<Checked> {
  const { exitCode, out, err } = await runCli([
    'check',
    url,
    '--json',
    ...(args.includes('--timeout') ? [] : ['--timeout', '2s']),
    ...args,
  ]);
  if (err !== '') throw new Error(err);
  const { ok, steps } = JSON.parse(out) as { ok: boolean; steps: Verdict[] };
  if (ok !== (exitCode === 0)) throw new Error(`"ok" is ${ok}, and the exit code ${exitCode}`);
  return { exitCode, steps, found: steps.map(({ step, status, fault }) => `${step} ${fault ?? status}`) };
}

/** The one fault that a check finds, with its message and advice; fails if there is none, or another. */
export async function faultOf(
  url: string,
  step: StepName,
  code: FaultCode,
  ...args: string[]
): Promise<string> {
  const { exitCode, steps } = await check(url, ...args);
  if (exitCode !== 1) throw new Error(`the exit code is ${exitCode}`);
  return textOf(onlyFault(steps, step, code));
}

function onlyFault(steps: readonly Verdict[], step: StepName, code: FaultCode): Verdict {
  const [fault, ...others] = steps.filter(({ status }) => status === 'fault');
  if (!fault || others.length > 0 || fault.step !== step || fault.fault !== code)
    throw new Error(`expected ${code} of ${step}: ${JSON.stringify(steps, null, 2)}`);
  return fault;
}

function textOf({ message, advice = [] }: Verdict): string {
  return [message, ...advice].join('\n');
}

/** The faults that docs/TROUBLESHOOTING.md shows. Each has a test that brings it about, and compares the output. */
export const DOCUMENTED = [
  ...(['wrong-path', 'tls-required', 'tls-not-spoken', 'upgrade-lost', 'relay-not-reached'] as const),
  ...(['token-expired', 'wrong-audience', 'token-refused', 'foreign-origin'] as const),
  ...(['sfu-unavailable', 'sfu-unavailable', 'udp-blocked', 'turn-credentials'] as const),
] satisfies FaultCode[];

/** As `faultOf`; fails if the guide does not show what `check` prints of this fault. */
export async function documentedFaultOf(
  url: string,
  step: StepName,
  code: (typeof DOCUMENTED)[number],
  ...args: string[]
): Promise<string> {
  const { steps } = await check(url, ...args);
  const faults = steps.filter(({ status }) => status === 'fault');
  await expectDocumented(code, faults);
  return textOf(onlyFault(steps, step, code));
}

/** Fails if the guide does not show these verdicts. */
export async function expectDocumented(name: string, verdicts: readonly Verdict[]): Promise<void> {
  const shown = (await documentedOutputs())
    .filter((each) => each.name === name)
    .map(({ text }) => shapeOf(text));
  expect(shown).toContain(shapeOfVerdicts(verdicts));
}
