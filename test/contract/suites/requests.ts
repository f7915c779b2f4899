import { describe, expect, test } from 'vitest';
import type { AuthRequest } from '../../../src/index.js';
import type { ContractStage } from '../contract-stage.js';

export function requestsSuite(stage: ContractStage): void {
  const { start, open } = stage;

  describe('what is told of the request', () => {
    /** What authenticate sees of a client with these headers. */
    async function seen(headers: Record<string, string>, trustProxy = 0): Promise<AuthRequest> {
      let request: AuthRequest | undefined;
      await start({
        trustProxy,
        authenticate: (each) => {
          request = each;
          return {};
        },
      });
      const client = await open(['sfu-relay.v1', 'bearer.secret'], headers, '?room=lobby');
      await client.request('ping');
      if (!request) throw new Error('nobody was authenticated');
      return request;
    }

    test('path and query, headers in lower case, the address, the token', async () => {
      expect(await seen({ 'X-Team': 'blue', Cookie: 'a=1; b=2' })).toMatchObject({
        url: '/rtc?room=lobby',
        headers: { 'x-team': 'blue', cookie: 'a=1; b=2' },
        remoteAddress: '127.0.0.1',
        token: 'secret',
      });
    });

    test("X-Forwarded-For is the client's own word, unless proxies are trusted", async () => {
      const forwarded = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
      expect((await seen(forwarded)).remoteAddress).toBe('127.0.0.1');
      expect((await seen(forwarded, 1)).remoteAddress).toBe('198.51.100.7');
      expect((await seen(forwarded, 2)).remoteAddress).toBe('203.0.113.9');
    });
  });

  describe('the origin', () => {
    const allowedOrigins = ['https://live.example.org'];

    test('of a page that is not allowed: closed with 4403', async () => {
      await start({ allowedOrigins });
      const client = await open(undefined, { origin: 'https://evil.example.org' });
      expect(await client.closed).toEqual({
        code: 4403,
        reason: 'This page may not connect: its origin is not allowed.',
      });
    });

    test('of a page that is, or of no page at all: served', async () => {
      await start({ allowedOrigins });
      for (const headers of [{ origin: 'https://live.example.org' }, {}]) {
        const client = await open(undefined, headers);
        expect((await client.request('ping')).result).toEqual({});
      }
    });
  });
}
