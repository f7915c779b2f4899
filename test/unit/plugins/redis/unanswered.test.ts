import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { redisBackplane } from '../../../../src/plugins/redis/index.js';

/** It takes connections, and says nothing. */
let server: Server;
let port = 0;
beforeEach(async () => {
  server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => server.close());

const connections = () =>
  new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));

const CLIENTS = {
  redis: () => createClient({ url: `redis://127.0.0.1:${port}` }) as never,
  ioredis: () => new Redis(port, { lazyConnect: true }) as never,
};

test.each(Object.entries(CLIENTS))(
  'of a Redis that hangs, no connection is left open, by %s',
  async (_, makeClient) => {
    const backplane = redisBackplane({ client: makeClient(), logger: false });
    const card = { processId: 'p-1', format: 1, version: '0.1.0', nodes: [] };
    const entering = backplane.enter(card, () => {});
    await vi.waitFor(async () => expect(await connections()).toBe(1));
    await expect(entering).rejects.toMatchObject({ code: 'ERR_RELAY_UNAVAILABLE' });
    await backplane.close();
    // An attempt that has begun meanwhile takes its time.
    await vi.waitFor(async () => expect(await connections()).toBe(0), 5_000);
  },
);

test.each(Object.entries(CLIENTS))(
  'of a client that was never connected, the error says so, by %s',
  async (_, makeClient) => {
    const backplane = redisBackplane({ client: makeClient(), timeoutMs: 50, logger: false });
    const cause = expect.objectContaining({ message: expect.stringMatching(/connect\(\) was not called/) });
    await expect(backplane.get('key')).rejects.toMatchObject({ code: 'ERR_RELAY_UNAVAILABLE', cause });
    await backplane.close();
  },
);
