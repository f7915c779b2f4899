import { describe, expect, test } from 'vitest';
import { RelayError, type Session, type SfuRelay } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { CAMERA, join, type SharedStage, seenBy } from './stage.js';

/** The codes of the joins that fail; '' of those that succeed. */
async function outcomes(joins: readonly Promise<Session>[]): Promise<string[]> {
  const settled = await Promise.allSettled(joins);
  return settled.map((each) =>
    each.status === 'fulfilled'
      ? ''
      : each.reason instanceof RelayError
        ? each.reason.code
        : String(each.reason),
  );
}

const closeOf = (session: Session) =>
  new Promise<string | undefined>((resolve) => session.once('close', ({ error }) => resolve(error?.code)));

export function limitsSuite(stage: SharedStage): void {
  describe('limits of several processes', () => {
    const relays = (options: ConstructorParameters<typeof SfuRelay>[0] | object) =>
      [1, 2, 3].map(() => stage.relay(options));

    test('a room has as many participants as it may, however many join at once', async () => {
      const all = relays({ limits: { maxParticipantsPerRoom: 4 } });
      const joins = Array.from({ length: 12 }, (_, n) => join(all[n % 3] as SfuRelay, `user-${n}`));
      const codes = await outcomes(joins);
      expect(codes.filter((code) => code === '')).toHaveLength(4);
      expect(new Set(codes)).toEqual(new Set(['', 'ERR_RELAY_TOO_MANY']));
      const first = await joins[codes.indexOf('')];
      await first?.close();
      await eventually(() => join(all[2] as SfuRelay, 'late'));
      expect(await outcomes([join(all[0] as SfuRelay, 'later')])).toEqual(['ERR_RELAY_TOO_MANY']);
    });

    test('a user has as many sessions as they may, in all rooms and processes', async () => {
      const all = relays({ limits: { maxSessionsPerUser: 2 } });
      const joins = [0, 1, 2].map((n) => join(all[n] as SfuRelay, 'alice', { roomId: `room-${n}` }));
      const codes = await outcomes(joins);
      expect(codes.sort()).toEqual(['', '', 'ERR_RELAY_TOO_MANY']);
      await join(all[0] as SfuRelay, 'bob');
    });

    test('a join that fails for another reason counts no more', async () => {
      const [one, other] = stage.two({ limits: { maxParticipantsPerRoom: 1 }, hooks: { onJoin: refuseEve } });
      expect(await outcomes([join(one, 'eve')])).toEqual(['ERR_RELAY_FORBIDDEN']);
      await eventually(() => join(other, 'alice'));
    });

    test('the places of a process that is lost are free', async () => {
      const [one, other] = stage.two({ limits: { maxParticipantsPerRoom: 1 } });
      await join(other, 'bob');
      expect(await outcomes([join(one, 'alice')])).toEqual(['ERR_RELAY_TOO_MANY']);
      await other.close();
      await eventually(() => join(one, 'alice'));
    });

    test('"reject": a user is in the room once, wherever they join at once', async () => {
      const all = relays({ duplicateUser: 'reject' });
      const codes = await outcomes(all.map((relay) => join(relay, 'alice')));
      expect(codes.sort()).toEqual(['', 'ERR_RELAY_SESSION_EXISTS', 'ERR_RELAY_SESSION_EXISTS']);
      expect(await outcomes([join(all[0] as SfuRelay, 'alice', { roomId: 'other' })])).toEqual(['']);
    });

    test('"replace": the newest session of a user stays, exactly one of those that join at once', async () => {
      const all = relays({ duplicateUser: 'replace' });
      const bob = await join(all[0] as SfuRelay, 'bob');
      const old = await join(all[1] as SfuRelay, 'alice', {}, [CAMERA]);
      const end = closeOf(old);
      await join(all[2] as SfuRelay, 'alice');
      expect(await end).toBe('ERR_RELAY_REPLACED');
      await eventually(() => expect(seenBy(bob)).toEqual({ alice: [] }));
      await outcomes(all.map((relay) => join(relay, 'alice')));
      const alices = () =>
        all.flatMap((relay) => [...relay.sessions.values()].filter(({ userId }) => userId === 'alice'));
      await eventually(() => expect(alices().map(({ state }) => state)).toEqual(['joined']));
      expect(bob.state).toBe('joined');
    });

    test('connections of an address are counted by all processes', async () => {
      const [one, other] = stage.two({ limits: { maxConnectionsPerAddress: 2 } });
      const refused: string[] = [];
      const connect = (relay: SfuRelay) => relay.addresses.add('192.0.2.1', ({ code }) => refused.push(code));
      const releases = [connect(one), connect(other)];
      await new Promise((resolve) => setTimeout(resolve, 30));
      connect(other)();
      connect(one);
      await eventually(() => expect(refused).toEqual(['ERR_RELAY_TOO_MANY']));
      for (const release of releases) release();
    });
  });
}

function refuseEve({ userId }: { userId: string }): void {
  if (userId === 'eve') throw new RelayError('ERR_RELAY_FORBIDDEN', 'No.');
}
