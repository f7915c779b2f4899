import type { AuthRequest, Principal } from '../authentication.js';
import { RelayError } from '../errors.js';

/**
 * An `authenticate` that refuses by an error only, so that one of your own can call it and add to its principal.
 * @category Authentication
 */
export type AuthenticateByToken<P extends Principal = Principal> = (request: AuthRequest) => Promise<P>;

/**
 * Where a request without a token of its own has it: a cookie, a header of yours. Undefined where there is none.
 * @category Authentication
 */
export type GetToken = (request: AuthRequest) => string | undefined | Promise<string | undefined>;

/** UTF-16 code units. Real ones have up to some 4,000; what is longer is not even looked at. */
const MAX_TOKEN_LENGTH = 16_384;

/**
 * The request's own token, else what `getToken` finds.
 * @throws RelayError `ERR_RELAY_UNAUTHENTICATED`
 */
export async function readToken(request: AuthRequest, getToken: GetToken | undefined): Promise<string> {
  const token = request.token ?? (await getToken?.(request));
  if (typeof token !== 'string' || token === '')
    throw new RelayError('ERR_RELAY_UNAUTHENTICATED', 'A token is missing.');
  if (/^bearer\s/i.test(token))
    throw new RelayError(
      'ERR_RELAY_UNAUTHENTICATED',
      'The token begins with "Bearer": send the token alone, that word is of the header Authorization.',
    );
  if (token.length > MAX_TOKEN_LENGTH)
    throw new RelayError(
      'ERR_RELAY_UNAUTHENTICATED',
      `The token is longer than ${MAX_TOKEN_LENGTH} characters.`,
    );
  return token;
}
