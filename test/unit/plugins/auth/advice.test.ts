import { exportSPKI, importJWK } from 'jose';
import { expect, test } from 'vitest';
import { anonymous, SfuRelay } from '../../../../src/index.js';
import { introspection, jwt } from '../../../../src/plugins/auth/index.js';
import { AUDIENCE, failure, ISSUER, sign, signingKey, withToken } from './authority.js';

test.each([
  ['anonymous', anonymous, 'anonymous()'],
  ['jwt', jwt, 'jwt({ jwksUri, issuer, audience })'],
  ['introspection', introspection, 'introspection({ endpoint, clientId, clientSecret })'],
])('%s that is not called is refused with how to call it', (_, maker, call) => {
  const authenticate = maker as unknown as ReturnType<typeof anonymous>;
  expect(() => new SfuRelay({ sfu: { serverUrl: 'localhost:5551' }, authenticate })).toThrow(
    expect.objectContaining({
      code: 'ERR_RELAY_CONFIG',
      message: `"authenticate" lacks its call: write authenticate: ${call}.`,
    }),
  );
});

test.each([
  ['lacks', ISSUER, `${ISSUER}/`],
  ['has', `${ISSUER}/`, ISSUER],
])('an issuer that %s the slash at its end is told to the operator', async (_, issuer, iss) => {
  const key = await signingKey('one');
  const publicKey = await exportSPKI((await importJWK(key.jwk, 'ES256')) as CryptoKey);
  const authenticate = jwt({ publicKey, issuer, audience: AUDIENCE });
  const { code, why } = await failure(authenticate(withToken(await sign(key, { iss }))));
  expect(code).toBe('ERR_RELAY_UNAUTHENTICATED');
  expect(why).toContain(`Write issuer: "${iss}"`);
});
