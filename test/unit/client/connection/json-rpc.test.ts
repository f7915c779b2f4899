import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { CloseInfo } from '../../../../src/client/common/close.js';
import { jsonRpc, type Rpc } from '../../../../src/client/connection/json-rpc.js';
import { FakeSocket, installFakeBrowser, newest } from '../fake-browser.js';

let socket: FakeSocket;
let rpc: Rpc;
const notifications: unknown[] = [];
const errors: string[] = [];
const closes: CloseInfo[] = [];

/** Close code, and whether to come back. */
const CLOSES: [code: number, retryable: boolean][] = [
  [1001, true],
  [1012, true],
  [4400, false],
  [4401, false],
  [4403, false],
  [4406, false],
  [4408, true],
  [4409, false],
  [4410, false],
  [4412, true],
  [4413, false],
  [4429, true],
  [4500, true],
  [4502, true],
  [4503, true],
  [4504, true],
  [4508, true],
];

beforeEach(installFakeBrowser);
beforeEach(() => {
  vi.useFakeTimers();
  for (const list of [notifications, errors, closes]) list.length = 0;
  socket = new FakeSocket('ws://relay.test', []);
  socket.open();
  rpc = jsonRpc(socket as unknown as WebSocket, {
    requestTimeoutMs: 1_000,
    onNotification: (method, params) => notifications.push({ method, params }),
    onError: ({ message }) => errors.push(message),
    onBreak: () => false,
    onClose: ({ cause }) => closes.push(cause as CloseInfo),
  });
});

describe('a request', () => {
  test('is JSON-RPC 2.0 with an id of its own, and gets the result of that id', async () => {
    const first = rpc.request('ping');
    const second = rpc.request('authenticate', { token: 't' });
    const [a, b] = socket.sent.map(({ id }) => id);
    expect(a).not.toBe(b);
    expect(socket.sent[1]).toEqual({ jsonrpc: '2.0', id: b, method: 'authenticate', params: { token: 't' } });

    socket.receive({ id: b, result: { userId: 'u' } });
    socket.receive({ id: a, result: {} });
    expect(await second).toEqual({ userId: 'u' });
    expect(await first).toEqual({});
  });

  test('that is refused rejects with the relay’s code and whether it may succeed later', async () => {
    const request = rpc.request('ping');
    const error = {
      code: -32003,
      message: 'Not now.',
      data: { code: 'ERR_RELAY_TOO_MANY', retryable: true },
    };
    socket.receive({ id: newest(socket.sent).id, error });
    await expect(request).rejects.toMatchObject({
      name: 'RelayClientError',
      code: 'ERR_RELAY_TOO_MANY',
      message: 'Not now.',
      retryable: true,
    });
  });

  test('that is refused in no known way rejects all the same', async () => {
    for (const error of [null, 7, {}, { data: 'x' }]) {
      const request = rpc.request('ping');
      socket.receive({ id: newest(socket.sent).id, error });
      await expect(request).rejects.toMatchObject({ code: 'ERR_RELAY_UNKNOWN', retryable: false });
    }
  });

  test('that nobody answers times out, and its late answer concerns nobody', async () => {
    const request = rpc.request('ping');
    const outcome = expect(request).rejects.toMatchObject({ code: 'ERR_CLIENT_TIMEOUT', retryable: true });
    await vi.advanceTimersByTimeAsync(1_000);
    await outcome;
    socket.receive({ id: newest(socket.sent).id, result: {} });
    expect(errors).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the end of the connection', () => {
  test.each<[code: number, retryable: boolean]>([[1000, false], [1006, true], [4999, false], ...CLOSES])(
    'by %i without a last message is no error of the relay: retryable %s',
    async (code, retryable) => {
      const pending = rpc.request('ping');
      socket.end(code, 'why');
      const outcome = { code: 'ERR_CLIENT_CLOSED', retryable, cause: { code, reason: 'why', retryable } };
      await expect(pending).rejects.toMatchObject(outcome);
      await expect(rpc.request('ping')).rejects.toMatchObject(outcome);
      expect(closes).toEqual([{ code, reason: 'why', retryable }]);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test.each(CLOSES)('by %i has the code of the relay’s last message', async (closeCode, retryable) => {
    const pending = rpc.request('ping');
    const data = {
      code: 'ERR_RELAY_OF_ITS_OWN',
      retryable: false,
      retryAfterMs: 5_000,
      appCode: 'ERR_NO_COINS',
      closeCode,
    };
    socket.receive({ id: null, error: { code: -32000, message: 'A sentence that no frame cuts.', data } });
    expect(errors).toEqual([]);
    socket.end(closeCode, 'A sentence that');
    await expect(pending).rejects.toMatchObject({
      code: 'ERR_RELAY_OF_ITS_OWN',
      message: 'A sentence that no frame cuts.',
      retryable,
      retryAfterMs: 5_000,
      appCode: 'ERR_NO_COINS',
      cause: { code: closeCode, reason: 'A sentence that' },
    });
    expect(closes).toMatchObject([{ code: closeCode, error: await pending.catch((e) => e) }]);
  });

  test('without a reason has a message all the same', async () => {
    socket.end(4401);
    await expect(rpc.request('ping')).rejects.toThrow('The connection is closed (4401).');
  });

  test('has an entry for each close code of PROTOCOL.md', async () => {
    const text = await readFile(new URL('../../../../docs/PROTOCOL.md', import.meta.url), 'utf8');
    const codes = [...(text.split('## Close codes')[1] ?? '').matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) =>
      Number(code),
    );
    expect(codes).toEqual([1000, ...CLOSES.map(([code]) => code)]);
  });

  test('by ourselves is told once, whatever the socket says later', () => {
    rpc.close();
    rpc.close();
    socket.end(1006);
    expect(closes).toEqual([{ code: 1000, reason: '', retryable: false }]);
    socket.notify('goaway', { reason: 'late' });
    expect(notifications).toEqual([]);
    expect(socket.closedWith).toBe(1000);
    rpc.notify('answer', { desc: { type: 'answer', sdp: '' } });
    expect(socket.sent).toEqual([]);
  });
});

describe('what the relay says of itself', () => {
  test('is passed on as a notification', () => {
    socket.notify('goaway', { reason: 'x' });
    expect(notifications).toEqual([{ method: 'goaway', params: { reason: 'x' } }]);
  });

  test('may be the refusal of a notification, and is an error with its method', () => {
    const data = { code: 'ERR_RELAY_INVALID_SDP', retryable: false, method: 'trickle' };
    socket.receive({ id: null, error: { code: -32602, message: 'No candidate.', data } });
    expect(errors).toEqual(['trickle: No candidate.']);
  });

  test.each(['{', 'null', '7', '[]', '"x"', '{}', '{"id":null}'])(
    '%s is an error, and life goes on',
    (text) => {
      socket.receive(text);
      expect(errors).toHaveLength(1);
      socket.notify('goaway', {});
      expect(notifications).toHaveLength(1);
    },
  );
});
