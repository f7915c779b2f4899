import { randomUUID } from 'node:crypto';
import { type AuthRequest, type Principal, userIdOf } from '../../access/authentication.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { ResolvedRequestOptions } from '../options.js';
import type { HandshakeRequest } from '../wire/handshake.js';
import { admitRequest } from './client-request.js';
import { askApplication } from './page-origin.js';
import { runConnectHook } from './pre-authentication.js';

/** The identity behind a connection or a request. */
export interface AuthenticatedClient<P extends Principal> {
  readonly request: HandshakeRequest;
  readonly principal: P;
  /** The user that the application has named; undefined if clients name themselves. */
  readonly userId: string | undefined;
  /** Equal for two requests of the same user, who may use the same sessions. */
  readonly key: string;
  /** `performance.now()` of the authentication. */
  readonly since: number;
}

/** Authenticates a request, or a connection whose client has sent this token. */
export async function authenticate<P extends Principal>(
  relay: SfuRelay<P>,
  request: HandshakeRequest,
  token: string | undefined,
): Promise<AuthenticatedClient<P>> {
  const withToken = hasToken(request, token) ? request : { ...request, token };
  const principal = await askApplication(relay, request, () => relay.authenticate(withToken));
  const userId = userIdOf(principal);
  return { request, principal, userId, key: clientKeyOf(userId, token), since: performance.now() };
}

function hasToken(request: HandshakeRequest, token: string | undefined): request is AuthRequest {
  return 'token' in request && request.token === token;
}

/** Authenticates a single HTTP request, after the origin check and `onConnect`. */
export async function authenticateRequest<P extends Principal>(
  relay: SfuRelay<P>,
  request: HandshakeRequest,
  options: ResolvedRequestOptions,
): Promise<AuthenticatedClient<P>> {
  const admitted = admitRequest(request, options);
  const { token, ...rest } = await runConnectHook(relay, admitted, randomUUID());
  return authenticate(relay, rest, token);
}

const USER_PREFIX = 'user ';

/** Without a user from the application the token identifies the client; clients without either share one key. */
export function clientKeyOf(userId: string | undefined, token: string | undefined): string {
  if (userId !== undefined) return USER_PREFIX + userId;
  return token === undefined ? 'anybody' : `token ${token}`;
}

/** The user whom the application has named. */
export function userOfKey(key: string): string | undefined {
  return key.startsWith(USER_PREFIX) ? key.slice(USER_PREFIX.length) : undefined;
}

/**
 * False if the keys belong to different users. Clients whose user the application does not name may send a new token
 * with each connection, so their keys prove nothing: the session token alone identifies them.
 */
export function mayBeSameUser(one: string, other: string): boolean {
  return one === other || !(one.startsWith(USER_PREFIX) || other.startsWith(USER_PREFIX));
}
