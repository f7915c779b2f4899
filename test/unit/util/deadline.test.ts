import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Deadline, withDeadline } from '../../../src/util/deadline.js';

/** Blocks the event loop, as a long computation does. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Both ends of a connection within this process. */
async function connected(server: Server): Promise<[Socket, Socket]> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[peer]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  return [socket, peer];
}

test('input that has arrived while the event loop was blocked is in time', async () => {
  const server = createServer();
  const [socket, peer] = await connected(server);
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  const waiting = withDeadline(answer, 50, () => new Error('late'));
  // Written at once, so that the bytes are there, unread, when the deadline's timer fires.
  peer.end('answer');
  block(200);
  await expect(waiting).resolves.toBe('answer');
  server.close();
});

test('a deadline that is cancelled in the turn that it has given does not call back', async () => {
  let called = false;
  const deadline = new Deadline(() => {
    called = true;
  }, 10);
  // Runs in the same turn as the late timer, before the callback's.
  setTimeout(() => deadline.cancel(), 11);
  block(100);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(called).toBe(false);
});

test('what does not come in time is late', async () => {
  await expect(withDeadline(new Promise(() => {}), 10, () => new Error('late'))).rejects.toThrow('late');
});
