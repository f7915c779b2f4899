import { RelayError } from '../protocol/errors.js';
import type { AuthRequest } from './authentication.js';

/**
 * Marks a request whose cookies were removed, with the reason. A registered symbol, as the package may be loaded twice, as ESM
 * and as CommonJS; enumerable, so that copies of the request keep it.
 */
const WITHHELD = Symbol.for('sfu-relay.withheld');

interface Withheld {
  readonly reason: string;
  /** The names of the cookies. */
  readonly names: readonly string[];
}

/** A cookie name is a token (RFC 6265 § 4.1.1). */
const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** Removes ambient credentials, which a browser adds to the requests of any page: cookies and HTTP authentication. */
export function withholdCredentials<Request extends Pick<AuthRequest, 'headers'>>(
  request: Request,
  reason: string,
): Request {
  const { cookie, authorization, ...others } = request.headers;
  const kept = isAmbient(authorization) ? others : { ...others, ...(authorization && { authorization }) };
  const withheld: Withheld = { reason, names: readCookies(cookie ?? '').map(([name]) => name) };
  return { ...request, headers: kept, [WITHHELD]: withheld };
}

/** Whether a request has ambient credentials. */
export function hasAmbientCredentials({ headers }: Pick<AuthRequest, 'headers'>): boolean {
  return headers.cookie !== undefined || isAmbient(headers.authorization);
}

function isAmbient(authorization: string | undefined): boolean {
  return authorization !== undefined && /^\s*(basic|digest|negotiate|ntlm)\b/i.test(authorization);
}

function withheldFrom(request: object): Withheld | undefined {
  return (request as { [WITHHELD]?: Withheld })[WITHHELD];
}

/** The request with a token, keeping the mark of removed cookies. */
export function withToken(request: Omit<AuthRequest, 'token'>, token: string | undefined): AuthRequest {
  const { url, headers, remoteAddress } = request;
  const withheld = withheldFrom(request);
  // Members by name: an object spread costs a join 3 % more.
  const asked = { url, headers, remoteAddress, token };
  return withheld ? Object.assign(asked, { [WITHHELD]: withheld }) : asked;
}

/** Why the request's cookies were removed; undefined where they were not. */
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
 * Makes a function that reads a cookie: for `getToken` of `jwt()` and `introspection()`, or for your `authenticate` or `onConnect`.
 *
 * ```ts
 * jwt({ jwksUri, issuer, audience, getToken: cookie('access_token') })
 * const sessionId = cookie('session')(request)
 * ```
 * Browsers send cookies with the requests of every page. The relay therefore removes them from the requests of pages of other
 * origins than the server's, unless `allowedOrigins` lists the origin; the function then throws if the request had this cookie.
 * @returns a function that returns the decoded value of the cookie, or undefined
 * @throws RelayError `ERR_RELAY_CONFIG`. The function throws `ERR_RELAY_FORBIDDEN` where a page of another origin sent the
 * cookie, and `ERR_RELAY_UNAUTHENTICATED` where the request has it twice with different values.
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
    // A sibling domain can set a cookie of the same name, and browsers do not tell which is which.
    if (others.some((other) => other !== value))
      throw new RelayError('ERR_RELAY_UNAUTHENTICATED', 'The token is not valid.', {
        cause: new Error(
          `the cookie "${name}" is there twice, with different values: a name that begins with __Host- can't be set by other domains`,
        ),
      });
    return decode(value.replace(/^"(.*)"$/, '$1'));
  };
}

/** Names and undecoded values (RFC 6265 § 4.2). */
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
