import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import type { HttpStage } from '../http-stage.js';
import { WireClient } from '../wire-client.js';

export function messagesSuite(stage: HttpStage): void {
  const { request, events } = stage;

  async function create(user_id: string, room_id = 'r'): Promise<string> {
    const { body } = await request('POST', '/session', { room_id, user_id, sdp: fakeOffer() });
    return body.data.session_id;
  }

  let lastId = 0;
  const say = async (sessionId: string, text: string, more: object = {}) => {
    lastId += 1;
    const params = { kind: 'chat', data: { text }, ...more };
    const path = `/session/${sessionId}/signal`;
    return (await request('POST', path, { id: lastId, method: 'message', params })).body;
  };

  describe('the room’s messages over HTTP', () => {
    test('are sent by POST and told by the event stream, to this room alone', async () => {
      const [ada, ben, elsewhere] = [await create('ada'), await create('ben'), await create('cleo', 'other')];
      const readers = [await events(ben), await events(elsewhere)] as const;
      const { result } = await say(ada, 'hello', { id: 'one' });
      expect(await say(ada, 'hello', { id: 'one' })).toMatchObject({ result });
      await say(ada, 'psst', { to: 'ben' });
      await say(elsewhere, 'last');
      await readers[0].next(({ data }) => data.params?.to === 'ben');
      await readers[1].next(({ data }) => data.params?.data?.text === 'last');
      const heard = readers.map(({ received }) =>
        received.flatMap(({ data }) => (data.method === 'message' ? [data.params.data.text] : [])),
      );
      expect(heard).toEqual([['hello', 'psst'], ['last']]);
    });

    test('wait for a stream that is opened again, and are given to one that begins', async () => {
      const [ada, ben] = [await create('ada'), await create('ben')];
      const first = await events(ben);
      await first.notified('joined');
      const lastEventId = first.received.at(-1)?.id ?? '';
      await first.close();
      await say(ada, 'while you were away');
      const again = await events(ben, { 'last-event-id': lastEventId });
      expect(await again.notified('message')).toMatchObject({ data: { text: 'while you were away' } });
      const late = await events(await create('cleo'));
      expect((await late.notified('joined')).messages).toMatchObject([
        { data: { text: 'while you were away' } },
      ]);
    });

    test('go with the session to a WebSocket that attaches, each once', async () => {
      const [ada, ben] = [await create('ada'), await create('ben')];
      await (await events(ben)).close();
      await say(ada, 'to all');
      await say(ada, 'to you', { to: 'ben' });
      const client = await WireClient.dial(stage.webSocketUrl);
      const { result } = await client.request('attach', { sessionId: ben, sessionToken: stage.tokenOf(ben) });
      expect(result?.messages).toMatchObject([{ data: { text: 'to all' } }]);
      await client.request('ping');
      const told = client.received.filter(({ method }) => method === 'message');
      expect(told).toMatchObject([{ params: { data: { text: 'to you' } } }]);
      await client.close();
    });

    test('are refused by the error’s status', async () => {
      const body = await say(await create('ada'), 'hello', { kind: 'nonsense' });
      expect(body.error.data.code).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(body.error.message).toContain('the room knows "chat", "like"');
    });
  });
}
