import type { Fault, FaultCode } from './fault.js';

export type StepName = 'dns' | 'tcp' | 'tls' | 'upgrade' | 'auth' | 'join' | 'sfu' | 'ice' | 'turn';

/** The result of one step. */
export interface Verdict {
  readonly step: StepName;
  readonly status: 'ok' | 'fault' | 'skipped';
  readonly message: string;
  readonly fault?: FaultCode;
  readonly advice?: readonly string[];
}

const MARKS = { ok: '✓', fault: '✗', skipped: '–' } as const;
const WIDTH = 'upgrade'.length;

export function faultVerdict(step: StepName, { code, message, advice }: Fault): Verdict {
  return { step, status: 'fault', message, fault: code, ...(advice.length > 0 && { advice }) };
}

/** For people: the verdict, and what to do below it. */
export function formatVerdict({ step, status, message, advice = [] }: Verdict): string {
  const indent = ' '.repeat(WIDTH + 3);
  const [first = '', ...rest] = message.split('\n');
  return [
    `${MARKS[status]} ${step.padEnd(WIDTH)} ${first}`,
    ...rest.map((line) => `${indent}${line}`),
    ...advice.map((line) => `${indent}→ ${line}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
