import { describe, expect, test } from 'vitest';
import { RelayError, type Session } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { CAMERA, heardBy, join, type SharedStage, seenBy } from './stage.js';

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof RelayError ? error.code : error;
}

/** The code and the message with which the session ends. */
function endOf(session: Session): Promise<string> {
  return new Promise((resolve) => {
    session.once('close', ({ error }) => resolve(`${error?.code}: ${error?.message}`));
  });
}

export function moderationSuite(stage: SharedStage): void {
  describe('moderation of a room of several processes', () => {
    test('a lock holds for all, also for those who come by another process; who was there may rejoin', async () => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      const bob = await join(other, 'bob', { principal: { userId: 'bob' } });
      await eventually(() => expect(alice.room.size).toBe(2));
      const told = new Promise((resolve) => bob.once('room', resolve));
      await alice.room.lock();
      expect(await told).toEqual({ locked: true });
      expect(await codeOf(join(other, 'carol'))).toBe('ERR_RELAY_ROOM_LOCKED');
      expect(await codeOf(join(stage.relay(), 'carol'))).toBe('ERR_RELAY_ROOM_LOCKED');
      await bob.close();
      const again = await join(one, 'bob', { principal: { userId: 'bob' } });
      await again.room.unlock();
      await eventually(() => expect(alice.room.locked).toBe(false));
      await join(other, 'carol');
    });

    test('the end is the end for all', async () => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      const ends = [endOf(alice), endOf(await join(other, 'bob'))];
      await alice.room.end({ reason: 'The lesson is over.' });
      expect(await Promise.all(ends)).toEqual(Array(2).fill('ERR_RELAY_ROOM_ENDED: The lesson is over.'));
      await eventually(() => expect([one.rooms.size, other.rooms.size]).toEqual([0, 0]));
      await eventually(() => join(other, 'carol'));
    });

    test('a kicked user leaves wherever they are, and nothing that they have sent follows', async () => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      const [bob, bobAgain] = [await join(other, 'bob'), await join(one, 'bob')];
      await eventually(() => expect(alice.room.size).toBe(3));
      const heard = heardBy(alice);
      const ends = [endOf(bob), endOf(bobAgain)];
      const talk = { isOver: false };
      const talking = (async () => {
        for (let n = 0; !talk.isOver; n += 1) {
          await bob.send({ kind: 'chat', data: { text: String(n) } }).catch(() => {});
          await new Promise(setImmediate);
        }
      })();
      await eventually(() => expect(heard).not.toEqual([]));
      await alice.room.kick('bob', { reason: 'Be polite.' });
      const count = heard.length;
      expect(await Promise.all(ends)).toEqual(Array(2).fill('ERR_RELAY_REMOVED: Be polite.'));
      talk.isOver = true;
      await talking;
      await alice.send({ kind: 'chat', data: { text: 'at last' } });
      await eventually(() => expect(heard.at(-1)).toBe('at last'));
      expect(heard).toHaveLength(count + 1);
      await eventually(() => expect(seenBy(alice)).toEqual({}));
      await join(other, 'bob');
    });

    test('a removed user leaves also where the process that has removed them does not tell it', async () => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      const bob = await join(other, 'bob');
      await eventually(() => expect(alice.room.size).toBe(2));
      const end = endOf(bob);
      await alice.room.log.commit(() => ({
        seats: new Map([[bob.id, undefined]]),
        removals: new Map([[bob.id, 'Be polite.']]),
      }));
      expect(await end).toBe('ERR_RELAY_REMOVED: Be polite.');
      expect(seenBy(alice)).toEqual({});
      await eventually(() => expect(alice.room.log.state.removals).toBeUndefined());
    });

    test('a ban holds everywhere, until it is lifted', async () => {
      const [one, other] = stage.two();
      await join(one, 'alice');
      const end = endOf(await join(other, 'bob'));
      await one.ban('lobby', 'bob', { reason: 'Never again.' });
      expect(await end).toBe('ERR_RELAY_REMOVED: Never again.');
      for (const relay of [one, other]) expect(await codeOf(join(relay, 'bob'))).toBe('ERR_RELAY_REMOVED');
      await other.unban('lobby', 'bob');
      await eventually(() => join(one, 'bob'));
    });

    test('a ban, a lock, a mute and an end that race a join elsewhere hold for it', async () => {
      const [one, other] = stage.two();
      for (let n = 0; n < 10; n += 1) {
        const host = await eventually(() => join(one, 'host'));
        const racing = <Result>(act: Promise<unknown>, joining: Promise<Result>) =>
          Promise.allSettled([joining, act]);
        const [muted] = await racing(
          host.room.mute({ userId: 'loud', kind: 'video' }),
          join(other, 'loud', {}, [CAMERA]),
        );
        if (muted.status === 'rejected') throw muted.reason;
        await eventually(() => expect(muted.value.cutTracks).toEqual(['camera']));
        await racing(one.ban('lobby', `bob-${n}`), join(other, `bob-${n}`));
        await eventually(() => expect(other.sessions.size).toBe(1));
        await racing(Promise.resolve(host.room.lock()), join(other, `late-${n}`));
        expect(await codeOf(join(other, 'later'))).toBe('ERR_RELAY_ROOM_LOCKED');
        await racing(host.room.end(), join(other, `last-${n}`));
        // Who came after the end is in the next room of this id.
        await eventually(() => expect(other.rooms.get('lobby')?.log.state.end).toBeUndefined());
        for (const session of other.sessions.values()) await session.close();
        await eventually(() => expect([one.rooms.size, other.rooms.size]).toEqual([0, 0]));
      }
    });

    test('a user is banned by a process that does not have the room', async () => {
      const [one, other] = stage.two();
      const end = endOf(await join(other, 'bob'));
      await one.ban('lobby', 'bob', { reason: 'Never again.' });
      expect(await end).toBe('ERR_RELAY_REMOVED: Never again.');
      expect(await codeOf(join(other, 'bob'))).toBe('ERR_RELAY_REMOVED');
    });

    test('viewers who are only counted may rejoin a locked room, and leave when they are kicked', async () => {
      const [one, other] = stage.two({ maxListedParticipants: 0 });
      const alice = await join(one, 'alice', {}, [CAMERA]);
      const [bob, carol] = await Promise.all(
        ['bob', 'carol'].map((userId) => join(other, userId, { principal: { userId } })),
      );
      await eventually(() => expect(alice.room.audience.count).toBe(2));
      await alice.room.lock();
      await eventually(() => expect(alice.room.log.state.regulars?.size).toBe(3));
      await bob?.close();
      await join(one, 'bob', { principal: { userId: 'bob' } });
      const end = endOf(carol as Session);
      await alice.room.kick('carol');
      expect(await end).toMatch('ERR_RELAY_REMOVED');
    });

    test('a muted track is cut off where its publisher is, and all see it', async () => {
      const [one, other] = stage.two();
      const [alice, carol] = [await join(one, 'alice'), await join(other, 'carol')];
      const bob = await join(other, 'bob', {}, [CAMERA]);
      await eventually(() => expect(seenBy(alice)).toMatchObject({ bob: ['camera'] }));
      await alice.room.mute({ trackId: 'camera' });
      expect(bob.cutTracks).toEqual(['camera']);
      for (const each of [alice, carol])
        await eventually(() => expect(seenBy(each)).toMatchObject({ bob: ['camera (muted)'] }));
      await alice.room.unmute({ trackId: 'camera' });
      expect(bob.cutTracks).toEqual([]);
      await eventually(() => expect(seenBy(alice)).toMatchObject({ bob: ['camera'] }));
      expect(await codeOf(alice.room.mute({ trackId: 'window' }))).toBe('ERR_RELAY_INVALID_PARAMS');
    });

    test('a muted user is mute in every process, with tracks to come', async () => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      const bob = await join(other, 'bob');
      await alice.room.mute({ userId: 'bob', kind: 'video' });
      await eventually(() => expect(bob.room.log.state.mutedUsers?.size).toBe(1));
      await bob.offer({ type: 'offer', sdp: fakeOffer([CAMERA]) });
      expect(bob.cutTracks).toEqual(['camera']);
      await eventually(() => expect(seenBy(alice)).toEqual({ bob: ['camera (muted)'] }));
    });

    test('grants of a session are changed, and sessions are closed, by any process', async () => {
      const [one, other] = stage.two();
      const bob = await join(other, 'bob', {}, [CAMERA]);
      await one.updateGrants(bob.id, { canPublish: false });
      expect(bob.grants.canPublish).toBe(false);
      expect(await codeOf(one.updateGrants('nobody', { canPublish: false }))).toBe(
        'ERR_RELAY_SESSION_NOT_FOUND',
      );
      await one.closeSession(bob.id);
      expect(bob.state).toBe('closed');
      expect(await codeOf(one.closeSession(bob.id))).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    });
  });
}
