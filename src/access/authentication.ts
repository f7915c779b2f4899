import { RelayError, type RelayErrorCode } from '../protocol/errors.js';
import { isId } from '../protocol/ids.js';
import { LIMITS } from '../protocol/limits.js';
import { readMember } from '../protocol/read-member.js';
import type { Grants } from '../protocol/types.js';
import { kindOf } from '../util/check-options.js';
import { isPlain, isRecord } from '../util/is-record.js';
import { wallClock } from '../util/wall-clock.js';
import { readGrants } from './grants.js';

/**
 * The request of a client before authentication, the same for WebSocket and HTTP and for every server.
 * @category Authentication
 */
export interface AuthRequest {
  /** Path and query, as requested: `/rtc?room=lobby`. */
  readonly url: string;
  /**
   * Lower-case names; repeated headers joined by `, `. Without `cookie` where the request comes from a page of another origin
   * that `allowedOrigins` does not list: read cookies by `cookie()`.
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
 * The identity of a client. You can add members: `session.principal` returns the same object.
 * @category Authentication
 */
export interface Principal {
  /**
   * 1 to 128 characters without control characters, or a whole number below 2^53, which is converted to its decimal digits:
   * `{ userId: 789 }` gives the session the `userId` `'789'`. @default chosen by the client, or generated
   */
  userId?: string | number;
  /** @default everything is allowed */
  grants?: Grants;
  /**
   * ms since the epoch at which the client is disconnected (4401), unless it has sent a newer token of the same user by then
   * (`authenticate`). It is notified before. @default never
   */
  expiresAt?: number;
}

/**
 * A result of `authenticate` that refuses the client.
 * @category Authentication
 */
export type NoPrincipal = false | null | undefined;

/**
 * Identifies a client, or refuses it. These refuse it permanently (4401, 4403):
 *
 * - `false`, `null` or `undefined` as the result,
 * - a `RelayError`, which the client receives unchanged,
 * - an error whose `status` or `statusCode` is 401 or 403,
 * - an error by which jose or jsonwebtoken says that a token is not valid.
 *
 * Any other error means that authentication is unavailable, for example because a database is down. The client receives
 * `ERR_RELAY_AUTH_UNAVAILABLE` (4503) and may try again; the error is logged.
 * @category Authentication
 */
export type Authenticate<P extends Principal = Principal> = (
  request: AuthRequest,
) => P | NoPrincipal | Promise<P | NoPrincipal>;

/**
 * Admits everybody under the user id of their choice, for demos and tests. It has to be written explicitly, so that leaving
 * `authenticate` out never creates an open relay.
 * @category Authentication
 */
export function anonymous(): (request: AuthRequest) => Principal {
  return () => ({});
}

/** Functions that return an `authenticate`, to detect a forgotten call. */
const MAKERS = new WeakMap<object, string>([[anonymous, 'anonymous()']]);

/** Registers a function that returns an `authenticate`; `call` is the code to write. */
export function makesAuthenticate(maker: object, call: string): void {
  MAKERS.set(maker, call);
}

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write. */
export function checkAuthenticate(authenticate: unknown): void {
  if (typeof authenticate !== 'function')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"authenticate" ${authenticate === undefined ? 'is missing' : `must be a function, and is ${kindOf(authenticate)}`}: write authenticate: async (request) => ({ userId }), or authenticate: anonymous() for a demo.`,
    );
  const call = MAKERS.get(authenticate);
  if (call !== undefined)
    throw new RelayError('ERR_RELAY_CONFIG', `"authenticate" lacks its call: write authenticate: ${call}.`);
}

/** @throws RelayError the refusal, `ERR_RELAY_AUTH_UNAVAILABLE`, or `ERR_RELAY_INTERNAL` for an unusable principal */
export async function identify<P extends Principal>(
  authenticate: Authenticate<P>,
  request: AuthRequest,
): Promise<P> {
  let principal: P | NoPrincipal;
  try {
    principal = await authenticate(request);
  } catch (error) {
    throw authenticationFailure(error);
  }
  if (principal === false || principal === null || principal === undefined)
    throw new RelayError('ERR_RELAY_UNAUTHENTICATED', REFUSED);
  if (!isRecord(principal)) throw misused('authenticate() must return a principal, an object, or false');
  checkPrincipal(principal);
  return principal;
}

const REFUSED = 'Authentication failed.';

/** The application's code returned an unusable value. */
export function misused(fault: string): RelayError {
  const message = 'Authentication is misconfigured on this server.';
  return new RelayError('ERR_RELAY_INTERNAL', message, { cause: new TypeError(fault) });
}

/** The client's error for an error of `authenticate`. Never throws. */
export function authenticationFailure(error: unknown): RelayError {
  if (error instanceof RelayError) {
    const own = RelayError.from(error);
    // A token source or a verifier is misconfigured: the advice is for operators.
    return own.code === 'ERR_RELAY_CONFIG' ? misused(own.message) : own;
  }
  const refused = refusalCode(error);
  if (refused) return new RelayError(refused, REFUSED, { cause: error });
  return new RelayError('ERR_RELAY_AUTH_UNAVAILABLE', 'Authentication is not available now: try again.', {
    cause: error,
  });
}

/** Codes of jose for an invalid token. Its other codes are faults of the keys or of the key server. */
const JOSE_REFUSAL = /^ERR_(?:JWT_|JWS_|JWE_|JOSE_ALG_|JOSE_NOT_SUPPORTED$|JWKS_NO_MATCHING_KEY$)/;
/** Names of the errors of jsonwebtoken. */
const JSONWEBTOKEN_REFUSALS = new Set<unknown>(['JsonWebTokenError', 'NotBeforeError', 'TokenExpiredError']);

function refusalCode(error: unknown): RelayErrorCode | undefined {
  const [status, statusCode, code, name] = ['status', 'statusCode', 'code', 'name'].map((member) =>
    readMember(error, member),
  );
  if (code === 'ERR_JWT_EXPIRED' || name === 'TokenExpiredError') return 'ERR_RELAY_EXPIRED';
  if (status === 403 || statusCode === 403) return 'ERR_RELAY_FORBIDDEN';
  if (status === 401 || statusCode === 401 || JSONWEBTOKEN_REFUSALS.has(name))
    return 'ERR_RELAY_UNAUTHENTICATED';
  return typeof code === 'string' && JOSE_REFUSAL.test(code) ? 'ERR_RELAY_UNAUTHENTICATED' : undefined;
}

function checkPrincipal(principal: Principal): void {
  const { grants, expiresAt } = principal;
  if ('userId' in principal) checkUserId(principal.userId);
  else checkNoOtherName(principal);
  readGrants(grants);
  checkExpiry(expiresAt);
}

/**
 * Whether the value is a principal whose grants can be enforced.
 * @throws RelayError whose cause says what is wrong with a member
 */
export function isPrincipal<P extends Principal>(value: unknown): value is P {
  if (!isRecord(value)) return false;
  checkPrincipal(value);
  return true;
}

/** The user id as a string; undefined where the client chooses it. */
export function userIdOf({ userId }: Principal): string | undefined {
  return typeof userId === 'number' ? String(userId) : userId;
}

/**
 * Without `userId` the client chooses its user id, so a failed lookup of the user must not pass as a missing `userId`.
 * @throws RelayError `ERR_RELAY_INTERNAL`, whose cause says what the application has to return
 */
export function checkUserId(userId: unknown): void {
  if (isId(userId) || Number.isSafeInteger(userId)) return;
  throw misused(
    `"userId" must be a string of 1 to ${LIMITS.maxIdLength} characters without control characters, or a whole number below 2^53, not ${describe(userId)}: refuse a client without a user, or leave "userId" out to let clients name themselves`,
  );
}

/** Names of the user id in other systems. A principal with one of them and no `userId` is a mistake. */
const OTHER_NAMES = ['id', 'user', 'uid', 'sub', 'user_id', 'userid', 'userID', 'UserId'];

/** @throws RelayError `ERR_RELAY_INTERNAL` */
function checkNoOtherName(principal: object): void {
  const name = OTHER_NAMES.find((each) => each in principal);
  if (name === undefined) return;
  throw misused(
    `the principal has "${name}" and no "userId", so that clients could name themselves as anybody: write userId, or leave "${name}" out`,
  );
}

/** Describes an invalid user id without its contents, which may be secret or long. */
function describe(userId: unknown): string {
  if (typeof userId === 'number') return `the number ${userId}`;
  if (typeof userId !== 'string') return userId === null ? 'null' : typeof userId;
  if (userId === '') return 'an empty string';
  return userId.length > LIMITS.maxIdLength
    ? `a string of ${userId.length} characters`
    : 'a string with control characters or half a surrogate pair';
}

function checkExpiry(expiresAt: unknown): void {
  if (expiresAt === undefined) return;
  if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) {
    const cause = new TypeError('"expiresAt" must be a number: ms since the epoch');
    throw new RelayError('ERR_RELAY_INTERNAL', 'The permissions of this user are misconfigured.', { cause });
  }
  if (expiresAt <= wallClock()) throw new RelayError('ERR_RELAY_EXPIRED', 'The token has expired.');
}

/** A copy, as several tokens may share one principal. An instance of a class keeps its getters and methods. */
export function withExpiry<P extends Principal>(principal: P, expiresAt: number): P {
  if (isPlain(principal)) return { ...principal, expiresAt };
  return Object.create(principal, { expiresAt: { value: expiresAt, enumerable: true } });
}
