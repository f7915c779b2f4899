import { beforeEach, describe, expect, test, vi } from 'vitest';
import { connect } from '../../../src/client/index.js';
import { FakePeer, FakeSocket, installFakeBrowser, newest } from './fake-browser.js';
import { connected, joined } from './participant.js';

beforeEach(installFakeBrowser);
beforeEach(() => {
  vi.useFakeTimers();
});
const url = 'ws://relay.test/rtc';
const settle = () => vi.advanceTimersByTimeAsync(0);
const bearer = (socket: FakeSocket) => socket.protocols[1];

/** A client that has joined; each call of getToken gives the next of these, an Error by throwing it. */
async function withTokens(...tokens: (string | Error)[]) {
  let calls = 0;
  const getToken = async () => {
    const token = tokens[Math.min(calls, tokens.length - 1)];
    calls += 1;
    if (typeof token !== 'string') throw token;
    return token;
  };
  const base = await joined({}, { token: 'first', getToken });
  base.socket.results.authenticate = () => ({ userId: 'me' });
  return { ...base, calls: () => calls };
}

describe('getToken', () => {
  test('is asked for the first connection', async () => {
    const connecting = connect(url, { getToken: async () => 'fresh' });
    await settle();
    expect(bearer(newest(FakeSocket.all))).toBe('bearer.fresh');
    newest(FakeSocket.all).open();
    expect((await connecting).state).toBe('open');
  });

  test('gives what fits in no subprotocol, too', async () => {
    const connecting = connect(url, { getToken: () => 'two words' });
    await settle();
    const socket = newest(FakeSocket.all);
    socket.results.authenticate = () => ({ userId: 'u' });
    socket.open();
    await connecting;
    expect(socket.params('authenticate')).toEqual([{ token: 'two words' }]);
  });

  test.each<[string, () => string | Promise<string>]>([
    [
      'throws',
      () => {
        throw new Error('no session');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no session'))],
    ['gives nothing', () => undefined as unknown as string],
    ['gives ""', () => ''],
    ['never answers', () => new Promise(() => {})],
  ])('that %s rejects connect()', async (_, getToken) => {
    const outcome = expect(connect(url, { getToken, requestTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'ERR_CLIENT_TOKEN',
      retryable: true,
      cause: expect.any(Error),
    });
    await vi.advanceTimersByTimeAsync(500);
    await outcome;
    expect([FakeSocket.all.length, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test.each([
    ['an error', new TypeError('Failed to fetch'), 'getToken() gave no token: Failed to fetch'],
    ['a string', 'offline', 'getToken() gave no token: offline'],
    ['nothing', undefined, 'getToken() gave no token: undefined'],
    [
      'what can’t be read',
      Object.defineProperty(new Error(), 'message', {
        get: () => {
          throw new Error('no');
        },
      }),
      'getToken() gave no token: unreadable',
    ],
  ])('that throws %s is told of with its message', async (_, thrown, message) => {
    const connecting = connect(url, { getToken: () => Promise.reject(thrown) });
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_CLIENT_TOKEN', message });
  });

  test('that gives no string is told of with what it gave', async () => {
    const connecting = connect(url, { getToken: (() => ({ token: 'x' })) as unknown as () => string });
    await expect(connecting).rejects.toThrow('getToken() gave no token: it gave "object"');
  });

  test('is waited for no longer by who has given up', async () => {
    const cancel = new AbortController();
    const connecting = connect(url, { getToken: () => new Promise(() => {}), signal: cancel.signal });
    cancel.abort('gone');
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_CLIENT_ABORTED', cause: 'gone' });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is asked for each connection after the first', async () => {
    const { socket, client, calls } = await withTokens('second');
    expect([bearer(socket), calls()]).toEqual(['bearer.first', 0]);
    socket.end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    const next = newest(FakeSocket.all);
    expect(bearer(next)).toBe('bearer.second');
    next.results = { ...socket.results };
    next.open();
    await settle();
    expect(client.state).toBe('joined');
  });

  test('that fails for one is asked again, and told of', async () => {
    const { socket, client, of, calls } = await withTokens(
      new Error('offline'),
      new Error('offline'),
      'second',
    );
    socket.end(1006);
    for (let n = 0; n < 60 && FakeSocket.all.length === 1; n += 1) await vi.advanceTimersByTimeAsync(100);
    expect(calls()).toBe(3);
    expect(of('error')).toMatchObject([{ code: 'ERR_CLIENT_TOKEN' }, { code: 'ERR_CLIENT_TOKEN' }]);
    const next = newest(FakeSocket.all);
    next.results = { ...socket.results };
    next.open();
    await settle();
    expect(client.state).toBe('joined');
  });
});

describe('a token that is about to expire', () => {
  test('is followed by another one on the same connection; no connection is touched', async () => {
    const { client, socket, of, heard } = await withTokens('second');
    const peers = FakePeer.all.map(({ steps }) => steps.length);
    socket.notify('expiring', { expiresInMs: 60_000 });
    await settle();
    expect(socket.params('authenticate')).toEqual([{ token: 'second' }]);
    expect(of('expiring')).toEqual([{ expiresInMs: 60_000 }]);
    expect([client.state, heard.filter(({ name }) => name === 'error')]).toEqual(['joined', []]);
    expect([FakeSocket.all.length, FakePeer.all.map(({ steps }) => steps.length)]).toEqual([1, peers]);
    // The one that watches over the socket.
    expect(vi.getTimerCount()).toBe(1);
  });

  test('is asked for again where getToken fails or the relay refuses, later and later, and no longer than there is time', async () => {
    const { socket, of, calls } = await withTokens(new Error('offline'), 'refused', new Error('offline'));
    socket.results.authenticate = () => undefined;
    socket.notify('expiring', { expiresInMs: 10_000 });
    await settle();
    expect(calls()).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls()).toBe(2);
    const data = { code: 'ERR_RELAY_AUTH_UNAVAILABLE', retryable: true };
    socket.receive({ id: newest(socket.sent).id, error: { code: -32002, message: 'Later.', data } });
    await vi.advanceTimersByTimeAsync(60_000);
    // After 0, 1, 3 and 7 s.
    expect(calls()).toBe(4);
    expect(of('error').map((error) => (error as { code: string }).code)).toEqual([
      'ERR_CLIENT_TOKEN',
      'ERR_RELAY_AUTH_UNAVAILABLE',
      'ERR_CLIENT_TOKEN',
      'ERR_CLIENT_TOKEN',
    ]);
    // The one that watches over the socket.
    expect(vi.getTimerCount()).toBe(1);
  });

  test('is asked for no longer once the client is closed', async () => {
    const { client, socket, calls } = await withTokens(new Error('offline'));
    socket.notify('expiring', { expiresInMs: 60_000 });
    await settle();
    client.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([calls(), vi.getTimerCount()]).toEqual([1, 0]);
  });

  test('that did expire, as the machine slept, brings a new connection', async () => {
    const { client, socket } = await withTokens('second');
    socket.end(4401, 'The token has expired.');
    expect(client.state).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(1_000);
    const next = newest(FakeSocket.all);
    expect(bearer(next)).toBe('bearer.second');
    next.open();
    await settle();
    next.end(4401, 'Authentication failed.');
    await settle();
    expect(client.state).toBe('closed');
  });
});

describe('without getToken', () => {
  test('the application brings the token, which the next connection uses', async () => {
    const { client, socket, of } = await joined({}, { token: 'first' });
    socket.results.authenticate = () => ({ userId: 'me' });
    socket.notify('expiring', { expiresInMs: 60_000 });
    expect(of('expiring')).toHaveLength(1);
    expect(socket.params('authenticate')).toEqual([]);
    await client.authenticate('second');
    socket.end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bearer(newest(FakeSocket.all))).toBe('bearer.second');
  });

  test('a token that the relay refuses is not used again', async () => {
    const { client, socket } = await joined({}, { token: 'first' });
    const refused = expect(client.authenticate('mallory’s')).rejects.toMatchObject({
      code: 'ERR_RELAY_FORBIDDEN',
    });
    const data = { code: 'ERR_RELAY_FORBIDDEN', retryable: false };
    socket.receive({ id: newest(socket.sent).id, error: { code: -32003, message: 'No.', data } });
    await refused;
    socket.end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bearer(newest(FakeSocket.all))).toBe('bearer.first');
  });

  test('4401 is the end', async () => {
    const { client, socket } = await joined({}, { token: 'first' });
    socket.end(4401, 'The token has expired.');
    expect(client.state).toBe('closed');
  });
});

test('nonsense about a token is told as such', async () => {
  const { socket, of } = await connected();
  socket.notify('expiring', { expiresInMs: 'soon' });
  expect(of('error')).toMatchObject([{ code: 'ERR_CLIENT_PROTOCOL' }]);
});
