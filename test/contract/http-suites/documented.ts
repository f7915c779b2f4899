import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { describedRequests } from '../../support/described.js';
import { describeReal } from '../../support/real.js';
import type { HttpStage } from '../http-stage.js';

export function documentedSuite(stage: HttpStage): void {
  const { curl, request, start } = stage;

  describeReal(['curl'], 'with curl, as documented', () => {
    test.each([
      [789, '789'],
      ['789', '"789"'],
    ])(
      'a session from start to end, and the health; user_id is %j, and comes back as it came',
      async (userId, asJson) => {
        const body = {
          session_id: 's-1',
          room_id: 'room-456',
          user_id: userId,
          role: 'publisher',
          sdp: fakeOffer(),
        };
        const created = await curl(
          ...['-X', 'POST', '-H', 'Content-Type: application/json'],
          ...['-d', JSON.stringify(body), `${stage.url}/session`],
        );
        const { data, ...rest } = JSON.parse(created);
        expect(rest).toEqual({ code: 0, message: 'success' });
        expect(Object.keys(data)).toEqual(['session_id', 'sdp', 'session_token']);
        expect(created).toBe(
          `{"code":0,"message":"success","data":{"session_id":"s-1","sdp":${JSON.stringify(data.sdp)},` +
            `"session_token":"${data.session_token}"}}`,
        );

        const token = ['-H', `sfu-session-token: ${data.session_token}`];
        expect(await curl(...token, `${stage.url}/session/s-1/stats`)).toBe(
          '{"code":0,"message":"success","data":{"session_id":"s-1","room_id":"room-456",' +
            `"user_id":${asJson},"role":"publisher","video_bitrate":null,"audio_bitrate":null,` +
            '"packet_loss":null,"jitter":null,"round_trip_time":null}}',
        );
        expect(await curl(`${stage.url}/health`)).toBe('{"status":"ok"}');
        expect(await curl(...token, '-X', 'DELETE', `${stage.url}/session/s-1`)).toBe(
          '{"code":0,"message":"success"}',
        );
        expect(stage.relay.sessions.size).toBe(0);
      },
    );

    test('without a content type: curl then sends that of a form, which is refused with what to write', async () => {
      const body = JSON.stringify({ room_id: 'r', user_id: 1, role: 'subscriber', sdp: fakeOffer() });
      const refused = JSON.parse(await curl('-d', body, `${stage.url}/session`));
      expect(refused).toMatchObject({ message: expect.stringContaining('"Content-Type: application/json"') });
      expect(stage.relay.sessions.size).toBe(0);
    });
  });

  describe('POST /session', () => {
    test("has the session's ICE servers, where there are any", async () => {
      await start({ iceServers: ({ userId }) => [{ urls: 'turn:a', username: userId, credential: 'c' }] });
      const { body } = await request('POST', '/session', { room_id: 'r', user_id: 1, sdp: fakeOffer() });
      expect(body.data.ice_servers).toEqual([{ urls: 'turn:a', username: '1', credential: 'c' }]);
    });

    test("answers with the SFU's candidates, for a client without trickle ICE", async () => {
      const { body } = await request('POST', '/session', { room_id: 'r', user_id: 1, sdp: fakeOffer() });
      expect(body.data.sdp).toMatch(
        /^m=application[\s\S]*^a=candidate:1 1 udp \d+ 127\.0\.0\.1 \d+ typ host\r$/m,
      );
    });

    test('makes up a session id, a user and a role where they are left out', async () => {
      const { body } = await request('POST', '/session', { room_id: 'r', sdp: fakeOffer() });
      const { body: stats } = await request('GET', `/session/${body.data.session_id}/stats`);
      expect(stats.data).toMatchObject({ user_id: expect.stringMatching(/^guest-/), role: 'publisher' });
    });

    test('takes what authentication says of the user, over what the body says', async () => {
      await stage.start({ authenticate: ({ token }) => ({ userId: token ?? '' }) });
      const headers = { authorization: 'Bearer alice' };
      const { body } = await request(
        'POST',
        '/session',
        { room_id: 'r', user_id: 7, sdp: fakeOffer() },
        { headers },
      );
      const { body: stats } = await request('GET', `/session/${body.data.session_id}/stats`, undefined, {
        headers,
      });
      expect(stats.data.user_id).toBe('alice');
    });

    test('takes metadata, and auto_subscribe', async () => {
      await request('POST', '/session', {
        ...{ room_id: 'r', user_id: 1, sdp: fakeOffer() },
        ...{ metadata: { name: 'Ada' }, auto_subscribe: false },
      });
      expect(stage.relay.rooms.get('r')?.participants).toMatchObject([{ metadata: { name: 'Ada' } }]);
      expect([...stage.sfu.streams][0]?.requests('join')[0]?.config).toEqual({ NoAutoSubscribe: 'true' });
    });
  });

  test('what the OpenAPI document describes is served, and says so itself', async () => {
    const { body: openApi } = await request('GET', '/openapi.json');
    expect(openApi).toMatchObject({ openapi: '3.1.0' });
    for (const { method, path } of describedRequests()) {
      const { status, body } = await request(method, path.replace('{session_id}', 'nobodys'));
      expect(body, `${method} ${path}`).not.toBe('not the API');
      expect([200, 400, 404], `${method} ${path}`).toContain(status);
    }
  });

  test("the wire's schema knows a message", async () => {
    const { body: schema } = await request('GET', '/wire.schema.json');
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);
    expect(validate({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: { subscriptions: [] } })).toBe(
      true,
    );
    expect(validate({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: {} })).toBe(false);
  });

  test('what is not the API is for the application', async () => {
    expect(await request('GET', '/somewhere/else')).toMatchObject({ status: 404, body: 'not the API' });
  });
}
