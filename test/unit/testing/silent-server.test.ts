import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startSilentServer } from '../../../src/testing/index.js';

it('accepts a connection, says nothing, and drops it when it stops', async () => {
  const server = await startSilentServer();
  expect(server.address).toBe(`127.0.0.1:${server.port}`);
  const socket = connect(server.port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (data) => received.push(data)).on('error', () => {});
  await once(socket, 'connect');
  socket.write('hello?');
  await expect.poll(() => server.connections).toBe(1);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await server.stop();
  await closed;
  expect(received).toEqual([]);
  expect(server.connections).toBe(0);
});
