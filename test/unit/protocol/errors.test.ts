import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CloseCode, ERRORS, RelayError, type RelayErrorCode } from '../../../src/index.js';
import { closeReason } from '../../../src/signaling/socket/socket.js';

const PROTOCOL = readFileSync(new URL('../../../docs/PROTOCOL.md', import.meta.url), 'utf8');

describe('the table of errors', () => {
  test('is the one that docs/PROTOCOL.md shows', () => {
    const rows = [...PROTOCOL.matchAll(/^\| `(ERR_\w+)` \| −(\d+) \| (\d+) \| (\d+) \| (yes|no) \|/gm)];
    const documented = Object.fromEntries(
      rows.map(([, name, rpc, close, http, retryable]) => [
        name,
        { rpc: -Number(rpc), close: Number(close), http: Number(http), retryable: retryable === 'yes' },
      ]),
    );
    expect(documented).toEqual(ERRORS);
  });

  test('shows every close code', () => {
    for (const code of Object.values(CloseCode))
      expect(PROTOCOL).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'));
  });

  test('gives an error its codes', () => {
    const error = new RelayError('ERR_RELAY_FORBIDDEN', 'No.');
    expect(error).toMatchObject({ rpcCode: -32003, closeCode: 4403, httpStatus: 403, retryable: false });
    expect(Object.keys(ERRORS).every((code) => code.startsWith('ERR_RELAY_'))).toBe(true);
  });
});

test('an unknown error becomes the cause of an internal one, and tells a client nothing', () => {
  const wrapped = RelayError.from(new Error('password=hunter2'));
  expect(wrapped).toMatchObject({
    code: 'ERR_RELAY_INTERNAL' satisfies RelayErrorCode,
    message: 'Internal error.',
  });
  expect((wrapped.cause as Error).message).toBe('password=hunter2');
  expect(RelayError.from(wrapped)).toBe(wrapped);
});

test('a close reason is cut by bytes, at a character', () => {
  expect(closeReason('short')).toBe('short');
  expect(closeReason('x'.repeat(200))).toBe('x'.repeat(123));
  expect(closeReason('€'.repeat(60))).toBe('€'.repeat(41));
  expect(closeReason(`x${'😀'.repeat(40)}`)).toBe(`x${'😀'.repeat(30)}`);
});
