import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ParticipantList, participantList } from '../../../src/client/room/participant-list.js';
import type { Participant, Session, SfuRelay } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { deferred } from '../../../src/util/deferred.js';
import { eventually } from '../../support/eventually.js';
import { joinResult } from '../../unit/client/participant.js';
import { CAMERA, join, type SharedStage, seenBy } from './stage.js';

const PEOPLE = 6;
const HIDDEN = 5;

interface Step {
  who: number;
  what: 'come or go' | 'publish' | 'update' | 'mute';
  value: number;
}

const steps = fc.array(
  fc.record<Step>({
    who: fc.nat(PEOPLE - 1),
    what: fc.constantFrom('come or go', 'come or go', 'publish', 'update', 'mute'),
    value: fc.nat(7),
  }),
  { maxLength: 30 },
);

const tracksOf = (owner: string, value: number) =>
  [0, 1, 2]
    .filter((n) => value & (1 << n))
    .map((n) => ({ trackId: `${owner}-${n}`, streamId: owner, kind: n === 0 ? 'audio' : 'video' }) as const);

/** In no order: each by its id. */
function byId(participants: Iterable<Participant>) {
  return Object.fromEntries(
    [...participants].map(({ tracks, ...rest }) => [
      rest.sessionId,
      { ...rest, tracks: Object.fromEntries(tracks.map((each) => [each.trackId, each])) },
    ]),
  );
}

/** What the client makes of the room from now on. */
function rosterOf(session: Session): ParticipantList {
  const roster = participantList();
  const { rest: _, ...snapshot } = session.room.members.snapshot(session.id, 1_000_000);
  roster.reset({ ...joinResult(), ...snapshot, sessionId: session.id });
  session.on('participants', (event) => roster.applyParticipants(event));
  session.on('tracks', (event) => roster.applyTracks(event));
  return roster;
}

