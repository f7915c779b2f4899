import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeSocket, installFakeBrowser, newest, settled } from './fake-browser.js';
import { joined, joinResult } from './participant.js';

beforeEach(installFakeBrowser);
const message = (id: string, kind: string, data: unknown) => ({ id, kind, data, at: 1 });

async function talking(messages = [message('m1', 'chat', { text: 'before' })]) {
  const base = await joined({ messages });
  const told: string[] = [];
  const show = ({ id }: { id: string }) => told.push(id);
  for (const name of ['chat', 'gift', 'like'] as const)
    base.client.on(name, (event) => told.push(`${name} ${event.id}`));
  base.client.on('message', show);
  base.client.on('messagedeleted', ({ deleted }) => told.push(`deleted ${deleted}`));
  base.socket.results.message = () => ({ id: 'r', at: 1 });
  return { ...base, told };
}

describe('what the room says', () => {
  test('comes as "message", and by its kind', async () => {
    const { socket, told } = await talking();
    socket.notify('message', message('m2', 'chat', { text: 'hello' }));
    socket.notify('message', message('m3', 'poll', {}));
    socket.notify('message', message('m4', 'like', { count: 1, total: 2 }));
    socket.notify('message', { deleted: 'm2' });
    expect(told).toEqual(['m2', 'chat m2', 'm3', 'm4', 'like m4', 'deleted m2']);
  });

  test('is told on joining, and once only, however often it comes', async () => {
    const { client, socket } = await joined({ messages: [] });
    const told: unknown[] = [];
    client.on('chat', ({ data }) => told.push(data.text));
    await client.leave();
    socket.results.join = () => joinResult({ messages: [message('m1', 'chat', { text: 'before' })] });
    await client.join({ roomId: 'lobby' });
    socket.notify('message', message('m1', 'chat', { text: 'before' }));
    socket.notify('message', message('m2', 'chat', { text: 'after' }));
    expect(told).toEqual(['before', 'after']);
  });

  test('is an error where it makes no sense', async () => {
    const { socket, of } = await talking();
    for (const params of [undefined, 7, {}, { id: 'x', kind: 'chat' }, { deleted: 7 }])
      socket.notify('message', params);
    expect(of('error')).toHaveLength(5);
  });
});

describe('what we say', () => {
  test('goes out with an id of its own, which the caller may choose', async () => {
    const { client, socket } = await talking();
    expect(await client.chat('hello')).toEqual({ id: 'r', at: 1 });
    await client.sendGift('rose', { count: 3, to: 'bob' });
    await client.send('poll', { question: 'Tea?' }, { id: 'mine' });
    const id = expect.any(String);
    expect(socket.params('message')).toEqual([
      { kind: 'chat', data: { text: 'hello' }, id },
      { kind: 'gift', data: { gift: 'rose', count: 3 }, to: 'bob', id },
      { kind: 'poll', data: { question: 'Tea?' }, id: 'mine' },
    ]);
    const [chat, gift] = socket.params('message');
    expect(chat.id).not.toBe(gift.id);
  });

  test('is sent again with the same id when the connection breaks before it is acknowledged', async () => {
    const { client, socket } = await talking();
    delete socket.results.message;
    const sent = client.sendGift('rose');
    await settled();
    const [first] = socket.params('message');
    vi.useFakeTimers();
    socket.end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    const next = newest(FakeSocket.all);
    expect(next).not.toBe(socket);
    next.results = {
      join: () => joinResult(),
      message: ({ id }) => ({ id: `receipt of ${id}`, at: 2 }),
    };
    next.open();
    await vi.advanceTimersByTimeAsync(100);
    expect(await sent).toEqual({ id: `receipt of ${first.id}`, at: 2 });
    expect(next.params('message')).toEqual([first]);
  });

  test('is shown once, when it comes back by the history of the next session', async () => {
    const { socket, told } = await talking();
    socket.notify('message', message('m2', 'chat', { text: 'hello' }));
    vi.useFakeTimers();
    socket.end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    const next = newest(FakeSocket.all);
    const history = ['m1', 'm2', 'm3'].map((id) => message(id, 'chat', { text: id }));
    next.results = { join: () => joinResult({ messages: history }) };
    next.open();
    await vi.advanceTimersByTimeAsync(100);
    expect(told).toEqual(['m2', 'chat m2', 'm3', 'chat m3']);
  });

  test('likes are sent as one sum in 250 ms, a thousand at a time', async () => {
    const { client, socket } = await talking();
    vi.useFakeTimers();
    for (let n = 0; n < 1_500; n += 1) client.like();
    client.like(3);
    await vi.advanceTimersByTimeAsync(250);
    expect(socket.params('message')).toEqual([{ kind: 'like', data: { count: 1_000 } }]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(socket.params('message')[1]).toEqual({ kind: 'like', data: { count: 503 } });
    expect(socket.params('message')).toHaveLength(2);
    expect(() => client.like(0.5)).toThrow('write like(1)');
    client.like();
    await client.leave();
    expect(vi.getTimerCount()).toBe(0);
    expect(() => client.like()).toThrow('Not while');
  });
});
