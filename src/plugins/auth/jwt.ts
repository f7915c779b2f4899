import type { KeyObject, webcrypto } from 'node:crypto';
import type { JWTVerifyOptions } from 'jose';
import { makesAuthenticate, type Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import { checkOptions, integer, type Keys, misconfigured } from '../../util/check-options.js';
import { type Logger, resolveLogger } from '../../util/logger.js';
import { type Claims, type MapClaims, toPrincipal } from './claims.js';
import { checkEndpoint } from './endpoint.js';
import { expired, refused, slashAdvice, unavailable } from './failures.js';
import { type Jose, loadJose } from './jose.js';
import { Jwks } from './jwks.js';
import { type JwtAlgorithm, publicKey, secretKey, serverAlgorithms } from './jwt-keys.js';
import { type AuthenticateByToken, checkReaders, type GetToken, readToken } from './token.js';

/**
 * Options of `jwt()`; later changes have no effect. Exactly one of `jwksUri`, `publicKey` and `secret` verifies the
 * signatures.
 * @category Authentication
 */
export interface JwtOptions<P extends Principal = Principal> {
  /** The keys of an authorization server (RFC 7517): `https://login.example.org/.well-known/jwks.json`. */
  jwksUri?: string | URL;
  /** One public key: PEM (also a certificate), a JSON Web Key, or a KeyObject of node:crypto. */
  publicKey?: string | webcrypto.JsonWebKey | KeyObject;
  /** The secret shared with the issuer: at least 32 bytes. */
  secret?: string | Uint8Array;
  /**
   * The required `iss`. It is mandatory with `jwksUri`; `false` accepts any.
   * @default any, with `publicKey` or `secret`
   */
  issuer?: string | string[] | false;
  /**
   * The required `aud`. It is mandatory with `jwksUri`, as the server signs tokens for others, too; `false` accepts any.
   * @default any, with `publicKey` or `secret`
   */
  audience?: string | string[] | false;
  /**
   * Accepted signature algorithms.
   * @default HS256 with `secret`; those of the key with `publicKey`; RS256, PS256, ES256, EdDSA with `jwksUri`
   */
  algorithms?: readonly JwtAlgorithm[];
  /** Turns claims into a principal. @default `sub` is the user, LiveKit's `video` has the grants */
  mapClaims?: MapClaims<P>;
  /** Reads the token of a request that has none in the usual places: `cookie('access_token')`. @default none */
  getToken?: GetToken;
  /** ms by which clocks may differ: applied to `exp` and `nbf`. @default 5000 */
  clockToleranceMs?: number;
  /** ms that keys are valid; they are refreshed before, so that logins do not wait. @default 600000 */
  cacheTtlMs?: number;
  /** ms between requests for the keys that follow a failure or an unknown key. @default 5000 */
  cooldownMs?: number;
  /** ms beyond `cacheTtlMs` that keys stay valid while the server does not respond. @default 3600000 */
  maxStaleMs?: number;
  /** ms that the server has to respond. @default 5000 */
  timeoutMs?: number;
  /** Allow plain http on a network that you trust; it is always allowed on this machine. @default false */
  allowInsecureRequests?: boolean;
  /** Logs requests that fail; `false` for silence. @default warnings go to stderr */
  logger?: Logger | false;
}

const KEYS: Keys<JwtOptions> = {
  jwksUri: true,
  publicKey: true,
  secret: true,
  issuer: true,
  audience: true,
  algorithms: true,
  mapClaims: true,
  getToken: true,
  clockToleranceMs: true,
  cacheTtlMs: true,
  cooldownMs: true,
  maxStaleMs: true,
  timeoutMs: true,
  allowInsecureRequests: true,
  logger: true,
};

/** Verifies a token. Rejects with an error of jose, or a RelayError. */
type Verify = (token: string) => Promise<Claims>;

/**
 * Accepts JSON Web Tokens (RFC 7519, RFC 8725), verified by jose. They must have `exp`: the user is disconnected then,
 * unless the client has sent a newer token.
 *
 * ```ts
 * new SfuRelay({ sfu, authenticate: jwt({ jwksUri, issuer: 'https://login.example.org', audience: 'live' }) });
 * ```
 * Clients get `ERR_RELAY_UNAUTHENTICATED`, `ERR_RELAY_EXPIRED`, `ERR_RELAY_FORBIDDEN`, and `ERR_RELAY_AUTH_UNAVAILABLE` if
 * the token cannot be verified now. The error's cause has the reason, and never the token.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead
 * @category Authentication
 */
export function jwt(options: JwtOptions & { mapClaims?: undefined }): AuthenticateByToken;
export function jwt<P extends Principal>(
  options: JwtOptions<P> & { mapClaims: MapClaims<P> },
): AuthenticateByToken<P>;
export function jwt<P extends Principal>(options: JwtOptions<P>): AuthenticateByToken<P> {
  const example = 'jwt({ jwksUri: "https://login.example.org/.well-known/jwks.json", issuer, audience })';
  checkOptions({ name: 'jwt()', example }, options, KEYS);
  const { mapClaims, getToken } = options;
  checkReaders(options);
  const clockToleranceMs = integer(options, 'clockToleranceMs', 5_000, 0);
  const verify = makeVerify(options, {
    ...checkParty('issuer', options),
    ...checkParty('audience', options),
    clockTolerance: clockToleranceMs / 1_000,
    requiredClaims: ['exp'],
  });
  // Warns at startup if jose is not installed, and not only when the first client connects.
  loadJose().catch((error) => process.emitWarning(error));
  return async (request) => {
    const token = await readToken(request, getToken);
    const jose = await loadJose().catch((error) => {
      throw unavailable(error);
    });
    const claims = await verify(token).catch((error) => {
      throw explain(jose, error, options.issuer);
    });
    return toPrincipal(claims, mapClaims, clockToleranceMs);
  };
}

makesAuthenticate(jwt, 'jwt({ jwksUri, issuer, audience })');

function makeVerify<P extends Principal>(options: JwtOptions<P>, rules: JWTVerifyOptions): Verify {
  const { jwksUri, secret, publicKey: source, algorithms: wanted } = options;
  const given = [jwksUri, secret, source].filter((each) => each !== undefined).length;
  const unset = (['jwksUri', 'publicKey', 'secret'] as const).find((name) => Object.hasOwn(options, name));
  if (given === 0 && unset !== undefined)
    throw misconfigured(`"${unset}" is undefined: set the environment variable that it is read from.`);
  if (given !== 1)
    throw misconfigured('Write one of "jwksUri", "publicKey" and "secret": by what tokens are signed.');
  if (jwksUri !== undefined)
    return byServer(makeJwks(jwksUri, options), { ...rules, algorithms: serverAlgorithms(wanted) });
  const { key, algorithms } =
    source === undefined ? secretKey(secret ?? '', wanted) : publicKey(source, wanted);
  return async (token) => {
    const { jwtVerify } = await loadJose();
    return (await jwtVerify(token, key, { ...rules, algorithms })).payload;
  };
}

function makeJwks<P extends Principal>(jwksUri: string | URL, options: JwtOptions<P>): Jwks {
  return new Jwks({
    url: checkEndpoint('jwksUri', jwksUri, options.allowInsecureRequests === true),
    timeoutMs: integer(options, 'timeoutMs', 5_000),
    cacheTtlMs: integer(options, 'cacheTtlMs', 600_000),
    cooldownMs: integer(options, 'cooldownMs', 5_000),
    maxStaleMs: integer(options, 'maxStaleMs', 3_600_000, 0),
    logger: resolveLogger(options.logger),
  });
}

/** `issuer` or `audience` as an option of jose. */
function checkParty<P extends Principal>(
  name: 'issuer' | 'audience',
  options: JwtOptions<P>,
): JWTVerifyOptions {
  const { [name]: value, jwksUri } = options;
  if (value === false || (value === undefined && jwksUri === undefined)) return {};
  const names = typeof value === 'string' ? [value] : value;
  if (
    Array.isArray(names) &&
    names.length > 0 &&
    names.every((each) => typeof each === 'string' && each !== '')
  )
    return { [name]: names };
  throw misconfigured(
    `"${name}" must be a string or a list of them: who else's tokens would be taken? Or false, for any.`,
  );
}

/** Three parts in base64url (RFC 7515 § 7.1). */
const COMPACT_JWS = /^[\w-]+\.[\w-]*\.[\w-]+$/;

function byServer(jwks: Jwks, rules: JWTVerifyOptions): Verify {
  return async (token) => {
    // A text that cannot be a token causes no request for keys.
    if (!COMPACT_JWS.test(token)) throw refused('the token is no JSON Web Token');
    const keys = await jwks.current();
    try {
      return await verifyByAny(token, keys, rules);
    } catch (error) {
      if (!lacksKey(await loadJose(), error, token)) throw error;
      const newer = await jwks.newerThan(keys);
      if (newer === keys) throw error;
      return verifyByAny(token, newer, rules);
    }
  };
}

/** A token without `kid` may be signed by any key of its kind. */
async function verifyByAny(
  token: string,
  keys: Awaited<ReturnType<Jwks['current']>>,
  rules: JWTVerifyOptions,
) {
  const { errors, jwtVerify } = await loadJose();
  try {
    return (await jwtVerify(token, keys, rules)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, rules)).payload;
      } catch (reason) {
        if (!(reason instanceof errors.JWSSignatureVerificationFailed)) throw reason;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Whether the token may be signed by a key that was published since. */
function lacksKey({ decodeProtectedHeader, errors }: Jose, error: unknown, token: string): boolean {
  if (error instanceof errors.JWKSNoMatchingKey) return true;
  return (
    error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(token).kid === undefined
  );
}

/** Keeps only the message of jose's errors: they also have the claims as members. */
function explain({ errors }: Jose, error: unknown, issuer: unknown): RelayError {
  if (error instanceof RelayError) return RelayError.from(error);
  if (error instanceof errors.JWTExpired) return expired();
  const slash =
    error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss'
      ? slashAdvice(issuer, error.payload.iss)
      : undefined;
  if (slash !== undefined) return refused(slash);
  return refused(
    error instanceof errors.JOSEError ? `${error.code}: ${error.message}` : 'the token can’t be read',
  );
}
