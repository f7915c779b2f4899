import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  chat,
  gift,
  like,
  type MessageContext,
  RelayError,
  type SchemaResult,
  type StandardSchema,
} from '../../../src/index.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';
import type { WireClient } from '../wire-client.js';

/** The offer of a client that needs no data channel. */
const RECEIVING = { type: 'offer', sdp: fakeOffer([], { dataChannel: false }) };

const deferred = () => {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
};

const schema = (validate: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>) =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) satisfies StandardSchema;

export function messagesSuite(stage: ContractStage): void {
  const { start, joined } = stage;

  const send = (client: WireClient, kind: string, data?: unknown, more: object = {}) =>
    client.request('message', { kind, data, ...more });
  const heard = (client: WireClient, kind?: string) =>
    client.received.flatMap(({ method, params }) =>
      method === 'message' && (kind === undefined || params?.kind === kind) ? [params ?? {}] : [],
    );
  const textsOf = (client: WireClient) =>
    heard(client, 'chat').map(({ data }) => (data as { text: string }).text);
  /** Whatever was sent to the client until now has come. */
  const settled = (...clients: WireClient[]) => Promise.all(clients.map((client) => client.request('ping')));

  describe('the room’s messages', () => {
    beforeEach(() =>
      start({
        messages: { chat: chat(), gift: gift(), like: like({ windowMs: 20 }), note: {}, poll: poll },
      }),
    );
    const poll = {
      schema: z.object({ question: z.string().max(20), options: z.array(z.string()).min(2) }),
    };

    test('a chat message reaches everybody in the room once, its sender too, and in the same order', async () => {
      const alice = await joined({ uid: 'alice' });
      const bob = await joined({ uid: 'bob' });
      const elsewhere = await joined({ uid: 'carol', sid: 'elsewhere' });
      const { result } = await send(alice.client, 'chat', { text: 'hello', color: 'red' });
      await send(bob.client, 'chat', { text: 'hi' });
      await settled(alice.client, elsewhere.client);
      for (const { client } of [alice, bob]) {
        expect(heard(client)).toEqual([
          {
            ...{ id: result?.id, kind: 'chat', data: { text: 'hello' }, at: result?.at },
            from: { sessionId: alice.sessionId, userId: 'alice' },
          },
          expect.objectContaining({ data: { text: 'hi' } }),
        ]);
      }
      expect(heard(elsewhere.client)).toEqual([]);
    });

    test('with "to" it is for all sessions of that user in the room, and for nobody else', async () => {
      const alice = await joined({ uid: 'alice' });
      const bobs = [await joined({ uid: 'bob' }), await joined({ uid: 'bob' })];
      const others = [await joined({ uid: 'carol' }), await joined({ uid: 'bob', sid: 'elsewhere' })];
      await send(alice.client, 'chat', { text: 'psst' }, { to: 'bob' });
      const clients = [alice, ...bobs, ...others].map(({ client }) => client);
      await settled(...clients);
      expect(clients.map((client) => textsOf(client).length)).toEqual([0, 1, 1, 0, 0]);
      const late = await joined({ uid: 'bob' });
      expect((await late.client.next(({ id }) => id === 1)).result?.messages).toEqual([]);
      const { error } = await send(alice.client, 'chat', { text: 'psst' }, { to: 'dave' });
      expect(error?.message).toBe('There is no user "dave" in the room.');
    });

    test('a newcomer gets the newest chat messages, and the likes so far', async () => {
      const alice = await joined({ uid: 'alice' });
      for (let n = 0; n < 60; n += 1)
        alice.client.notify('message', { kind: 'chat', data: { text: `${n}` } });
      await send(alice.client, 'like', { count: 7 });
      await alice.client.next(({ params }) => params?.kind === 'like');
      const bob = await joined({ uid: 'bob' });
      const { result } = await bob.client.next(({ id }) => id === 1);
      const messages = result?.messages as { kind: string; data: Record<string, unknown> }[];
      expect(messages.slice(0, -1).map(({ data }) => data.text)).toEqual(
        Array.from({ length: 50 }, (_, n) => `${n + 10}`),
      );
      expect(messages.at(-1)).toMatchObject({ kind: 'like', data: { count: 0, total: 7 } });
    });

    test('what a moderator deletes is taken back from everybody, and not given to newcomers', async () => {
      const alice = await joined({ uid: 'alice' });
      const { result } = await send(alice.client, 'chat', { text: 'rude' });
      await send(alice.client, 'chat', { text: 'kind' });
      const deleted = String(result?.id);
      const remove = () => alice.client.request('moderate', { action: 'deleteMessage', messageId: deleted });
      expect((await remove()).error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      await stage.relay.updateGrants(alice.sessionId, { roomAdmin: true });
      await remove();
      await settled(alice.client);
      expect(heard(alice.client).at(-1)).toEqual({ deleted });
      const bob = await joined({ uid: 'bob' });
      const { result: join } = await bob.client.next(({ id }) => id === 1);
      expect(join?.messages).toMatchObject([{ data: { text: 'kind' } }]);
    });

    test('what was said outlives a moment in which nobody is there, and not the room’s end', async () => {
      const historyOf = async ({ client }: { client: WireClient }) =>
        (await client.next(({ id }) => id === 1)).result?.messages;
      const alice = await joined();
      await send(alice.client, 'chat', { text: 'anybody here?' });
      await alice.client.close();
      await stage.expectNothingLeft();
      const again = await joined();
      expect(await historyOf(again)).toMatchObject([{ data: { text: 'anybody here?' } }]);
      await stage.relay.rooms.get('lobby')?.end();
      await stage.expectNothingLeft();
      expect(await historyOf(await joined())).toEqual([]);
    });

    test('a gift sent three times with one id is delivered once, and acknowledged three times', async () => {
      const alice = await joined({ uid: 'alice' });
      const again = await joined({ uid: 'alice' });
      const bob = await joined({ uid: 'bob' });
      const rose = () => [{ gift: 'rose', count: 3 }, { id: 'g1' }] as const;
      const receipts = [
        await send(alice.client, 'gift', ...rose()),
        await send(alice.client, 'gift', ...rose()),
        await send(again.client, 'gift', ...rose()),
      ].map(({ result }) => result);
      expect(receipts[0]).toEqual({ id: expect.any(String), at: expect.any(Number) });
      expect(receipts).toEqual([receipts[0], receipts[0], receipts[0]]);
      // The id is the sender's own: another's is another gift.
      await send(bob.client, 'gift', ...rose());
      await settled(alice.client);
      for (const { client } of [alice, bob]) {
        expect(heard(client, 'gift')).toMatchObject([
          { id: receipts[0]?.id, data: { gift: 'rose', count: 3 }, from: { userId: 'alice' } },
          { from: { userId: 'bob' } },
        ]);
      }
      expect((await send(alice.client, 'gift', { gift: 'rose' })).error?.message).toContain('"id"');
    });

    test('likes come as one sum a window, with the exact total', async () => {
      const alice = await joined({ uid: 'alice' });
      const bob = await joined({ uid: 'bob' });
      for (let n = 0; n < 500; n += 1) alice.client.notify('message', { kind: 'like' });
      for (let n = 0; n < 50; n += 1) bob.client.notify('message', { kind: 'like', data: { count: 10 } });
      const total = ({ data }: Record<string, unknown>) => (data as { total: number }).total;
      await until('all likes are told', () => heard(bob.client, 'like').map(total).at(-1) === 1_000);
      const sums = heard(bob.client, 'like').map(({ data }) => (data as { count: number }).count);
      expect(sums.length).toBeLessThan(50);
      expect(sums.reduce((sum, each) => sum + each)).toBe(1_000);
      expect(heard(bob.client, 'like')[0]).not.toHaveProperty('from');
    });

    test('a kind of the application’s own has its schema, and is passed on as that gives it', async () => {
      const alice = await joined({ uid: 'alice' });
      const question = { question: 'Tea?', options: ['yes', 'no'], secret: 1 };
      await send(alice.client, 'poll', question);
      expect(await alice.client.notified('message')).toMatchObject({
        kind: 'poll',
        data: { question: 'Tea?', options: ['yes', 'no'] },
      });
      const { error } = await send(alice.client, 'poll', { question: 'Tea?', options: ['yes'] });
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_PARAMS');
      expect(error?.message).toContain('The "poll" is refused: data.options: ');
    });

    test('the server sends, too, and nobody can pass for it', async () => {
      const alice = await joined({ uid: 'alice' });
      const bob = await joined({ uid: 'bob' });
      const room = stage.relay.rooms.get('lobby');
      await room?.send({ kind: 'note', data: 'The show begins' });
      await room?.send({ kind: 'note', data: 'You are next', to: 'bob' });
      await send(alice.client, 'note', 'I am the server', { from: undefined });
      await settled(bob.client);
      const notes = heard(bob.client).map(({ data, from }) => [data, from !== undefined]);
      expect(notes).toEqual([
        ['The show begins', false],
        ['You are next', false],
        ['I am the server', true],
      ]);
      await expect(room?.send({ kind: 'poll', data: 1 })).rejects.toMatchObject({
        code: 'ERR_RELAY_INVALID_PARAMS',
      });
    });

    test('what makes no sense is refused by its name, and harms nobody', async () => {
      const alice = await joined({ uid: 'alice' });
      const bob = await joined({ uid: 'bob' });
      const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
      const refusal = async (params: object | string) => {
        const text = typeof params === 'string' ? params : JSON.stringify(params);
        const before = alice.client.received.length;
        alice.client.send(`{"id":"x${before}","method":"message","params":${text}}`);
        return (await alice.client.next(({ id }) => id === `x${before}`)).error;
      };
      const known = 'the room knows "chat", "gift", "like", "note", "poll".';
      for (const kind of ['nonsense', '__proto__', 'constructor', 'toString'])
        expect((await refusal({ kind, data: 1 }))?.message).toBe(`There is no kind "${kind}": ${known}`);
      expect((await refusal({ data: 1 }))?.message).toBe(`"kind" is missing: ${known}`);
      expect((await refusal({ kind: 'note' }))?.message).toBe('"data" is missing.');
      expect((await refusal({ kind: 'note', data: 'x'.repeat(8_200) }))?.data?.code).toBe(
        'ERR_RELAY_TOO_LARGE',
      );
      expect((await refusal(`{"kind":"note","data":${deep}}`))?.data?.code).toMatch(
        /TOO_LARGE|INVALID_PARAMS/,
      );
      for (const data of [
        null,
        7,
        'text',
        { text: '' },
        { text: '  ' },
        { text: 7 },
        { text: 'x'.repeat(2_001) },
      ])
        expect((await refusal({ kind: 'chat', data }))?.data?.code).toBe('ERR_RELAY_INVALID_PARAMS');
      for (const count of [0, -1, 1.5, 1_001, '7', null])
        expect((await refusal({ kind: 'like', data: { count } }))?.data?.code).toBe(
          'ERR_RELAY_INVALID_PARAMS',
        );
      for (const more of [{ to: 7 }, { to: '' }, { id: 7 }, { id: 'x'.repeat(129) }])
        expect((await refusal({ kind: 'note', data: 1, ...more }))?.data?.code).toBe(
          'ERR_RELAY_INVALID_PARAMS',
        );
      await send(alice.client, 'note', JSON.parse('{"__proto__":{"polluted":true}}'));
      await settled(bob.client);
      expect(heard(bob.client)).toHaveLength(1);
      expect({}).not.toHaveProperty('polluted');
    });

    test('whoever may not send messages is refused each of them', async () => {
      const authenticate = () => ({ grants: { canPublishData: false } });
      await start({ messages: { chat: chat(), like: like(), gift: gift() }, authenticate });
      const { client } = await joined({ offer: RECEIVING });
      for (const [kind, data] of [
        ['chat', { text: 'x' }],
        ['like', {}],
        ['gift', { gift: 'rose' }],
      ] as const) {
        const { error } = await send(client, kind, data, { id: 'one' });
        expect(error).toMatchObject({
          message: 'You may not send messages in this room.',
          data: { code: 'ERR_RELAY_FORBIDDEN' },
        });
      }
      await settled(client);
      expect(heard(client)).toEqual([]);
    });

    test('the right to send can be taken away, also from what is being checked', async () => {
      const gate = deferred();
      const slow = schema((value) => gate.promise.then(() => ({ value })));
      await start({ messages: { chat: chat(), slow: { schema: slow } } });
      const { client, sessionId } = await joined({ offer: RECEIVING });
      await send(client, 'chat', { text: 'before' });
      const pending = send(client, 'slow', 1);
      await settled(client);
      await stage.relay.updateGrants(sessionId, { canPublishData: false });
      gate.resolve();
      expect((await pending).error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      expect((await send(client, 'chat', { text: 'after' })).error?.data?.code).toBe('ERR_RELAY_FORBIDDEN');
      expect(textsOf(client)).toEqual(['before']);
    });

    test('onMessage may change what is sent, or refuse it, and is asked once for what is sent twice', async () => {
      const asked: unknown[] = [];
      const onMessage = async ({ kind, data, to, id, session }: MessageContext) => {
        asked.push([kind, to, id, session.userId]);
        const { text } = data as { text: string };
        if (text === 'rude') throw new RelayError('ERR_RELAY_FORBIDDEN', 'Be kind.');
        if (text === 'empty') return { text: '' };
        return text === 'loud' ? { text: 'LOUD', color: 'red' } : undefined;
      };
      await start({ hooks: { onMessage } });
      const { client } = await joined();
      await send(client, 'chat', { text: 'hello' }, { id: 'c1' });
      await send(client, 'chat', { text: 'hello' }, { id: 'c1' });
      await send(client, 'chat', { text: 'loud' }, { to: 'alice' });
      expect((await send(client, 'chat', { text: 'rude' })).error?.message).toBe('Be kind.');
      expect((await send(client, 'chat', { text: 'empty' })).error?.data?.code).toBe(
        'ERR_RELAY_INVALID_PARAMS',
      );
      expect(textsOf(client)).toEqual(['hello', 'LOUD']);
      expect(asked.slice(0, 2)).toEqual([
        ['chat', undefined, 'c1', 'alice'],
        ['chat', 'alice', undefined, 'alice'],
      ]);
      expect(heard(client)[1]?.data).toEqual({ text: 'LOUD' });
    });

    test.each(['refuse', 'pass'] as const)(
      'an onMessage that hangs: %s, as hookFailure says',
      async (policy) => {
        const hooks = { onMessage: () => new Promise(() => {}) };
        await start({ hooks, hookTimeoutMs: 30, hookFailure: { onMessage: policy } });
        const { client } = await joined();
        const sent = await Promise.all([1, 2].map((n) => send(client, 'chat', { text: `${n}` })));
        const passes = policy === 'pass';
        expect(sent.map(({ error }) => error === undefined)).toEqual([passes, passes]);
        expect(textsOf(client)).toEqual(passes ? ['1', '2'] : []);
      },
    );

    test('a sender’s messages keep their order, whichever of them are slow to check', async () => {
      const slow = schema((value) =>
        (value as number) % 3 === 0
          ? new Promise<{ value: unknown }>((resolve) => setTimeout(() => resolve({ value }), 3))
          : { value },
      );
      await start({ messages: { number: { schema: slow }, note: {} } });
      const { client } = await joined();
      for (let n = 0; n < 30; n += 1) client.notify('message', { kind: n % 2 ? 'number' : 'note', data: n });
      await client.next(({ params }) => params?.data === 29);
      expect(heard(client).map(({ data }) => data)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    });

    test('too many that wait for a slow check are refused, and the rest comes through', async () => {
      const gate = deferred();
      const slow = schema((value) => gate.promise.then(() => ({ value })));
      await start({ messages: { slow: { schema: slow } } });
      const { client } = await joined();
      const sent = Array.from({ length: 70 }, (_, n) => send(client, 'slow', n));
      await settled(client);
      gate.resolve();
      const results = await Promise.all(sent);
      const codes = results.map(({ error }) => error?.data?.code ?? 'sent');
      expect(codes.filter((code) => code === 'sent')).toHaveLength(64);
      expect(codes.filter((code) => code === 'ERR_RELAY_TOO_MANY')).toHaveLength(6);
      expect(heard(client).map(({ data }) => data)).toEqual(Array.from({ length: 64 }, (_, n) => n));
    });
  });

  test('chat and likes are there without a word of configuration; {} takes nothing', async () => {
    const { client } = await joined();
    expect((await send(client, 'chat', { text: 'hello' })).error).toBeUndefined();
    await start({ messages: {} });
    const { client: other } = await joined();
    expect((await send(other, 'chat', { text: 'hello' })).error?.message).toBe(
      'This room takes no messages.',
    );
  });
}
