import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSubscriptions } from '../../../src/guard/subscriptions.js';
import type { Track } from '../../../src/index.js';
import { Room } from '../../../src/room/room.js';
import type { RoomSession } from '../../../src/room/room-member.js';

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
    ...{ id, userId: id, role: 'publisher', hidden: true },
    emitter: {
      ...{ notifyParticipants: ignore, notifyTracks: ignore, notifyMessage: ignore, notifyDeletion: ignore },
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
          else room.members.add(person, tracks, NOTHING);
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

  test('without a look at each of its viewers', () => {
    const room = new Room('lobby');
    for (let n = 0; n < 10_000; n += 1) room.members.add(member(`viewer-${n}`), [], NOTHING);
    const subscriptions = Array.from({ length: 64 }, (_, n) => ({ trackId: `none-${n}`, subscribe: false }));
    const start = performance.now();
    for (let n = 0; n < 500; n += 1)
      checkSubscriptions(subscriptions, { room, sessionId: 'viewer-0', layersAllowed: true });
    // It was some 10 ms for each of them.
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
