import { makesAuthenticate, type Principal } from '../../access/authentication.js';
import { network } from '../../limits/ip-network.js';
import { checkOptions, integer, type Keys } from '../../util/check-options.js';
import { wallClock } from '../../util/wall-clock.js';
import { type Claims, type MapClaims, toPrincipal } from './claims.js';
import { checkEndpoint, fetchJson } from './endpoint.js';
import { misconfigured, refused, slashAdvice, unavailable } from './failures.js';
import { FairPool } from './fair-pool.js';
import { type AuthenticateByToken, checkReaders, type GetToken, readToken } from './token.js';
import { TokenCache } from './token-cache.js';

/**
 * Checked by `introspection()`, and never changed after it.
 * @category Authentication
 */
export interface IntrospectionOptions<P extends Principal = Principal> {
  /** The authorization server's: `https://login.example.org/oauth2/introspect`. */
  endpoint: string | URL;
  /** Of the relay, which has to be allowed to ask. */
  clientId: string;
  clientSecret: string;
  /** How these are sent: in the header `Authorization`, or in the body (RFC 6749 § 2.3.1). @default 'basic' */
  clientAuthentication?: 'basic' | 'post';
  /** What `iss` must be, where the server says it. @default any */
  issuer?: string;
  /** What `aud` must be, or have. @default any */
  audience?: string;
  /** Who a token's user is, and what it may do. @default `sub` is the user, LiveKit's `video` has the grants */
  mapClaims?: MapClaims<P>;
  /** Where a request without a token of its own has it: `cookie('access_token')`. @default nowhere */
  getToken?: GetToken;
  /**
   * ms for which an active token is not asked for again, up to its own end: so long it may be let in after it was
   * revoked. 0 asks every time. @default 30000
   */
  cacheTtlMs?: number;
  /** Tokens of which is known what the server said. @default 10000 */
  maxCachedTokens?: number;
  /** ms that the server has for an answer. @default 5000 */
  timeoutMs?: number;
  /**
   * Requests to the server at a time. Tokens beyond wait, and the addresses that they come from take turns: none has more
   * than half of the requests while others wait or may come. @default 100
   */
  maxRequests?: number;
  /** ms that a token may wait for that; then its client is told to come back. @default 2000 */
  queueTimeoutMs?: number;
  /** What tokens look like: `/^ory_at_/`. The server is not asked for others. @default printable ASCII */
  tokenPattern?: RegExp;
  /** ms by which clocks may differ: a token lasts so much longer, and may come so much too early. @default 5000 */
  clockToleranceMs?: number;
  /** Ask over plain http, on a network that you trust; on this machine it may be so. @default false */
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
 * Lets in whose token the authorization server calls active (RFC 7662): for tokens that only it can read, or that can be
 * revoked.
 *
 * ```ts
 * new SfuRelay({ sfu, authenticate: introspection({ endpoint, clientId: 'relay', clientSecret }) });
 * ```
 * Where the server says when the token expires (`exp`), its user is put out then, or brings a newer one. One that is
 * revoked before that does not end the sessions that it began: close those (`relay.closeSession`).
 *
 * Clients get `ERR_RELAY_UNAUTHENTICATED`, `ERR_RELAY_EXPIRED`, `ERR_RELAY_FORBIDDEN`, and, where the server is down,
 * slow, or makes no sense, `ERR_RELAY_AUTH_UNAVAILABLE`. Why is in the error's cause; the token never is.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead.
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

/** RFC 6749, appendix A.12. */
const ACCESS_TOKEN = /^[\x20-\x7e]+$/;

function checkPattern(pattern: RegExp = ACCESS_TOKEN): RegExp {
  if (!(pattern instanceof RegExp))
    throw misconfigured('"tokenPattern" must be a regular expression: /^ory_at_/.');
  return pattern;
}

/** ms for which a refused token is not asked for again: it may become known to the server any moment. */
const REFUSED_TTL_MS = 1_000;

function lifetimes(cacheTtlMs: number) {
  return (claims: Claims | undefined): number => {
    if (!claims) return Math.min(REFUSED_TTL_MS, cacheTtlMs);
    const { exp = Number.POSITIVE_INFINITY } = claims;
    return Math.min(cacheTtlMs, Number(exp) * 1_000 - wallClock());
  };
}

/** Asks the server; undefined where the token is not active. @throws RelayError `ERR_RELAY_AUTH_UNAVAILABLE` */
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

/** @throws Error where the server says what makes no sense. */
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

/** What the server does not check for us. @throws RelayError `ERR_RELAY_UNAUTHENTICATED` */
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
