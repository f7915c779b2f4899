import { RelayError } from '../../protocol/errors.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { ModeratedSession } from '../../room/moderation/moderated-session.js';
import type { Room } from '../../room/room.js';
import type { Logger } from '../../util/logger.js';

/** Bans that are looked up at the same time: the store may be a database. */
const AT_ONCE = 50;

interface JoinedSession extends ModeratedSession {
  readonly room: Room;
  close(reason: SessionCloseReason): Promise<void>;
}

/** The process did not hear of the others for a while: ends sessions whose users have been banned meanwhile. Never rejects. */
export async function endBanned(sessions: Iterable<JoinedSession>, logger: Logger): Promise<void> {
  const all = [...sessions];
  for (let at = 0; at < all.length; at += AT_ONCE)
    await Promise.all(all.slice(at, at + AT_ONCE).map((session) => check(session, logger)));
}

async function check(session: JoinedSession, logger: Logger): Promise<void> {
  try {
    await session.room.moderation.readmit(session);
  } catch (error) {
    const reason = RelayError.from(error);
    if (reason.code === 'ERR_RELAY_REMOVED') void session.close({ by: 'application', error: reason });
    else logger.error({ err: error, sessionId: session.id }, 'The bans of a session could not be looked at');
  }
}
