import type { Principal } from '../../access/authentication.js';
import { hashOfSessionToken } from '../../access/session-token.js';
import { RelayError } from '../../protocol/errors.js';
import type { Capability } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { ResolvedResumption } from '../../relay/resumption-options.js';
import type { Session } from '../../session/session.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import { findEnding } from './endings.js';
import type { FrameLogState } from './frame-log.js';

/** A client's link in the process that has served the session so far. JSON. */
export interface MovedLink {
  readonly capabilities: readonly Capability[];
  /** The number of the client's frames that were executed. */
  readonly received: number;
  readonly log: FrameLogState;
  /** Whether the others were told that the client has lost its connection. */
  readonly isTold: boolean;
  /** Hashes of its session tokens. */
  readonly proof: { readonly hashes: readonly string[] };
}

/**
 * Gets the session that a client wants to resume from the process that has it, if it is in another one.
 * @param serve is called in the turn in which the session is here
 * @throws RelayError
 */
export async function bringSession<P extends Principal>(
  relay: SfuRelay<P>,
  { principal, userId }: AuthenticatedClient<P>,
  { sessionId, sessionToken }: Readonly<Record<string, unknown>>,
  serve: (session: Session<P>, link: MovedLink, resumption: ResolvedResumption) => void,
): Promise<void> {
  if (typeof sessionId !== 'string' || typeof sessionToken !== 'string') return;
  const { taker, resumption } = relay;
  if (!taker || !resumption || relay.getSession(sessionId) || findEnding(relay, sessionId)) return;
  const claim = { sessionId, userId, hash: hashOfSessionToken(sessionToken) };
  await taker.take(claim, principal, (session, link) =>
    serve(session, link as unknown as MovedLink, resumption),
  );
}

/** Of a request that was begun in one process, and has no answer as another one takes the session over. */
export function unanswered(): RelayError {
  return new RelayError('ERR_RELAY_UNAVAILABLE', 'The session has moved to another process meanwhile.');
}
