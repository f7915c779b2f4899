import type { Principal } from '../access/authentication.js';
import type { InterruptionObserver } from '../session/peer/peer-owner.js';
import type { Session } from '../session/session.js';
import type { ConnectionObserver } from '../session/session-presence.js';
import type { ResolvedOptions } from './options.js';

/** Counts the sessions whose peers the SFU loses, logs them, and tells the application's hooks. */
export function observeInterruptions<P extends Principal>(
  { hooks, counters, logger }: ResolvedOptions<P>,
  sessions: ReadonlyMap<string, Session<P>>,
): InterruptionObserver {
  return {
    began(sessionId, error) {
      logger.info({ sessionId, code: error.code }, 'The SFU has lost the peer of a session');
      const session = sessions.get(sessionId);
      if (session) hooks.tell('onInterrupted', { session, cause: 'sfu', error });
    },
    ended(sessionId, outcome, interruptedMs) {
      counters.interruptions.add(outcome);
      if (outcome !== 'resumed') return;
      counters.interruptionDurations.add(interruptedMs);
      const session = sessions.get(sessionId);
      if (session) hooks.tell('onResumed', { session, cause: 'sfu', interruptedMs });
    },
  };
}

/** Counts the sessions whose clients lose their connections, logs them, and tells the application's hooks. */
export function observeConnections<P extends Principal>(
  { hooks, counters, logger }: ResolvedOptions<P>,
  sessions: ReadonlyMap<string, Session<P>>,
): ConnectionObserver {
  return {
    lost(sessionId, error) {
      logger.debug({ sessionId, reason: error.message }, 'The client of a session has lost its connection');
      const session = sessions.get(sessionId);
      if (session) hooks.tell('onInterrupted', { session, cause: 'connection', error });
    },
    ended(sessionId, outcome, interruptedMs) {
      counters.resumptions.add(outcome);
      if (interruptedMs === undefined || outcome === 'expired' || outcome === 'left') return;
      counters.detachedDurations.add(interruptedMs);
      const session = sessions.get(sessionId);
      if (session) hooks.tell('onResumed', { session, cause: 'connection', interruptedMs });
    },
  };
}
