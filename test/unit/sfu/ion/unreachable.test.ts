import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { anonymous, type RelayError, SfuRelay, type SfuTlsOptions } from '../../../../src/index.js';
import { startScriptedSfu } from '../../../../src/testing/index.js';
import { freePort } from '../../../support/listen.js';
import { certificates } from '../../grpc/http2/certificates.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function probe(
  serverUrl: string,
  client: 'http2' | 'grpc-js',
  tls?: SfuTlsOptions,
  healthTimeoutMs = 3_000,
) {
  const relay = new SfuRelay({
    healthTimeoutMs,
    sfu: { serverUrl, client, connectTimeoutMs: 2_000, ...(tls && { tls }) },
    authenticate: anonymous(),
  });
  cleanups.push(() => relay.close());
  const { nodes } = await relay.healthCheck();
  const { error } = nodes[0] ?? {};
  if (!error) throw new Error('the SFU can be reached');
  return { error, cause: (error.cause as Error).message };
}

async function serve(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const refuse = (socket: Socket) => socket.destroy();

describe.each(['http2', 'grpc-js'] as const)('by %s: an SFU that cannot be reached', (client) => {
  test('is named in the cause with what is wrong, and not to clients', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { error, cause } = await probe(address, client);
    expect(error.message).toBe("The SFU can't be reached.");
    expect(cause).toContain(address);
    expect(cause).toContain('ECONNREFUSED');
  });

  test('has its address in the cause where a server closes the connection', async () => {
    const address = await serve(createServer(refuse));
    const { cause } = await probe(address, client);
    expect(cause).toContain(address);
  });
});

describe.each(['http2', 'grpc-js'] as const)('by %s: the cause says what to do', (client) => {
  const speaking = (words: string) =>
    serve(createServer((socket) => void socket.on('error', () => {}).on('data', () => socket.write(words))));

  test('where the port speaks HTTP/1.1', async () => {
    const { cause } = await probe(await serve(createHttpServer()), client);
    expect(cause).toMatch(/gRPC port/);
  });

  test('where the port expects TLS', async () => {
    const { cause } = await probe(await serve(createTlsServer(certificates.server)), client);
    expect(cause).toMatch(/expect(s)? TLS/);
  });

  test('where nobody has said who signs certificates', async () => {
    const { cause } = await probe(await serve(createTlsServer(certificates.server)), client, {});
    expect(cause).toContain('Write the authority that has signed the certificate as sfu.tls.ca');
  });

  test('where the port speaks no TLS', async () => {
    const { cause } = await probe(await speaking('hello, who is there?\r\n'), client, {
      ca: certificates.ca,
    });
    expect(cause).toContain('leave sfu.tls out');
  });

  test('where the port wants a client certificate', async () => {
    const { ca, server } = certificates;
    const strict = createTlsServer({ ...server, ca, requestCert: true, rejectUnauthorized: true });
    strict.on('tlsClientError', () => {});
    const { cause } = await probe(await serve(strict), client, { ca });
    expect(cause).toMatch(/client certificate.*sfu\.tls\.cert/);
  });

  test('where a connection is made, and no call is answered', async () => {
    const { error, cause } = await probe(await serve(silentHttp2()), client, undefined, 300);
    expect((error as RelayError).code).toBe('ERR_RELAY_SFU_TIMEOUT');
    expect(cause).toMatch(/no answer to a call in time: does the SFU hang/);
  });

  test('where nothing is said within the time of the health check', async () => {
    const address = await serve(createServer((socket) => void socket.resume()));
    const { error, cause } = await probe(address, client, undefined, 300);
    expect((error as RelayError).code).toBe('ERR_RELAY_SFU_TIMEOUT');
    expect(cause).toContain(`${address}: no connection within 300 ms`);
  });

  test.each([
    ['SSH', 'SSH-2.0-OpenSSH_9\r\n'],
    ['Redis', "-ERR unknown command 'PRI'\r\n"],
    ['something else', 'hello, who is there?\r\n'],
  ])('where the port speaks %s', async (_, words) => {
    const { cause } = await probe(await speaking(words), client);
    expect(cause).toMatch(/gRPC port/);
  });
});

