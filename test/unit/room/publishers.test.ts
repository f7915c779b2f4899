import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSubscriptions } from '../../../src/guard/subscriptions.js';
import type { Track } from '../../../src/index.js';
import type { RoomSession } from '../../../src/room/participants/room-member.js';
import { Room } from '../../../src/room/room.js';

const NOTHING: ReadonlySet<string> = new Set();

const trackOf = (owner: string, n: number): Track => ({
  trackId: `${owner}-${n}`,
  streamId: `stream-${owner}`,
  kind: 'video',
  layers: [],
  muted: false,
});

function member(id: string): RoomSession {
  const ignore = () => {};
  return {
    ...{ id, userId: id, role: 'publisher', hidden: true, grants: {} },
    emitter: {
      ...{
        notifyParticipants: ignore,
        notifyTracks: ignore,
        notifyMessage: ignore,
        notifyDeletion: ignore,
        notifyRoom: ignore,
      },
    },
  };
}

describe('a track is found by its id, and a stream’s owner by its stream', () => {
  test('whoever comes, goes, publishes and stops', () => {
    const step = fc.record({ who: fc.nat(4), comes: fc.boolean(), tracks: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const room = new Room('lobby');
        const people = Array.from({ length: 5 }, (_, n) => member(`m${n}`));
        const present = new Map<RoomSession, number>();
        for (const { who, comes, tracks: count } of steps) {
          const person = people[who] as RoomSession;
          const tracks = Array.from({ length: count }, (_, n) => trackOf(person.id, n));
          if (!comes) room.members.remove(person);
          else if (present.has(person)) room.members.setTracks(person, { tracks, cut: NOTHING });
          else room.members.add(person, { tracks, cut: NOTHING });
          if (comes) present.set(person, count);
          else present.delete(person);
          for (const each of people) {
            const published = present.get(each) ?? 0;
            for (const n of [0, 1]) {
              const found = n < published ? { sessionId: each.id, track: trackOf(each.id, n) } : undefined;
              expect(room.findTrack(`${each.id}-${n}`)).toEqual(found);
            }
            expect(room.ownerOfStream(`stream-${each.id}`)).toBe(published > 0 ? each.id : undefined);
          }
        }
      }),
    );
  });

  test('an id is another’s as long as another publishes with it, or is about to', () => {
    const step = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom('publish', 'claim', 'disclaim', 'leave'),
      ids: fc.array(fc.nat(3), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { members, publishers } = new Room('lobby');
        const people = Array.from({ length: 3 }, (_, n) => member(`m${n}`));
        const published = new Map<string, number[]>();
        const claimed = new Map<string, number[]>();
        for (const { who, what, ids } of steps) {
          const person = people[who] as RoomSession;
          const { id } = person;
          // Two tracks of a stream each.
          const tracks = ids.map((n) => ({ ...trackOf('any', n), streamId: `stream-${n >> 1}` }));
          if (what === 'claim') publishers.claim(id, tracks);
          else if (what === 'disclaim') publishers.disclaim(id);
          else if (what === 'leave') members.remove(person);
          else if (published.has(id)) members.setTracks(person, { tracks, cut: NOTHING });
          else members.add(person, { tracks, cut: NOTHING });
          if (what === 'claim') claimed.set(id, ids);
          else if (what === 'disclaim') claimed.delete(id);
          else if (what === 'leave') published.delete(id);
          else published.set(id, ids);
          for (const other of people) {
            const used = [published, claimed].flatMap((owners) =>
              [...owners].flatMap(([owner, own]) => (owner === other.id ? [] : own)),
            );
            for (const n of [0, 1, 2, 3]) {
              expect(publishers.hasAnother('track', `any-${n}`, other.id)).toBe(used.includes(n));
              expect(publishers.hasAnother('stream', `stream-${n >> 1}`, other.id)).toBe(
                used.some((each) => each >> 1 === n >> 1),
              );
            }
          }
          for (const n of [0, 1, 2, 3]) {
            const owners = [...published].filter(([, own]) => own.includes(n)).map(([owner]) => owner);
            const { sessionId } = publishers.findTrack(`any-${n}`) ?? {};
            if (owners.length === 0) expect(sessionId).toBeUndefined();
            else expect(owners).toContain(sessionId);
          }
        }
      }),
    );
  });

  test('without a look at each of its viewers', () => {
    const room = new Room('lobby');
    for (let n = 0; n < 10_000; n += 1) room.members.add(member(`viewer-${n}`), { tracks: [], cut: NOTHING });
    const subscriptions = Array.from({ length: 64 }, (_, n) => ({ trackId: `none-${n}`, subscribe: false }));
    const start = performance.now();
    for (let n = 0; n < 500; n += 1)
      checkSubscriptions(subscriptions, { room, sessionId: 'viewer-0', layersAllowed: true });
    // It was some 10 ms for each of them.
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
