import { type Terminal, UsageError } from '../terminal.js';

export const DEFAULT_VARIABLE = 'LIVE_SECRET';

/** As `jwt({ secret })` requires it: a key of HS256 is at least as long as the hash (RFC 7518 § 3.2). */
const MIN_BYTES = 32;

/** A secret is not longer; a stream that never ends is something else. */
const MAX_BYTES = 64 * 1024;

const ADVICE = 'openssl rand -base64 32 makes one';

/** @throws UsageError */
export async function readSecret(
  source: { variable: string | undefined; fromStdin: boolean },
  terminal: Terminal,
): Promise<Uint8Array> {
  if (source.fromStdin && source.variable !== undefined)
    throw new UsageError('The secret has one source: --secret-env or --secret-stdin.');
  const variable = source.variable ?? DEFAULT_VARIABLE;
  const from = source.fromStdin ? 'stdin' : variable;
  const text = source.fromStdin ? await readAll(terminal) : (terminal.env[variable] ?? '');
  if (text === '')
    throw new UsageError(
      source.fromStdin
        ? 'stdin has no secret: write it into the pipe.'
        : `There is no secret: set ${variable} to the "secret" of jwt(), or write --secret-stdin.`,
    );
  if (text.includes('-----BEGIN'))
    throw new UsageError(`${from} has a key in PEM, and this command signs by a secret (HS256).`);
  const bytes = new TextEncoder().encode(text);
  if (bytes.length < MIN_BYTES)
    throw new UsageError(
      `The secret of ${from} has ${bytes.length} bytes, and needs ${MIN_BYTES}: ${ADVICE}.`,
    );
  return bytes;
}

async function readAll({ stdin, err }: Terminal): Promise<string> {
  if (stdin.isTTY) err('The secret, then Ctrl-D: ');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const data = Buffer.from(chunk);
    bytes += data.length;
    if (bytes > MAX_BYTES)
      throw new UsageError(`stdin has more than ${MAX_BYTES / 1024} KiB: that is no secret.`);
    chunks.push(data);
  }
  // The line break is of `echo` or the terminal.
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
