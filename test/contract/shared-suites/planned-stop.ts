import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { type RoamingClient, roamingClients } from './clients.js';
import type { SharedStage } from './stage.js';

/** A process that ends while others go on. */
export function plannedStopSuite(stage: SharedStage): void {
  describe('a process that is about to end', () => {
    const client = roamingClients();
    const enter = async (relay: RoamingClient['relay'], user: string, params: object = {}) => {
      const made = client(relay);
      await made.enter(user, [], params);
      return made;
    };

    test('sends clients to the others that can go on there, and keeps their sessions until then', async () => {
      const [one, two] = stage.two();
      const alice = await enter(one, 'alice');
      const old = await enter(one, 'old', { capabilities: [] });
      const closed = one.close({ drainMs: 100, timeoutMs: 10_000 });
      expect(await alice.connection.ended()).toBe(1012);
      expect(await old.connection.ended()).toBe(1001);
      expect([...one.sessions.values()].map(({ userId, connection }) => [userId, connection])).toEqual([
        ['alice', 'detached'],
      ]);
      const { id: sessionId, token: sessionToken } = alice.session ?? {};
      const again = await enter(two, 'alice', { replaces: { sessionId, sessionToken } });
      await closed;
      expect((await again.ping()).result).toEqual({});
    });

    test('waits until they have their sessions and their media there', async () => {
      const [one, two] = stage.two();
      const alice = await enter(one, 'alice');
      const closed = one.close({ timeoutMs: 10_000 });
      expect(await alice.connection.ended()).toBe(1012);
      alice.relay = two;
      expect((await alice.comeBack()).error).toBeUndefined();
      await alice.notified('rejoin');
      expect(stage.sfu.streams.size).toBe(1);
      const offer = { type: 'offer', sdp: fakeOffer() };
      expect((await alice.request('rejoin', { peer: 2, offer })).result).toMatchObject({ peer: 2 });
      expect(stage.sfu.streams.size).toBe(2);
      await alice.request('leave', { peer: 1 });
      await closed;
      await eventually(() => expect([stage.sfu.streams.size, two.sessions.size]).toEqual([1, 1]));
    });

    test('does not wait for clients where all end at once: nobody would have them', async () => {
      const relays = stage.two();
      const clients = await Promise.all(relays.map((relay, n) => enter(relay, `user-${n}`)));
      const closed = relays.map((relay) => relay.close({ timeoutMs: 120_000 }));
      for (const each of clients) await each.connection.ended();
      await Promise.all(closed);
      await eventually(() => expect(stage.sfu.streams.size).toBe(0));
    });

    test('does not wait for the peer of a client that had lost it before', async () => {
      const [one, two] = stage.two();
      const alice = await enter(one, 'alice');
      for (const stream of stage.sfu.streams) stream.end();
      await alice.notified('interrupted');
      await alice.vanish();
      alice.relay = two;
      expect((await alice.comeBack()).error).toBeUndefined();
      await one.close({ timeoutMs: 120_000 });
      expect([one.sessions.size, two.sessions.size]).toEqual([0, 1]);
    });

    test('as the only one ends the sessions of all', async () => {
      const one = stage.relay();
      const alice = await enter(one, 'alice');
      await one.close({ drainMs: 100 });
      expect(await alice.connection.ended()).toBe(1001);
      expect(one.sessions.size).toBe(0);
    });
  });
}
