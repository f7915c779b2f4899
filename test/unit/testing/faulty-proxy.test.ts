import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type FaultyProxy, startFaultyProxy, startSilentServer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';

const SOON = { intervalMs: 2 };

/** One end of a connection, and what has become of it. */
class End {
  readonly texts: string[] = [];
  closed: number | undefined;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.texts.push(data.toString()));
    socket.on('close', (code) => {
      this.closed = code;
    });
    socket.on('error', () => {});
  }

  has(...texts: string[]): Promise<unknown> {
    return until(
      `${texts} have come`,
      () => this.texts.length >= texts.length && this.texts.join() === texts.join(),
      SOON,
    );
  }

  isClosed(): Promise<unknown> {
    return until('it is closed', () => this.closed !== undefined, SOON);
  }
}

let http: Server;
let sockets: WebSocketServer;
let proxy: FaultyProxy;
let ends: End[];

beforeEach(async () => {
  http = createServer((_request, response) => response.end('plain HTTP'));
  sockets = new WebSocketServer({ server: http });
  ends = [];
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  proxy = await startFaultyProxy(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/rtc?of=server`);
});
afterEach(async () => {
  await proxy.stop();
  for (const { socket } of ends) socket.terminate();
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

/** A client, before it is connected. */
function dial(): End {
  const end = new End(new WebSocket(proxy.url()));
  ends.push(end);
  return end;
}

/** Both ends of a connection through the proxy. */
async function open(): Promise<{ client: End; server: End }> {
  const accepted = once(sockets, 'connection');
  const client = dial();
  const [socket] = await accepted;
  const server = new End(socket);
  if (client.socket.readyState !== WebSocket.OPEN) await once(client.socket, 'open');
  return { client, server };
}

/** What one end sends to the other, both in one order. */
async function passes({ client, server }: { client: End; server: End }): Promise<void> {
  client.socket.send('there?');
  await until('it has come', () => server.texts.includes('there?'), SOON);
  server.socket.send('here');
  await until('the answer has come', () => client.texts.includes('here'), SOON);
}

describe('a faulty proxy that is told nothing', () => {
  test('passes frames of every length in both directions, and counts them', async () => {
    const { client, server } = await open();
    const texts = [0, 1, 125, 126, 65_535, 65_536, 400_000].map((length) => 'x'.repeat(length));
    for (const text of texts) {
      client.socket.send(text);
      client.socket.ping();
      server.socket.send(text);
    }
    await Promise.all([server.has(...texts), client.has(...texts)]);
    expect(proxy.frames).toEqual({ toServer: 7, toClient: 7 });
    expect(proxy.connections).toBe(1);
  });

  test('passes the closing handshake on', async () => {
    const { client, server } = await open();
    client.socket.close(4321);
    await Promise.all([client.isClosed(), server.isClosed()]);
    expect([client.closed, server.closed]).toEqual([4321, 4321]);
    await until('it has forgotten them', () => proxy.connections === 0, SOON);
  });

  test('has the URL of the server, with its own address', () => {
    expect(proxy.url()).toBe(`ws://127.0.0.1:${proxy.port}/rtc?of=server`);
    expect(proxy.url('/elsewhere')).toBe(`ws://127.0.0.1:${proxy.port}/elsewhere`);
  });

  test('passes plain HTTP', async () => {
    const response = await fetch(proxy.url().replace('ws:', 'http:'));
    expect(await response.text()).toBe('plain HTTP');
    expect(proxy.frames).toEqual({ toServer: 0, toClient: 0 });
  });

  test('lets the sender wait while the receiver does not read', async () => {
    const { client, server } = await open();
    server.socket.pause();
    const chunk = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 32; n += 1) client.socket.send(chunk);
    await until('the sender waits', () => client.socket.bufferedAmount > chunk.length, SOON);
    server.socket.resume();
    await until('all has come', () => server.texts.length === 32, SOON);
    expect(client.socket.bufferedAmount).toBe(0);
  });

  test('resets clients whose server does not listen', async () => {
    const silent = await startSilentServer();
    const orphan = await startFaultyProxy(`ws://127.0.0.1:${silent.port}`);
    await silent.stop();
    const client = new End(new WebSocket(orphan.url()));
    await client.isClosed();
    expect(orphan.connections).toBe(0);
    await orphan.stop();
  });
});

