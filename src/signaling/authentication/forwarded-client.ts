import type { Principal } from '../../access/authentication.js';
import { hashOfSessionToken } from '../../access/session-token.js';
import type { Grants } from '../../protocol/types.js';
import type { Session } from '../../session/session.js';
import type { HandshakeRequest } from '../wire/handshake.js';
import type { AuthenticatedClient } from './authenticated-client.js';
import { ownKeyOf } from './session-ownership.js';

/** A client that another process has authenticated, as far as the relay has to know it. JSON; its credentials stay there. */
export interface ForwardedClient {
  readonly remoteAddress?: string | undefined;
  /** Undefined if the application does not name its users. */
  readonly userId?: string | undefined;
  /** Hash of its key, which may be the token that it was authenticated by. */
  readonly keyHash: string;
  readonly grants?: Grants | undefined;
  readonly expiresAt?: number | undefined;
  /** Hash of the session token that it has brought. */
  readonly tokenHash?: string | undefined;
}

export function toForwardedClient<P extends Principal>(
  { userId, key, principal: { grants, expiresAt }, request: { remoteAddress } }: AuthenticatedClient<P>,
  tokenHash: string | undefined,
): ForwardedClient {
  return { remoteAddress, userId, keyHash: hashOfSessionToken(key), grants, expiresAt, tokenHash };
}

/** The client, with those members of the session's principal that stay in the process of the session. */
export function fromForwardedClient<P extends Principal>(
  session: Session<P>,
  { userId, keyHash, grants, expiresAt }: ForwardedClient,
  request: HandshakeRequest,
): AuthenticatedClient<P> {
  return {
    request,
    principal: withMembers(session.principal, { grants, expiresAt }),
    userId,
    key: ownKeyOf(session, keyHash),
    since: performance.now(),
  };
}

/** A copy. One of an instance of a class keeps its getters and methods. */
function withMembers<P extends Principal>(principal: P | undefined, members: object): P {
  const [own, changed] = [principal ?? {}, members].map((each) => Object.getOwnPropertyDescriptors(each));
  return Object.create(Object.getPrototypeOf(principal ?? {}), { ...own, ...changed });
}
