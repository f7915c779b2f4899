import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { useServer } from '../../../src/adapters/ws.js';
import { anonymous, SfuRelay } from '../../../src/index.js';
import { silentLogger } from '../../../src/util/logger.js';
import { eventually } from '../../support/eventually.js';
import { closeServer, listen } from '../../support/listen.js';

const logger = { ...silentLogger, warn: vi.fn() };
let relay: SfuRelay;
let server: Server;
let port: number;
let sockets: Socket[];

beforeEach(async () => {
  logger.warn.mockClear();
  relay = new SfuRelay({
    sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
    authenticate: anonymous(),
    logger,
  });
  sockets = [];
  server = createServer().on('connection', (socket) => sockets.push(socket));
  port = await listen(server);
});
afterEach(async () => {
  await relay.close();
  for (const socket of sockets) socket.destroy();
  await closeServer(server);
});

/** What becomes of a WebSocket: it is open, or the status by which it was refused, and why. */
async function dial(path: string): Promise<string> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, 'sfu-relay.v1');
  const refused = once(ws, 'unexpected-response').then(async ([, response]) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return `${response.statusCode} ${Buffer.concat(chunks)}`;
  });
  const open = once(ws, 'open').then(() => `open ${ws.protocol}`);
  ws.on('error', () => {});
  const outcome = await Promise.race([open, refused]);
  ws.terminate();
  return outcome;
}

/** A client of TCP alone, which does not end its side. */
function upgrade(path: string, key = 'dGhlIHNhbXBsZSBub25jZQ=='): Socket {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
  client.resume();
  client.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  return client;
}

