import { expect, test, vi } from 'vitest';
import { KnownPeers } from '../../../../src/relay/moves/known-peers.js';

function stage(seats: Record<string, string>) {
  const ask = vi.fn(async () => [
    { roomId: 'lobby', userId: 'alice', sessionId: 'a', trackIds: [], ageMs: 5 },
  ]);
  const learnSender = vi.fn();
  const room = {
    id: 'lobby',
    log: { state: { seats: new Map(Object.entries(seats).map(([id, processId]) => [id, { processId }])) } },
  };
  const peers = new KnownPeers(
    { sessions: new Map([['own', {}]]), others: { ask, askAll: async () => [] } } as never,
    { placementOf: () => ({ node: { server: { learnSender } } }) } as never,
  );
  return { ask, learnSender, learn: () => peers.learn(room as never) };
}

test('the processes of the others in a room are asked for who sends, once', async () => {
  const { ask, learnSender, learn } = stage({ own: 'here', a: 'there', b: 'there', c: 'elsewhere' });
  await learn();
  await learn();
  expect(ask.mock.calls).toEqual([
    ['there', 'senders', { roomId: 'lobby' }],
    ['elsewhere', 'senders', { roomId: 'lobby' }],
  ]);
  expect(learnSender).toHaveBeenCalledWith(expect.objectContaining({ sessionId: 'a' }));
});

test('no process is asked of a room in which nobody else is', async () => {
  const { ask, learn } = stage({ own: 'here' });
  await learn();
  expect(ask).not.toHaveBeenCalled();
});
