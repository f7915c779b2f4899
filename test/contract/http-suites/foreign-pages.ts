import { describe, expect, test } from 'vitest';
import { cookie } from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import type { HttpStage } from '../http-stage.js';

const session = { session_id: 'one', room_id: 'r', sdp: fakeOffer() };

export function foreignPagesSuite(stage: HttpStage): void {
  const { request, start } = stage;
  const authenticate = (each: Parameters<ReturnType<typeof cookie>>[0]) => ({
    userId: cookie('session')(each) ?? 'nobody',
  });

  describe("what a foreign page may do with the user's cookies", () => {
    const alice = { cookie: 'session=alice' };
    const ownPage = () => ({ ...alice, origin: `http://${stage.origin}`, 'sec-fetch-site': 'same-origin' });
    const foreignPage = { ...alice, origin: 'https://evil.example.org', 'sec-fetch-site': 'cross-site' };

    test('join a room: no, but a page of the server may, and a client that is no browser', async () => {
      await start({ authenticate });
      expect(await request('POST', '/session', session, { headers: foreignPage })).toMatchObject({
        status: 403,
        body: { data: { code: 'ERR_RELAY_FORBIDDEN' } },
      });
      for (const headers of [ownPage(), alice]) {
        expect((await request('POST', '/session', session, { headers })).status).toBe(200);
        expect((await request('DELETE', '/session/one', undefined, { headers })).status).toBe(200);
      }
    });

    test('by an image or a link, which has no Origin: take the event stream over', async () => {
      await start({ authenticate });
      await request('POST', '/session', session, { headers: ownPage() });
      const headers = { ...alice, 'sec-fetch-site': 'cross-site' };
      expect((await request('GET', '/session/one/events', undefined, { headers })).status).toBe(403);
      const own = { ...alice, 'sec-fetch-site': 'same-origin' };
      expect((await request('GET', '/session/one/stats', undefined, { headers: own })).status).toBe(200);
    });

    test('what allowedOrigins lets it', async () => {
      await start({ authenticate, allowedOrigins: [foreignPage.origin] });
      expect((await request('POST', '/session', session, { headers: foreignPage })).status).toBe(200);
      expect(stage.relay.getSession('one')?.userId).toBe('alice');
    });
  });

  describe('the content type of a POST', () => {
    const post = async (
      type: string | undefined,
      path = '/session',
      { body = session, token }: { body?: object; token?: string } = {},
    ) => {
      const headers = {
        ...(type !== undefined && { 'content-type': type }),
        ...(token !== undefined && { 'sfu-session-token': token }),
      };
      // Bytes: fetch would add a content type to a text.
      const bytes = new TextEncoder().encode(JSON.stringify(body));
      const response = await fetch(stage.url + path, { method: 'POST', headers, body: bytes });
      return { status: response.status, body: await response.json() };
    };

    test.each([
      undefined,
      '',
      'text/plain',
      'text/plain;charset=UTF-8',
      'text/plain; application/json',
      'text/plain, application/json',
      'application/json, text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=application/json',
      'application/jsonp',
      'xapplication/json',
    ])('%s is refused with 415, before anybody is authenticated', async (type) => {
      let asked = 0;
      await start({
        authenticate: () => {
          asked += 1;
          return {};
        },
      });
      for (const path of ['/session', '/session/one/signal'])
        expect(await post(type, path)).toEqual({
          status: 415,
          body: {
            code: -32007,
            message: 'Send JSON, with the header "Content-Type: application/json".',
            data: { code: 'ERR_RELAY_MEDIA_TYPE', retryable: false },
          },
        });
      expect(asked).toBe(0);
    });

    test.each([
      'application/json',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      'Application/JSON ; charset=utf-8',
    ])('%s is JSON', async (type) => {
      await start();
      const { status, body } = await post(type);
      expect(status).toBe(200);
      const ping = { body: { id: 1, method: 'ping' }, token: body.data.session_token };
      expect((await post(type, '/session/one/signal', ping)).status).toBe(200);
    });
  });
}
