import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../../src/index.js';
import { type Claims, jwt, videoGrants } from '../../../../src/plugins/auth/index.js';
import { handshakeToken } from '../../../../src/signaling/wire/handshake.js';
import { failure, inSeconds, type SigningKey, sign, signingKey, withToken } from './authority.js';

const all = { canPublish: true, canSubscribe: true, canPublishData: true, hidden: false, roomAdmin: false };

describe('the claim video of LiveKit', () => {
  test.each([
    ['room and roomJoin', { room: 'lobby', roomJoin: true }, { ...all, room: 'lobby' }],
    ['roomJoin alone: any room', { roomJoin: true }, all],
    ['no roomJoin: no room', { room: 'lobby', roomAdmin: true }, { ...all, room: [], roomAdmin: true }],
    ['nothing: no room', {}, { ...all, room: [] }],
    [
      'who may not publish may not send messages either',
      { roomJoin: true, canPublish: false },
      { ...all, canPublish: false, canPublishData: false },
    ],
    [
      'unless that is said',
      { roomJoin: true, canPublish: false, canPublishData: true },
      { ...all, canPublish: false },
    ],
    [
      'the sources',
      { roomJoin: true, canPublishSources: ['camera'] },
      { ...all, canPublishSources: ['camera'] },
    ],
    ['no sources: all', { roomJoin: true, canPublishSources: [] }, all],
    [
      'what has no meaning here',
      { roomJoin: true, roomCreate: true, roomRecord: true, recorder: true, ingressAdmin: true },
      all,
    ],
  ])('%s', (_, video, grants) => {
    expect(videoGrants(video)).toEqual(grants);
  });

  test.each([undefined, null, true, 'admin', []])(
    '%j is none: nobody gets in by what is left out',
    (video) => {
      expect(() => videoGrants(video)).toThrow(expect.objectContaining({ code: 'ERR_RELAY_FORBIDDEN' }));
    },
  );

  test('a truthy word is not true', () => {
    expect(videoGrants({ roomJoin: 'true' })).toMatchObject({ room: [] });
  });
});

describe('mapClaims', () => {
  const secret = 'x'.repeat(32);
  const enter = async (mapClaims: (claims: Claims) => object, overrides: object = {}) => {
    const { SignJWT } = await import('jose');
    const token = await new SignJWT({ sub: 'alice', plan: 'gold', exp: inSeconds(600), ...overrides })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secret));
    return jwt({ secret, mapClaims })(withToken(token));
  };

  test.each([undefined, null, ''])(
    'that names the user %j: refused, as the client could otherwise name itself',
    async (userId) => {
      const { code, why } = await failure(enter(() => ({ userId })));
      expect(code).toBe('ERR_RELAY_UNAUTHENTICATED');
      expect(why).toContain('names no user');
    },
  );

  test.each([{}, 'x'.repeat(129), 1.5, Number.NaN])(
    'that names the user %j: reported to the operator',
    async (userId) => {
      const { code, why } = await failure(enter(() => ({ userId })));
      expect(code).toBe('ERR_RELAY_INTERNAL');
      expect(why).toContain('"userId" must be a string');
    },
  );

  test('may name the user by a whole number', async () => {
    expect(await enter(() => ({ userId: 789 }))).toMatchObject({ userId: 789 });
  });

  test('that leaves the user out lets the client name itself', async () => {
    expect(await enter(() => ({}))).not.toHaveProperty('userId');
  });

  test('says who it is, and what it may do', async () => {
    const principal = await enter(({ sub, plan }) => ({
      userId: `u-${sub}`,
      plan,
      grants: { canPublish: plan === 'gold' },
    }));
    expect(principal).toMatchObject({ userId: 'u-alice', plan: 'gold', grants: { canPublish: true } });
    expect(principal).toHaveProperty('expiresAt');
  });

  test('may set an earlier end, and no later one', async () => {
    const soon = Date.now() + 1_000;
    expect(await enter(() => ({ expiresAt: soon }))).toEqual({ expiresAt: soon });
    expect(await enter(() => ({ expiresAt: Number.MAX_SAFE_INTEGER }), { exp: inSeconds(1) })).toMatchObject({
      expiresAt: inSeconds(1) * 1000 + 5_000,
    });
  });

  test('refuses by throwing', async () => {
    const refusal = new RelayError('ERR_RELAY_FORBIDDEN', 'Members only.');
    await expect(
      enter(() => {
        throw refusal;
      }),
    ).rejects.toBe(refusal);
    await expect(enter(() => undefined as never)).rejects.toMatchObject({
      code: 'ERR_RELAY_UNAUTHENTICATED',
    });
  });
});

describe('where the token is', () => {
  let key: SigningKey;
  test('is the request, or what getToken finds where the request has none', async () => {
    key = await signingKey('1');
    const { cookie } = await import('../../../../src/plugins/auth/index.js');
    const authenticate = jwt({ publicKey: key.jwk as never, getToken: cookie('session') });
    const [alice, bob] = [await sign(key), await sign(key, { sub: 'bob' })];
    const headers = { cookie: `theme=dark; session=${alice}; sessions=x` };
    expect(await authenticate(withToken(undefined, headers))).toMatchObject({ userId: 'alice' });
    expect(await authenticate(withToken(bob, headers))).toMatchObject({ userId: 'bob' });
    for (const value of ['', 'session=', 'xsession=a.b.c', 'session'])
      expect((await failure(authenticate(withToken(undefined, { cookie: value })))).error.message).toBe(
        'A token is missing.',
      );
    expect(await cookie('a')(withToken(undefined, { cookie: 'a="x%3Dy"' }))).toBe('x=y');
    expect(await cookie('a')(withToken(undefined, { cookie: 'a=100%' }))).toBe('100%');
  });

  test.each<[string, RegExp]>([
    ['Bearer Bearer a.b.c', /^The token begins with "Bearer": send the token alone/],
    ['a.b.c', /^A token is missing: write the header Authorization as "Bearer", a space, and the token/],
    ['Token a.b.c', /^A token is missing: write the header Authorization as "Bearer"/],
    ['Bearer', /^A token is missing: write the header Authorization as "Bearer"/],
  ])('is said to a client that writes the header Authorization as "%s"', async (authorization, advice) => {
    const headers = { authorization };
    const token = handshakeToken({ url: '/', headers, remoteAddress: undefined });
    const authenticate = jwt({ secret: 'x'.repeat(32) });
    const { error } = await failure(authenticate(withToken(token, headers)));
    expect(error.message).toMatch(advice);
  });
});
