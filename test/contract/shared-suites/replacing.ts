import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { byToken, type RoamingClient, roamingClients } from './clients.js';
import { CAMERA, join, type SharedStage, seenBy } from './stage.js';
import { without } from './watched-backplane.js';

/** Clients that join again at another process. */
export function replacingSuite(stage: SharedStage): void {
  describe('a join that replaces a session of another process', () => {
    const client = roamingClients();
    const proofOf = ({ session }: RoamingClient) => ({
      replaces: { sessionId: session?.id, sessionToken: session?.token },
    });
    const refusal = async (at: RoamingClient, params: object) => {
      await at.connect();
      const { error } = await at.join({
        sid: 'lobby',
        uid: 'alice',
        offer: { type: 'offer', sdp: '' },
        ...params,
      });
      return error?.data.code;
    };

    test('ends it first, and takes its place', async () => {
      const [one, two] = stage.two();
      const witness = await join(two, 'witness');
      const alice = client(one);
      await alice.enter('alice', [CAMERA]);
      await eventually(() => expect(seenBy(witness)).toEqual({ alice: ['camera'] }));
      const again = client(two);
      const { participants } = await again.enter('alice', [CAMERA], proofOf(alice));
      expect(participants).toMatchObject([{ userId: 'witness' }]);
      expect(await alice.connection.ended()).toBe(4409);
      await eventually(() => expect(seenBy(witness)).toEqual({ alice: ['camera'] }));
      expect([one.sessions.size, two.sessions.size]).toEqual([0, 2]);
    });

    test('also one whose answer the client has not heard', async () => {
      const [one, two] = stage.two();
      const alice = client(one);
      await alice.enter('alice');
      const unheard = client(two);
      await unheard.enter('alice', [], proofOf(alice));
      const third = client(one);
      await third.enter('alice', [], proofOf(alice));
      await eventually(() => expect([one.sessions.size, two.sessions.size]).toEqual([1, 0]));
      expect(await unheard.connection.ended()).toBe(4409);
    });

    test('also one that is only counted, in a process that does not answer at the moment', async () => {
      const [one, two] = [stage.relay({ maxListedParticipants: 0 }), stage.relay({}, without('owns'))];
      const alice = client(one);
      await alice.enter('alice');
      await client(two).enter('alice', [], proofOf(alice));
      expect(await alice.connection.ended()).toBe(4409);
      expect(two.sessions.size).toBe(1);
    });

    test('is refused without proof, and the session goes on', async () => {
      const [one, two] = stage.two({ authenticate: byToken });
      const alice = client(one, 'alice');
      await alice.enter('alice');
      const { replaces } = proofOf(alice);
      const wrong = { replaces: { ...replaces, sessionToken: 'x'.repeat(43) } };
      expect(await refusal(client(two, 'alice'), wrong)).toBe('ERR_RELAY_FORBIDDEN');
      expect(await refusal(client(two, 'mallory'), { replaces })).toBe('ERR_RELAY_FORBIDDEN');
      expect((await alice.ping()).result).toEqual({});
    });

    test('goes on where the session has ended', async () => {
      const [one, two] = stage.two();
      const alice = client(one);
      await alice.enter('alice');
      await alice.request('leave');
      await client(two).enter('alice', [], proofOf(alice));
      expect(two.sessions.size).toBe(1);
    });

    test('does not count twice against limits and the policy for duplicate users', async () => {
      const [one, two] = stage.two({
        limits: { maxSessionsPerUser: 1, maxParticipantsPerRoom: 1 },
        duplicateUser: 'reject',
      });
      const alice = client(one);
      await alice.enter('alice');
      await client(two).enter('alice', [], proofOf(alice));
      expect(two.sessions.size).toBe(1);
    });

    test('has the grants that the application had changed in the other process', async () => {
      const [one, two] = stage.two({ authenticate: byToken });
      const alice = client(one, 'alice');
      await alice.enter('alice');
      await one.updateGrants(alice.session?.id ?? '', { canPublish: false, roomAdmin: true });
      const again = client(two, 'alice');
      await again.enter('alice', [], proofOf(alice));
      const grants = { canPublish: false, roomAdmin: true };
      expect(two.getSession(again.session?.id ?? '')?.grants).toMatchObject(grants);
    });

    test('may return to a locked room', async () => {
      const [one, two] = stage.two();
      const alice = client(one);
      await alice.enter('alice');
      await one.rooms.get('lobby')?.lock();
      expect(await client(two).enter('alice', [], proofOf(alice))).toMatchObject({ locked: true });
    });
  });
}
