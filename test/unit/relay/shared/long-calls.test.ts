import { expect, test, vi } from 'vitest';
import { LongCalls } from '../../../../src/relay/shared/handover/long-calls.js';

test('requests fail as soon as their process is gone; each process is looked at once for all of its requests', async () => {
  const isAlive = vi.fn((processId: string) => processId === 'here');
  const calls = new LongCalls({ ask: () => new Promise(() => {}), isAlive });
  const others = vi.fn();
  for (let n = 0; n < 100; n += 1) calls.ask('here', 'httpEvents', {}, 60_000).then(others, others);
  const lost = calls.ask('gone', 'httpEvents', {}, 60_000);
  calls.beat();
  await expect(lost).rejects.toMatchObject({ code: 'ERR_RELAY_UNAVAILABLE' });
  expect(others).not.toHaveBeenCalled();
  expect(isAlive).toHaveBeenCalledTimes(2);
});