function silentHttp2(): Server {
  return createHttp2Server().on('stream', (stream) => void stream.on('error', () => {}));
}

describe('the cause says what to do', () => {
  const startingPoint = async (start: () => Promise<string>, tls?: SfuTlsOptions) =>
    (await probe(await start(), 'http2', tls)).cause;

  test('where nothing listens', async () => {
    const port = await freePort();
    expect(await startingPoint(async () => `127.0.0.1:${port}`)).toBe(
      `127.0.0.1:${port}: connect ECONNREFUSED. Nothing listens there: does the SFU run, is it its gRPC port?`,
    );
  });

  test('where the port speaks HTTP/1.1', async () => {
    const cause = await startingPoint(() => serve(createHttpServer()));
    expect(cause).toMatch(
      /^127\.0\.0\.1:\d+: this port speaks HTTP\/1\.1, gRPC needs HTTP\/2: write the gRPC port/,
    );
  });

  test('where the port expects TLS', async () => {
    const alert = Buffer.from('15030100020246', 'hex');
    const cause = await startingPoint(() => serve(createServer((socket) => socket.end(alert))));
    expect(cause).toMatch(/^127\.0\.0\.1:\d+: this port expects TLS: write sfu: \{ tls: \{\} \}/);
  });

  test('where the port expects TLS and only closes the connection', async () => {
    const cause = await startingPoint(() => serve(createTlsServer(certificates.server)));
    expect(cause).toMatch(/the connection was closed without a word: .*does it expect TLS \(sfu\.tls\)\?/);
  });

  test('where the port speaks no TLS', async () => {
    const sfu = await startScriptedSfu();
    cleanups.push(() => sfu.stop());
    const cause = await startingPoint(async () => sfu.address, { ca: certificates.ca });
    expect(cause).toContain('No TLS is spoken there: leave sfu.tls out');
  });

  test('where nobody has said who signs certificates', async () => {
    const cause = await startingPoint(() => serve(createTlsServer(certificates.server)), {});
    expect(cause).toContain('Write the authority that has signed the certificate as sfu.tls.ca');
  });

  test('where the connection is closed without a word', async () => {
    const cause = await startingPoint(() => serve(createServer(refuse)));
    expect(cause).toMatch(
      /the connection was closed without a word: .*does it expect TLS \(sfu\.tls\)\?|ECONNRESET/,
    );
  });

  test('where nothing is said at all', async () => {
    const address = await serve(createServer((socket) => void socket.resume()));
    const { error, cause } = await probe(address, 'http2');
    expect((error as RelayError).code).toBe('ERR_RELAY_SFU_TIMEOUT');
    expect(cause).toBe(
      `${address}: no connection within 2000 ms: is the address right, does a firewall drop it?`,
    );
  });
});

test('a health report as JSON has the message and the cause of the error', async () => {
  const relay = new SfuRelay({
    sfu: { serverUrl: `127.0.0.1:${await freePort()}` },
    authenticate: anonymous(),
  });
  cleanups.push(() => relay.close());
  const report = JSON.parse(JSON.stringify(await relay.healthCheck()));
  expect(report).toMatchObject({
    ok: false,
    nodes: [
      {
        ok: false,
        error: {
          name: 'RelayError',
          code: 'ERR_RELAY_SFU_UNAVAILABLE',
          message: "The SFU can't be reached.",
          retryable: true,
        },
        cause: expect.stringContaining('ECONNREFUSED'),
      },
    ],
  });
  expect(report.nodes[0].error).not.toHaveProperty('stack');
  expect(report.nodes[0].error).not.toHaveProperty('cause');
});
