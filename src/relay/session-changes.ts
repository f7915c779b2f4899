import { type Principal, userIdOf } from '../access/authentication.js';
import { readGrants, resolveRole } from '../access/grants.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import type { Session } from '../session/session.js';
import type { ResolvedOptions } from './options.js';

/**
 * Replaces the principal and grants of a session by those of a newer token.
 * @throws RelayError `ERR_RELAY_FORBIDDEN`: the token is not for this room; nothing has changed then.
 */
export function renewSession<P extends Principal>(
  session: Session<P>,
  principal: P,
): Promise<void> | undefined {
  const grants = readGrants(principal.grants);
  resolveRole(grants, session.roomId, undefined);
  session.principal = principal;
  return session.permissions.renew(grants);
}

/** The application has created a session: other processes know it as one of the user of its principal, if that names one. */
export function created<P extends Principal>(session: Session<P>): Session<P> {
  const userId = userIdOf(session.principal ?? {});
  const { room, id, roomId } = session;
  if (userId !== undefined && session.state === 'joined')
    room.directory?.tell(id, roomId, { userId, hashes: [] });
  return session;
}

/** Counts a session that has ended, and tells the application's hook. */
export function endSession<P extends Principal>(
  { counters, hooks }: ResolvedOptions<P>,
  session: Session<P>,
  reason: SessionCloseReason,
): void {
  const { hasJoined, ageMs } = session.lifecycle;
  if (hasJoined) counters.sessionEnded(reason, ageMs);
  hooks.tell('onLeave', { session, reason });
}
