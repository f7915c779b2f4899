import type { Principal } from '../../access/authentication.js';
import { invalidParams, invalidState, RelayError } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import { isOwner, type Owner, ownerOf } from '../authentication/session-ownership.js';
import { endingOf, findEnding } from './endings.js';

/** @throws RelayError `ERR_RELAY_INVALID_STATE`: the connection has a session, or is about to */
export function requireFree({
  served,
  isJoining,
}: {
  readonly served: { readonly session: unknown };
  readonly isJoining: boolean;
}): void {
  if (served.session || isJoining) throw invalidState('This connection has joined already.');
}

/**
 * Finds the session that a client wants to resume.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_SESSION_NOT_FOUND`, `ERR_RELAY_FORBIDDEN`; why the session has ended meanwhile
 */
export function requireResumable<P extends Principal>(
  relay: SfuRelay<P>,
  client: AuthenticatedClient<P>,
  { sessionId, sessionToken, received }: Readonly<Record<string, unknown>>,
): Session<P> {
  if (typeof sessionId !== 'string' || typeof sessionToken !== 'string' || !isCount(received))
    throw invalidParams(
      '"resume" needs {sessionId, sessionToken, received}: the first two of the join, and the number of received frames.',
    );
  const session = relay.getSession(sessionId);
  if (session?.state === 'joined') {
    requireOwner(ownerOf(session), client, sessionToken);
    return session;
  }
  const ending = endingOf(session) ?? findEnding(relay, sessionId);
  if (!ending)
    throw new RelayError(
      'ERR_RELAY_SESSION_NOT_FOUND',
      'The session has ended: join with "replaces", or afresh.',
    );
  requireOwner(ending.owner, client, sessionToken);
  throw ending.error;
}

function requireOwner<P extends Principal>(
  owner: Owner | undefined,
  client: AuthenticatedClient<P>,
  sessionToken: string,
): void {
  if (!isOwner(owner, client, sessionToken))
    throw new RelayError(
      'ERR_RELAY_FORBIDDEN',
      'This is not proven to be your session: bring its newest token, as the same user.',
    );
}

/**
 * Asks the ban store whether the client may come back.
 * @throws RelayError `ERR_RELAY_REMOVED`: the session ends; or the rejection of the store
 */
export async function readmit<P extends Principal>(session: Session<P>): Promise<void> {
  try {
    await session.room.moderation.readmit(session);
  } catch (reason) {
    const error = RelayError.from(reason);
    if (error.code === 'ERR_RELAY_REMOVED') void session.close({ by: 'relay', error });
    throw error;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function servedElsewhere(): RelayError {
  return new RelayError('ERR_RELAY_REPLACED', 'Another connection serves the session now.');
}

export function cannotResume(): RelayError {
  return new RelayError(
    'ERR_RELAY_SESSION_NOT_FOUND',
    'The session cannot be resumed: join with "replaces".',
  );
}

export function notBack(): RelayError {
  return new RelayError('ERR_RELAY_CLIENT_TIMEOUT', 'The client has not come back in time.');
}

export function notKept(): RelayError {
  return invalidParams(
    '"received" is not a number of frames that the relay still has: join with "replaces".',
  );
}
