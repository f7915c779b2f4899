import { describe, expect, test } from 'vitest';
import type { ContractStage } from '../contract-stage.js';

const idle = { code: 4408, reason: 'The connection was without a session for too long.' };

export function idleSuite(stage: ContractStage): void {
  const { start, open, joined, joinParams, expectNothingLeft } = stage;

  describe('a connection without a session', () => {
    test('is closed with 4408 after idleTimeoutMs, counted from leave', async () => {
      await start({ idleTimeoutMs: 100 });
      const { client } = await joined();
      await client.request('leave');
      expect(await client.closed).toEqual(idle);
      await expectNothingLeft();
    });

    test('is closed after idleTimeoutMs however often it tries to join', async () => {
      await start({ handshakeTimeoutMs: 2_000, idleTimeoutMs: 300 });
      const client = await open();
      let over = false;
      void client.closed.then(() => {
        over = true;
      });
      let refused = 0;
      while (!over) {
        const { error } = await client
          .request('join', joinParams({ sid: 5 }))
          .catch(() => ({ error: undefined }));
        if (error) refused += 1;
      }
      expect((await client.closed).code).toBe(4408);
      expect(refused).toBeGreaterThan(1);
    });

    test('stays when it joins again in time, and a session ends no sooner for that', async () => {
      await start({ idleTimeoutMs: 150 });
      const { client } = await joined();
      await client.request('leave');
      expect((await client.request('join', joinParams())).result).toBeDefined();
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect((await client.request('ping')).result).toEqual({});
    });

    test('is not closed while a join is under way', async () => {
      await start({ idleTimeoutMs: 50, relay: { joinTimeoutMs: 5_000 } });
      const { onJoin } = stage.sfu.ion;
      let join = () => {};
      stage.sfu.script.onJoin = (...args) => {
        join = () => void onJoin(...args);
      };
      const client = await open();
      const joining = client.request('join', joinParams());
      await stage.sfu.waitFor(() =>
        stage.sfu.received.some(({ request }) => request.payload?.$case === 'join'),
      );
      await new Promise((resolve) => setTimeout(resolve, 150));
      join();
      expect((await joining).result).toBeDefined();
    });
  });
}
