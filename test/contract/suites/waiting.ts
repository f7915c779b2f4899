import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

const tooMany = { data: { code: 'ERR_RELAY_TOO_MANY' } };
const candidate = (length: number) => ({
  candidate: `candidate:1 1 udp 1 127.0.0.1 9 typ host x ${'x'.repeat(length)}`,
});

/** A legal offer of some 200 KB. */
const longOffer = () => {
  const sdp = fakeOffer();
  return { type: 'offer', sdp: `${sdp}${'a=x:y\r\n'.repeat((200_000 - sdp.length) / 7)}` };
};

/** What waits of a client is checked before it waits, and takes a bounded number of bytes. */
export function waitingSuite(stage: ContractStage): void {
  const { start, open, joined, joinParams } = stage;

  describe('before authentication', () => {
    const held = async (options: object = {}) => {
      let admit = () => {};
      const gate = new Promise<void>((resolve) => (admit = resolve));
      await start({ authenticate: () => gate.then(() => ({ userId: '1' })), ...options });
      return admit;
    };

    test.each([
      ['trickle', { target: 0, candidate: { candidate: 'x'.repeat(250_000) } }, 'ERR_RELAY_INVALID_SDP'],
      ['trickle', { target: 7, candidate: candidate(1) }, 'ERR_RELAY_INVALID_PARAMS'],
      ['join', { sid: 'lobby' }, 'ERR_RELAY_INVALID_PARAMS'],
      ['dance', {}, 'ERR_RELAY_METHOD_NOT_FOUND'],
    ])('a %s that nobody could take is refused at once, and does not wait', async (method, params, code) => {
      const admit = await held({ maxQueuedMessages: 2 });
      const client = await open();
      for (let n = 0; n < 4; n += 1)
        expect((await client.request(method, params)).error?.data?.code).toBe(code);
      const join = client.request('join', joinParams());
      admit();
      expect((await join).result).toMatchObject({ userId: '1' });
    });

    test('64 KiB may wait, and one message of any legal size', async () => {
      const admit = await held();
      const client = await open();
      const join = client.request('join', joinParams({ offer: longOffer() }));
      for (let n = 0; n < 30; n += 1) client.notify('trickle', { target: 0, candidate: candidate(200) });
      const ping = client.request('ping');
      admit();
      expect((await join).result).toBeDefined();
      expect((await ping).result).toEqual({});
      expect(client.received.filter(({ error }) => error)).toEqual([]);
    });

    test('more than that ends the connection with 4429', async () => {
      await held();
      const client = await open();
      client.notify('join', joinParams({ offer: longOffer() }));
      client.notify('join', joinParams({ offer: longOffer() }));
      expect((await client.closed).code).toBe(4429);
    });
  });

  describe('before the join is answered', () => {
    test('candidates are checked before they are held', async () => {
      const client = await open();
      await client.request('ping');
      const wrong = { target: 0, candidate: { candidate: 'x'.repeat(250_000) } };
      for (let n = 0; n < 70; n += 1) client.notify('trickle', wrong);
      client.notify('trickle', { target: 0, candidate: candidate(1) });
      const { result } = await client.request('join', joinParams());
      expect(result).toBeDefined();
      const refused = client.received.filter(({ error }) => error);
      expect(refused).toHaveLength(70);
      expect(refused[69]?.error?.data?.code).toBe('ERR_RELAY_INVALID_SDP');
    });

    test('candidates take 64 KiB at most; the surplus is dropped', async () => {
      const client = await open();
      await client.request('ping');
      const long = { ...candidate(900), usernameFragment: 'é'.repeat(200), sdpMid: 'é'.repeat(200) };
      const bytes = Buffer.byteLength(JSON.stringify(long));
      for (let n = 0; n < 60; n += 1) client.notify('trickle', { target: 0, candidate: long });
      await client.request('ping');
      expect(client.received.filter(({ error }) => error)).toEqual([]);
      const held = Math.floor((64 * 1024) / bytes);
      expect(stage.relay.counters.surplusCandidates.value).toBe(60 - held);
    });

    test('128 candidates are held; further ones are dropped without an error', async () => {
      const client = await open();
      await client.request('ping');
      for (let n = 1; n <= 130; n += 1) client.notify('trickle', { target: 0, candidate: candidate(n) });
      expect((await client.request('join', joinParams())).result).toBeDefined();
      expect(client.received.filter(({ error }) => error)).toEqual([]);
      expect(stage.relay.counters.surplusCandidates.value).toBe(2);
    });
  });

  test('what waits for the rate limiter takes 64 KiB at most, and one message', async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    await start({
      relay: { rateLimiter: { consume: ({ method }) => (method === 'update' ? gate : undefined) } },
    });
    const { client } = await joined();
    const metadata = { text: 'x'.repeat(4_000) };
    const updates = Array.from({ length: 20 }, () => client.request('update', { metadata }));
    const refused = await client.next(({ error }) => error !== undefined);
    expect(refused.error).toMatchObject(tooMany);
    go();
    const answers = await Promise.all(updates);
    expect(answers.filter(({ result }) => result).length).toBeLessThan(20);
    // All of it may wait again.
    expect((await client.request('update', { metadata })).result).toEqual({});
  });

  test('what waits for the application takes 64 KiB at most, and one message', async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    let asked = 0;
    await start({
      hooks: {
        onMessage: () => {
          asked += 1;
          return gate;
        },
      },
    });
    const { client } = await joined();
    const text = '語'.repeat(1_900);
    const sent = Array.from({ length: 20 }, () =>
      client.request('message', { kind: 'chat', data: { text } }),
    );
    const refused = await client.next(({ error }) => error !== undefined);
    expect(refused.error).toMatchObject(tooMany);
    await until('the application is asked', () => asked);
    go();
    const answers = await Promise.all(sent);
    expect(answers.filter(({ result }) => result).length).toBeGreaterThan(9);
    expect((await client.request('message', { kind: 'chat', data: { text } })).result).toBeDefined();
  });

  test('requests that the SFU does not answer are bounded, too', async () => {
    const sdp = fakeOffer([{ kind: 'video', streamId: 's', trackId: 't' }]);
    await joined({ uid: 'bob', offer: { type: 'offer', sdp } });
    const { client } = await joined();
    stage.sfu.script.onSubscription = () => {};
    const subscriptions = [{ trackId: 't', subscribe: true }];
    const refused = () => client.received.filter(({ error }) => error?.data?.code === tooMany.data.code);
    // What comes in one read counts when that has been carried out.
    for (let rounds = 0; rounds < 20 && refused().length === 0; rounds += 1) {
      for (let n = 0; n < 20; n += 1) client.notify('subscribe', { subscriptions });
      await client.request('ping');
    }
    expect(refused().length).toBeGreaterThan(0);
  });
}
