import { beforeEach, describe, expect, test, vi } from 'vitest';
import { connect } from '../../../src/client/index.js';
import { FakeSocket, installFakeBrowser, newest, settled } from './fake-browser.js';

beforeEach(installFakeBrowser);
const url = 'wss://relay.test/rtc?token=secret';

test('opens a WebSocket of the relay’s subprotocol', async () => {
  const connecting = connect(url);
  const socket = newest(FakeSocket.all);
  expect([socket.url, socket.protocols]).toEqual([url, ['sfu-relay.v1']]);
  socket.open();
  expect((await connecting).state).toBe('open');
});

describe('a token', () => {
  test('goes as a subprotocol entry', () => {
    void connect(url, { token: 'eyJ.abc-_~' });
    expect(newest(FakeSocket.all).protocols).toEqual(['sfu-relay.v1', 'bearer.eyJ.abc-_~']);
  });

  test.each(['two words', 'a,b', 'a=b/c', 'ä', ''])(
    'that fits in none (%j) goes as the first request',
    async (token) => {
      const connecting = connect(url, { token });
      const socket = newest(FakeSocket.all);
      socket.results.authenticate = () => ({ userId: 'u' });
      socket.open();
      await connecting;
      expect(socket.protocols).toEqual(['sfu-relay.v1']);
      expect(socket.sent).toMatchObject([{ method: 'authenticate', params: { token } }]);
    },
  );

  test('that the relay refuses closes the socket, and says why', async () => {
    const connecting = connect(url, { token: 'two words' });
    const socket = newest(FakeSocket.all);
    socket.open();
    await settled();
    const data = { code: 'ERR_RELAY_UNAUTHENTICATED', retryable: false };
    socket.receive({ id: newest(socket.sent).id, error: { code: -32001, message: 'No.', data } });
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_RELAY_UNAUTHENTICATED' });
    expect(socket.closedWith).toBe(1005);
  });
});

describe('what can’t be opened', () => {
  test('rejects with what to check, and without the query: it may hold a token', async () => {
    const connecting = connect(url);
    newest(FakeSocket.all).end(1006);
    const error = await connecting.catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: 'ERR_CLIENT_CONNECT', retryable: true });
    expect(String(error)).toContain('wss://relay.test/rtc ');
    expect(String(error)).not.toContain('secret');
    expect(String(error)).toContain('its path right');
  });

  test('for its address rejects too, and would again', async () => {
    await expect(connect('nonsense')).rejects.toMatchObject({ code: 'ERR_CLIENT_CONNECT', retryable: false });
  });

  test('in time rejects, and the attempt is given up', async () => {
    vi.useFakeTimers();
    const outcome = expect(connect(url, { connectTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'ERR_CLIENT_CONNECT',
      retryable: true,
    });
    await vi.advanceTimersByTimeAsync(500);
    await outcome;
    expect(newest(FakeSocket.all).closedWith).toBeDefined();
  });

  test('because the caller gave up rejects with the caller’s reason', async () => {
    const cancel = new AbortController();
    const connecting = connect(url, { signal: cancel.signal });
    cancel.abort('gone');
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_CLIENT_ABORTED', cause: 'gone' });
    expect(newest(FakeSocket.all).closedWith).toBeDefined();

    await expect(connect(url, { signal: cancel.signal })).rejects.toMatchObject({
      code: 'ERR_CLIENT_ABORTED',
    });
    expect(FakeSocket.all).toHaveLength(1);
  });

  test('leaves no timer behind, nor does what can', async () => {
    vi.useFakeTimers();
    const cancel = new AbortController();
    const connecting = connect(url, { signal: cancel.signal });
    newest(FakeSocket.all).open();
    const client = await connecting;
    expect(vi.getTimerCount()).toBe(0);
    cancel.abort();
    expect(client.state).toBe('open');
    expect(newest(FakeSocket.all).closedWith).toBeUndefined();
  });
});
