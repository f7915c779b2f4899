import { expect, test, vi } from 'vitest';
import { ForwardedConnection } from '../../../../src/signaling/forwarding/forwarded-connection.js';

test('frames that wait for the process of the session are bounded, also empty ones', () => {
  const fail = vi.fn();
  const elsewhere = { processOf: () => new Promise(() => {}) };
  const forwarded = new ForwardedConnection(
    { id: '1', options: {}, fail } as never,
    elsewhere as never,
    {} as never,
    { params: { sessionId: 'a' } } as never,
  );
  for (let n = 0; n < 1_000; n += 1) forwarded.receive('');
  expect(fail).not.toHaveBeenCalled();
  for (let n = 0; n < 10_000; n += 1) forwarded.receive('');
  expect(fail.mock.calls[0]).toEqual([expect.objectContaining({ code: 'ERR_RELAY_TOO_MANY' })]);
});
