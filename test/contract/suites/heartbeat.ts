import { describe, expect, test } from 'vitest';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

export function heartbeatSuite(stage: ContractStage): void {
  const { start, joined } = stage;

  describe('the heartbeat', () => {
    test('drops a client that answers no ping, and ends its session', async () => {
      await start({ heartbeatIntervalMs: 30 });
      const { client, stream } = await joined();
      // Nothing is read from the network any more: no pong goes out either.
      client.socket.pause();
      expect(await stream.ended).toBe('half-closed');
      client.socket.resume();
      expect((await client.closed).code).toBe(1006);
    });

    test('keeps a client that does', async () => {
      await start({ heartbeatIntervalMs: 20 });
      const { client } = await joined();
      let pings = 0;
      client.socket.onPing(() => {
        pings += 1;
      });
      await until('five pings have come', () => pings >= 5);
      expect((await client.request('ping')).result).toEqual({});
    });
  });
}
