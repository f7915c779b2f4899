import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeSocket, installFakeBrowser, newest } from './fake-browser.js';
import { connected, joined } from './participant.js';

let restore: () => void;
let document: EventTarget;
let connection: EventTarget;
let online: EventTarget;

beforeEach(() => {
  restore = installFakeBrowser();
  online = new EventTarget();
  document = new EventTarget();
  connection = new EventTarget();
  vi.stubGlobal('document', document);
  vi.stubGlobal('navigator', { onLine: true, connection });
  vi.stubGlobal('addEventListener', online.addEventListener.bind(online));
  vi.useFakeTimers();
});
afterEach(() => restore());

const seconds = (count: number) => vi.advanceTimersByTimeAsync(1_000 * count);
const pings = (socket: FakeSocket) => socket.params('ping').length;
/** Nothing that is sent arrives any more, and nothing says so. */
const goSilent = (socket: FakeSocket) => {
  socket.results = {};
};

describe('a socket that is dead, and does not say so,', () => {
  test('is noticed within 10 s, and another one opened', async () => {
    const { client, socket, of } = await joined();
    goSilent(socket);
    await seconds(7);
    expect([client.state, pings(socket)]).toEqual(['joined', 1]);
    await seconds(3);
    expect([client.state, pings(socket), socket.readyState]).toEqual(['reconnecting', 2, 2]);
    await seconds(1);
    expect(FakeSocket.all).toHaveLength(2);
    expect(of('error')).toEqual([]);
  });

  test('is the end where no recovery is wanted, as a close without a close frame', async () => {
    const { client, socket, of } = await joined({}, { reconnect: false });
    goSilent(socket);
    await seconds(10);
    expect([client.state, of('close')]).toMatchObject(['closed', [{ code: 1006, retryable: true }]]);
  });

  const hints: Record<string, () => void> = {
    'the network is back': () => online.dispatchEvent(new Event('online')),
    'the page is shown': () => document.dispatchEvent(new Event('visibilitychange')),
    'the network is another one': () => connection.dispatchEvent(new Event('change')),
  };
  test.each(Object.entries(hints))('is asked at once when %s, and lost 5 s later', async (_, hint) => {
    const { client, socket } = await joined();
    await seconds(1);
    goSilent(socket);
    hint();
    expect(pings(socket)).toBe(1);
    hint();
    hint();
    await seconds(4);
    expect(client.state).toBe('joined');
    await seconds(1);
    expect(client.state).toBe('reconnecting');
  });
});

describe('a socket that lives', () => {
  test('is asked only while the relay says nothing: once in 5 s', async () => {
    const { client, socket } = await joined();
    await seconds(60);
    expect(pings(socket)).toBeLessThanOrEqual(13);
    const before = pings(socket);
    for (let n = 0; n < 30; n += 1) {
      socket.notify('room', { locked: false });
      await seconds(2);
    }
    expect([client.state, pings(socket)]).toEqual(['joined', before]);
  });

  test('is kept when the answer takes 4 s', async () => {
    const { client, socket } = await joined();
    goSilent(socket);
    for (let n = 0; n < 10; n += 1) {
      const before = pings(socket);
      while (pings(socket) === before) await seconds(0.5);
      await seconds(4);
      socket.receive({ id: newest(socket.sent).id, result: {} });
    }
    expect([client.state, FakeSocket.all.length]).toEqual(['joined', 1]);
  });

  test('is not asked before a session and after it, and nobody listens then', async () => {
    const { client, socket } = await connected();
    await seconds(60);
    await client.join({ roomId: 'lobby' });
    expect(getEventListeners(online, 'online')).toHaveLength(1);
    await client.leave();
    await seconds(60);
    expect([client.state, pings(socket)]).toEqual(['open', 0]);
    expect([online, document, connection].flatMap((target) => getEventListeners(target, 'online'))).toEqual(
      [],
    );
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a recovery', () => {
  test('goes on at once when the network is back', async () => {
    const { client, socket } = await joined();
    socket.end(1006);
    for (let n = 0; n < 3; n += 1) {
      await seconds(13);
      newest(FakeSocket.all).end(1006);
    }
    await seconds(13);
    newest(FakeSocket.all).end(1006);
    await seconds(0);
    const before = FakeSocket.all.length;
    online.dispatchEvent(new Event('online'));
    await seconds(0);
    expect(FakeSocket.all.length).toBe(before + 1);
    const next = newest(FakeSocket.all);
    next.results = { ...socket.results };
    next.open();
    await seconds(0);
    expect(client.state).toBe('joined');
  });

  test('is not given up while there is no network', async () => {
    vi.stubGlobal('navigator', { onLine: false });
    const { client, socket } = await joined();
    socket.end(1006);
    for (let n = 0; n < 20; n += 1) {
      await seconds(13);
      newest(FakeSocket.all).end(1006);
    }
    expect(client.state).toBe('reconnecting');
    client.close();
  });
});
