import { beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { FakeSocket, installFakeBrowser, newest } from './fake-browser.js';
import { connected, joined, joinResult } from './participant.js';

beforeEach(installFakeBrowser);

const settle = () => new Promise((resolve) => setTimeout(resolve));

/** The socket that a join has opened; its relay answers as the first did. */
async function redialled({ socket }: { socket: FakeSocket }): Promise<FakeSocket> {
  await eventually(() => expect(newest(FakeSocket.all)).not.toBe(socket));
  const next = newest(FakeSocket.all);
  next.results = { ...socket.results };
  next.open();
  return next;
}

describe('a connection that the relay closes because it had no session for too long', () => {
  test('after leave() is opened again by the next join()', async () => {
    const base = await joined();
    await base.client.leave();
    base.socket.end(4408, 'The connection was without a session for too long.');
    expect(base.client.state).toBe('open');
    const joining = base.client.join({ roomId: 'attic' });
    const next = await redialled(base);
    await joining;
    expect(next.params('join')).toMatchObject([{ sid: 'attic' }]);
    expect(base.client.state).toBe('joined');
    expect([base.of('close'), base.of('error')]).toEqual([[], []]);
  });

  test('before the first join() is opened again by that, with a new token', async () => {
    const base = await connected({ token: 't1', getToken: () => 't2' });
    base.socket.end(4408);
    const joining = base.client.join({ roomId: 'lobby' });
    const next = await redialled(base);
    await joining;
    expect(next.protocols).toContain('bearer.t2');
  });

  test('and that can not be opened again fails the join(); a later one may succeed', async () => {
    const base = await joined();
    await base.client.leave();
    base.socket.end(4408);
    const failing = base.client.join({ roomId: 'lobby' });
    await eventually(() => expect(FakeSocket.all).toHaveLength(2));
    newest(FakeSocket.all).end(1006);
    await expect(failing).rejects.toMatchObject({ code: 'ERR_CLIENT_CONNECT', retryable: true });
    expect(base.client.state).toBe('open');
    const joining = base.client.join({ roomId: 'lobby' });
    await eventually(() => expect(FakeSocket.all).toHaveLength(3));
    const next = newest(FakeSocket.all);
    next.results = { join: () => joinResult() };
    next.open();
    await joining;
  });

  test.each(['leave', 'close'] as const)(
    'is not opened for a join() that %s() has overtaken',
    async (end) => {
      const base = await joined();
      await base.client.leave();
      base.socket.end(4408);
      const joining = base.client.join({ roomId: 'lobby' });
      const refused = expect(joining).rejects.toMatchObject({
        code: expect.stringMatching(/ABORTED|CLOSED/),
      });
      await eventually(() => expect(FakeSocket.all).toHaveLength(2));
      await base.client[end]();
      await refused;
      await settle();
      expect(newest(FakeSocket.all).closedWith).toBeDefined();
      expect(base.client.state).toBe(end === 'leave' ? 'open' : 'closed');
    },
  );

  test('is the end where the client must not reconnect', async () => {
    const { client, socket, of } = await joined({}, { reconnect: false });
    await client.leave();
    socket.end(4408, 'too long');
    expect(client.state).toBe('closed');
    expect(of('close')).toMatchObject([{ code: 4408, reason: 'too long', retryable: true }]);
  });

  test('by another code ends the client, as before', async () => {
    const { client, socket, of } = await joined();
    await client.leave();
    socket.end(1001);
    expect(client.state).toBe('closed');
    expect(of('close')).toMatchObject([{ code: 1001 }]);
  });
});
