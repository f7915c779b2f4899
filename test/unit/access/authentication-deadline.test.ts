import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRouter } from '../../../src/adapters/express.js';
import { type Authenticate, SfuRelay } from '../../../src/index.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const request = { url: '/', headers: {}, remoteAddress: '127.0.0.1', token: undefined };
const hanging: Authenticate = () => new Promise(() => {});

function makeRelay(authenticate: Authenticate, authenticateTimeoutMs = 30) {
  const error = vi.fn();
  const relay = new SfuRelay({
    sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
    logger: { debug() {}, info() {}, warn() {}, error },
    authenticate,
    authenticateTimeoutMs,
  });
  cleanups.push(() => relay.close());
  return { relay, error };
}

describe('an authenticate that does not answer within authenticateTimeoutMs', () => {
  test('lets the client try again, and is an error in the log that names the option', async () => {
    const { relay, error } = makeRelay(hanging);
    await expect(relay.authenticate(request)).rejects.toMatchObject({
      code: 'ERR_RELAY_AUTH_UNAVAILABLE',
      closeCode: 4503,
      retryable: true,
    });
    expect(error).toHaveBeenCalledTimes(1);
    const [{ err }] = error.mock.calls[0] ?? [];
    expect(err.cause.message).toMatch(
      /authenticate\(\) has not answered within 30 ms \("authenticateTimeoutMs"\)/,
    );
  });

  test('is answered over HTTP with 503', async () => {
    const { relay } = makeRelay(hanging);
    const router = createRouter(relay);
    const server = createServer((message, response) => router(message, response, () => response.end()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/session/1/stats`);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('ERR_RELAY_AUTH_UNAVAILABLE');
  });
});

test('an authenticate that answers in time is not touched', async () => {
  const principal = { userId: 'alice' };
  for (const answer of [principal, Promise.resolve(principal)]) {
    const { relay, error } = makeRelay((() => answer) as Authenticate, 5_000);
    expect(await relay.authenticate(request)).toMatchObject(principal);
    expect(error).not.toHaveBeenCalled();
  }
});

test('authenticateTimeoutMs must be a whole number', () => {
  expect(() => makeRelay(hanging, 0.5)).toThrow(/"authenticateTimeoutMs" must be a whole number/);
});
