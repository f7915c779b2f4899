import { createHmac, createPublicKey } from 'node:crypto';
import { CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { jwt } from '../../../../src/plugins/auth/index.js';
import {
  AUDIENCE,
  claims,
  failure,
  ISSUER,
  inSeconds,
  type SigningKey,
  sign,
  signingKey,
  withToken,
} from './authority.js';

let rsa: SigningKey;
let pem: string;
let authenticate: ReturnType<typeof jwt>;

beforeAll(async () => {
  rsa = await signingKey('1', 'RS256');
  pem = createPublicKey({ key: rsa.jwk as never, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  }) as string;
  authenticate = jwt({ publicKey: pem, issuer: ISSUER, audience: AUDIENCE });
});

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const attempt = (token: string | undefined) => failure(authenticate(withToken(token)));

async function expectRefused(
  token: string | undefined,
  why: RegExp | string = /./,
  code = 'ERR_RELAY_UNAUTHENTICATED',
) {
  const outcome = await attempt(token);
  expect(outcome.code).toBe(code);
  expect(outcome.why).toMatch(why);
}

test('a good token is let in, until it expires', async () => {
  const exp = inSeconds(600);
  expect(await authenticate(withToken(await sign(rsa, { exp })))).toEqual({
    userId: 'alice',
    expiresAt: exp * 1000 + 5_000,
    grants: {
      room: 'lobby',
      canPublish: true,
      canSubscribe: true,
      canPublishData: true,
      hidden: false,
      roomAdmin: false,
    },
  });
});

describe('a token is refused whose signature', () => {
  test('is none (alg none)', async () => {
    for (const alg of ['none', 'None', 'NONE', ''])
      await expectRefused(`${encode({ alg })}.${encode(claims())}.`, /ALG_NOT_ALLOWED|JWS_INVALID/);
  });

  test('is made with the public key, as if that were a secret (HS256)', async () => {
    const head = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims())}`;
    for (const secret of [pem, pem.trim(), createPublicKey(pem).export({ type: 'spki', format: 'der' })]) {
      const signature = createHmac('sha256', secret).update(head).digest('base64url');
      await expectRefused(`${head}.${signature}`, 'ALG_NOT_ALLOWED');
    }
  });

  test('is of another key', async () => {
    await expectRefused(await sign(await signingKey('1', 'RS256')), 'SIGNATURE');
  });

  test('is of another algorithm than those that are pinned', async () => {
    authenticate = jwt({ publicKey: pem, issuer: ISSUER, audience: AUDIENCE, algorithms: ['PS256'] });
    await expectRefused(await sign(rsa), 'ALG_NOT_ALLOWED');
    authenticate = jwt({ publicKey: pem, issuer: ISSUER, audience: AUDIENCE });
  });

  test('belongs to other claims', async () => {
    const [head, , signature] = (await sign(rsa)).split('.');
    await expectRefused(`${head}.${encode(claims({ sub: 'root' }))}.${signature}`, 'SIGNATURE');
  });

  test('was cut off, or emptied', async () => {
    const token = await sign(rsa);
    await expectRefused(token.slice(0, -4), 'SIGNATURE');
    await expectRefused(token.slice(0, token.lastIndexOf('.') + 1), 'SIGNATURE');
    await expectRefused(token.slice(0, token.lastIndexOf('.')), 'JWS_INVALID');
  });
});

describe('a token is refused that brings its own key', () => {
  test.each(['jwk', 'jku', 'x5u', 'x5c'])('in the header %s', async (name) => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const values = {
      jwk: await exportJWK(publicKey),
      jku: 'http://127.0.0.1:1/',
      x5u: 'http://127.0.0.1:1/',
      x5c: ['MII='],
    };
    const token = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256', [name]: values[name as 'jwk'] })
      .sign(privateKey);
    await expectRefused(token, 'SIGNATURE');
  });

  test('and one that is signed rightly gains nothing by it', async () => {
    const token = await sign(rsa, {}, { jku: 'http://127.0.0.1:1/', kid: '../../etc/passwd' });
    expect(await authenticate(withToken(token))).toMatchObject({ userId: 'alice' });
  });
});

describe('a token is refused whose header says', () => {
  test('that an extension is critical which nobody knows (crit)', async () => {
    const token = `${encode({ alg: 'RS256', crit: ['teleport'], teleport: true })}.${encode(claims())}.AAAA`;
    await expectRefused(token, /NOT_SUPPORTED|JWS_INVALID/);
  });

  test('that its payload is not encoded (b64: false)', async () => {
    const payload = new TextEncoder().encode(JSON.stringify(claims()));
    const token = await new CompactSign(payload)
      .setProtectedHeader({ alg: 'RS256', b64: true, crit: ['b64'] })
      .sign(rsa.privateKey);
    const [, body, signature] = token.split('.');
    await expectRefused(`${encode({ alg: 'RS256', b64: false, crit: ['b64'] })}.${body}.${signature}`);
  });

  test('nothing, or nonsense', async () => {
    for (const head of [
      '{}',
      '[]',
      'null',
      '7',
      '{"alg":7}',
      '{"alg":["RS256"]}',
      '{"alg":"RS256","alg":"none"}',
      '{',
    ])
      await expectRefused(`${encode(head)}.${encode(claims())}.AAAA`);
  });
});

describe('a token is refused whose claims', () => {
  test.each([
    ['have another issuer', { iss: 'https://evil.example.org' }, '"iss"'],
    ['have an issuer that only begins like ours', { iss: `${ISSUER}.evil.org` }, '"iss"'],
    ['have a list of issuers', { iss: [ISSUER] as never }, '"iss"'],
    ['have no issuer', { iss: undefined as never }, '"iss"'],
    ['have another audience', { aud: 'shop' }, '"aud"'],
    ['have other audiences', { aud: ['shop', 'mail'] }, '"aud"'],
    ['have no audience', { aud: undefined as never }, '"aud"'],
    ['have no end', { exp: undefined as never }, '"exp"'],
    ['have an end that is text', { exp: '9999999999' as never }, '"exp"'],
    ['begin later', { nbf: inSeconds(60) }, '"nbf"'],
    ['begin at nonsense', { nbf: 'now' as never }, '"nbf"'],
    ['name no user', { sub: undefined as never }, '"sub"'],
    ['name the user ""', { sub: '' }, '"sub"'],
    ['name a list of users', { sub: ['alice'] as never }, '"sub"'],
  ])('%s', async (_, overrides, why) => {
    await expectRefused(await sign(rsa, overrides), why);
  });

  test('have ended, beyond what clocks may differ by; the client is told so', async () => {
    await expectRefused(await sign(rsa, { exp: inSeconds(-6) }), '', 'ERR_RELAY_EXPIRED');
    expect(await authenticate(withToken(await sign(rsa, { exp: inSeconds(-3) })))).toMatchObject({
      userId: 'alice',
    });
  });

  test('are no object', async () => {
    for (const payload of ['[]', 'null', '"text"', '7', 'not JSON', '']) {
      const token = await new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader({ alg: 'RS256' })
        .sign(rsa.privateKey);
      await expectRefused(token, 'JWT_INVALID');
    }
  });

  test('are said twice: the last one counts, as in all JSON of this process', async () => {
    const twice = JSON.stringify(claims()).replace('"sub":"alice"', '"sub":"alice","sub":""');
    const token = await new CompactSign(new TextEncoder().encode(twice))
      .setProtectedHeader({ alg: 'RS256' })
      .sign(rsa.privateKey);
    await expectRefused(token, '"sub"');
  });
});

describe('what is no token is refused', () => {
  test('none', async () => {
    expect((await attempt(undefined)).error.message).toBe('A token is missing.');
  });

  test('a giant one, unread', async () => {
    const { error } = await attempt(`${await sign(rsa, { padding: 'x'.repeat(20_000) })}`);
    expect(error.message).toBe('The token is longer than 16384 characters.');
    expect((await attempt('.'.repeat(10_000_000))).code).toBe('ERR_RELAY_UNAUTHENTICATED');
  });

  test.each(['x', '..', '....', 'a.b', 'a.b.c', 'a.b.c.d.e', '\0.\0.\0', 'é.é.é', '%', ' '])(
    '%j',
    async (token) => {
      await expectRefused(token);
    },
  );

  test('an encrypted one (JWE)', async () => {
    await expectRefused(`${encode({ alg: 'dir', enc: 'A128GCM' })}..AAAA.AAAA.AAAA`);
  });
});

test('an end beyond all calendars is the last day that a calendar has', async () => {
  const { expiresAt } = await authenticate(withToken(await sign(rsa, { exp: 1e300 })));
  expect(expiresAt).toBe(8.64e15);
});
