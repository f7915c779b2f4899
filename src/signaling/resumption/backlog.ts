import type { Principal } from '../../access/authentication.js';
import type { Session } from '../../session/session.js';
import type { Backlog } from '../rpc/client-channel.js';
import { withOffers } from '../rpc/handover.js';
import type { FrameLog } from './frame-log.js';

const KEPT: ReadonlySet<string> = new Set(['offer', 'trickle', 'message']);

/**
 * What a client may not have received that changes from a WebSocket to another way.
 * @param log undefined where the client cannot resume the session
 * @param received the number of frames that it says to have received
 * @param isOpen whether the WebSocket is open: a client that says nothing reads it to its end
 */
export function backlogOf<P extends Principal>(
  session: Session<P>,
  log: FrameLog | undefined,
  { received, isOpen }: { received: number | undefined; isOpen: boolean },
): Backlog {
  const missed = received === undefined ? undefined : log?.after(received)?.texts;
  if (!missed && isOpen) return withOffers(session, []);
  return (missed ?? log?.unacknowledged ?? [])
    .map((text) => JSON.parse(text))
    .filter(({ method }) => KEPT.has(method));
}
