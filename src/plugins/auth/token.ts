import type { AuthRequest, Principal } from '../../access/authentication.js';
import { cookie } from '../../access/cookie.js';
import { RelayError } from '../../protocol/errors.js';
import { misconfigured } from '../../util/check-options.js';

/**
 * An `authenticate` that refuses by errors only, so that your own can call it and extend its principal.
 * @category Authentication
 */
export type AuthenticateByToken<P extends Principal = Principal> = (request: AuthRequest) => Promise<P>;

/**
 * Reads the token of a request from elsewhere: a cookie, a custom header. Undefined if there is none.
 * @category Authentication
 */
export type GetToken = (request: AuthRequest) => string | undefined | Promise<string | undefined>;

/** UTF-16 code units. Real tokens have up to some 4,000; longer texts are refused unread. */
const MAX_TOKEN_LENGTH = 16_384;

const TWICE =
  'The token begins with "Bearer": send the token alone, that word is of the header Authorization.';

/** Advice for a request without a token. A header in another form counts as none. */
function adviceOn(authorization: string | undefined): string {
  if (authorization === undefined) return 'A token is missing.';
  if (/^\s*bearer\s+bearer\b/i.test(authorization)) return TWICE;
  return 'A token is missing: write the header Authorization as "Bearer", a space, and the token.';
}

/**
 * Checks that `getToken` and `mapClaims` are functions.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function checkReaders({ getToken, mapClaims }: { getToken?: unknown; mapClaims?: unknown }): void {
  if (getToken === cookie)
    throw misconfigured(`"getToken" lacks its call: write getToken: cookie('access_token').`);
  if (getToken !== undefined && typeof getToken !== 'function')
    throw misconfigured(`"getToken" must be a function: write getToken: cookie('access_token').`);
  if (mapClaims !== undefined && typeof mapClaims !== 'function')
    throw misconfigured(
      '"mapClaims" must be a function: write mapClaims: (claims) => ({ userId: claims.sub, grants: {} }).',
    );
}

/**
 * The request's own token, or that of `getToken`.
 * @throws RelayError `ERR_RELAY_UNAUTHENTICATED`
 */
export async function readToken(request: AuthRequest, getToken: GetToken | undefined): Promise<string> {
  const token = request.token ?? (await getToken?.(request));
  if (typeof token !== 'string' || token === '')
    throw new RelayError('ERR_RELAY_UNAUTHENTICATED', adviceOn(request.headers.authorization));
  if (/^bearer\s/i.test(token)) throw new RelayError('ERR_RELAY_UNAUTHENTICATED', TWICE);
  if (token.length > MAX_TOKEN_LENGTH)
    throw new RelayError(
      'ERR_RELAY_UNAUTHENTICATED',
      `The token is longer than ${MAX_TOKEN_LENGTH} characters.`,
    );
  return token;
}
