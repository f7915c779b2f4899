import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../src/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

export function hooksSuite(stage: ContractStage): void {
  const { start, open, joinParams, joined, expectNothingLeft } = stage;

  describe('hooks that fail', () => {
    test.each([
      [
        'throws',
        () => {
          throw new Error('the database is down: do not tell');
        },
      ],
      ['rejects', () => Promise.reject(new Error('the database is down: do not tell'))],
    ])('onJoin that %s refuses the join, and the connection goes on', async (_, onJoin) => {
      await start({ hooks: { onJoin } });
      const client = await open();
      const { error } = await client.request('join', joinParams());
      expect(error).toMatchObject({
        message: 'You may not join this room.',
        data: { code: 'ERR_RELAY_FORBIDDEN' },
      });
      expect((await client.request('ping')).result).toEqual({});
      await expectNothingLeft();
    });

    test('onJoin that refuses by a RelayError says so itself', async () => {
      await start({
        hooks: {
          onJoin: () => {
            throw new RelayError('ERR_RELAY_TOO_MANY', 'The room is full.');
          },
        },
      });
      const client = await open();
      const { error } = await client.request('join', joinParams());
      expect(error).toMatchObject({ message: 'The room is full.', data: { retryable: true } });
    });

    test('a client that joins no other room after it is closed in time', async () => {
      await start({ handshakeTimeoutMs: 100, hooks: { onJoin: () => Promise.reject(new Error('no')) } });
      const client = await open();
      await client.request('join', joinParams());
      expect((await client.closed).code).toBe(4408);
    });

    test('authenticate that never answers is given up in time', async () => {
      await start({ handshakeTimeoutMs: 100, authenticate: () => new Promise(() => {}) });
      const client = await open(['sfu-relay.v1', 'bearer.x']);
      expect((await client.closed).code).toBe(4408);
    });

    test('authenticate that rejects after the client has gone harms nobody', async () => {
      let refuse: ((error: Error) => void) | undefined;
      await start({
        authenticate: ({ token }) =>
          token === 'late'
            ? new Promise((_, reject) => {
                refuse = reject;
              })
            : {},
      });
      const client = await open(['sfu-relay.v1', 'bearer.late']);
      await until('it is asked', () => refuse);
      client.vanish();
      await client.closed;
      refuse?.(new Error('too late'));
      const { client: other } = await joined();
      expect((await other.request('ping')).result).toEqual({});
    });

    test('onLeave and listeners that throw are logged, and end nothing else', async () => {
      await start({ hooks: { onLeave: () => Promise.reject(new Error('no')) } });
      stage.relay.on('sessionopen', () => {
        throw new Error('no');
      });
      const one = await joined({ uid: 'one' });
      const two = await joined({ uid: 'two' });
      await one.client.close();
      await one.stream.ended;
      expect((await two.client.request('ping')).result).toEqual({});
    });
  });

  test('fifty clients join, speak and leave at once, each on its own', async () => {
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}`);
    const all = await Promise.all(users.map((uid, index) => joined({ uid, sid: `room-${index % 5}` })));
    const answers = await Promise.all(
      all.map(({ client }) => client.request('update', { metadata: { here: true } })),
    );
    expect(answers.every(({ result }) => result !== undefined)).toBe(true);
    expect(stage.relay.rooms.size).toBe(5);
    expect([...stage.relay.rooms.values()].map(({ size }) => size)).toEqual([10, 10, 10, 10, 10]);
    await Promise.all(all.map(({ client }) => client.close()));
    await expectNothingLeft();
  });
}
