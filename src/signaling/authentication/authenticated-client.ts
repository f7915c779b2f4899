import { randomUUID } from 'node:crypto';
import { type AuthRequest, type Principal, userIdOf } from '../../access/authentication.js';
import { isSessionToken, makeSessionToken } from '../../access/session-token.js';
import { RelayError } from '../../protocol/errors.js';
import { SESSION_TOKEN_HEADER } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import type { ResolvedRequestOptions } from '../options.js';
import type { HandshakeRequest } from '../wire/handshake.js';
import { admitRequest } from './client-request.js';
import { judge } from './page-origin.js';
import { enter } from './pre-authentication.js';

/** Who stands behind a connection or a request. */
export interface Visitor<P extends Principal> {
  readonly request: HandshakeRequest;
  readonly principal: P;
  /** As the application names it; undefined where the client names itself. */
  readonly userId: string | undefined;
  /** Equal for two requests where they are of one user, whose sessions both may reach. */
  readonly key: string;
  /** `performance.now()` when it was authenticated. */
  readonly since: number;
}

/** Says who stands behind a request, or a connection that has brought this token. */
export async function welcome<P extends Principal>(
  relay: SfuRelay<P>,
  request: HandshakeRequest,
  token: string | undefined,
): Promise<Visitor<P>> {
  const asked = isWithToken(request, token) ? request : { ...request, token };
  const principal = await judge(relay, request, () => relay.authenticate(asked));
  const userId = userIdOf(principal);
  return { request, principal, userId, key: keyOf(userId, token), since: performance.now() };
}

/** Whether it is the request that brought the token. */
function isWithToken(request: HandshakeRequest, token: string | undefined): request is AuthRequest {
  return 'token' in request && request.token === token;
}

/** As `welcome`, for a request by itself. */
export async function receiveVisitor<P extends Principal>(
  relay: SfuRelay<P>,
  request: HandshakeRequest,
  options: ResolvedRequestOptions,
): Promise<Visitor<P>> {
  const { token, ...entered } = await enter(relay, admitRequest(request, options), randomUUID());
  return welcome(relay, entered, token);
}

const NAMED = 'user ';

/** Where the application names no user, the token stands for one; without either everybody is the same nobody. */
function keyOf(userId: string | undefined, token: string | undefined): string {
  if (userId !== undefined) return NAMED + userId;
  return token === undefined ? 'anybody' : `token ${token}`;
}

function isNamed(key: string): boolean {
  return key.startsWith(NAMED);
}

/** To whom a session belongs. */
interface Owner {
  readonly key: string;
  /** Of the session token, where the visitor has created the session. */
  readonly tokenHash: string | undefined;
}

const owners = new WeakMap<object, Owner>();

/** One that the application has created belongs to the user of its principal, or to nobody. */
function ownerOf<P extends Principal>(session: Session<P>): Owner | undefined {
  const userId = userIdOf(session.principal ?? {});
  const created = userId === undefined ? undefined : { key: keyOf(userId, undefined), tokenHash: undefined };
  return owners.get(session) ?? created;
}

/**
 * A session that the visitor has created is its own.
 * @returns the session token, which is kept nowhere
 */
export function claim<P extends Principal>(session: Session<P>, { key }: Visitor<P>): string {
  const { token, hash } = makeSessionToken();
  owners.set(session, { key, tokenHash: hash });
  return token;
}

/** It stays so when the visitor has brought a newer token of the same user. */
export function reclaim<P extends Principal>(session: Session<P>, { key }: Visitor<P>): void {
  owners.set(session, { key, tokenHash: ownerOf(session)?.tokenHash });
}

/**
 * A session of the visitor's own. The room knows its id, so a visitor that the application names no user proves it by the
 * session token; of others that is checked where it is given.
 * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`, `ERR_RELAY_FORBIDDEN`
 */
export function reach<P extends Principal>(
  relay: SfuRelay<P>,
  sessionId: unknown,
  { key, userId }: Visitor<P>,
  sessionToken: unknown,
): Session<P> {
  const session = typeof sessionId === 'string' ? relay.getSession(sessionId) : undefined;
  if (session?.state !== 'joined')
    throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session.');
  const owner = ownerOf(session);
  if (owner?.key !== key)
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'This session belongs to another user.');
  if (sessionToken === undefined ? userId === undefined : !isOwn(sessionToken, owner))
    throw new RelayError('ERR_RELAY_FORBIDDEN', ADVICE[sessionToken === undefined ? 'missing' : 'wrong']);
  return session;
}

/** Whether a session is proven to be the visitor's own: by its token, whoever the visitor is. */
export function isProven<P extends Principal>(
  session: Session<P>,
  { key }: Visitor<P>,
  sessionToken: string,
): boolean {
  const owner = ownerOf(session);
  return owner !== undefined && mayBeOneUser(owner.key, key) && isOwn(sessionToken, owner);
}

/**
 * Whether two keys do not say of two users. Whom the application does not name may bring a newer token with each
 * connection: the session token alone proves then that it is the same client.
 */
export function mayBeOneUser(one: string, other: string): boolean {
  return one === other || !(isNamed(one) || isNamed(other));
}

function isOwn(sessionToken: unknown, { tokenHash }: Owner): boolean {
  return (
    typeof sessionToken === 'string' && tokenHash !== undefined && isSessionToken(sessionToken, tokenHash)
  );
}

const ADVICE = {
  missing:
    'The application names no user here, so the session token is wanted: "sessionToken" of the join\'s result, or ' +
    `"session_token" of POST /session; over HTTP in the header ${SESSION_TOKEN_HEADER}.`,
  wrong: 'The session token is not the one of this session.',
} as const;
