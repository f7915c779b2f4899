import type { Principal } from '../access/authentication.js';
import { checkCounts } from '../limits/count-limits.js';
import { RelayError } from '../protocol/errors.js';
import type { Room } from '../room/room.js';
import type { Takeover } from '../session/peer/takeover.js';
import type { Session } from '../session/session.js';
import type { ResolvedOptions } from './options.js';

interface JoiningUser {
  roomId: string;
  userId: string;
  hidden: boolean;
  /** Whether the application has named the user: then its other sessions are the same person's. */
  isNamed: boolean;
}

/** The sessions of a relay. */
interface Sessions<P extends Principal> {
  readonly rooms: ReadonlyMap<string, Room>;
  readonly occupiedRooms: number;
  ofUser(userId: string): readonly Session<P>[];
}

/**
 * Checks whether one more session is allowed. Sessions that it replaces do not count: by the option `duplicateUser`, because the
 * client has proved that they are its own, or because their clients are without a connection; the latter are ended.
 * @returns the sessions that it replaces
 * @throws RelayError `ERR_RELAY_SESSION_EXISTS`, `ERR_RELAY_TOO_MANY`
 */
export function checkOneMore<P extends Principal>(
  { duplicateUser, limits }: Pick<ResolvedOptions<P>, 'duplicateUser' | 'limits'>,
  joining: JoiningUser,
  sessions: Sessions<P>,
  takeover: Takeover<Session<P>> | undefined,
): ReadonlySet<Session<P>> {
  const { roomId, userId, hidden } = joining;
  const replaced = new Set(takeover?.sessions);
  const inTheWay = sessionsInTheWay({ duplicateUser, limits }, joining, sessions, replaced);
  for (const other of inTheWay) replaced.add(other);
  if (duplicateUser === 'reject' && !sessionsOf(sessions, joining).every((other) => replaced.has(other)))
    throw new RelayError('ERR_RELAY_SESSION_EXISTS', `The user "${userId}" is in the room already.`);
  if (duplicateUser === 'replace')
    for (const other of sessionsOf(sessions, joining)) if (other.state === 'joined') replaced.add(other);
  const { occupiedRooms } = sessions;
  const room = sessions.rooms.get(roomId);
  checkCounts(limits, { room, hidden, ofUser: sessions.ofUser(userId), replaced, occupiedRooms });
  // Not before: a client that may not join for another reason comes back to them.
  const error = joinedElsewhere();
  for (const other of inTheWay) void other.close({ by: 'relay', error });
  return replaced;
}

/** Ends the user's other sessions in the room. */
export function replaceOthersOf<P extends Principal>(session: Session<P>, sessions: Sessions<P>): void {
  const error = joinedElsewhere();
  for (const other of sessionsOf(sessions, session)) {
    if (other !== session && other.state === 'joined') void other.close({ by: 'relay', error });
  }
}

/** Detached sessions of the user because of which it could not join. */
function sessionsInTheWay<P extends Principal>(
  { duplicateUser, limits }: Pick<ResolvedOptions<P>, 'duplicateUser' | 'limits'>,
  { roomId, userId, isNamed }: JoiningUser,
  sessions: Sessions<P>,
  replaced: ReadonlySet<Session<P>>,
): Session<P>[] {
  const all = sessions.ofUser(userId);
  if (!isNamed || all.length === 0) return [];
  const others = all.filter((each) => !replaced.has(each) && each.state !== 'closing');
  const surplus = others.length + 1 - limits.maxSessionsPerUser;
  const detached = others.filter((each) => each.isNamed && each.connection === 'detached');
  const inRoom = duplicateUser === 'reject' ? detached.filter((each) => each.roomId === roomId) : [];
  const elsewhere = detached.filter((each) => !inRoom.includes(each));
  return [...inRoom, ...elsewhere.slice(0, Math.max(0, surplus - inRoom.length))];
}

export function joinedElsewhere(): RelayError {
  return new RelayError('ERR_RELAY_REPLACED', 'You have joined this room again elsewhere.');
}

function sessionsOf<P extends Principal>(
  sessions: Sessions<P>,
  { roomId, userId }: Pick<JoiningUser, 'roomId' | 'userId'>,
): Session<P>[] {
  return sessions.ofUser(userId).filter((each) => each.roomId === roomId);
}
