import { describe, expect, test } from 'vitest';
import { admitRequest } from '../../../../src/signaling/authentication/client-request.js';
import { type RequestOptions, resolveRequestOptions } from '../../../../src/signaling/options.js';

type Headers = Record<string, string>;

/** Whether the application sees the cookie of a request with these headers. */
function seesCookie(headers: Headers, options: RequestOptions = {}, isEncrypted = false): boolean {
  const { cookie } = admitRequest(
    {
      url: '/rtc',
      headers: { cookie: 'session=1', ...headers },
      remoteAddress: '127.0.0.1',
      ...(isEncrypted && { isEncrypted }),
    },
    resolveRequestOptions(options),
  ).headers;
  return cookie !== undefined;
}

describe('without allowedOrigins the cookies count', () => {
  const live = { host: 'live.example.org' };

  test.each<[string, Headers]>([
    ['of a client that is no browser', live],
    ['of a page of the same host', { ...live, origin: 'https://live.example.org' }],
    ["with the scheme's port in Host", { host: 'live.example.org:443', origin: 'https://live.example.org' }],
    ['with another port in both', { host: '127.0.0.1:8080', origin: 'http://127.0.0.1:8080' }],
    ['of an IPv6 address', { host: '[::1]:8080', origin: 'http://[::1]:8080' }],
    ['with a host in upper case', { host: 'LIVE.example.org', origin: 'https://live.example.org' }],
    ['with an origin in upper case', { ...live, origin: 'HTTPS://LIVE.example.org' }],
    [
      'where the browser says that the page is of the server itself, whatever a proxy made of Host',
      { host: '10.0.0.7:8080', origin: 'https://live.example.org', 'sec-fetch-site': 'same-origin' },
    ],
    ['of a GET that the user typed in', { ...live, 'sec-fetch-site': 'none' }],
  ])('%s', (_, headers) => {
    expect(seesCookie(headers)).toBe(true);
  });

  test.each<[string, Headers]>([
    ['another host', { ...live, origin: 'https://evil.example.org' }],
    ['another port', { ...live, origin: 'https://live.example.org:8443' }],
    [
      'a port that is the other scheme’s',
      { host: 'live.example.org:443', origin: 'http://live.example.org' },
    ],
    ['a host that begins alike', { ...live, origin: 'https://live.example.org.evil.org' }],
    ['a host that ends alike', { ...live, origin: 'https://evil-live.example.org' }],
    ['a sandboxed frame or a file', { ...live, origin: 'null' }],
    ['a server whose host is "null"', { host: 'null', origin: 'null' }],
    ['an empty Origin', { ...live, origin: '' }],
    ['several Origins', { ...live, origin: 'https://live.example.org, https://evil.example.org' }],
    ['an origin with a path', { ...live, origin: 'https://live.example.org/' }],
    ['an origin with a user', { ...live, origin: 'https://live.example.org@evil.example.org' }],
    ['a browser extension', { host: 'abcdef', origin: 'chrome-extension://abcdef' }],
    ['any page, where Host is missing', { origin: 'https://live.example.org' }],
    ['any page, where Host is empty', { host: '', origin: 'https://live.example.org' }],
    [
      'any page, where Host is there twice',
      { host: 'live.example.org, a.org', origin: 'https://live.example.org' },
    ],
    ['any page, where Host is none', { host: 'live.example.org/@x', origin: 'https://live.example.org' }],
    [
      'any page, where only an untrusted proxy names its host',
      { host: 'a.org', 'x-forwarded-host': 'live.example.org', origin: 'https://live.example.org' },
    ],
    ['an image on another site, which has no Origin', { ...live, 'sec-fetch-site': 'cross-site' }],
    ['a link on a sibling domain, which has no Origin', { ...live, 'sec-fetch-site': 'same-site' }],
  ])('not those of %s', (_, headers) => {
    expect(seesCookie(headers)).toBe(false);
  });

  test('not those of a page without TLS, where the server has it', () => {
    expect(seesCookie({ ...live, origin: 'http://live.example.org' }, {}, true)).toBe(false);
    expect(seesCookie({ ...live, origin: 'https://live.example.org' }, {}, true)).toBe(true);
  });
});

describe('behind trusted proxies', () => {
  const inner = { host: '10.0.0.7:8080', origin: 'https://live.example.org' };

  test.each<[string, Headers, number, boolean]>([
    ['the forwarded host', { 'x-forwarded-host': 'live.example.org' }, 1, true],
    ['with its port', { 'x-forwarded-host': 'live.example.org:443' }, 1, true],
    ['another forwarded host', { 'x-forwarded-host': 'other.example.org' }, 1, false],
    ["not the client's own word before it", { 'x-forwarded-host': 'live.example.org, a.org' }, 1, false],
    ['of the outermost of two proxies', { 'x-forwarded-host': 'live.example.org, inner' }, 2, true],
    ['Host, where no host is forwarded', { host: 'live.example.org' }, 1, true],
    ['Host, where an empty one is forwarded', { host: 'live.example.org', 'x-forwarded-host': '' }, 1, true],
    ['no host at all', {}, 1, false],
    [
      'the forwarded scheme',
      { 'x-forwarded-host': 'live.example.org', 'x-forwarded-proto': 'https' },
      1,
      true,
    ],
    ['that of a WebSocket', { 'x-forwarded-host': 'live.example.org', 'x-forwarded-proto': 'wss' }, 1, true],
    [
      'another forwarded scheme',
      { 'x-forwarded-host': 'live.example.org', 'x-forwarded-proto': 'http' },
      1,
      false,
    ],
  ])('%s counts', (_, headers, trustProxy, sees) => {
    expect(seesCookie({ ...inner, ...headers }, { trustProxy })).toBe(sees);
  });
});

describe('with allowedOrigins', () => {
  const options = { allowedOrigins: ['https://app.example.org'] };

  test('the cookies of the pages that it names count, and those of clients that are no browsers', () => {
    expect(seesCookie({ host: 'rtc.example.org', origin: 'https://app.example.org' }, options)).toBe(true);
    expect(seesCookie({ host: 'rtc.example.org' }, options)).toBe(true);
  });

  test('but not those of an image or a link on another site, which has no Origin', () => {
    expect(seesCookie({ 'sec-fetch-site': 'cross-site' }, options)).toBe(false);
  });

  test.each(['https://evil.example.org', 'null', 'https://app.example.org, https://evil.example.org', ''])(
    'a page of the origin "%s" is refused; the log has the origin and the list',
    (origin) => {
      const admit = () => seesCookie({ origin }, options);
      expect(admit).toThrow('This page may not connect');
      const cause = new RegExp(`${JSON.stringify(origin)}.*"https://app.example.org"`);
      expect(() => {
        try {
          admit();
        } catch (error) {
          throw (error as Error).cause;
        }
      }).toThrow(cause);
    },
  );
});

describe('of a page of another origin', () => {
  const foreign = { host: 'live.example.org', origin: 'https://evil.example.org' };
  const authorizationOf = (authorization: string) =>
    admitRequest(
      { url: '/', headers: { ...foreign, authorization }, remoteAddress: undefined },
      resolveRequestOptions({}),
    ).headers.authorization;

  test.each(['Basic YTpi', 'basic YTpi', 'Digest username="a"', 'Negotiate abc', 'NTLM abc'])(
    'a password that the browser adds does not count either: %s',
    (authorization) => {
      expect(authorizationOf(authorization)).toBeUndefined();
    },
  );

  test.each(['Bearer secret', 'Token secret'])('a token that the page itself has counts: %s', (header) => {
    expect(authorizationOf(header)).toBe(header);
  });
});