export function participantsSuite(stage: SharedStage): void {
  describe('participants of several processes', () => {
    test('see each other and their tracks, from the join to the leave', async () => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice', { metadata: { name: 'Alice' } }, [CAMERA]);
      const bob = await join(other, 'bob');
      await eventually(() => expect(seenBy(bob)).toEqual({ alice: ['camera'] }));
      await eventually(() => expect(seenBy(alice)).toEqual({ bob: [] }));
      expect(bob.room.participants.find(({ userId }) => userId === 'alice')?.metadata).toEqual({
        name: 'Alice',
      });
      expect([alice.room.size, bob.room.size]).toEqual([2, 2]);

      alice.update({ metadata: { name: 'Alice B.' }, tracks: [{ trackId: 'camera', muted: true }] });
      await eventually(() => expect(seenBy(bob)).toEqual({ alice: ['camera (muted)'] }));
      await bob.offer({
        type: 'offer',
        sdp: fakeOffer([{ ...CAMERA, streamId: 'office', trackId: 'screen' }]),
      });
      await eventually(() => expect(seenBy(alice)).toEqual({ bob: ['screen'] }));
      expect(alice.room.findTrack('screen')?.sessionId).toBe(bob.id);
      await alice.close();
      await eventually(() => expect(seenBy(bob)).toEqual({}));
      expect(bob.room.size).toBe(1);
    });

    test('have those in the result of their join who came before, wherever they are', async () => {
      const [one, other] = stage.two();
      await join(one, 'alice', {}, [CAMERA]);
      const bob = await join(other, 'bob');
      expect(seenBy(bob)).toEqual({ alice: ['camera'] });
    });

    test.each([
      ['one', 'other'],
      ['other', 'one'],
    ])('publish the same ids at the same moment: who comes first, by %s process, keeps them', async (by) => {
      const relays = by === 'one' ? stage.two() : stage.two().reverse();
      const [first, second] = relays as [SfuRelay, SfuRelay];
      const viewers = await Promise.all(relays.map((relay, n) => join(relay, `viewer-${n}`)));
      const { onJoin } = stage.sfu.script;
      const answered = deferred();
      stage.sfu.script.onJoin = async (stream, request) => {
        if (request.description?.sdp.includes('a=msid:home camera\r\n')) await answered.promise;
        return onJoin(stream, request);
      };
      const joining = join(first, 'alice', {}, [CAMERA]);
      const sent = () =>
        [...stage.sfu.streams]
          .flatMap((stream) => stream.requests('join'))
          .flatMap(({ description }) => description?.sdp.match(/(?<=a=msid:).*/g) ?? []);
      await eventually(() => expect(sent()).toEqual(['home camera']));

      const bob = await join(second, 'bob', {}, [CAMERA]);
      expect(sent()).toEqual(['home camera', 'home~2 camera~2']);
      answered.resolve();
      const alice = await joining;
      for (const viewer of viewers) {
        await eventually(() =>
          expect(seenBy(viewer)).toMatchObject({ alice: ['camera'], bob: ['camera~2'] }),
        );
        expect(viewer.room.findTrack('camera')?.sessionId).toBe(alice.id);
        expect(viewer.room.ownerOfStream('home~2')).toBe(bob.id);
      }
      bob.update({ tracks: [{ trackId: 'camera', muted: true }] });
      for (const viewer of viewers)
        await eventually(() => expect(seenBy(viewer)).toMatchObject({ bob: ['camera~2 (muted)'] }));
      await eventually(() => expect(alice.room.log.state.claims).toBeUndefined());
    });

    test('publish the same ids at the same moment, which they had not when they joined', async () => {
      const relays = [stage.relay(), stage.relay(), stage.relay()];
      const people = await Promise.all(relays.map((relay, n) => join(relay, `user-${n}`)));
      const offer = { type: 'offer', sdp: fakeOffer([CAMERA]) } as const;
      await Promise.all(people.map((each) => each.offer(offer)));
      const trackIds = people.map(({ tracks }) => tracks.map(({ trackId }) => trackId).join());
      expect(trackIds.toSorted()).toEqual(['camera', 'camera~2', 'camera~3']);
      for (const { room } of people)
        for (const [n, trackId] of trackIds.entries())
          await eventually(() => expect(room.findTrack(trackId)?.sessionId).toBe(people[n]?.id));
      await Promise.all(people.map((each) => each.offer(offer)));
      expect(people.map(({ tracks }) => tracks.map(({ trackId }) => trackId).join())).toEqual(trackIds);
    });

    test('free ids that they wanted in vain', async () => {
      const [one, other] = stage.two();
      const { room } = await join(one, 'viewer');
      const { onJoin } = stage.sfu.script;
      stage.sfu.script.onJoin = async () => {};
      const leaving = new AbortController();
      const params = { roomId: 'lobby', userId: 'alice', sdp: fakeOffer([CAMERA]) };
      const joining = one.createSession(params, { signal: leaving.signal });
      await eventually(() => expect(stage.sfu.streams.size).toBe(2));
      const failed = expect(joining).rejects.toThrow();
      leaving.abort();
      await failed;
      await eventually(() => expect(room.log.state.claims).toBeUndefined());
      stage.sfu.script.onJoin = onJoin;
      const bob = await join(other, 'bob', {}, [CAMERA]);
      expect(bob.tracks.map(({ trackId }) => trackId)).toEqual(['camera']);
    });

    test('do not see hidden ones', async () => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      const principal = { userId: 'ghost', grants: { hidden: true } };
      await join(other, 'ghost', { principal });
      await eventually(() => expect(alice.room.size).toBe(2));
      expect(seenBy(alice)).toEqual({});
    });

    test('leave with their process, if that is taken for dead, and are back if it is alive', async (context) => {
      if (!stage.canLose) context.skip();
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      const bob = await join(other, 'bob', {}, [CAMERA]);
      await eventually(() => expect(seenBy(alice)).toEqual({ bob: ['camera'] }));
      const left: string[] = [];
      alice.on('participants', (event) => left.push(...(event.left ?? [])));
      await stage.lose();
      await eventually(() => expect(left).toEqual([bob.id]));
      await eventually(() => expect(seenBy(alice)).toEqual({ bob: ['camera'] }));
      expect(bob.state).toBe('joined');
    });

    test('leave with their process when it closes', async () => {
      const [one, other] = stage.two();
      const alice = await join(one, 'alice');
      await join(other, 'bob', {}, [CAMERA]);
      await eventually(() => expect(seenBy(alice)).toEqual({ bob: ['camera'] }));
      await other.close();
      await eventually(() => expect(seenBy(alice)).toEqual({}));
    });

    test('are counted, where they are many: only who publishes or moderates has an entry of their own', async () => {
      const relays = [0, 1].map(() => stage.relay({ maxListedParticipants: 2 }));
      const sessions: Session[] = [];
      for (let n = 0; n < 8; n += 1) sessions.push(await join(relays[n % 2] as never, `user-${n}`));
      const speaker = await join(relays[1] as never, 'speaker', {}, [CAMERA]);
      for (const { room } of [...sessions, speaker])
        await eventually(() => {
          expect(room.audience.count + [...room.members.snapshot('', 1e6).participants].length).toBe(9);
          expect(room.participants.some(({ userId }) => userId === 'speaker')).toBe(true);
        });
      expect(speaker.room.log.state.seats?.size).toBeLessThan(9);
      await Promise.all(sessions.slice(0, 6).map((session) => session.close()));
      for (const { room } of [...sessions.slice(6), speaker])
        await eventually(() =>
          expect(room.audience.count + [...room.members.snapshot('', 1e6).participants].length).toBe(3),
        );
    });

    test('agree with all rooms, whatever was done at the same time', async () => {
      const relays = [stage.relay(), stage.relay(), stage.relay()];
      await fc.assert(
        fc.asyncProperty(steps, fc.uuid(), async (script, roomId) => {
          type Person = { session: Session; roster: ParticipantList };
          const people: (Promise<Person> | undefined)[] = Array(PEOPLE).fill(undefined);
          const enter = async (who: number, value: number) => {
            const userId = `user-${who}`;
            const isHidden = who === HIDDEN;
            const principal = { userId, grants: { hidden: isHidden } };
            const tracks = isHidden ? [] : tracksOf(userId, value);
            const session = await join(relays[who % 3] as never, userId, { roomId, principal }, tracks);
            return { session, roster: rosterOf(session) };
          };
          const act = async ({ session }: Person, { what, value }: Step) => {
            if (what === 'come or go') await session.close();
            else if (what === 'update') session.update({ metadata: { value } });
            else if (what === 'mute')
              session.update({
                tracks: session.tracks.map(({ trackId }) => ({ trackId, muted: value > 3 })),
              });
            else if (!session.hidden)
              await session.offer({ type: 'offer', sdp: fakeOffer(tracksOf(session.userId, value)) });
          };
          const doings = script.map((step) => {
            const { who, what, value } = step;
            const present = people[who];
            if (what === 'come or go') people[who] = present ? undefined : enter(who, value);
            return present?.then((person) => act(person, step)).catch(() => {});
          });
          await Promise.all([...doings, ...people]);
          const present = (await Promise.all(people)).filter((person) => person !== undefined);
          const all = present.filter(({ session }) => !session.hidden);
          for (const { session, roster } of present) {
            const others = all.filter((each) => each.session !== session).map((each) => each.session);
            const truth = others.map(({ room, id }) =>
              room.participants.find((each) => each.sessionId === id),
            );
            await eventually(() => {
              expect(byId(session.room.others(session.id))).toEqual(byId(truth as Participant[]));
              expect(byId(roster.participants.values())).toEqual(byId(truth as Participant[]));
            });
          }
          await Promise.all(present.map(({ session }) => session.close()));
        }),
        { numRuns: 15 },
      );
    }, 60_000);
  });
}
