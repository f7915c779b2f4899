import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/index.js';
import { fakeCandidate } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

/** A hook that answers when the test says so, for some of what it is asked. */
function slow(isSlow: (message: { method: string; params: unknown }) => boolean) {
  const waiting: (() => void)[] = [];
  const hook = (message: { method: string; params: unknown }): Promise<undefined> | undefined =>
    isSlow(message) ? new Promise((resolve) => waiting.push(() => resolve(undefined))) : undefined;
  return { hook, waiting };
}

const numbered = (n: number) => ({
  target: 0,
  candidate: { ...JSON.parse(fakeCandidate()), sdpMid: String(n) },
});

export function hookOrderSuite(stage: ContractStage): void {
  const { start, open, joined, expectNothingLeft } = stage;

  describe('while onSignal is slow', () => {
    const isFirst = ({ method, params }: { method: string; params: unknown }) =>
      method === 'trickle' && JSON.stringify(params).includes('"sdpMid":"1"');
    const midsAt = (stream: { requests(kind: 'trickle'): { init: string }[] }) =>
      stream.requests('trickle').flatMap(({ init }) => {
        const { sdpMid } = JSON.parse(init);
        return sdpMid === undefined ? [] : [Number(sdpMid)];
      });

    test("a session's messages wait in their order, and those of others don't", async () => {
      const { hook, waiting } = slow(isFirst);
      await start({ hooks: { onSignal: hook } });
      const one = await joined();
      const two = await joined({ uid: 'bob' });
      for (let n = 1; n <= 20; n += 1) one.client.notify('trickle', numbered(n));
      await until('it is asked', () => waiting.length === 1);
      two.client.notify('trickle', numbered(2));
      await stage.sfu.waitFor(() => midsAt(two.stream).length === 1);
      expect((await one.client.request('ping')).result).toEqual({});
      expect(midsAt(one.stream)).toEqual([]);
      waiting[0]?.();
      await stage.sfu.waitFor(() => midsAt(one.stream).length === 20);
      expect(midsAt(one.stream)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      // And what comes then need not wait.
      one.client.notify('trickle', numbered(21));
      await stage.sfu.waitFor(() => midsAt(one.stream).includes(21));
    });

    test('a bounded number of them wait; the others are refused, and the session goes on', async () => {
      const { hook, waiting } = slow(isFirst);
      await start({ hooks: { onSignal: hook } });
      const { client, stream } = await joined();
      for (let n = 1; n <= LIMITS.maxHeldMessages + 2; n += 1) client.notify('trickle', numbered(n));
      await client.request('ping');
      const refusals = client.received.filter(({ error }) => error);
      expect(refusals.map(({ error }) => error?.data?.code)).toEqual([
        'ERR_RELAY_TOO_MANY',
        'ERR_RELAY_TOO_MANY',
      ]);
      waiting[0]?.();
      await stage.sfu.waitFor(() => midsAt(stream).length === LIMITS.maxHeldMessages);
    });

    test('a client that leaves does not wait for it', async () => {
      const { hook } = slow(isFirst);
      await start({ hooks: { onSignal: hook }, relay: { hookTimeoutMs: 600_000 } });
      const { client, stream } = await joined();
      for (let n = 1; n <= 5; n += 1) client.notify('trickle', numbered(n));
      expect((await client.request('leave')).result).toEqual({});
      expect(await stream.ended).toBe('half-closed');
      expect(midsAt(stream)).toEqual([]);
      await expectNothingLeft();
    });
  });

  test('while onConnect is slow a connection waits, with what it has sent, and is closed when that is too much', async () => {
    const waiting: (() => void)[] = [];
    const onConnect = () => new Promise<undefined>((resolve) => waiting.push(() => resolve(undefined)));
    await start({ maxQueuedMessages: 3, hooks: { onConnect } });
    const client = await open();
    const answers: string[] = [];
    const requests = ['ping', 'update', 'ping'].map(async (method) => {
      await client.request(method, method === 'update' ? {} : undefined);
      answers.push(method);
    });
    const other = await open();
    for (let n = 0; n < 4; n += 1) other.notify('ping');
    expect((await other.closed).code).toBe(4429);
    expect(answers).toEqual([]);
    waiting[0]?.();
    await Promise.all(requests);
    expect(answers).toEqual(['ping', 'update', 'ping']);
  });

  test("while onReply is slow the SFU's messages wait in their order", async () => {
    const { hook, waiting } = slow(({ method }) => method === 'offer');
    await start({ hooks: { onReply: hook } });
    const { client, stream } = await joined();
    await until('it is asked', () => waiting.length === 1);
    for (let n = 1; n <= 10; n += 1) {
      const init = JSON.stringify(numbered(n).candidate);
      stream.send({ $case: 'trickle', value: { target: 1, init } });
    }
    expect((await client.request('ping')).result).toEqual({});
    waiting[0]?.();
    await client.next(({ params }) => JSON.stringify(params)?.includes('"sdpMid":"10"'));
    const order = client.received
      .filter(({ method, params }) => method === 'offer' || (method === 'trickle' && params?.target === 1))
      .map(({ method, params }) => (method === 'offer' ? method : Object(params?.candidate).sdpMid));
    expect(order[0]).toBe('offer');
    expect(order.slice(-10)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  });
}
