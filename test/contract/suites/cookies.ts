import { describe, expect, test } from 'vitest';
import { type Authenticate, cookie, RelayError } from '../../../src/index.js';
import type { ContractStage } from '../contract-stage.js';

export function cookiesSuite(stage: ContractStage): void {
  const { start, open, joinParams } = stage;
  const own = { cookie: 'session=alice', host: 'live.example.org', origin: 'https://live.example.org' };
  const foreign = { ...own, origin: 'https://evil.example.org' };

  function recordWarnings() {
    const warnings: [object, string][] = [];
    const warn = (fields: object, text: string) => void warnings.push([fields, text]);
    return { logger: { debug() {}, info() {}, warn, error() {} }, warnings };
  }

  describe.each<[string, Parameters<ContractStage['start']>[0], number]>([
    [
      'an authenticate that reads it by cookie()',
      { authenticate: (request) => ({ userId: cookie('session')(request) ?? 'nobody' }) },
      4403,
    ],
    [
      'an onConnect that reads it by cookie()',
      {
        hooks: { onConnect: ({ request }) => ({ token: cookie('session')(request) ?? '' }) },
        authenticate: ({ token }) => ({ userId: token ?? '' }),
      },
      4403,
    ],
    [
      'an authenticate that reads the header itself',
      {
        authenticate: (({ headers }) => {
          const userId = /session=(\w+)/.exec(headers.cookie ?? '')?.[1];
          if (userId === undefined) throw new RelayError('ERR_RELAY_UNAUTHENTICATED', 'Who are you?');
          return { userId };
        }) satisfies Authenticate,
      },
      4401,
    ],
  ])('a cookie, for %s', (_, options, code) => {
    test('lets a page of the same host in, and a client that is no browser', async () => {
      await start(options);
      for (const headers of [own, { cookie: own.cookie, host: own.host }]) {
        const client = await open(undefined, headers);
        expect((await client.request('join', joinParams())).result).toMatchObject({ userId: 'alice' });
        await client.request('leave');
      }
    });

    test('does not let a foreign page act for the user; the log says both origins, and what to set', async () => {
      const { logger, warnings } = recordWarnings();
      await start({ ...options, relay: { logger } });
      const client = await open(undefined, foreign);
      client.send({ id: 1, method: 'join', params: joinParams() });
      expect((await client.closed).code).toBe(code);
      expect(stage.relay.sessions.size).toBe(0);
      expect(warnings).toMatchObject([
        [{ remoteAddress: '127.0.0.1' }, expect.stringContaining('"allowedOrigins"')],
      ]);
      expect(warnings[0]?.[1]).toMatch(/"https:\/\/evil\.example\.org".*"live\.example\.org"/);
    });

    test('lets a foreign page in that allowedOrigins names', async () => {
      await start({ ...options, allowedOrigins: [foreign.origin] });
      const client = await open(undefined, foreign);
      expect((await client.request('join', joinParams())).result).toMatchObject({ userId: 'alice' });
    });
  });

  test('a foreign page whose browser adds other cookies only is a client without that cookie', async () => {
    await start({ authenticate: (request) => ({ userId: cookie('session')(request) ?? 'guest' }) });
    const client = await open(undefined, { ...foreign, cookie: 'theme=dark' });
    expect((await client.request('join', joinParams())).result).toMatchObject({ userId: 'guest' });
  });

  test('a foreign page with a token of its own is served, whatever cookies its browser adds', async () => {
    await start({ authenticate: ({ token }) => ({ userId: token ?? 'nobody' }) });
    const client = await open(['sfu-relay.v1', 'bearer.bob'], foreign);
    expect((await client.request('join', joinParams())).result).toMatchObject({ userId: 'bob' });
  });
}
