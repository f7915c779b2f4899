import { RelayError } from '../protocol/errors.js';
import type { AuthRequest } from './authentication.js';

/**
 * Says on a request why its cookies were taken out. A registered symbol: the package may be loaded twice, as ESM and as
 * CommonJS. Enumerable, so that copies of the request keep it.
 */
const WITHHELD = Symbol.for('sfu-relay.withheld');

interface Withheld {
  readonly reason: string;
  /** The names of the cookies. */
  readonly names: readonly string[];
}

/** A cookie name is a token (RFC 6265 § 4.1.1). */
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** Takes out what a browser adds by itself to requests of any page: cookies, and the password of HTTP authentication. */
export function withholdCredentials<Request extends Pick<AuthRequest, 'headers'>>(
  request: Request,
  reason: string,
): Request {
  const { cookie, authorization, ...others } = request.headers;
  const kept = isAmbient(authorization) ? others : { ...others, ...(authorization && { authorization }) };
  const withheld: Withheld = { reason, names: readCookies(cookie ?? '').map(([name]) => name) };
  return { ...request, headers: kept, [WITHHELD]: withheld };
}

/** Whether a request has something that `withholdCredentials` would take out. */
export function hasAmbientCredentials({ headers }: Pick<AuthRequest, 'headers'>): boolean {
  return headers.cookie !== undefined || isAmbient(headers.authorization);
}

function isAmbient(authorization: string | undefined): boolean {
  return authorization !== undefined && /^\s*(basic|digest|negotiate|ntlm)\b/i.test(authorization);
}

function withheldFrom(request: object): Withheld | undefined {
  return (request as { [WITHHELD]?: Withheld })[WITHHELD];
}

/** The request with a token, and with what is known of the cookies that were taken out. */
export function withToken(request: Omit<AuthRequest, 'token'>, token: string | undefined): AuthRequest {
  const { url, headers, remoteAddress } = request;
  const withheld = withheldFrom(request);
  // Each member by its name: a spread costs a join 3 % more.
  const asked = { url, headers, remoteAddress, token };
  return withheld ? Object.assign(asked, { [WITHHELD]: withheld }) : asked;
}

/** Why the request's cookies were taken out; undefined where they were not. */
export function withheldReason(request: object): string | undefined {
  return withheldFrom(request)?.reason;
}

/** The refusal of a page of another origin. */
export function foreignPage(reason: string): RelayError {
  return new RelayError('ERR_RELAY_FORBIDDEN', 'This page may not connect: its origin is not allowed.', {
    cause: new Error(reason),
  });
}

/**
 * Reads a cookie: as `getToken` of `jwt()` and `introspection()`, in an `authenticate` or an `onConnect` of your own.
 *
 * ```ts
 * jwt({ jwksUri, issuer, audience, getToken: cookie('access_token') })
 * const sessionId = cookie('session')(request)
 * ```
 * Browsers send cookies with the requests of every page. The relay therefore takes them out of the requests of pages of
 * another origin than the server's own, unless `allowedOrigins` names it; the function throws where this one was there.
 * @returns a function that gives the cookie's value, decoded; undefined where there is none.
 * @throws RelayError `ERR_RELAY_CONFIG`. The function throws `ERR_RELAY_FORBIDDEN` where a page of another origin sent the
 * cookie, and `ERR_RELAY_UNAUTHENTICATED` where the cookie is there twice with different values.
 * @category Authentication
 */
export function cookie(name: string): (request: AuthRequest) => string | undefined {
  if (typeof name !== 'string' || !COOKIE_NAME.test(name))
    throw new RelayError('ERR_RELAY_CONFIG', `cookie() takes the name of a cookie: cookie('access_token').`);
  return (request) => {
    const withheld = withheldFrom(request);
    if (withheld?.names.includes(name)) throw foreignPage(withheld.reason);
    const [value, ...others] = readCookies(request.headers.cookie ?? '').flatMap(([each, text]) =>
      each === name ? [text] : [],
    );
    if (value === undefined) return undefined;
    // A sibling domain can set a cookie of the same name, and browsers don't say whose is whose.
    if (others.some((other) => other !== value))
      throw new RelayError('ERR_RELAY_UNAUTHENTICATED', 'The token is not valid.', {
        cause: new Error(
          `the cookie "${name}" is there twice, with different values: a name that begins with __Host- can't be set by other domains`,
        ),
      });
    return decode(value.replace(/^"(.*)"$/, '$1'));
  };
}

/** Names and values, as they are sent (RFC 6265 § 4.2). */
function readCookies(header: string): [name: string, value: string][] {
  return header.split(';').flatMap((pair): [string, string][] => {
    const equals = pair.indexOf('=');
    return equals > 0 ? [[pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]] : [];
  });
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
