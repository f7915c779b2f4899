import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

export function joiningSuite(stage: ContractStage): void {
  const { open, joined, joinParams, expectNothingLeft } = stage;

  describe('joining', () => {
    test('gives the answer, the identity, the room and the ICE servers', async () => {
      const { client } = await joined();
      const { result } = await client.next(({ id }) => id === 1);
      expect(result).toMatchObject({
        type: 'answer',
        sdp: expect.stringContaining('a=ice-ufrag'),
        roomId: 'lobby',
        userId: 'alice',
        role: 'publisher',
        participants: [],
        iceServers: [{ urls: 'stun:stun.example.org' }],
      });
    });

    test('serves a client that leaves jsonrpc out, as ion-sdk-js does', async () => {
      const client = await open([]);
      client.send({ id: 'a', method: 'join', params: joinParams() });
      expect(await client.next(({ id }) => id === 'a')).toMatchObject({
        jsonrpc: '2.0',
        result: { type: 'answer' },
      });
    });

    test('makes up a user where nobody says who it is', async () => {
      const client = await open();
      const { result } = await client.request('join', joinParams({ uid: undefined }));
      expect(result?.userId).toMatch(/^guest-[0-9a-f]{8}$/);
    });

    test.each([
      ['no offer', { offer: undefined }, 'ERR_RELAY_INVALID_PARAMS'],
      ['an answer for an offer', { offer: { type: 'answer', sdp: fakeOffer() } }, 'ERR_RELAY_INVALID_PARAMS'],
      ['an sdp that is no text', { offer: { type: 'offer', sdp: 1 } }, 'ERR_RELAY_INVALID_SDP'],
      ['no room', { sid: undefined }, 'ERR_RELAY_INVALID_PARAMS'],
      ['a room that is a number', { sid: 5 }, 'ERR_RELAY_INVALID_PARAMS'],
      ['an unknown role', { role: 'root' }, 'ERR_RELAY_INVALID_PARAMS'],
      ['a config that is a list', { config: [] }, 'ERR_RELAY_INVALID_PARAMS'],
    ])('with %s is refused; a right one is taken afterwards', async (_, overrides, code) => {
      const client = await open();
      expect((await client.request('join', joinParams(overrides))).error?.data?.code).toBe(code);
      expect((await client.request('join', joinParams())).result).toBeDefined();
      expect(stage.sfu.totalStreams).toBe(1);
    });

    test.each([
      ['no sid', { sid: undefined, roomId: 'lobby' }, '"sid" is missing: the room to join.'],
      ['a sid that is a number', { sid: 5 }, '"sid" must be a string of 1 to'],
      ['a uid that is a number', { uid: 5 }, '"uid" must be a string of 1 to'],
    ])('with %s is refused by the name that the wire has for it', async (_, overrides, message) => {
      const client = await open();
      const { error } = await client.request('join', joinParams(overrides));
      expect(error?.message).toContain(message);
    });

    test('NoPublish and NoSubscribe never reach the SFU', async () => {
      const { client, stream } = await joined({ config: { NoPublish: 'true', NoSubscribe: true } });
      expect((await client.next(({ id }) => id === 1)).result).toMatchObject({ role: 'subscriber' });
      expect(stream.requests('join')[0]?.config).toEqual({ NoAutoSubscribe: 'true' });
    });

    test('twice on a connection is refused; after leave it is possible', async () => {
      const { client, stream } = await joined();
      expect((await client.request('join', joinParams())).error?.data?.code).toBe('ERR_RELAY_INVALID_STATE');
      expect((await client.request('leave')).result).toEqual({});
      expect(await stream.ended).toBe('half-closed');
      expect((await client.request('join', joinParams())).result).toBeDefined();
    });

    test('can be left while it is under way, and joined again at once', async () => {
      const { onJoin } = stage.sfu.ion;
      stage.sfu.script.onJoin = () => {};
      const client = await open();
      const first = client.request('join', joinParams());
      await stage.sfu.waitFor(() =>
        stage.sfu.received.some(({ request }) => request.payload?.$case === 'join'),
      );
      stage.sfu.script.onJoin = onJoin;
      const left = client.request('leave');
      const second = client.request('join', joinParams());
      expect((await first).error?.data?.code).toBe('ERR_RELAY_ABORTED');
      expect((await left).result).toEqual({});
      expect((await second).result).toBeDefined();
    });

    test('candidates that overtake the join are handed on after it', async () => {
      const client = await open();
      const candidate = { candidate: 'candidate:1 1 udp 2130706431 127.0.0.1 9 typ host', sdpMid: '0' };
      client.notify('trickle', { target: 0, candidate });
      client.notify('trickle', { target: 1, candidate: { candidate: 'nonsense' } });
      await client.request('join', joinParams());
      const refused = await client.next(({ error }) => error !== undefined);
      expect(refused).toMatchObject({
        id: null,
        error: { data: { code: 'ERR_RELAY_INVALID_SDP', method: 'trickle' } },
      });
      const [stream] = stage.sfu.streams;
      await stage.sfu.waitFor(() => stream?.requests('trickle').length === 2);
      // The first one opens the stream, before the join.
      expect(JSON.parse(stream?.requests('trickle')[1]?.init ?? '')).toEqual(candidate);
    });

    test('with the SFU down says so at once, and works when it is back', async () => {
      await stage.sfu.stop();
      const client = await open();
      const { error } = await client.request('join', joinParams());
      expect(error).toMatchObject({ data: { code: 'ERR_RELAY_SFU_UNAVAILABLE', retryable: true } });
      expect(error?.message).toBe("The SFU can't be reached.");
      await stage.sfu.restart();
      await until('a join succeeds', async () => (await client.request('join', joinParams())).result);
    });

    test('a socket that closes during the join ends the stream on the SFU', async () => {
      stage.sfu.script.onJoin = () => {};
      const client = await open();
      client.send({ id: 1, method: 'join', params: joinParams() });
      const stream = await stage.sfu.waitFor(() =>
        [...stage.sfu.streams].find((each) => each.requests('join').length > 0),
      );
      client.vanish();
      await stream.ended;
      await expectNothingLeft();
    });
  });
}
