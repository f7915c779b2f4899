import { describe, expect, test } from 'vitest';
import type { ContractStage } from '../contract-stage.js';

export function drainingSuite(stage: ContractStage): void {
  const { open, joined, expectNothingLeft } = stage;

  /** What comes of a connection while the relay closes: the status of its handshake or, where there is none, the close code. */
  const late = () =>
    open().then(
      async ({ closed }) => (await closed).code,
      (error: Error) => Number(/\d+/.exec(error.message)),
    );
  const expectRefused = async () => expect([503, 1001]).toContain(await late());

  describe('draining', () => {
    test('says goaway, leaves the SFU, closes with 1001', async () => {
      const { client, stream } = await joined();
      const idle = await open();
      await stage.relay.close();
      expect(await client.closed).toEqual({ code: 1001, reason: 'The relay is closing.' });
      expect((await idle.closed).code).toBe(1001);
      expect(client.received.at(-2)).toMatchObject({
        method: 'goaway',
        params: { reconnectAfterMs: expect.any(Number) },
      });
      expect(await stream.ended).toBe('half-closed');
      await expectRefused();
    });

    test('a join in flight is refused by ERR_RELAY_CLOSED, so that the client joins elsewhere', async () => {
      stage.sfu.script.onJoin = () => {};
      const client = await open();
      const joining = client.request('join', stage.joinParams());
      await stage.sfu.waitFor((sfu) => sfu.streams.size > 0);
      await stage.relay.close({ timeoutMs: 500 });
      expect((await joining).error?.data).toEqual({ code: 'ERR_RELAY_CLOSED', retryable: true });
      expect((await client.closed).code).toBe(1001);
    });

    test('with a delay, goes on as before while it reports that it is not ready', async () => {
      const { client } = await joined();
      const closed = stage.relay.close({ readinessDelayMs: 1_000 });
      expect(await stage.relay.healthCheck()).toMatchObject({ ok: false, closing: true });
      expect((await client.request('ping')).result).toEqual({});
      const { client: late } = await joined({ uid: 'late' });
      expect(stage.relay.isClosing).toBe(false);
      await closed;
      expect(stage.relay.isClosing).toBe(true);
      for (const each of [client, late]) expect((await each.closed).code).toBe(1001);
    });

    test('over a time, sends one client away after the other, of whom those who stay are told', async () => {
      const clients = [];
      for (const uid of ['ada', 'ben', 'cleo', 'dora']) clients.push((await joined({ uid })).client);
      const last = clients.at(-1);
      const closed = stage.relay.close({ drainMs: 600 });
      await expectRefused();
      await closed;
      for (const each of clients) expect((await each.closed).code).toBe(1001);
      const left = last?.received.flatMap(({ params }) => (params as { left?: string[] })?.left ?? []);
      expect(left?.length).toBeGreaterThan(0);
    });

    test('closes with 1001 by the deadline who ignores goaway and goes on', async () => {
      const viewers = [];
      for (const uid of ['ada', 'ben', 'cleo'])
        viewers.push((await joined({ uid, role: 'subscriber' })).client);
      const going = viewers.map(async (viewer) => {
        let closed = false;
        void viewer.closed.finally(() => {
          closed = true;
        });
        while (!closed) await viewer.request('ping').catch(() => {});
      });
      await stage.relay.close({ drainMs: 400 });
      await Promise.all(going);
      for (const viewer of viewers) {
        expect((await viewer.closed).code).toBe(1001);
        expect(viewer.methods()).toContain('goaway');
      }
      await expectNothingLeft();
    });

    test('cuts off a client that does not close', async () => {
      const { client } = await joined();
      client.socket.pause();
      await stage.relay.close({ timeoutMs: 50 });
      client.socket.resume();
      await client.closed;
      await expectNothingLeft();
    });
  });
}
