import { randomUUID } from 'node:crypto';
import type { Principal } from '../authentication.js';
import { RelayError } from '../errors.js';
import type { SfuRelay } from '../relay.js';
import type { Session } from '../session.js';
import { admitRequest } from './client-request.js';
import { enter } from './entry.js';
import type { ResolvedRequestOptions } from './options.js';
import { judge } from './page-origin.js';
import type { HandshakeRequest } from './socket.js';

/** Who stands behind a connection or a request. */
export interface Visitor<P extends Principal> {
  readonly request: HandshakeRequest;
  readonly principal: P;
  /** Equal for two requests where they are of one user, whose sessions both may reach. */
  readonly key: string;
}

/** Says who stands behind a request, or a connection that has brought this token. */
export async function welcome<P extends Principal>(
  relay: SfuRelay<P>,
  request: HandshakeRequest,
  token: string | undefined,
): Promise<Visitor<P>> {
  const principal = await judge(relay, request, () => relay.authenticate({ ...request, token }));
  return { request, principal, key: keyOf(principal, token) };
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

/** Where the application names no user, the token stands for one; without either everybody is the same nobody. */
function keyOf({ userId }: Principal, token: string | undefined): string {
  if (userId !== undefined) return `user ${userId}`;
  return token === undefined ? 'anybody' : `token ${token}`;
}

/** To whom a session belongs that a visitor has created. */
const owners = new WeakMap<object, string>();

/** One that the application has created belongs to the user of its principal, or to nobody. */
function ownerOf<P extends Principal>(session: Session<P>): string | undefined {
  const { userId } = session.principal ?? {};
  return owners.get(session) ?? (userId === undefined ? undefined : keyOf({ userId }, undefined));
}

export function claim<P extends Principal>(session: Session<P>, { key }: Visitor<P>): void {
  owners.set(session, key);
}

/**
 * A session of the visitor's own.
 * @throws RelayError `ERR_RELAY_SESSION_NOT_FOUND`, `ERR_RELAY_FORBIDDEN`
 */
export function reach<P extends Principal>(
  relay: SfuRelay<P>,
  sessionId: unknown,
  { key }: Visitor<P>,
): Session<P> {
  const session = typeof sessionId === 'string' ? relay.getSession(sessionId) : undefined;
  if (session?.state !== 'joined')
    throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'There is no such session.');
  if (ownerOf(session) !== key)
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'This session belongs to another user.');
  return session;
}
