import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fakeAnswer, fakeCandidate, fakeOffer } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { type IonServer, startIon } from '../support/ion.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type RelayServer, startRelay } from '../support/relay-server.js';

const videoTrack = { kind: 'video', streamId: 'stream', trackId: 'track' } as const;
/** Its ICE credentials stay the same in renegotiations: new ones would restart ICE, which Ion refuses while it gathers. */
const join = { sid: 'lobby', uid: 'mallory', offer: { type: 'offer', sdp: fakeOffer() } };

describeReal(['ion'], 'the relay in front of a real Ion SFU', () => {
  let ion: IonServer;
  let server: RelayServer;
  let clients: WireClient[] = [];

  beforeAll(async () => {
    ion = await startIon();
  });
  beforeEach(async () => {
    server = await startRelay(ion.address);
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
    await server.close();
  });
  afterAll(async () => {
    await ion?.stop();
  });

  async function connected(): Promise<WireClient> {
    const client = await WireClient.dial(server.url);
    clients.push(client);
    return client;
  }

  async function joined(params: object = join): Promise<WireClient> {
    const client = await connected();
    expect(await client.request('join', params)).toHaveProperty('result.type', 'answer');
    return client;
  }

  test('a healthy SFU is reported so, and the probes leave nothing behind', async () => {
    for (let probes = 0; probes < 3; probes++) expect((await server.relay.healthCheck()).ok).toBe(true);
    expect(server.relay.streamCount).toBe(0);
  });

  test('joins that it has answered succeed, though the event loop was blocked beyond their deadline', async () => {
    const late = await startRelay(ion.address, { joinTimeoutMs: 300 });
    // The connection stands.
    await late.relay.healthCheck();
    for (let round = 0; round < 3; round += 1) {
      const joining = late.relay.createSession({ roomId: `late-${round}`, userId: 'u', sdp: fakeOffer() });
      // The join is on its way. The SFU answers within some milliseconds, on a busy machine later.
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
      const end = performance.now() + 2_000;
      while (performance.now() < end);
      await expect(joining).resolves.toMatchObject({ state: 'joined' });
    }
    await late.close();
  });

  test('the health check tells of its death and of its return', async () => {
    expect((await server.relay.healthCheck()).ok).toBe(true);
    await ion.stop();
    const down = await server.relay.healthCheck();
    expect(down.ok).toBe(false);
    expect(down.nodes[0]?.error?.code).toBe('ERR_RELAY_SFU_UNAVAILABLE');

    await ion.restart();
    await until('the SFU is back', async () => (await server.relay.healthCheck()).ok);
  });

  test('who is joined when it dies is told so, and may join again as soon as it is back', async () => {
    const client = await joined();
    await ion.stop();
    expect((await client.closed).code).toBe(4503);

    await ion.restart();
    await until('joining works again', () => joined());
  });

  test('every one of many joins at once is answered', async () => {
    const joins = Array.from({ length: 100 }, (_, index) =>
      server.relay.createSession({ roomId: `room ${index % 10}`, userId: `user ${index}`, sdp: fakeOffer() }),
    );
    for (const session of await Promise.all(joins)) expect(session.answer?.type).toBe('answer');
  });

  test('the same user in two rooms, and twice in one, are sessions of their own', async () => {
    const offer = { type: 'offer', sdp: fakeOffer() } as const;
    const enter = (roomId: string) => server.relay.createSession({ roomId, userId: 'alice', sdp: offer.sdp });
    const [first, second, elsewhere] = await Promise.all([enter('one'), enter('one'), enter('two')]);
    await first.close();

    for (const session of [second, elsewhere]) {
      const answer = await session.offer(offer);
      expect(answer.type).toBe('answer');
    }
  });

  // What a bare Ion dies of, or ends the session for, is refused with an error: ION's table, sent by a client.
  test.each<[string, string, object]>([
    ['a join without an offer', 'join', { sid: 'lobby', uid: 'mallory' }],
    ['a join whose SDP does not parse', 'join', { ...join, offer: { type: 'offer', sdp: 'no sdp' } }],
    ['a join with an answer', 'join', { ...join, offer: { type: 'answer', sdp: fakeOffer() } }],
    [
      'a join without ICE credentials',
      'join',
      { ...join, offer: { type: 'offer', sdp: withoutCredentials(fakeOffer()) } },
    ],
    ['a subscription before the join', 'subscribe', { subscriptions: [{ trackId: 't', subscribe: true }] }],
    ['an end of a subscription', 'subscribe', { subscriptions: [{ trackId: 't', subscribe: false }] }],
    ['an offer before the join', 'offer', { desc: { type: 'offer', sdp: fakeOffer() } }],
  ])('%s is refused, and the client can still join', async (_, method, params) => {
    const bystander = await joined();
    const client = await connected();

    expect(await client.request(method, params)).toHaveProperty('error.data.code');
    expect(await client.request('join', join)).toHaveProperty('result.type', 'answer');
    await expectUnharmed(bystander);
  });

  test.each<[string, string, object]>([
    ['a second join', 'join', join],
    ['an offer that does not parse', 'offer', { desc: { type: 'offer', sdp: 'no sdp' } }],
    [
      'an offer without ICE credentials',
      'offer',
      { desc: { type: 'offer', sdp: withoutCredentials(fakeOffer([videoTrack])) } },
    ],
    ['a subscription to nothing', 'subscribe', { subscriptions: [{ trackId: 'none', subscribe: true }] }],
  ])('%s is refused, and the session goes on', async (_, method, params) => {
    const bystander = await joined();
    const client = await joined();

    expect(await client.request(method, params)).toHaveProperty('error.data.code');
    await expectUnharmed(client);
    await expectUnharmed(bystander);
  });

  test.each<[string, string, object]>([
    ['an answer that nobody asked for', 'answer', { desc: { type: 'answer', sdp: fakeOffer() } }],
    ['a malformed candidate', 'trickle', { target: 0, candidate: { candidate: 'x' } }],
    ['a candidate of another type', 'trickle', { target: 1, candidate: 'no object' }],
    ['a candidate of an unknown target', 'trickle', { target: 7, candidate: JSON.parse(fakeCandidate()) }],
  ])('%s is refused, and the session goes on', async (_, method, params) => {
    const bystander = await joined();
    const client = await joined();
    if (method === 'answer') await answerPendingOffer(client);

    client.notify(method, params);
    const refusal = await client.next(({ error }) => error?.data?.method === method);
    expect(refusal.error?.data?.code).toMatch(/^ERR_RELAY_/);
    await expectUnharmed(client);
    await expectUnharmed(bystander);
  });

  test.each(['NoPublish', 'NoSubscribe'])(
    '%s costs nobody a session, in joining nor in leaving',
    async (flag) => {
      const bystander = await joined();
      const client = await joined({ ...join, config: { [flag]: 'true' } });
      await joined();

      await client.close();
      await until('the relay has ended the session', () => server.relay.sessions.size === 2);
      await expectUnharmed(bystander);
    },
  );

  /** Ion is the same process, and answers this client's renegotiation. */
  async function expectUnharmed(client: WireClient): Promise<void> {
    const renegotiation = await client.request('offer', { desc: join.offer });
    expect(renegotiation).toHaveProperty('result.type', 'answer');
    expect(ion.alive(), ion.log).toBe(true);
  }

  /** So that none is pending afterwards. The answer is a real one's shape, of a peer that does not exist. */
  async function answerPendingOffer(client: WireClient): Promise<void> {
    const { sdp } = await client.notified('offer');
    client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(sdp)) } });
  }
});

function withoutCredentials(sdp: string): string {
  return sdp.replace(/a=ice-.*\r\n/g, '');
}
