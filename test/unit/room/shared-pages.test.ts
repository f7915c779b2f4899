import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ParticipantsEvent } from '../../../src/index.js';
import type { RoomSession } from '../../../src/room/participants/room-member.js';
import { RoomMembers } from '../../../src/room/participants/room-members.js';

const NOTHING: ReadonlySet<string> = new Set();
const ignore = () => {};

function session(id: string, hear: (event: ParticipantsEvent) => void = ignore, hidden = false): RoomSession {
  return {
    ...{ id, userId: id, role: 'subscriber', hidden, grants: {} },
    emitter: {
      notifyParticipants: hear,
      ...{ notifyTracks: ignore, notifyMessage: ignore, notifyDeletion: ignore, notifyRoom: ignore },
    },
  };
}

/** A room that lists nobody, so that all are on pages alone. */
function room() {
  const members = new RoomMembers({ maxListedParticipants: 0, participantsIntervalMs: 250 }, 10);
  const join = (each: RoomSession) => {
    members.add(each, { tracks: [], cut: NOTHING });
    return each;
  };
  return { members, join, settle: () => void vi.advanceTimersByTime(5_000) };
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a change on a page that many look at is one event for all, told to some in each turn', () => {
  const { members, join, settle } = room();
  const pages = new Set<object>();
  let heard = 0;
  const star = join(session('star'));
  const viewers = Array.from({ length: 100 }, (_, n) =>
    join(
      session(`viewer-${n}`, ({ page }) => {
        if (!page) return;
        pages.add(page);
        heard += 1;
      }),
    ),
  );
  settle();
  for (const viewer of viewers) members.page(viewer, { limit: 1 }, 10_000);
  members.update(star, { metadata: { hand: 'up' } });
  vi.advanceTimersByTime(1_500);
  for (let before = -1; heard > before && heard < 100; ) {
    before = heard;
    vi.advanceTimersToNextTimer();
    expect(heard - before).toBeLessThanOrEqual(20);
  }
  settle();
  expect([heard, pages.size]).toEqual([100, 1]);
});

test('changes that are too long for one message come in several', () => {
  const { members, join, settle } = room();
  const lengths: number[] = [];
  let updated = 0;
  const viewer = join(
    session('viewer', (event) => {
      lengths.push(JSON.stringify(event).length);
      updated += event.page?.updated?.length ?? 0;
    }),
  );
  const others = Array.from({ length: 40 }, (_, n) => join(session(`other-${n}`)));
  settle();
  members.page(viewer, { limit: 100 }, 1_000_000);
  for (const other of others) members.update(other, { metadata: { text: 'x'.repeat(4_000) } });
  settle();
  expect(updated).toBe(40);
  expect(Math.max(...lengths)).toBeLessThan(34 * 1024);
});

test('the cursor of a page does not tell how many hidden participants there are', () => {
  const cursors = [false, true].map((withHidden) => {
    const { members, join } = room();
    const viewer = join(session('viewer'));
    join(session('ada'));
    if (withHidden) for (const n of [1, 2, 3]) join(session(`hidden-${n}`, ignore, true));
    join(session('bob'));
    join(session('carol'));
    const first = members.page(viewer, { limit: 1 }, 10_000);
    return [first.cursor, members.page(viewer, { limit: 1, cursor: String(first.cursor) }, 10_000).cursor];
  });
  expect(cursors[1]).toEqual(cursors[0]);
});

test('a search finds text that was changed after an earlier search', () => {
  const { members, join } = room();
  const viewer = join(session('viewer'));
  const ada = join(session('ada'));
  expect(members.page(viewer, { query: 'LOVELACE' }, 10_000).participants).toEqual([]);
  members.update(ada, { metadata: { name: 'Ada Lovelace' } });
  expect(members.page(viewer, { query: 'LOVELACE' }, 10_000).participants).toMatchObject([{ userId: 'ada' }]);
});