describe('useServer', () => {
  test('serves the relay on /rtc of a server of node:http', async () => {
    useServer(relay, server);
    expect(await dial('/rtc')).toBe('open sfu-relay.v1');
    expect(await dial('/rtc?token=x')).toBe('open sfu-relay.v1');
  });

  test('serves it on another path', async () => {
    useServer(relay, { server, path: '/live/signal' });
    expect(await dial('/live/signal')).toBe('open sfu-relay.v1');
  });

  test('serves relays on paths of their own', async () => {
    const other = new SfuRelay({
      sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
      authenticate: anonymous(),
    });
    useServer(relay, { server, path: '/one' });
    useServer(other, { server, path: '/other' });
    expect(await dial('/one')).toBe('open sfu-relay.v1');
    expect(await dial('/other')).toBe('open sfu-relay.v1');
    await other.close();
  });

  test.each([
    ['a server', () => useServer(relay, server)],
    ['a WebSocketServer', () => useServer(relay, new WebSocketServer({ server, path: '/rtc' }))],
  ])('on %s answers 503 while the relay closes', async (_, serve) => {
    serve();
    expect(await dial('/rtc')).toBe('open sfu-relay.v1');
    await relay.close();
    expect(await dial('/rtc')).toBe('503 The relay is closing.');
    expect(logger.warn).not.toHaveBeenCalled();
  });

  test('answers a wrong path with the right one, and logs it once', async () => {
    useServer(relay, server);
    const expected = "404 No WebSocket is served here: the relay's is at /rtc.";
    expect(await dial('/ws?token=secret')).toBe(expected);
    expect(await dial('/ws')).toBe(expected);
    expect(logger.warn).toHaveBeenCalledExactlyOnceWith(
      { path: '/ws' },
      expect.stringContaining(
        'connect to /rtc, or serve the relay at /ws: useServer(relay, { server, path: "/ws" })',
      ),
    );
  });

  test('leaves a wrong path to the other listeners of the server', async () => {
    const other = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/other') other.handleUpgrade(request, socket, head, () => {});
    });
    useServer(relay, server);
    expect(await dial('/other')).toMatch(/^open/);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  test('logs a path that is not that of a WebSocketServer, for a few paths', async () => {
    useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
    expect(await dial('/rtc')).toBe('open sfu-relay.v1');
    for (let n = 0; n < 8; n += 1) expect(await dial(`/wrong-${n}`)).toMatch(/^400/);
    expect(logger.warn).toHaveBeenCalledTimes(5);
    expect(logger.warn).toHaveBeenCalledWith(
      { path: '/wrong-0' },
      expect.stringContaining('connect to /rtc, or serve the relay at /wrong-0: new WebSocketServer({'),
    );
  });

  test('refuses a second relay on a server, until the first is disposed of', async () => {
    const handle = useServer(relay, server);
    const twice = 'This server serves a relay already: call useServer() once a server';
    expect(() => useServer(relay, server)).toThrow(twice);
    expect(() => useServer(relay, { server })).toThrow(twice);
    handle.dispose();
    useServer(relay, server);
    expect(await dial('/rtc')).toBe('open sfu-relay.v1');

    const wss = new WebSocketServer({ noServer: true });
    useServer(relay, wss);
    expect(() => useServer(relay, wss)).toThrow(twice);
  });

  test('answers a path of no relay with 404 where relays share the server, and survives its reset', async () => {
    useServer(relay, { server, path: '/one' });
    useServer(relay, { server, path: '/other' });
    expect(await dial('/wrong')).toBe("404 No WebSocket is served here: the relay's is at /one or /other.");
    expect(await dial('/other')).toMatch(/^open/);
    expect(logger.warn).toHaveBeenCalledOnce();
  });

  test('listens to the errors of a socket that it leaves to other listeners', async () => {
    useServer(relay, server);
    server.on('upgrade', () => {});
    const client = upgrade('/chat');
    const [, socket] = await once(server, 'upgrade');
    expect(socket.listenerCount('error')).toBeGreaterThan(0);
    client.destroy();
    socket.destroy();
  });

  test('lets go of a refused client that keeps its side open', async () => {
    useServer(relay, server);
    await once(upgrade('/wrong'), 'data');
    await eventually(() => expect(sockets[0]?.destroyed).toBe(true));
  });

  test('refuses a WebSocketServer and a relay on the same server', async () => {
    const cannotShare = 'A WebSocketServer made with { server } cannot share its server';
    const handle = useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
    expect(() => useServer(relay, server)).toThrow(cannotShare);
    expect(() => useServer(relay, { server, path: '/other' })).toThrow(cannotShare);
    handle.dispose();
    const other = createServer();
    useServer(relay, other);
    expect(() => useServer(relay, new WebSocketServer({ server: other, path: '/rtc' }))).toThrow(cannotShare);
  });

  test('refuses a path that another copy of the library serves', async () => {
    useServer(relay, server);
    vi.resetModules();
    const copy = await import('../../../src/adapters/ws.js');
    const core = await import('../../../src/index.js');
    const theirs = new core.SfuRelay({
      sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
      authenticate: core.anonymous(),
    });
    expect(() => copy.useServer(theirs, server)).toThrow('serves a relay already');
    await theirs.close();
  });

  test.each<[string, () => void]>([
    [
      'after a WebSocketServer of another path',
      () => {
        new WebSocketServer({ server, path: '/chat' });
        useServer(relay, server);
      },
    ],
    [
      'before a WebSocketServer of another path',
      () => {
        useServer(relay, server);
        new WebSocketServer({ server, path: '/chat' });
      },
    ],
    [
      'by a WebSocketServer, after one of another path',
      () => {
        new WebSocketServer({ server, path: '/chat' });
        useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
      },
    ],
    [
      'by a WebSocketServer, before one of another path',
      () => {
        useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
        new WebSocketServer({ server, path: '/chat' });
      },
    ],
    [
      'after one without a path',
      () => {
        new WebSocketServer({ server });
        useServer(relay, server);
      },
    ],
  ])('warns once that its clients are ended, when it serves %s', async (_, mount) => {
    mount();
    for (let n = 0; n < 2; n += 1) {
      const client = upgrade('/rtc');
      await eventually(() => expect(logger.warn).toHaveBeenCalledOnce());
      client.destroy();
    }
    expect(logger.warn.mock.calls[0]?.[1]).toContain('make it with { noServer: true }');
  });

  test('does not warn of others when it refuses a bad handshake itself', async () => {
    useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
    const client = upgrade('/rtc', 'bad');
    await once(client, 'data');
    client.destroy();
    expect(logger.warn).not.toHaveBeenCalled();
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'useServer() needs an object: write useServer(relay, server)'],
    ['a port', 8080, 'useServer() needs an object: write useServer(relay, server)'],
    ['an app', Object.assign(() => {}, { listen() {}, on() {} }), 'const server = app.listen(8080)'],
    ['no server', { path: '/rtc' }, '"server" must be a server of node:http or node:https'],
    ['a misspelled path', { server: createServer(), paht: '/' }, 'takes no "paht". Did you mean "path"?'],
    ['a path without a slash', { server: createServer(), path: 'rtc' }, '"path" must begin with a slash'],
  ])('refuses %s, and says what to write', (_, value, advice) => {
    expect(() => useServer(relay, value as Server)).toThrow(advice);
  });
});
