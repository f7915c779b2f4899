import { makesAuthenticate, type Principal } from '../../access/authentication.js';
import { network } from '../../limits/ip-network.js';
import { checkOptions, integer, type Keys, misconfigured } from '../../util/check-options.js';
import { wallClock } from '../../util/wall-clock.js';
import { type Claims, type MapClaims, toPrincipal } from './claims.js';
import { checkEndpoint, fetchJson } from './endpoint.js';
import { refused, slashAdvice, unavailable } from './failures.js';
import { FairPool } from './fair-pool.js';
import { type AuthenticateByToken, checkReaders, type GetToken, readToken } from './token.js';
import { TokenCache } from './token-cache.js';

/**
 * Options of `introspection()`; later changes have no effect.
 * @category Authentication
 */
export interface IntrospectionOptions<P extends Principal = Principal> {
  /** The authorization server's endpoint: `https://login.example.org/oauth2/introspect`. */
  endpoint: string | URL;
  /** The relay's own credentials at the authorization server. */
  clientId: string;
  clientSecret: string;
  /** Whether they are sent in the header `Authorization` or in the body (RFC 6749 § 2.3.1). @default 'basic' */
  clientAuthentication?: 'basic' | 'post';
  /** The required `iss`, if the response has one. @default any */
  issuer?: string;
  /** The required `aud`, or one of them. @default any */
  audience?: string;
  /** Turns claims into a principal. @default `sub` is the user, LiveKit's `video` has the grants */
  mapClaims?: MapClaims<P>;
  /** Reads the token of a request that has none in the usual places: `cookie('access_token')`. @default none */
  getToken?: GetToken;
  /**
   * ms that an active token is cached, at most until its own end. A revoked token may be accepted for this long. 0 disables
   * the cache. @default 30000
   */
  cacheTtlMs?: number;
  /** Tokens that are cached. @default 10000 */
  maxCachedTokens?: number;
  /** ms that the server has to respond. @default 5000 */
  timeoutMs?: number;
  /**
   * Concurrent requests to the server. Further tokens wait, and client addresses take turns: no address gets more than half
   * of the requests. @default 100
   */
  maxRequests?: number;
  /** ms that a token may wait for its request; then its client is told to retry. @default 2000 */
  queueTimeoutMs?: number;
  /** Other tokens are refused without a request: `/^ory_at_/`. @default printable ASCII */
  tokenPattern?: RegExp;
  /** ms by which clocks may differ: applied to `exp` and `nbf`. @default 5000 */
  clockToleranceMs?: number;
  /** Allow plain http on a network that you trust; it is always allowed on this machine. @default false */
  allowInsecureRequests?: boolean;
}

const KEYS: Keys<IntrospectionOptions> = {
  endpoint: true,
  clientId: true,
  clientSecret: true,
  clientAuthentication: true,
  issuer: true,
  audience: true,
  mapClaims: true,
  getToken: true,
  cacheTtlMs: true,
  maxCachedTokens: true,
  timeoutMs: true,
  maxRequests: true,
  clockToleranceMs: true,
  allowInsecureRequests: true,
  tokenPattern: true,
  queueTimeoutMs: true,
};

/**
 * Accepts tokens that the authorization server reports as active (RFC 7662): for opaque tokens, and those that can be
 * revoked.
 *
 * ```ts
 * new SfuRelay({ sfu, authenticate: introspection({ endpoint, clientId: 'relay', clientSecret }) });
 * ```
 * If the response has `exp`, the user is disconnected then unless the client has sent a newer token. Revoking a token does
 * not end sessions that it has started: close them by `relay.closeSession`.
 *
 * Clients get `ERR_RELAY_UNAUTHENTICATED`, `ERR_RELAY_EXPIRED`, `ERR_RELAY_FORBIDDEN`, and `ERR_RELAY_AUTH_UNAVAILABLE` if
 * the server is down, slow, or responds with nonsense. The error's cause has the reason, and never the token.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead
 * @category Authentication
 */
