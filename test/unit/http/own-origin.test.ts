import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { createRouter } from '../../../src/adapters/express.js';
import { createHandler } from '../../../src/adapters/fetch.js';
import { cookie, SfuRelay } from '../../../src/index.js';
import { listen } from '../../support/listen.js';

const relay = () =>
  new SfuRelay({
    sfu: { serverUrl: 'localhost:1' },
    authenticate: (request) => ({ userId: cookie('session')(request) ?? 'nobody' }),
  });

/** Who is let in finds no such session. */
const LET_IN = 404;
const REFUSED = 403;
const PATH = '/session/one/stats';

let server: Server | Http2Server | undefined;
afterEach(() => void server?.close());

describe('the own origin of a server', () => {
  test.each([
    ['https://live.example.org', LET_IN],
    ['http://live.example.org', REFUSED],
    ['https://evil.example.org', REFUSED],
  ])('is in the URL of a fetch Request that has no Host: a page of %s gets %i', async (origin, status) => {
    const headers = { cookie: 'session=alice', origin };
    const request = new Request(`https://live.example.org${PATH}`, { headers });
    expect((await createHandler(relay())(request)).status).toBe(status);
  });

  test.each([
    ['http://live.example.org', LET_IN],
    ['http://evil.example.org', REFUSED],
  ])('is the :authority of HTTP/2: a page of %s gets %i', async (origin, status) => {
    const router = createRouter(relay());
    server = createHttp2Server((request, response) =>
      router(request as unknown as IncomingMessage, response as never, () => {}),
    );
    const session = connect(`http://127.0.0.1:${await listen(server as unknown as Server)}`);
    const stream = session.request({
      ...{ ':path': PATH, ':authority': 'live.example.org' },
      ...{ cookie: 'session=alice', origin },
    });
    const answered = new Promise((resolve) =>
      stream.on('response', (headers) => resolve(headers[':status'])),
    );
    stream.resume();
    expect(await answered).toBe(status);
    session.close();
  });

  test.each([
    ['one Origin', ['Host: live.example.org', 'Origin: http://live.example.org'], LET_IN],
    [
      'two of them',
      ['Host: live.example.org', 'Origin: http://live.example.org', 'Origin: http://evil.example.org'],
      REFUSED,
    ],
    [
      'two of them, the own one last',
      ['Host: live.example.org', 'Origin: http://evil.example.org', 'Origin: http://live.example.org'],
      REFUSED,
    ],
    [
      'a second Host',
      ['Host: live.example.org', 'Host: evil.example.org', 'Origin: http://evil.example.org'],
      REFUSED,
    ],
  ])('is looked for in what node:http reads: %s', async (_, headers, status) => {
    const router = createRouter(relay());
    const http = createHttpServer((request, response) => router(request, response, () => {}));
    server = http;
    const socket = connectTcp(await listen(http), '127.0.0.1');
    const lines = [`GET ${PATH} HTTP/1.1`, ...headers, 'Cookie: session=alice', 'Connection: close'];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('is unknown without a Host, as in HTTP/1.0: no page is of it', async () => {
    const router = createRouter(relay());
    const http = createHttpServer((request, response) => router(request, response, () => {}));
    server = http;
    const socket = connectTcp(await listen(http), '127.0.0.1');
    socket.write(`GET ${PATH} HTTP/1.0\r\nOrigin: http://live.example.org\r\nCookie: session=alice\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
  });
});
