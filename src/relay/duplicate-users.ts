import type { Principal } from '../access/authentication.js';
import { checkCounts } from '../limits/count-limits.js';
import { RelayError } from '../protocol/errors.js';
import type { Takeover } from '../session/peer/takeover.js';
import type { Session } from '../session/session.js';
import type { ResolvedOptions } from './options.js';
import type { SessionIndex } from './session-index.js';

interface JoiningUser {
  roomId: string;
  userId: string;
  hidden: boolean;
}

/**
 * Checks whether one more session is allowed. Sessions that it replaces do not count: by the option `duplicateUser`, or because
 * the client has proved that they are its own.
 * @throws RelayError `ERR_RELAY_SESSION_EXISTS`, `ERR_RELAY_TOO_MANY`
 */
export function checkOneMore<P extends Principal>(
  { duplicateUser, limits }: Pick<ResolvedOptions<P>, 'duplicateUser' | 'limits'>,
  joining: JoiningUser,
  index: SessionIndex<Session<P>>,
  takeover: Takeover<Session<P>> | undefined,
): void {
  const { roomId, userId } = joining;
  const isTakenOver = (other: Session<P>) => takeover?.sessions.includes(other) === true;
  if (duplicateUser === 'reject' && !sessionsOf(index, joining).every(isTakenOver))
    throw new RelayError('ERR_RELAY_SESSION_EXISTS', `The user "${userId}" is in the room already.`);
  const replaces = duplicateUser === 'replace';
  checkCounts(
    limits,
    joining,
    index,
    (other) =>
      isTakenOver(other) ||
      (replaces && other.state === 'joined' && other.roomId === roomId && other.userId === userId),
  );
}

/** Ends the user's other sessions in the room. */
export function replaceOthersOf<P extends Principal>(
  session: Session<P>,
  index: SessionIndex<Session<P>>,
): void {
  const error = new RelayError('ERR_RELAY_REPLACED', 'You have joined this room again elsewhere.');
  for (const other of sessionsOf(index, session)) {
    if (other !== session && other.state === 'joined') void other.close({ by: 'relay', error });
  }
}

function sessionsOf<P extends Principal>(
  index: SessionIndex<Session<P>>,
  { roomId, userId }: Pick<JoiningUser, 'roomId' | 'userId'>,
): Session<P>[] {
  return index.ofUser(userId).filter((each) => each.roomId === roomId);
}
