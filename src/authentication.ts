import { RelayError } from './errors.js';
import { checkGrants, type Grants } from './grants.js';
import { isRecord } from './record.js';
import { wallClock } from './wall-clock.js';

/**
 * What is known of a client before it is let in; the same for WebSocket and HTTP, whatever the server.
 * @category Authentication
 */
export interface AuthRequest {
  /** Path and query, as requested: `/rtc?room=lobby`. */
  readonly url: string;
  /**
   * Lower-case names; repeated headers joined by `, `. Without `cookie` where a page of another origin sent the request
   * that `allowedOrigins` does not name: read cookies by `cookie()`.
   */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly remoteAddress: string | undefined;
  /**
   * From the `Authorization: Bearer` header, a `bearer.<token>` subprotocol entry, `?token=`, or the request
   * `authenticate`.
   */
  readonly token: string | undefined;
}

/**
 * Who a client is. Extend it by members of your own: a session gives it back as `session.principal`.
 * @category Authentication
 */
export interface Principal {
  /** @default what the client says, or a made-up one */
  userId?: string;
  /** @default everything is allowed */
  grants?: Grants;
  /**
   * ms since the epoch at which the client is put out (4401), unless it has brought another token of the same user by
   * then (`authenticate`). It is told before. @default never
   */
  expiresAt?: number;
}

/**
 * Says who a client is, or throws to keep it out. An error's message goes to the log; the client gets a plain
 * sentence, unless a `RelayError` is thrown.
 * @category Authentication
 */
export type Authenticate<P extends Principal = Principal> = (request: AuthRequest) => P | Promise<P>;

/**
 * Lets everybody in as whom they say they are. For demos and tests; said aloud, so that nobody gets an open relay
 * by leaving `authenticate` out.
 * @category Authentication
 */
export function anonymous(): Authenticate {
  return () => ({});
}

/**
 * @throws RelayError `ERR_RELAY_UNAUTHENTICATED`, `ERR_RELAY_EXPIRED`, or what `authenticate` threw if it is a
 * RelayError.
 */
export async function identify<P extends Principal>(
  authenticate: Authenticate<P>,
  request: AuthRequest,
): Promise<P> {
  let principal: P;
  try {
    principal = await authenticate(request);
  } catch (error) {
    throw RelayError.from(error, 'ERR_RELAY_UNAUTHENTICATED', 'Authentication failed.');
  }
  if (!isRecord(principal))
    throw new RelayError('ERR_RELAY_UNAUTHENTICATED', 'Authentication failed.', {
      cause: new TypeError('authenticate() must return a principal, an object, or throw'),
    });
  checkPrincipal(principal);
  return principal;
}

function checkPrincipal({ grants, expiresAt }: Principal): void {
  checkGrants(grants ?? {});
  checkExpiry(expiresAt);
}

/** What may stand for a principal, and has grants that can be enforced. */
export function isPrincipal<P extends Principal>(value: unknown): value is P {
  try {
    if (isRecord(value)) checkPrincipal(value);
    return isRecord(value);
  } catch {
    return false;
  }
}

function checkExpiry(expiresAt: unknown): void {
  if (expiresAt === undefined) return;
  if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) {
    const cause = new TypeError('"expiresAt" must be a number: ms since the epoch');
    throw new RelayError('ERR_RELAY_INTERNAL', 'The permissions of this user are misconfigured.', { cause });
  }
  if (expiresAt <= wallClock()) throw new RelayError('ERR_RELAY_EXPIRED', 'The token has expired.');
}
