import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Authenticate, SfuRelay } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { until } from '../../support/poll.js';
import { unauthorized } from '../../support/unauthorized.js';
import { type RoamingClient, roamingClients } from './clients.js';
import { join, type SharedStage, seenBy } from './stage.js';
import { before, beforeAsking } from './watched-backplane.js';

const SOON = { intervalMs: 2, timeoutMs: 10_000 };
const never = new Promise<boolean>(() => {});

/** What may fail while a session changes its process. */
export function handingOverFaultsSuite(stage: SharedStage): void {
  describe('a session on its way to another process', () => {
    const client = roamingClients();
    const enter = async (relay: SfuRelay, user: string) => {
      const made = client(relay);
      await made.enter(user);
      return made;
    };
    const idOf = ({ session }: RoamingClient) => session?.id ?? '';
    const comeBack = async (of: RoamingClient, relay: SfuRelay) => {
      await of.vanish();
      of.relay = relay;
      expect((await of.comeBack()).error).toBeUndefined();
    };
    const streamsOf = (user: string) =>
      [...stage.sfu.streams].filter(({ uid }) => uid?.startsWith(`lobby/${user}/`)).length;
    /** The second peer takes the place of the first. */
    const replacesPeer = async (alice: RoamingClient) => {
      await alice.notified('rejoin');
      const offer = { type: 'offer', sdp: fakeOffer() };
      expect((await alice.request('rejoin', { peer: 2, offer })).result).toMatchObject({ peer: 2 });
      expect(streamsOf('alice')).toBe(2);
      await alice.request('leave', { peer: 1 });
      await eventually(() => expect(streamsOf('alice')).toBe(1));
    };

    test('is replaced by a join at a third one, where the process that takes it dies midway', async () => {
      const one = stage.relay();
      let isCollecting = false;
      const dying = beforeAsking('collect', () => {
        isCollecting = true;
        return never;
      });
      const [two, three] = [stage.relay({}, dying), stage.relay()];
      const witness = await join(one, 'witness');
      const alice = await enter(one, 'alice');
      const { id: sessionId, token: sessionToken } = alice.session ?? {};
      await alice.vanish();
      alice.relay = two;
      await alice.connect();
      const lost = alice.resume();
      await until('it is on its way', () => isCollecting, SOON);
      await alice.vanish();
      await expect(lost).rejects.toThrow('closed with');
      alice.relay = three;
      expect((await alice.comeBack()).error?.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      const { onJoin, onHalfClose } = stage.sfu.script;
      stage.sfu.script.onHalfClose = (stream) => sleep(50).then(() => onHalfClose(stream));
      const before: number[] = [];
      stage.sfu.script.onJoin = (stream, request) => {
        before.push(streamsOf('alice'));
        return onJoin(stream, request);
      };
      const again = client(three);
      await again.enter('alice', [], { replaces: { sessionId, sessionToken } });
      // The SFU has ended its old peer before the new one comes.
      expect(before).toEqual([0]);
      await eventually(() => expect(seenBy(witness)).toEqual({ alice: [] }));
      await eventually(() => expect([streamsOf('alice'), witness.room.size]).toEqual([1, 2]));
    });

    test('that has left before the other one took its seat is gone at once', async () => {
      const left = before('"result":{"userId":"alice"', async () => {
        await one.getSession(sessionId)?.close();
        return true;
      });
      const [one, two] = [stage.relay({}, left), stage.relay()];
      const witness = await join(two, 'witness');
      const alice = await enter(one, 'alice');
      const sessionId = idOf(alice);
      await alice.vanish();
      alice.relay = two;
      await alice.connect();
      expect((await alice.resume()).error?.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      await eventually(() => expect([seenBy(witness), witness.room.size]).toEqual([{}, 1]));
    });

    test('takes nobody’s place before its client has proved to be the owner', async () => {
      const limits = { maxParticipantsPerRoom: 1 };
      const hides = { authenticate: () => ({ grants: { hidden: true } }) };
      let isAsked = false;
      const held = beforeAsking('mayTake', () => {
        isAsked = true;
        return never;
      });
      const [one, two] = [stage.relay(hides), stage.relay({ limits }, held)];
      const alice = await enter(one, 'alice');
      const mallory = client(two);
      await mallory.connect();
      void mallory
        .request('resume', { sessionId: idOf(alice), sessionToken: 'x'.repeat(43), received: 1 })
        .catch(() => {});
      await until('it is asked about', () => isAsked, SOON);
      expect((await join(two, 'bob')).state).toBe('joined');
    });

    test('keeps its media by the first process, where it goes on to a third one before it has other peers', async () => {
      const [one, two, three] = [stage.relay(), stage.relay(), stage.relay()];
      const alice = await enter(one, 'alice');
      await comeBack(alice, two);
      await comeBack(alice, three);
      await two.close();
      // The first one looks once a second who is alive.
      await sleep(1_500);
      expect(streamsOf('alice')).toBe(1);
      await replacesPeer(alice);
    });

    test('keeps its media where it returns to the first process, and leaves that again', async () => {
      const [one, two] = stage.two();
      const alice = await enter(one, 'alice');
      for (const relay of [two, one, two]) await comeBack(alice, relay);
      expect(streamsOf('alice')).toBe(1);
      await replacesPeer(alice);
    });

    test('stays where it is while its client’s token has expired, and goes on with a new one', async () => {
      let expired = false;
      const authenticate: Authenticate = ({ token }) => {
        if (expired || !token) throw unauthorized('expired');
        return { userId: token };
      };
      const [one, two] = stage.two({ authenticate });
      const alice = client(one, 'alice');
      await alice.enter('alice');
      await alice.vanish();
      expired = true;
      alice.relay = two;
      await alice.connect().catch(() => {});
      expect(await alice.connection.ended()).toBe(4401);
      expect([one.sessions.size, two.sessions.size]).toEqual([1, 0]);
      expired = false;
      expect((await alice.comeBack()).error).toBeUndefined();
      expect([one.sessions.size, two.sessions.size]).toEqual([0, 1]);
    });
  });
}
