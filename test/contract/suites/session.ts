import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';
import type { ContractStage } from '../contract-stage.js';

export function sessionSuite(stage: ContractStage): void {
  const { joined, expectNothingLeft } = stage;

  describe('a session', () => {
    test("hands the subscriber's candidates over after the offer that they belong to", async () => {
      const { client } = await joined();
      await client.notified('offer');
      await client.next(({ method, params }) => method === 'trickle' && params?.target === 1);
      const order = client.received
        .filter(({ method }) => method === 'offer' || method === 'trickle')
        .map(({ method, params }) => (method === 'offer' ? 'offer' : `trickle ${params?.target}`));
      expect(order.indexOf('offer')).toBeLessThan(order.indexOf('trickle 1'));
      expect(order).toContain('trickle 0');
    });

    test('passes the answer on, and refuses one that nobody asked for', async () => {
      const { client, stream } = await joined();
      const offer = await client.notified('offer');
      const desc = { type: 'answer', sdp: fakeAnswer(String(offer.sdp)) };
      client.notify('answer', { desc });
      await stage.sfu.waitFor(() => stream.requests('description').length === 1);
      client.notify('answer', { desc });
      const refused = await client.next(({ error }) => error !== undefined);
      expect(refused).toMatchObject({
        id: null,
        error: { data: { code: 'ERR_RELAY_INVALID_STATE', method: 'answer' } },
      });
      expect((await client.request('ping')).result).toEqual({});
      expect(stream.isOpen).toBe(true);
    });

    test('answers offers one at a time, the newest of those that wait', async () => {
      const { client, stream } = await joined();
      const answers = await Promise.all(
        [1, 2, 3].map((n) =>
          client.request('offer', {
            desc: { type: 'offer', sdp: fakeOffer([{ kind: 'video', streamId: 's', trackId: `t${n}` }]) },
          }),
        ),
      );
      expect(answers.map(({ result, error }) => result?.type ?? error?.data?.code)).toEqual([
        'answer',
        'ERR_RELAY_INVALID_STATE',
        'answer',
      ]);
      expect(stream.requests('description').map(({ sdp }) => /msid:s (t\d)/.exec(sdp)?.[1])).toEqual([
        't1',
        't3',
      ]);
    });

    test('an offer that the SFU would not survive is refused, and the session goes on', async () => {
      const { client, stream } = await joined();
      const { error } = await client.request('offer', { desc: { type: 'offer', sdp: 'v=0\r\n' } });
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_SDP');
      expect(stream.requests('description')).toEqual([]);
      expect((await client.request('ping')).result).toEqual({});
    });

    test('statistics: reported, and given back in the units of the relay', async () => {
      const { client } = await joined();
      const entry = (timestamp: number, bytesSent: number) => [
        { id: 'v', type: 'outbound-rtp', kind: 'video', timestamp, bytesSent, packetsSent: 1 },
      ];
      await client.request('stats', { report: entry(1_000, 0) });
      const { result } = await client.request('stats', { report: entry(3_000, 250_000) });
      expect(result).toMatchObject({ videoBitrate: 1_000_000, userId: 'alice', roomId: 'lobby' });
      expect(stage.relay.getSessionStats(String(result?.sessionId))).toEqual(result);
      expect((await client.request('stats', { report: [{ id: 1 }] })).error?.data?.code).toBe(
        'ERR_RELAY_INVALID_PARAMS',
      );
    });

    test('ends when its socket closes, and when it vanishes', async () => {
      const polite = await joined({ uid: 'polite' });
      await polite.client.close();
      expect(await polite.stream.ended).toBe('half-closed');
      const rude = await joined({ uid: 'rude' });
      rude.client.vanish();
      expect(await rude.stream.ended).toBe('half-closed');
      await expectNothingLeft();
    });

    test('closed by the application closes the connection with 1000', async () => {
      const { client } = await joined();
      await stage.relay.closeSession([...stage.relay.sessions.keys()][0] ?? '');
      expect(await client.closed).toEqual({ code: 1000, reason: 'The session was closed.' });
    });

    test('ended by the SFU closes the connection with 4502, and no other', async () => {
      const one = await joined({ uid: 'one' });
      const two = await joined({ uid: 'two' });
      one.stream.fail(status.INTERNAL, 'negotiate error');
      expect(await one.client.closed).toEqual({ code: 4502, reason: 'The SFU ended the session.' });
      expect((await two.client.request('ping')).result).toEqual({});
    });

    test('whose SFU dies is closed with a code that says so', async () => {
      const { client } = await joined();
      await stage.sfu.stop();
      expect([4502, 4503]).toContain((await client.closed).code);
    });
  });
}