describe('cut()', () => {
  test('resets both sides; the next connection passes', async () => {
    const { client, server } = await open();
    proxy.cut();
    await Promise.all([client.isClosed(), server.isClosed()]);
    expect([client.closed, server.closed]).toEqual([1006, 1006]);
    await passes(await open());
  });

  test.each(['client', 'server'] as const)('resets only the half of the %s', async (side) => {
    const both = await open();
    const { [side]: told, [side === 'client' ? 'server' : 'client']: unaware } = both;
    proxy.cut({ noticedBy: side });
    await told.isClosed();
    unaware.socket.send('still there?');
    await passes(await open());
    expect(unaware.closed).toBeUndefined();
    expect(proxy.connections).toBe(2);
  });
});

describe('halfOpen()', () => {
  test('passes nothing, and neither side notices; the next connection passes', async () => {
    const { client, server } = await open();
    proxy.halfOpen();
    client.socket.send('lost');
    server.socket.send('lost');
    await passes(await open());
    expect([client.texts, server.texts, client.closed, server.closed]).toEqual([
      [],
      [],
      undefined,
      undefined,
    ]);
  });

  test('does not pass on that a side has closed', async () => {
    const { client, server } = await open();
    proxy.halfOpen();
    client.socket.terminate();
    await client.isClosed();
    await passes(await open());
    expect(server.closed).toBeUndefined();
  });
});

describe('cutAfter()', () => {
  test.each([0, 1, 3])('lets %i frames pass to the server, and no more', async (frames) => {
    const isCut = proxy.cutAfter({ direction: 'toServer', frames });
    const client = dial();
    const accepted = once(sockets, 'connection');
    client.socket.on('open', () => {
      client.socket.ping();
      for (const text of ['one', 'two', 'three', 'four']) client.socket.send(text);
    });
    const [socket] = await accepted;
    const server = new End(socket);
    await Promise.all([isCut, client.isClosed(), server.isClosed()]);
    expect(server.texts).toEqual(['one', 'two', 'three'].slice(0, frames));
    expect([client.closed, server.closed]).toEqual([1006, 1006]);
    expect(proxy.frames.toServer).toBe(frames);
  });

  test('counts from now on, on a connection that is open', async () => {
    const { client, server } = await open();
    await passes({ client, server });
    const isCut = proxy.cutAfter({ direction: 'toClient', frames: 2 });
    for (const text of ['one', 'two', 'three']) server.socket.send(text);
    await Promise.all([isCut, client.isClosed(), server.isClosed()]);
    expect(client.texts).toEqual(['here', 'one', 'two']);
  });

  test('cuts at once where nothing more may pass', async () => {
    const { client, server } = await open();
    await proxy.cutAfter({ direction: 'toClient', frames: 0 });
    await Promise.all([client.isClosed(), server.isClosed()]);
  });

  test.each([1, 2, 7])('lets %i bytes of a frame pass', async (bytes) => {
    const raw: Buffer[] = [];
    http.on('connection', (socket: Socket) => socket.on('data', (data: Buffer) => raw.push(data)));
    const { client, server } = await open();
    const isCut = proxy.cutAfter({ direction: 'toServer', frames: 1, bytes });
    raw.length = 0;
    client.socket.send('one');
    client.socket.send('two');
    await Promise.all([isCut, client.isClosed(), server.isClosed()]);
    expect(server.texts).toEqual(['one']);
    // The header, the mask key and the text of the first frame, and the beginning of the second.
    expect(Buffer.concat(raw)).toHaveLength(2 + 4 + 'one'.length + bytes);
  });

  test('cuts inside the handshake', async () => {
    const client = dial();
    await proxy.cutAfter({ direction: 'toClient', bytes: 20 });
    await client.isClosed();
    expect(client.socket.protocol).toBe('');
    await passes(await open());
  });

  test('cuts the first connection that gets there, and no other', async () => {
    const first = await open();
    const isCut = proxy.cutAfter({ direction: 'toServer', frames: 2 });
    const second = await open();
    first.client.socket.send('one');
    await first.server.has('one');
    second.client.socket.send('one');
    second.client.socket.send('two');
    await Promise.all([isCut, second.client.isClosed()]);
    first.client.socket.send('two');
    first.client.socket.send('three');
    await first.server.has('one', 'two', 'three');
  });

  test('cuts at the nearest of several points, and keeps the others for later', async () => {
    const { client, server } = await open();
    const near = proxy.cutAfter({ direction: 'toServer', frames: 1 });
    const far = proxy.cutAfter({ direction: 'toServer', frames: 2 });
    client.socket.send('one');
    await Promise.all([near, client.isClosed(), server.isClosed()]);
    const next = await open();
    for (const text of ['one', 'two', 'three']) next.client.socket.send(text);
    await Promise.all([far, next.server.isClosed()]);
    expect(next.server.texts).toEqual(['one', 'two']);
  });
});

