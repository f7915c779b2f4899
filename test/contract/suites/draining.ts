import { describe, expect, test } from 'vitest';
import type { ContractStage } from '../contract-stage.js';

export function drainingSuite(stage: ContractStage): void {
  const { open, joined, expectNothingLeft } = stage;

  describe('draining', () => {
    test('says goaway, leaves the SFU, closes with 1001', async () => {
      const { client, stream } = await joined();
      const idle = await open();
      await stage.relay.close();
      expect(await client.closed).toEqual({ code: 1001, reason: 'The relay is closing.' });
      expect((await idle.closed).code).toBe(1001);
      expect(client.received.at(-2)).toMatchObject({
        method: 'goaway',
        params: { reconnectAfterMs: expect.any(Number) },
      });
      expect(await stream.ended).toBe('half-closed');
      const late = await open();
      expect((await late.closed).code).toBe(1001);
    });

    test('a join in flight is refused by ERR_RELAY_CLOSED, so that the client joins elsewhere', async () => {
      stage.sfu.script.onJoin = () => {};
      const client = await open();
      const joining = client.request('join', stage.joinParams());
      await stage.sfu.waitFor((sfu) => sfu.streams.size > 0);
      await stage.relay.close({ timeoutMs: 500 });
      expect((await joining).error?.data).toEqual({ code: 'ERR_RELAY_CLOSED', retryable: true });
      expect((await client.closed).code).toBe(1001);
    });

    test('cuts off a client that does not close', async () => {
      const { client } = await joined();
      client.socket.pause();
      await stage.relay.close({ timeoutMs: 50 });
      client.socket.resume();
      await client.closed;
      await expectNothingLeft();
    });
  });
}
