import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeBehavior, type UwsUserData, type UwsWebSocket } from '../../../src/adapters/uwebsockets.js';
import { anonymous, SfuRelay } from '../../../src/index.js';

/** What uWebSockets.js does in conditions that can't be had on demand. */
class FakeWebSocket implements UwsWebSocket {
  sent: string[] = [];
  ended: { code: number; reason: string } | undefined;
  /** 1 sent, 0 waits, 2 dropped. */
  status = 1;
  isOver = false;
  readonly #data: UwsUserData;
  readonly #onClose: (ws: UwsWebSocket) => void;

  constructor(data: UwsUserData, onClose: (ws: UwsWebSocket) => void) {
    this.#data = data;
    this.#onClose = onClose;
  }

  send(message: string): number {
    this.#checkOpen();
    this.sent.push(message);
    return this.status;
  }
  cork(send: () => void): void {
    this.#checkOpen();
    send();
  }
  getBufferedAmount(): number {
    this.#checkOpen();
    return 0;
  }
  ping(): number {
    this.#checkOpen();
    return 1;
  }
  end(code: number, reason: string): void {
    this.#checkOpen();
    this.ended = { code, reason };
    this.close();
  }
  close(): void {
    this.#checkOpen();
    this.isOver = true;
    this.#onClose(this);
  }
  getUserData(): UwsUserData {
    return this.#data;
  }
  #checkOpen(): void {
    if (this.isOver) throw new Error('Invalid access of closed uWS.WebSocket/SSLWebSocket.');
  }
}

const text = (message: object) => {
  const bytes = new TextEncoder().encode(JSON.stringify(message));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
};

describe('the behaviour for uWebSockets.js', () => {
  let relay: SfuRelay;

  beforeEach(() => {
    relay = new SfuRelay({ sfu: { serverUrl: 'localhost:1' }, authenticate: anonymous() });
  });
  afterEach(() => relay.close());

  function open(headers: Record<string, string> | [string, string][] = {}, options = {}) {
    const behavior = makeBehavior(relay, options);
    let data: UwsUserData | undefined;
    let protocol = '';
    behavior.upgrade(
      {
        getRemoteAddressAsText: () => new TextEncoder().encode('127.0.0.1').buffer as ArrayBuffer,
        upgrade: (userData, _key, chosen) => {
          data = userData;
          protocol = chosen;
        },
        writeStatus: (status) => ({
          end: (body) => {
            throw new Error(`refused: ${status}: ${body}`);
          },
        }),
      },
      {
        getUrl: () => '/rtc',
        getQuery: () => undefined,
        forEach: (visit) => {
          const all = Array.isArray(headers) ? headers : Object.entries(headers);
          for (const [name, value] of all) visit(name, value);
        },
      },
      {},
    );
    if (!data) throw new Error('not upgraded');
    const ws = new FakeWebSocket(data, behavior.close);
    behavior.open(ws);
    return { behavior, ws, data, protocol };
  }

  test('a message that was dropped is a failure: the connection ends', async () => {
    const { behavior, ws } = open();
    ws.status = 2;
    behavior.message(ws, text({ id: 1, method: 'ping' }), false);
    await relay.close();
    expect(ws.sent).toHaveLength(1);
    expect(ws.isOver).toBe(true);
  });

  test('a message that waits in the socket is not', async () => {
    const { behavior, ws } = open();
    ws.status = 0;
    behavior.message(ws, text({ id: 1, method: 'ping' }), false);
    behavior.message(ws, text({ id: 2, method: 'ping' }), false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ws.sent).toHaveLength(2);
    expect(ws.isOver).toBe(false);
  });

  test('a connection that is refused while it opens is over at once, and leaves nothing to drain', async () => {
    const { ws } = open({ 'sec-websocket-protocol': 'graphql-ws' });
    expect(ws.ended?.code).toBe(4406);
    await relay.close({ timeoutMs: 60_000 });
  });

  test('a handshake is answered with 503 while the relay closes', async () => {
    await relay.close();
    expect(() => open()).toThrow('refused: 503 Service Unavailable: The relay is closing.');
  });

  test('a socket that has closed is never touched again', async () => {
    const { behavior, ws, data } = open();
    ws.close();
    behavior.message(ws, text({ id: 1, method: 'ping' }), false);
    data.connection?.receive('{"id":1,"method":"ping"}');
    await relay.close();
    expect(ws.sent).toEqual([]);
  });

  test('headers of one name are joined; cookies as they are in one header', () => {
    const { data } = open([
      ...([
        ['origin', 'https://a.org'],
        ['origin', 'https://b.org'],
      ] as [string, string][]),
      ...([
        ['cookie', 'a=1'],
        ['cookie', 'b=2'],
      ] as [string, string][]),
    ]);
    expect(data.request.headers).toEqual({ origin: 'https://a.org, https://b.org', cookie: 'a=1; b=2' });
  });

  test('the subprotocol is chosen, the token never', () => {
    expect(open({ 'sec-websocket-protocol': 'bearer.secret, sfu-relay.v1' }).protocol).toBe('sfu-relay.v1');
    expect(open({ 'sec-websocket-protocol': 'bearer.secret' }).protocol).toBe('');
  });

  test.each([
    [1_000, 8],
    [12_000, 60],
    [1_000_000, 960],
  ])('a heartbeat of %i ms gives an idle timeout of %i s', (heartbeatIntervalMs, seconds) => {
    expect(makeBehavior(relay, { heartbeatIntervalMs }).idleTimeout).toBe(seconds);
  });
});
