import { describe, expect, test, vi } from 'vitest';
import { type HookFailure, type Hooks, type Logger, RelayError } from '../../../src/index.js';
import { fakeAnswer, fakeCandidate, fakeOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';
import type { WireClient } from '../wire-client.js';

const secret = 'the database is down: do not tell';

/** What a hook does that is at fault, and what the log says of it. */
const faults = [
  ['throws', () => Promise.reject(new Error(secret)), secret],
  ['throws at once', () => fail(secret), secret],
  ['hangs', () => new Promise<never>(() => {}), 'has not answered within 50 ms'],
  ['returns nonsense', () => fail as never, 'has returned an unusable value: a value of type function'],
  [
    'returns nonsense later',
    async () => Symbol('nonsense') as never,
    'has returned an unusable value: a value of type symbol',
  ],
] as const;

function fail(message: string): never {
  throw new Error(message);
}

const trickle = { target: 0, candidate: JSON.parse(fakeCandidate()) };

/** Does what one hook is asked of; gives the error that the client sees of it, if any. */
const occasions: Record<string, (stage: ContractStage, client: WireClient) => Promise<unknown>> = {
  onConnect: async (_, client) => (await client.closed).reason,
  onAuthenticate: async (_, client) => client.request('ping').catch(() => client.closed),
  onJoin: async ({ joinParams }, client) => (await client.request('join', joinParams())).error,
  onSignal: async ({ joinParams }, client) => (await client.request('join', joinParams())).error,
  onReply: async ({ joinParams }, client) => (await client.request('join', joinParams())).error,
  onMessage: async ({ joinParams }, client) => {
    await client.request('join', joinParams());
    return (await client.request('message', { kind: 'note', data: 'hello' })).error;
  },
};

export function hookOutcomesSuite(stage: ContractStage): void {
  const { start, open, joinParams, joined, expectNothingLeft } = stage;

  /** Of each failure: the hook, the outcome, and what it was. */
  function recordFailures(): { logger: Logger; failures: { hook: string; outcome: string; err: Error }[] } {
    const failures: { hook: string; outcome: string; err: Error }[] = [];
    const record = (fields: object, message: string) => {
      if (/^on\w+ failed$/.test(message)) failures.push(fields as (typeof failures)[number]);
    };
    return { logger: { debug() {}, info() {}, warn: record, error: record }, failures };
  }

  const startWith = (hooks: Hooks, logger: Logger, hookFailure: HookFailure = {}) =>
    start({ hooks, messages: { note: {} }, relay: { hookTimeoutMs: 50, hookFailure, logger } });

  describe.each(Object.keys(occasions))('%s', (hook) => {
    test.each(faults)('that %s refuses, harms nobody, and is logged by its name', async (_, fault, log) => {
      const { logger, failures } = recordFailures();
      await startWith({ [hook]: fault }, logger);
      const client = await open();
      const seen = await occasions[hook]?.(stage, client);
      expect(seen).toBeDefined();
      expect(JSON.stringify(seen)).not.toContain(secret);
      expect(failures[0]).toMatchObject({ hook, outcome: 'refuse' });
      expect(String(failures[0]?.err.message)).toContain(log);
      client.vanish();
      await expectNothingLeft();
    });

    test.each(faults)('that %s lets pass, where that is wanted', async (_, fault, log) => {
      const { logger, failures } = recordFailures();
      await startWith({ [hook]: fault }, logger, { [hook]: 'pass' });
      const { client } = await joined();
      expect((await client.request('message', { kind: 'note', data: 'hello' })).error).toBeUndefined();
      expect(failures[0]).toMatchObject({ hook, outcome: 'pass' });
      expect(String(failures[0]?.err.message)).toContain(log);
    });

    test('that throws a RelayError refuses by it, whatever the policy', async () => {
      const refuse = () => {
        throw new RelayError('ERR_RELAY_FORBIDDEN', 'Not on Sundays.');
      };
      await startWith({ [hook]: refuse }, recordFailures().logger, { [hook]: 'pass' });
      const client = await open();
      const seen = (await occasions[hook]?.(stage, client)) ?? (await client.closed).reason;
      expect(JSON.stringify(seen)).toContain('Not on Sundays.');
    });
  });

  test('a hook that rejects when nobody waits any more is logged, and nothing else', async () => {
    let reject = (_: Error) => {};
    const late = () => new Promise<never>((_, fail) => (reject = fail));
    const warnings: string[] = [];
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (_: object, text: string) => warnings.push(text),
    };
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    await start({ hooks: { onJoin: late }, relay: { hookTimeoutMs: 20, logger } });
    const client = await open();
    expect((await client.request('join', joinParams())).error?.data?.code).toBe('ERR_RELAY_INTERNAL');
    reject(new Error(secret));
    await until('it is logged', () => warnings.includes('onJoin failed after its deadline'));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('the signal of a hook is aborted when its time is over, and when its client has gone', async () => {
    const signals: AbortSignal[] = [];
    const hang = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    };
    await start({ hooks: { onJoin: hang }, relay: { hookTimeoutMs: 20 } });
    await (await open()).request('join', joinParams());
    expect(signals[0]?.aborted).toBe(true);
    await start({ hooks: { onJoin: hang }, relay: { hookTimeoutMs: 600_000 } });
    const client = await open();
    client.notify('join', joinParams());
    await until('it is asked', () => signals[1]);
    client.vanish();
    await until('it is aborted', () => signals[1]?.aborted);
    await expectNothingLeft();
  });

  test('members that onReply adds to a message of the SFU are not sent, and cost no message', async () => {
    const added = { cost: 1n };
    const onReply: Hooks['onReply'] = ({ method, params }) =>
      method === 'trickle'
        ? { ...params, candidate: { ...params.candidate, ...added } }
        : { ...params, ...added };
    await start({ hooks: { onReply } });
    const { client } = await joined();
    expect(await client.notified('offer')).not.toHaveProperty('cost');
    expect(await client.notified('trickle')).not.toHaveProperty('candidate.cost');
  });

  test('what hooks return takes the place of what they were given', async () => {
    const seen: string[] = [];
    await start({
      authenticate: ({ token }) => ({ userId: String(token) }),
      hooks: {
        onConnect: ({ request }) => ({ token: `${request.headers.cookie}` }),
        onAuthenticate: ({ principal }) => ({ ...principal, userId: `${principal.userId}-known` }),
        onJoin: async ({ userId, metadata }) => ({ metadata: { ...metadata, badge: `of ${userId}` } }),
        onSignal: ({ method, params }) => {
          seen.push(method);
          return method === 'trickle'
            ? { ...params, candidate: { ...params.candidate, sdpMid: '7' } }
            : params;
        },
        onReply: async ({ method, params }) =>
          method === 'trickle'
            ? params.target === 1 && params
            : { ...params, sdp: `${params.sdp}a=seen\r\n` },
      },
    });
    const client = await open(undefined, { cookie: 'alice' });
    const { result } = await client.request('join', joinParams({ metadata: { name: 'Alice' } }));
    expect(result).toMatchObject({ userId: 'alice-known', sdp: expect.stringContaining('a=seen') });
    const [room] = stage.relay.rooms.values();
    expect(room?.participants).toMatchObject([{ metadata: { name: 'Alice', badge: 'of alice-known' } }]);

    const offer = await client.notified('offer');
    expect(offer.sdp).toContain('a=seen');
    await client.notified('trickle');
    expect(client.received.filter(({ params }) => params?.target === 0)).toEqual([]);

    const [stream] = [...stage.sfu.streams.values()];
    client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(offer.sdp)) } });
    client.notify('trickle', trickle);
    await stage.sfu.waitFor(() =>
      stream?.requests('trickle').some(({ init }) => init.includes('"sdpMid":"7"')),
    );
    expect(seen).toEqual(['join', 'answer', 'trickle']);
  });

  test('what onSignal returns is checked as what the client has sent', async () => {
    const onSignal: Hooks['onSignal'] = ({ method }) =>
      method === 'offer' ? { type: 'offer', sdp: 'v=0\r\n' } : undefined;
    await start({ hooks: { onSignal } });
    const { client, stream } = await joined();
    const { error } = await client.request('offer', { desc: { type: 'offer', sdp: fakeOffer() } });
    expect(error?.data?.code).toBe('ERR_RELAY_INVALID_SDP');
    expect(stream.requests('description')).toEqual([]);
    expect((await client.request('ping')).result).toEqual({});
  });

  test('what is malformed is refused without asking onSignal', async () => {
    const onSignal = vi.fn();
    await start({ hooks: { onSignal } });
    const { client } = await joined();
    onSignal.mockClear();
    for (const params of [{}, { target: 7, candidate: {} }, { target: 0, candidate: { candidate: 5 } }])
      client.notify('trickle', params);
    client.notify('answer', { desc: { type: 'answer', sdp: 5 } });
    await client.request('subscribe', { subscriptions: [null] });
    expect(client.received.filter(({ error }) => error)).toHaveLength(5);
    expect(onSignal).not.toHaveBeenCalled();
  });

  test('onClose hears how each connection has ended, and what it throws ends nothing', async () => {
    const closes: unknown[] = [];
    await start({
      hooks: {
        onClose: ({ request, principal, code, reason }) => {
          closes.push({ url: request.url.split('?')[0], principal, code, reason });
          throw new Error(secret);
        },
      },
    });
    const one = await joined();
    await one.client.close();
    await until('it is told', () => closes.length === 1);
    const two = await joined();
    await stage.relay.closeSession(two.sessionId);
    await until('it is told', () => closes.length === 2);
    const three = await open();
    three.vanish();
    await until('it is told', () => closes.length === 3);
    expect(closes).toMatchObject([
      { principal: {}, code: 1000 },
      { principal: {}, code: 1000, reason: 'The session was closed.' },
      { principal: undefined, code: 1006, reason: '' },
    ]);
    await expectNothingLeft();
  });
}
