import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkCounts, resolveCountLimits } from '../../../src/limits/count-limits.js';
import type { SessionState } from '../../../src/protocol/session-state.js';
import { Occupancy } from '../../../src/room/occupancy.js';

const ROOMS = 3;
const USERS = 2;

interface Session {
  room: { occupancy: Occupancy };
  user: number;
  hidden: boolean;
  state: SessionState;
}

const step = fc.record({
  what: fc.constantFrom('ask', 'ask', 'join', 'joined', 'close', 'ended'),
  room: fc.nat(ROOMS - 1),
  user: fc.nat(USERS - 1),
  hidden: fc.boolean(),
  which: fc.nat(20),
  /** Which sessions the new one replaces, by their positions. */
  replaced: fc.nat(63),
});

/** The error that a look at each session gives. */
function expectedError(
  sessions: readonly Session[],
  { room, user, hidden }: Pick<Session, 'room' | 'user' | 'hidden'>,
  replaced: ReadonlySet<Session>,
): string | undefined {
  const counted = sessions.filter(
    (each) => (each.state === 'joining' || each.state === 'joined') && !replaced.has(each),
  );
  const ofUser = counted.filter((each) => each.user === user).length;
  if (ofUser >= 2) return `Too many sessions: you have ${ofUser} already, leave one first.`;
  const inRoom = counted.filter((each) => each.room === room);
  const visible = inRoom.filter((each) => !each.hidden).length;
  if (visible >= 2 && !hidden) return `The room is full: ${visible} are in it already.`;
  const rooms = new Set(counted.map((each) => each.room)).size;
  if (inRoom.length === 0 && rooms >= 2) return `No more rooms can be opened: there are ${rooms} already.`;
  return undefined;
}

test('the counts are those of a look at each session, whoever comes, goes and is replaced', () => {
  const limits = resolveCountLimits({ maxSessionsPerUser: 2, maxParticipantsPerRoom: 2, maxRooms: 2 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const building = { occupiedRooms: 0 };
      const rooms = Array.from({ length: ROOMS }, () => ({ occupancy: new Occupancy(building) }));
      const sessions: Session[] = [];
      for (const { what, room: n, user, hidden, which, replaced: bits } of steps) {
        const room = rooms[n] as Session['room'];
        const session = sessions[which % Math.max(1, sessions.length)];
        if (what === 'join') {
          room.occupancy.add(hidden);
          sessions.push({ room, user, hidden, state: 'joining' });
        } else if (what === 'joined' && session?.state === 'joining') session.state = 'joined';
        else if (what === 'close' && (session?.state === 'joining' || session?.state === 'joined')) {
          session.state = 'closing';
          session.room.occupancy.remove(session.hidden);
        } else if (what === 'ended' && session?.state === 'closing') {
          sessions.splice(sessions.indexOf(session), 1);
        } else if (what === 'ask') {
          const replaced = new Set(sessions.filter((_, position) => (bits >> position) & 1));
          const { occupiedRooms } = building;
          const ofUser = sessions.filter((each) => each.user === user);
          const expected = expectedError(sessions, { room, user, hidden }, replaced);
          const ask = () => checkCounts(limits, { room, hidden, ofUser, replaced, occupiedRooms });
          if (expected === undefined) expect(ask).not.toThrow();
          else expect(ask).toThrow(expected);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
