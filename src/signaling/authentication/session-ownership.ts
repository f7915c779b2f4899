import { type Principal, userIdOf } from '../../access/authentication.js';
import { hashOfSessionToken, isSameHash, makeSessionToken } from '../../access/session-token.js';
import { RelayError } from '../../protocol/errors.js';
import { SESSION_TOKEN_HEADER } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import { type AuthenticatedClient, clientKeyOf, mayBeSameUser, userOfKey } from './authenticated-client.js';

/** Whose a session is. */
export interface Owner {
  /** The owner's `AuthenticatedClient.key`. */
  readonly key: string;
  /** Hash of the session token; undefined for a session that the application created. */
  readonly tokenHash: string | undefined;
  /** That of the token before, while the client may not have received the newest one. */
  readonly lastHash?: string | undefined;
}

const owners = new WeakMap<object, Owner>();

/** A session that the application created belongs to its principal's user; without a user it has no owner. */
export function ownerOf<P extends Principal>(session: Session<P>): Owner | undefined {
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
  own(session, { key, tokenHash: hash });
  return token;
}

/** The client has proven in another process that it is the owner. */
export function assumeOwner<P extends Principal>(
  session: Session<P>,
  { key }: AuthenticatedClient<P>,
  [tokenHash, lastHash]: readonly string[],
): void {
  own(session, { key, tokenHash, lastHash });
}

/**
 * Gives the owner another session token.
 * @param current the one that it has proven to have: it stays valid until `confirmToken`
 */
export function rotateToken<P extends Principal>(session: Session<P>, current: string): string {
  const owner = ownerOf(session);
  const { token, hash } = makeSessionToken();
  if (owner) own(session, { key: owner.key, tokenHash: hash, lastHash: hashOfSessionToken(current) });
  return token;
}

/** The owner has its newest token: the one before is not valid any more. */
export function confirmToken<P extends Principal>(session: Session<P>): void {
  const owner = owners.get(session);
  if (owner) own(session, { key: owner.key, tokenHash: owner.tokenHash });
}

/** Moves the ownership to the key of the user's newer token. The session token stays valid. */
export function renewOwner<P extends Principal>(session: Session<P>, { key }: AuthenticatedClient<P>): void {
  const { tokenHash, lastHash } = ownerOf(session) ?? {};
  own(session, { key, tokenHash, lastHash });
}

function own<P extends Principal>(session: Session<P>, owner: Owner): void {
  const { key, tokenHash, lastHash } = owner;
  owners.set(session, owner);
  // It has ended, or goes on in another process, while its client was authenticated here.
  if (session.state !== 'joined' || session.lifecycle.isElsewhere) return;
  const hashes = [tokenHash, lastHash].filter((hash) => hash !== undefined);
  session.room.directory?.tell(session.id, session.roomId, { userId: userOfKey(key), hashes });
}

/**
 * Finds a session that the client owns. Session ids are known to the whole room, so a client whose user the application
 * does not name has to prove ownership by the session token; a token that a named user sends is checked, too.
 * @param tokenHash of the session token that the client has sent
 * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`, `ERR_RELAY_FORBIDDEN`
 */
export function requireOwn<P extends Principal>(
  relay: SfuRelay<P>,
  sessionId: unknown,
  { key, userId }: AuthenticatedClient<P>,
  tokenHash: string | undefined,
): Session<P> {
  const session = typeof sessionId === 'string' ? relay.getSession(sessionId) : undefined;
  if (session?.state !== 'joined')
    throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session.');
  const owner = ownerOf(session);
  if (owner?.key !== key)
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'This session belongs to another user.');
  if (tokenHash === undefined) {
    if (userId === undefined) throw new RelayError('ERR_RELAY_FORBIDDEN', TOKEN_MISSING);
  } else if (!matchesHash(owner, tokenHash)) throw new RelayError('ERR_RELAY_FORBIDDEN', TOKEN_WRONG);
  return session;
}

/** The key of a client whose key has this hash, if it is the owner; otherwise one that nobody has. */
export function ownKeyOf<P extends Principal>(session: Session<P>, keyHash: string): string {
  const key = ownerOf(session)?.key;
  return key !== undefined && isSameHash(hashOfSessionToken(key), keyHash) ? key : '';
}

/** Hash of a session token, whatever the client has sent as that; undefined if nothing. */
export function readTokenHash(sessionToken: unknown): string | undefined {
  if (sessionToken === undefined) return undefined;
  return typeof sessionToken === 'string' ? hashOfSessionToken(sessionToken) : '';
}

/** Whether the session token proves that the session is the client's own. */
export function provesOwnership<P extends Principal>(
  session: Session<P>,
  client: AuthenticatedClient<P>,
  sessionToken: string,
): boolean {
  return isOwner(ownerOf(session), client, sessionToken);
}

/** Whether the session token proves that a client is this owner. */
export function isOwner<P extends Principal>(
  owner: Owner | undefined,
  { key }: AuthenticatedClient<P>,
  sessionToken: string,
): boolean {
  return (
    owner !== undefined &&
    mayBeSameUser(owner.key, key) &&
    matchesHash(owner, hashOfSessionToken(sessionToken))
  );
}

function matchesHash({ tokenHash, lastHash }: Owner, given: string): boolean {
  return [tokenHash, lastHash].some((hash) => hash !== undefined && isSameHash(given, hash));
}

const TOKEN_MISSING =
  'The application names no user here, so the session token is wanted: "sessionToken" of the join\'s result, or ' +
  `"session_token" of POST /session; over HTTP in the header ${SESSION_TOKEN_HEADER}.`;
const TOKEN_WRONG = 'The session token is not the one of this session.';
