import { describe, expect, test } from 'vitest';
import { until } from '../../support/poll.js';
import type { ResumableClient } from '../../support/resumable-client.js';
import { chatOf, type ResumptionStage, SOON, say } from './stage.js';

export function acknowledgingSuite(stage: ResumptionStage): void {
  const { lose } = stage;

  /** Sends nothing but what the test tells it to. */
  const enter = (uid: string) => stage.enter(uid, {}, { answersOffers: false });

  const acksOf = (client: ResumableClient) =>
    client.connection.heard.flatMap(({ method, params }) => (method === 'ack' ? [params?.received] : []));

  describe('the relay acknowledges', () => {
    test('32 frames at once, and refused ones as all others', async () => {
      const { client } = await enter('alice');
      expect(client.session?.counts.sent).toBe(1);
      for (let n = 0; n < 20; n += 1) client.notify('message', { kind: 'chat', data: { text: `${n}` } });
      client.sendText('nonsense');
      for (let n = 0; n < 9; n += 1) client.sendText('{"method":"nope"}');
      await client.ping();
      expect(acksOf(client)).toEqual([]);
      client.notify('trickle', {});
      await until('it is acknowledged', () => acksOf(client).length > 0, SOON);
      expect(acksOf(client)).toEqual([32]);
      expect(client.session?.counts.unacknowledged).toEqual([]);
      await until('all has come', () => chatOf(client).length === 20, SOON);
    });

    test('frames of more than 64 KiB, how few they may be', async () => {
      const { client } = await enter('alice');
      const text = JSON.stringify({ method: 'nope', params: { text: 'x'.repeat(40 * 1024) } });
      client.sendText(text);
      await client.ping();
      expect(acksOf(client)).toEqual([]);
      client.sendText(text);
      await until('they are acknowledged', () => acksOf(client).length > 0, SOON);
      expect(acksOf(client)).toEqual([3]);
    });

    test('with each heartbeat, if there is something', async () => {
      await stage.start({ heartbeatIntervalMs: 30 });
      const { client } = await enter('alice');
      await until('the join is acknowledged', () => acksOf(client).length === 1, SOON);
      await say(client, 'one');
      await until('the message is acknowledged', () => acksOf(client).length === 2, SOON);
      const bob = await enter('bob');
      await until('several beats later', () => acksOf(bob.client).length === 1, SOON);
      expect(acksOf(client)).toEqual([1, 2]);
    });

    test('by the result of a resumption, and not again', async () => {
      const alice = await enter('alice');
      for (let n = 0; n < 20; n += 1) await say(alice.client, `${n}`);
      await lose(alice);
      expect((await alice.client.comeBack()).result?.received).toBe(21);
      for (let n = 0; n < 31; n += 1) await say(alice.client, `${n}`);
      expect(acksOf(alice.client)).toEqual([]);
      await say(alice.client, 'one more');
      await until('it is acknowledged', () => acksOf(alice.client).length > 0, SOON);
      expect(acksOf(alice.client)).toEqual([53]);
    });

    test('no ping, and no ack; a request whose method begins with one of these counts', async () => {
      const { client } = await enter('alice');
      for (let n = 0; n < 40; n += 1) await client.ping();
      expect(acksOf(client)).toEqual([]);
      expect(client.session?.counts).toMatchObject({ sent: 1 });
    });
  });

  describe('an ack of the client is refused', () => {
    test.each<[string, (received: number) => unknown]>([
      ['where it says nothing new', (received) => received],
      ['where it says less', (received) => received - 1],
      ['where it says more than was sent', (received) => received + 1],
      ['without a number', () => undefined],
      ['with a text', (received) => String(received + 1)],
    ])('%s', async (_, wrong) => {
      const { client, session } = await enter('alice');
      await client.notified('trickle', ({ target }) => target === 1);
      client.acknowledge();
      await client.ping();
      const received = client.session?.counts.received ?? 0;
      client.connection.socket.send(JSON.stringify({ method: 'ack', params: { received: wrong(received) } }));
      await until('it is refused', () => client.log.some(({ id }) => id === null), SOON);
      expect(client.log.find(({ id }) => id === null)?.error?.data).toMatchObject({
        code: 'ERR_RELAY_INVALID_PARAMS',
        method: 'ack',
      });
      expect(session.state).toBe('joined');
    });
  });
}
