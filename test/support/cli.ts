import { Readable } from 'node:stream';
import { run } from '../../src/cli/run.js';

/** Runs a command line as `sfu-relay` does, and gives what it has printed. */
export async function runCli(
  args: readonly string[],
  { env = {}, stdin = '' }: { env?: Record<string, string>; stdin?: string } = {},
): Promise<{ exitCode: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const { exitCode } = await run(args, {
    env,
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { exitCode, out, err };
}