describe('delay()', () => {
  test('makes everything arrive later, in its order, until the proxy is healed', async () => {
    const { client, server } = await open();
    proxy.delay(60);
    const sentAt = performance.now();
    client.socket.send('one');
    client.socket.send('two');
    await server.has('one', 'two');
    expect(performance.now() - sentAt).toBeGreaterThan(55);
    server.socket.send('three');
    proxy.heal();
    server.socket.send('four');
    await client.has('three', 'four');
    client.socket.close(4000);
    await server.isClosed();
    expect(server.closed).toBe(4000);
  });

  test('lets nothing arrive that is on its way when the connection is cut', async () => {
    const { client, server } = await open();
    proxy.delay(20);
    client.socket.send('lost');
    await until('it is on its way', () => client.socket.bufferedAmount === 0, SOON);
    proxy.cut();
    await server.isClosed();
    expect(server.texts).toEqual([]);
  });
});

describe('refuse()', () => {
  test('resets new connections until they are accepted again; open ones stay', async () => {
    const before = await open();
    proxy.refuse();
    const refused = dial();
    await refused.isClosed();
    expect(refused.closed).toBe(1006);
    await passes(before);
    proxy.accept();
    await passes(await open());
  });

  test('leaves new connections without an answer', async () => {
    proxy.refuse({ silently: true });
    const waiting = dial();
    await until('its connection is there', () => proxy.connections === 1, SOON);
    proxy.refuse();
    await dial().isClosed();
    expect(waiting.closed).toBeUndefined();
    proxy.accept();
    await waiting.isClosed();
    await passes(await open());
  });
});

describe('heal() and stop()', () => {
  test('forget the cuts that are still to come', async () => {
    const healed = proxy.cutAfter({ direction: 'toServer', frames: 1 });
    proxy.heal();
    await expect(healed).rejects.toThrow('healed');
    const both = await open();
    await passes(both);
    const stopped = proxy.cutAfter({ direction: 'toServer', frames: 1 });
    await Promise.all([proxy.stop(), expect(stopped).rejects.toThrow('stopped')]);
  });

  test('stop() resets every connection and frees the port, and may be repeated', async () => {
    const { client, server } = await open();
    proxy.halfOpen();
    const other = await open();
    proxy.refuse({ silently: true });
    const waiting = dial();
    await proxy.stop();
    await proxy.stop();
    await Promise.all([client, server, other.client, other.server, waiting].map((end) => end.isClosed()));
    expect([proxy.connections, proxy.port]).toEqual([0, 0]);
  });
});

describe('a wrong call', () => {
  test.each<[unknown, string]>([
    [
      undefined,
      'needs the URL of the server, not undefined: write startFaultyProxy("ws://127.0.0.1:8080/rtc").',
    ],
    ['127.0.0.1:8080', 'needs the URL of the server, not "127.0.0.1:8080"'],
    [
      'wss://live.example.org',
      "can't see the frames of wss://: let the server of the test listen without TLS",
    ],
  ])('is refused: startFaultyProxy(%j)', async (target, message) => {
    const attempt = startFaultyProxy(target as string);
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_RELAY_CONFIG' });
    await expect(attempt).rejects.toThrow(message);
  });

  test.each<[object, string]>([
    [
      { direction: 'toServer' },
      'cutAfter() needs "frames" or "bytes": write cutAfter({ direction: "toServer", frames: 3 }).',
    ],
    [{ direction: 'up', frames: 1 }, '"direction" is "up". Write one of toServer, toClient.'],
    [{ direction: 'toServer', frames: -1 }, '"frames" must be a whole number from 0'],
    [{ direction: 'toServer', frame: 1 }, 'Did you mean "frames"?'],
  ])('is refused: cutAfter(%j)', (point, message) => {
    expect(() => proxy.cutAfter(point as never)).toThrow(message);
  });

  test('is refused: other methods', () => {
    expect(() => proxy.delay(-1)).toThrow('"delayMs" must be a whole number from 0');
    expect(() => proxy.cut({ noticedBy: 'relay' as never })).toThrow('"noticedBy" is "relay".');
    expect(() => proxy.cut({ silently: true } as never)).toThrow('cut() takes no "silently".');
    expect(() => proxy.refuse(true as never)).toThrow('refuse() needs an object');
  });
});
