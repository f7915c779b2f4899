import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { WireClient } from '../../contract/wire-client.js';
import { until } from '../../support/poll.js';
import {
  answerFirstOffer,
  BOTH_MODES,
  describeAbuse,
  expectRefused,
  joinParams,
  type Stand,
} from './stand.js';

const offering = (iceGeneration = 0) => ({
  desc: { type: 'offer', sdp: fakeOffer([], { iceGeneration }) },
});
const candidateAt = (n: number) => ({
  candidate: `candidate:${n} 1 udp 2130706431 127.${n >> 16}.${(n >> 8) & 255}.${n & 255} 9 typ host`,
  sdpMid: '0',
});

const crowds = (stand: Stand) => {
  const times = <T>(count: number, act: (n: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, n) => act(n)));

  test('300 at once join, and vanish at any moment of it', async () => {
    await times(300, async (n) => {
      const client = await WireClient.dial(stand.server.url);
      client.request('join', joinParams({ sid: `room ${n % 10}`, uid: `user ${n}` })).catch(() => {});
      for (let turns = 0; turns < n; turns += 1) await turn();
      client.vanish();
      await client.closed;
    });
    await until('the relay has no stream of theirs', () => stand.server.relay.streamCount === 3);
  });

  test('50 join one room, leave it, and join it again, on the same connection', async () => {
    await times(50, async (n) => {
      const client = await stand.offender();
      for (let round = 0; round < 3; round += 1) {
        const reply = await client.request('join', joinParams({ sid: 'busy', uid: `user ${n}` }));
        expect(reply).toHaveProperty('result.type', 'answer');
        expect(await client.request('leave')).toHaveProperty('result', {});
      }
    });
  });

  test('one user is twice in a room and once in another; each may leave without the others', async () => {
    const [first, second, elsewhere] = await Promise.all([
      stand.joined({ uid: 'twin' }),
      stand.joined({ uid: 'twin' }),
      stand.joined({ uid: 'twin', sid: 'another room' }),
    ]);
    await first.close();
    for (const client of [second, elsewhere]) {
      await answerFirstOffer(client);
      expect(await client.request('offer', offering())).toHaveProperty('result.type', 'answer');
    }
  });

  test('two joins at once: the second is refused, the first stands', async () => {
    const client = await stand.offender();
    const [joined, again] = await Promise.all([
      client.request('join', joinParams()),
      client.request('join', joinParams()),
    ]);
    expect(joined).toHaveProperty('result.type', 'answer');
    expectRefused(again, 'ERR_RELAY_INVALID_STATE', /leave first/);
  });

  test('offers in a burst: the first and the last are answered, those between them give way to newer ones', async () => {
    const client = await stand.joined();
    const replies = await times(20, () => client.request('offer', offering()));
    expect(replies[0]).toHaveProperty('result.type', 'answer');
    expect(replies[19]).toHaveProperty('result.type', 'answer');
    // The SFU may have answered one before the relay has read all of them.
    const refused = replies.filter(({ error }) => error);
    expect(refused).not.toEqual([]);
    for (const reply of refused) expectRefused(reply, 'ERR_RELAY_INVALID_STATE', /newer offer/);
  });

  test('an ICE restart right after the join waits for the SFU', async () => {
    await times(10, async (n) => {
      const client = await stand.joined({ uid: `user ${n}` });
      expect(await client.request('offer', offering(1))).toHaveProperty('result.type', 'answer');
      expect(await client.request('offer', offering(2))).toHaveProperty('result.type', 'answer');
    });
  });

  test('leaving in the middle of an offer', async () => {
    await times(20, async (n) => {
      const client = await stand.joined({ uid: `user ${n}` });
      const [offered, left] = await Promise.all([
        client.request('offer', offering()),
        client.request('leave'),
      ]);
      expect(left).toHaveProperty('result', {});
      if (offered.error) expect(offered.error.data?.code).toBe('ERR_RELAY_ABORTED');
      expect(await client.request('join', joinParams({ uid: `user ${n}` }))).toHaveProperty(
        'result.type',
        'answer',
      );
    });
  });

  test('vanishing in the middle of offers', async () => {
    await times(20, async (n) => {
      const client = await stand.joined({ uid: `user ${n}` });
      for (let burst = 0; burst < 5; burst += 1) client.notify('offer', offering(burst));
      client.vanish();
    });
  });

  test('20 who never answer are told to come back, and nobody waits for them', async () => {
    const { url } = await stand.relay({ answerTimeoutMs: 300 });
    const silent = await times(20, (n) => stand.joined({ uid: `user ${n}` }, url));
    for (const client of silent) expect((await client.closed).code).toBe(4408);
  });

  test('more candidates than a connection has: the SFU gets to see the first', async () => {
    const client = await stand.joined();
    await client.notified('trickle');
    for (let n = 0; n < 129; n += 1) {
      client.notify('trickle', { target: 0, candidate: candidateAt(n) });
      if (n % 20 === 0) await client.request('ping');
    }
    expect(client.received.filter(({ method, error }) => method === 'error' || error)).toEqual([]);
    expect(await client.request('offer', offering())).toHaveProperty('result.type', 'answer');
  });

  test('floods of candidates, of refused ones, of pings and of nonsense', async () => {
    const client = await stand.joined();
    for (let n = 0; n < 2_000; n += 1) {
      client.notify('trickle', { target: 0, candidate: candidateAt(0) });
      client.notify('trickle', { target: n, candidate: { candidate: 'x' } });
      client.send('{"id":');
      client.notify('ping');
    }
    const { code } = await Promise.race([client.closed, client.request('ping').then(() => ({ code: 0 }))]);
    expect([0, 4429]).toContain(code);
  });
};

describeAbuse('clients come in crowds, in haste, and go without a word', crowds, BOTH_MODES);

describeAbuse('a client does not read', (stand) => {
  test('it is let go, and the room is told as before', async () => {
    const { url } = await stand.relay({});
    const deaf = await stand.joined({ uid: 'deaf' }, url);
    const talker = await stand.joined({ uid: 'talker' }, url);
    deaf.socket.pause();
    const metadata = { text: 'x'.repeat(4_000) };
    const gone = talker.next(({ method, params }) => method === 'participants' && params?.left !== undefined);
    let isGone = false;
    void gone.then(() => {
      isGone = true;
    });
    while (!isGone) expect(await talker.request('update', { metadata })).toHaveProperty('result', {});
    deaf.socket.resume();
    expect([4508, 1006]).toContain((await deaf.closed).code);
  });
});
