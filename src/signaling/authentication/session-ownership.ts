import { type Principal, userIdOf } from '../../access/authentication.js';
import { isSessionToken, makeSessionToken } from '../../access/session-token.js';
import { RelayError } from '../../protocol/errors.js';
import { SESSION_TOKEN_HEADER } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import { type AuthenticatedClient, clientKeyOf, mayBeSameUser } from './authenticated-client.js';

interface Owner {
  /** The owner's `AuthenticatedClient.key`. */
  readonly key: string;
  /** Hash of the session token; undefined for a session that the application created. */
  readonly tokenHash: string | undefined;
}

const owners = new WeakMap<object, Owner>();

/** A session that the application created belongs to its principal's user; without a user it has no owner. */
function ownerOf<P extends Principal>(session: Session<P>): Owner | undefined {
  const owner = owners.get(session);
  if (owner) return owner;
  const userId = userIdOf(session.principal ?? {});
  return userId === undefined ? undefined : { key: clientKeyOf(userId, undefined), tokenHash: undefined };
}

/**
 * Makes the client that created a session its owner.
 * @returns the session token; only its hash is stored
 */
export function setOwner<P extends Principal>(session: Session<P>, { key }: AuthenticatedClient<P>): string {
  const { token, hash } = makeSessionToken();
  owners.set(session, { key, tokenHash: hash });
  return token;
}

/** Moves the ownership to the key of the user's newer token. The session token stays valid. */
export function renewOwner<P extends Principal>(session: Session<P>, { key }: AuthenticatedClient<P>): void {
  owners.set(session, { key, tokenHash: ownerOf(session)?.tokenHash });
}

/**
 * Finds a session that the client owns. Session ids are known to the whole room, so a client whose user the application
 * does not name has to prove ownership by the session token; a token that a named user sends is checked, too.
 * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`, `ERR_RELAY_FORBIDDEN`
 */
export function requireOwn<P extends Principal>(
  relay: SfuRelay<P>,
  sessionId: unknown,
  { key, userId }: AuthenticatedClient<P>,
  sessionToken: unknown,
): Session<P> {
  const session = typeof sessionId === 'string' ? relay.getSession(sessionId) : undefined;
  if (session?.state !== 'joined')
    throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session.');
  const owner = ownerOf(session);
  if (owner?.key !== key)
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'This session belongs to another user.');
  if (sessionToken === undefined) {
    if (userId === undefined) throw new RelayError('ERR_RELAY_FORBIDDEN', TOKEN_MISSING);
  } else if (!matchesToken(owner, sessionToken)) throw new RelayError('ERR_RELAY_FORBIDDEN', TOKEN_WRONG);
  return session;
}

/** Whether the session token proves that the session is the client's own. */
export function provesOwnership<P extends Principal>(
  session: Session<P>,
  { key }: AuthenticatedClient<P>,
  sessionToken: string,
): boolean {
  const owner = ownerOf(session);
  return owner !== undefined && mayBeSameUser(owner.key, key) && matchesToken(owner, sessionToken);
}

function matchesToken({ tokenHash }: Owner, sessionToken: unknown): boolean {
  return (
    typeof sessionToken === 'string' && tokenHash !== undefined && isSessionToken(sessionToken, tokenHash)
  );
}

const TOKEN_MISSING =
  'The application names no user here, so the session token is wanted: "sessionToken" of the join\'s result, or ' +
  `"session_token" of POST /session; over HTTP in the header ${SESSION_TOKEN_HEADER}.`;
const TOKEN_WRONG = 'The session token is not the one of this session.';
