import { readFile } from 'node:fs/promises';
import { formatVerdict, type Verdict } from '../../src/cli/check/report.js';

const GUIDE = new URL('../../docs/TROUBLESHOOTING.md', import.meta.url);

/** What the guide shows of `check`, by the fault that it names. */
export async function documentedOutputs(): Promise<{ name: string; text: string }[]> {
  const guide = await readFile(GUIDE, 'utf8');
  const blocks = guide.matchAll(/<!-- check: ([\w-]+) -->\n```text\n([\s\S]*?)```/g);
  return [...blocks].map(([, name = '', text = '']) => ({ name, text }));
}

/** The verdicts as `check` prints them, without what differs from one server to another: hosts, ports, versions. */
export function shapeOf(text: string): string {
  return text
    .replace(/sfu-relay-check-[0-9a-f]{8}/g, 'ROOM')
    .replace(/(?:(?:live|turn|sfu)\.example\.org|localhost|\d+\.\d+\.\d+\.\d+)(?::\d+)?/g, 'HOST')
    .replace(/\b(port|Port) \d+/g, '$1 N')
    .replace(/"\d+:\d+\/udp"/g, '"N:N/udp"')
    .replace('HOST is an address', 'HOST is HOST');
}

export function shapeOfVerdicts(verdicts: readonly Verdict[]): string {
  return shapeOf(verdicts.map(formatVerdict).join(''));
}
