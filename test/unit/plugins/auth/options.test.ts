import { createPrivateKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { cookie, introspection, type JwtOptions, jwt } from '../../../../src/plugins/auth/index.js';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = ec.publicKey.export({ type: 'spki', format: 'pem' }) as string;
const privatePem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const x25519 = generateKeyPairSync('x25519').publicKey;
const secret = 'x'.repeat(32);
const jwksUri = 'https://login.example.org/keys';
const parties = { issuer: 'i', audience: 'a' };

describe('jwt() says what to write instead of', () => {
  test.each<[string, unknown, RegExp]>([
    ['nothing', {}, /one of "jwksUri", "publicKey" and "secret"/],
    ['an unset variable', { secret: undefined, audience: 'a' }, /"secret" is undefined: set the environment/],
    ['two keys', { secret, publicKey: pem }, /one of/],
    ['a secret that can be guessed', { secret: 'secret' }, /6 bytes.*32 at least/],
    ['one that is too short for its algorithm', { secret, algorithms: ['HS512'] }, /64 at least/],
    ['a public key as the secret', { secret: pem }, /write publicKey/],
    ['public-key algorithms with a secret', { secret, algorithms: ['HS256', 'RS256'] }, /"RS256".*HS256/],
    ['none', { secret, algorithms: ['none'] }, /"none"/],
    ['no algorithm', { publicKey: pem, algorithms: [] }, /"algorithms" must be a list/],
    ['secret algorithms with a key', { publicKey: pem, algorithms: ['ES256', 'HS256'] }, /"HS256"/],
    ['an algorithm of another kind of key', { publicKey: pem, algorithms: ['RS256'] }, /"RS256".*ES256/],
    ['secret algorithms with a server', { jwksUri, ...parties, algorithms: ['HS256'] }, /anybody could sign/],
    ['a private key', { publicKey: privatePem }, /is a private key/],
    ['a private JWK', { publicKey: ec.privateKey.export({ format: 'jwk' }) }, /is a private key/],
    ['a private KeyObject', { publicKey: createPrivateKey(privatePem) }, /is a private key/],
    ['a secret KeyObject', { publicKey: createSecretKey(Buffer.from(secret)) }, /is a secret key/],
    ['a key that signs nothing', { publicKey: x25519 }, /RSA, EC or Ed25519/],
    ['nonsense for a key', { publicKey: 'nonsense' }, /can't be read/],
    ['a server without an issuer', { jwksUri, audience: 'a' }, /"issuer" must be/],
    ['a server without an audience', { jwksUri, issuer: 'i' }, /"audience" must be.*Or false/],
    ['an empty issuer', { secret, issuer: '' }, /"issuer" must be/],
    ['an empty list of audiences', { secret, audience: [] }, /"audience" must be/],
    ['plain http', { jwksUri: 'http://login.example.org/keys', ...parties }, /allowInsecureRequests/],
    ['another scheme', { jwksUri: 'file:///etc/passwd', ...parties, allowInsecureRequests: true }, /https/],
    ['a password in a URL', { jwksUri: 'https://me:pw@login.example.org/', ...parties }, /password/],
    ['a name for a URL', { jwksUri: 'login.example.org', ...parties }, /must be a URL/],
    ['a time that is none', { secret, clockToleranceMs: -1 }, /clockToleranceMs/],
  ])('%s', (_, options, message) => {
    expect(() => jwt(options as JwtOptions & { mapClaims?: undefined })).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_CONFIG', message: expect.stringMatching(message) }),
    );
  });
});

test('jwt() takes a key in every form', () => {
  for (const publicKey of [pem, ec.publicKey, ec.publicKey.export({ format: 'jwk' })]) jwt({ publicKey });
  for (const type of ['rsa', 'ed25519'] as const)
    jwt({ publicKey: generateKeyPairSync(type as 'rsa', { modulusLength: 2048 }).publicKey });
  jwt({ jwksUri: new URL('http://[::1]:1/'), issuer: false, audience: ['a', 'b'], algorithms: ['ES256'] });
  jwt({ jwksUri: 'http://keycloak:8080/certs', ...parties, allowInsecureRequests: true });
  jwt({ secret: new Uint8Array(64), algorithms: ['HS512'] });
});

describe('introspection() says what to write instead of', () => {
  const good = { endpoint: 'https://login.example.org/introspect', clientId: 'relay', clientSecret: 's' };
  test.each<[string, object, RegExp]>([
    ['no endpoint', { endpoint: undefined }, /"endpoint" must be a URL/],
    ['no client', { clientId: '' }, /"clientId" and "clientSecret"/],
    ['plain http', { endpoint: 'http://login.example.org/' }, /allowInsecureRequests/],
    ['another way of saying who asks', { clientAuthentication: 'none' }, /"basic", "post"/],
    ['a time that is none', { cacheTtlMs: 1.5 }, /cacheTtlMs/],
    ['a list of audiences', { audience: ['a'] }, /"audience" must be a string/],
  ])('%s', (_, options, message) => {
    expect(() => introspection({ ...good, ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_CONFIG', message: expect.stringMatching(message) }),
    );
  });
});

describe('what reads a token and its claims must be a function', () => {
  const endpoint = 'https://login.example.org/introspect';
  const makers: [string, (options: object) => unknown][] = [
    ['jwt()', (options) => jwt({ secret, ...options })],
    [
      'introspection()',
      (options) => introspection({ endpoint, clientId: 'relay', clientSecret: 's', ...options }),
    ],
  ];
  test.each(makers)('for %s', (_, make) => {
    expect(() => make({ getToken: 'cookie' })).toThrow(
      /"getToken" must be a function: write getToken: cookie\(/,
    );
    expect(() => make({ getToken: cookie })).toThrow(/"getToken" lacks its call: write getToken: cookie\(/);
    expect(() => make({ mapClaims: {} })).toThrow(
      /"mapClaims" must be a function: write mapClaims: \(claims\)/,
    );
    expect(() => make({ getToken: cookie('a'), mapClaims: () => ({}) })).not.toThrow();
  });
});