export function introspection(options: IntrospectionOptions & { mapClaims?: undefined }): AuthenticateByToken;
export function introspection<P extends Principal>(
  options: IntrospectionOptions<P> & { mapClaims: MapClaims<P> },
): AuthenticateByToken<P>;
export function introspection<P extends Principal>(options: IntrospectionOptions<P>): AuthenticateByToken<P> {
  const example =
    'introspection({ endpoint: "https://login.example.org/oauth2/introspect", clientId, clientSecret })';
  checkOptions({ name: 'introspection()', example }, options, KEYS);
  const { mapClaims, getToken } = options;
  checkReaders(options);
  const clockToleranceMs = integer(options, 'clockToleranceMs', 5_000, 0);
  const tokenPattern = checkPattern(options.tokenPattern);
  const ask = makeAsk(options);
  const pool = new FairPool({
    maxRunning: integer(options, 'maxRequests', 100),
    queueTimeoutMs: integer(options, 'queueTimeoutMs', 2_000, 0),
  });
  const cache = new TokenCache<Claims>({
    ask: (token, address) => pool.run(address, () => ask(token)),
    ttlMsOf: lifetimes(integer(options, 'cacheTtlMs', 30_000, 0)),
    maxEntries: integer(options, 'maxCachedTokens', 10_000, 0),
  });
  const check = makeCheck(options, clockToleranceMs);
  return async (request) => {
    const token = await readToken(request, getToken);
    if (token.search(tokenPattern) < 0) throw refused('the token does not match "tokenPattern"');
    const claims = await cache.get(token, network(request.remoteAddress ?? ''));
    if (!claims) throw refused('the authorization server says that the token is not active');
    check(claims);
    return toPrincipal(claims, mapClaims, clockToleranceMs);
  };
}

makesAuthenticate(introspection, 'introspection({ endpoint, clientId, clientSecret })');

/** An access token's characters (RFC 6749, appendix A.12). */
const ACCESS_TOKEN = /^[\x20-\x7e]+$/;

function checkPattern(pattern: RegExp = ACCESS_TOKEN): RegExp {
  if (!(pattern instanceof RegExp))
    throw misconfigured('"tokenPattern" must be a regular expression: /^ory_at_/.');
  return pattern;
}

/** ms that a refusal is cached: the server may learn of the token at any moment. */
const REFUSED_TTL_MS = 1_000;

function lifetimes(cacheTtlMs: number) {
  return (claims: Claims | undefined): number => {
    if (!claims) return Math.min(REFUSED_TTL_MS, cacheTtlMs);
    const { exp = Number.POSITIVE_INFINITY } = claims;
    return Math.min(cacheTtlMs, Number(exp) * 1_000 - wallClock());
  };
}

/** The request to the server; it resolves with undefined if the token is not active. */
function makeAsk<P extends Principal>(options: IntrospectionOptions<P>) {
  const url = checkEndpoint('endpoint', options.endpoint, options.allowInsecureRequests === true);
  const timeoutMs = integer(options, 'timeoutMs', 5_000);
  const { headers, body } = makeCredentials(options);
  return async (token: string): Promise<Claims | undefined> => {
    try {
      const answer = await fetchJson(url, timeoutMs, {
        method: 'POST',
        headers: { accept: 'application/json', ...headers },
        body: new URLSearchParams({ ...body, token, token_type_hint: 'access_token' }),
      });
      return readAnswer(answer);
    } catch (error) {
      throw unavailable(error);
    }
  };
}

function makeCredentials<P extends Principal>({
  clientId,
  clientSecret,
  clientAuthentication = 'basic',
}: IntrospectionOptions<P>): { headers: Record<string, string>; body: Record<string, string> } {
  if (
    typeof clientId !== 'string' ||
    clientId === '' ||
    typeof clientSecret !== 'string' ||
    clientSecret === ''
  )
    throw misconfigured(
      '"clientId" and "clientSecret" are missing: what the relay is to the authorization server.',
    );
  if (clientAuthentication === 'post')
    return { headers: {}, body: { client_id: clientId, client_secret: clientSecret } };
  if (clientAuthentication !== 'basic')
    throw misconfigured('"clientAuthentication" must be one of "basic", "post".');
  const encode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  const credentials = Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64');
  return { headers: { authorization: `Basic ${credentials}` }, body: {} };
}

/** @throws Error the response is not valid */
function readAnswer(answer: unknown): Claims | undefined {
  const claims = (answer ?? {}) as Record<string, unknown>;
  if (typeof claims.active !== 'boolean')
    throw new Error('the server does not say whether the token is active');
  for (const name of ['exp', 'nbf']) {
    if (claims[name] !== undefined && !Number.isFinite(claims[name]))
      throw new Error(`the server says a "${name}" that is no number`);
  }
  return claims.active ? claims : undefined;
}

/** The checks that the server leaves to the relay. They throw `ERR_RELAY_UNAUTHENTICATED`. */
function makeCheck<P extends Principal>({ issuer, audience }: IntrospectionOptions<P>, toleranceMs: number) {
  for (const [name, value] of Object.entries({ issuer, audience })) {
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw misconfigured(`"${name}" must be a string.`);
  }
  return ({ iss, aud, nbf = 0 }: Claims): void => {
    if (issuer !== undefined && iss !== undefined && iss !== issuer)
      throw refused(slashAdvice(issuer, iss) ?? 'unexpected "iss"');
    if (audience !== undefined && ![aud].flat().includes(audience)) throw refused('unexpected "aud"');
    if (Number(nbf) * 1_000 - toleranceMs > wallClock()) throw refused('the token is not valid yet ("nbf")');
  };
}
