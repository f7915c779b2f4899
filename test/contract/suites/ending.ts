import { describe, expect, test } from 'vitest';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

/** What a client has asked for, and that waits for something, ends with its connection. */
export function endingSuite(stage: ContractStage): void {
  const { start, open, joined, joinParams, expectNothingLeft } = stage;

  /** The SFU ends no stream until the returned function is called. */
  const holdLeaves = () => {
    const { onHalfClose } = stage.sfu.ion;
    const waiting: (() => void)[] = [];
    stage.sfu.script.onHalfClose = (stream) => void waiting.push(() => onHalfClose(stream));
    return () => {
      stage.sfu.script.onHalfClose = onHalfClose;
      for (const go of waiting) go();
    };
  };

  const joinsAtSfu = () =>
    stage.sfu.received.filter(({ request }) => request.payload?.$case === 'join').length;

  describe('a connection that ends', () => {
    test('takes a join with it that waits for an earlier session to end', async () => {
      const { client } = await joined();
      const release = holdLeaves();
      client.notify('leave');
      client.notify('join', joinParams());
      await until('the session is leaving', () => [...stage.relay.sessions.values()][0]?.state === 'closing');
      client.vanish();
      await client.closed;
      release();
      await expectNothingLeft();
      expect(joinsAtSfu()).toBe(1);
    });

    test('leaves nothing behind when it vanishes right after a change of room', async () => {
      const clients = await Promise.all(
        Array.from({ length: 10 }, (_, n) => joined({ uid: `u${n}`, sid: `room${n % 3}` })),
      );
      for (const { client } of clients) {
        client.notify('leave');
        client.notify('join', joinParams({ sid: 'elsewhere' }));
        client.vanish();
      }
      await Promise.all(clients.map(({ client }) => client.closed));
      await expectNothingLeft();
      expect(stage.relay.rooms.size).toBe(0);
    });

    test('that ends while the application looks at its join leaves nothing behind', async () => {
      let decide = () => {};
      let asked = 0;
      await start({
        hooks: {
          onJoin: () => {
            asked += 1;
            return new Promise<void>((resolve) => (decide = resolve));
          },
        },
      });
      const client = await open();
      client.notify('join', joinParams());
      await until('the application is asked', () => asked);
      client.vanish();
      await client.closed;
      decide();
      await expectNothingLeft();
    });

    test('when the application hears of its session leaves nothing behind', async () => {
      const client = await open();
      stage.relay.once('sessionopen', () => client.vanish());
      client.notify('join', joinParams());
      await client.closed;
      await expectNothingLeft();
    });
  });

  describe('a join that waits for an earlier session to end', () => {
    test('can be left, and answered at once', async () => {
      const { client } = await joined();
      const release = holdLeaves();
      const first = client.request('leave');
      const join = client.request('join', joinParams());
      const second = client.request('leave');
      expect((await join).error?.data?.code).toBe('ERR_RELAY_ABORTED');
      release();
      expect((await first).result).toEqual({});
      expect((await second).result).toEqual({});
      await expectNothingLeft();
      expect((await client.request('join', joinParams())).result).toBeDefined();
    });

    test('is the only one that waits', async () => {
      const { client } = await joined();
      const release = holdLeaves();
      client.notify('leave');
      const join = client.request('join', joinParams({ sid: 'second' }));
      const another = await client.request('join', joinParams({ sid: 'third' }));
      expect(another.error?.data?.code).toBe('ERR_RELAY_INVALID_STATE');
      release();
      expect((await join).result).toMatchObject({ roomId: 'second' });
    });
  });
}
