import type { RelayError } from '../../protocol/errors.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { Room } from '../../room/room.js';
import type { Logger } from '../../util/logger.js';

interface PlacedSession {
  readonly room: Room;
  close(reason: SessionCloseReason): Promise<void>;
}

/** Other processes reach the node: the sessions that this one has there have to come by one of them. */
export function leaveNode(
  sessions: Iterable<PlacedSession>,
  logger: Logger,
  serverUrl: string,
  error: RelayError,
): void {
  logger.warn({ serverUrl }, 'Only this process does not reach the SFU node: its clients go elsewhere');
  for (const session of [...sessions])
    if (session.room.node === serverUrl) void session.close({ by: 'sfu', error });
}
