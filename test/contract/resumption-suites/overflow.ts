import { describe, expect, test } from 'vitest';
import { fakeCandidate, fakeOffer, subscriberOffer } from '../../../src/testing/index.js';
import { until } from '../../support/poll.js';
import type { ResumableClient } from '../../support/resumable-client.js';
import { chatOf, type Guest, type ResumptionStage, SOON, say } from './stage.js';

const MAX_FRAMES = 512;
const MAX_BYTES = 256 * 1024;

export function overflowSuite(stage: ResumptionStage): void {
  const { enter, lose } = stage;
  const lobby = () => stage.relay.rooms.get('lobby');

  /** Away, and has acknowledged everything. */
  async function away(): Promise<Guest> {
    const alice = await enter('alice');
    await alice.client.notified('offer');
    await alice.client.notified('trickle', ({ target }) => target === 1);
    await stage.sfu.waitFor(() => !alice.stream.offerPending);
    alice.client.acknowledge();
    await alice.client.ping();
    await lose(alice);
    return alice;
  }
  /** Within a second: then those who are away are told that they are. */
  const talk = (count: number, text = 'text') =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        lobby()?.send({ kind: 'chat', data: { text: `${text} ${n}` } }),
      ),
    );
  const sfuTrickles = ({ stream }: Guest, port: number) =>
    stream.send({ $case: 'trickle', value: { target: 0, init: fakeCandidate(port) } });
  const portsOf = (client: ResumableClient) =>
    client.heard('trickle').map(({ candidate }) => Number(/ (\d+) typ/.exec(JSON.stringify(candidate))?.[1]));

  describe('what a client misses', () => {
    test(`is kept up to ${MAX_FRAMES} frames`, async () => {
      const alice = await away();
      await talk(MAX_FRAMES);
      const { result } = await alice.client.comeBack();
      expect(result).not.toHaveProperty('snapshot');
      await until('all has come', () => chatOf(alice.client).length === MAX_FRAMES, SOON);
      expect(chatOf(alice.client).at(0)).toBe('text 0');
      expect(chatOf(alice.client).at(-1)).toBe(`text ${MAX_FRAMES - 1}`);
    });

    test(`of more than ${MAX_FRAMES} frames, a snapshot takes the place of those that describe the room`, async () => {
      const alice = await away();
      const bob = await enter('bob');
      sfuTrickles(alice, 5001);
      await talk(MAX_FRAMES / 2, 'early');
      const track = { kind: 'video', streamId: 'elsewhere', trackId: 'sfu-1' } as const;
      alice.stream.send(subscriberOffer(fakeOffer([track])));
      await talk(MAX_FRAMES / 2, 'late');
      sfuTrickles(alice, 5002);
      await stage.sfu.waitFor(() => alice.stream.offerPending);
      await say(bob.client, 'the last one');
      const before = alice.client.session?.counts.received ?? 0;
      const { result } = await alice.client.comeBack();
      expect(result?.snapshot).toMatchObject({
        type: 'answer',
        sessionId: alice.session.id,
        capabilities: ['resume'],
        resumption: { graceMs: 30_000 },
        participants: [{ userId: 'bob' }],
        messages: expect.arrayContaining([expect.objectContaining({ data: { text: 'the last one' } })]),
      });
      expect(result?.snapshot).not.toHaveProperty('sessionToken');
      expect(alice.client.heard('snapshot')[0]?.messages).toHaveLength(50);
      expect(result?.sent).toBeGreaterThan(before + MAX_FRAMES);
      await until('the rest has come', () => portsOf(alice.client).includes(5002), SOON);
      expect(portsOf(alice.client).filter((port) => port > 5_000)).toEqual([5001, 5002]);
      expect(alice.client.heard('offer').filter(({ sdp }) => String(sdp).includes('sfu-1'))).toHaveLength(1);
      expect(chatOf(alice.client)).toEqual([]);
      await stage.sfu.waitFor(() => !alice.stream.offerPending);
      // The counts are right: it may come back again, and misses nothing.
      await say(alice.client, 'here');
      await lose(alice);
      await say(bob.client, 'between');
      expect((await alice.client.comeBack()).result).not.toHaveProperty('snapshot');
      await until('it has come', () => chatOf(alice.client).includes('between'), SOON);
    });

    test(`is kept up to ${MAX_BYTES} bytes`, async () => {
      const alice = await away();
      const text = 'x'.repeat(1_900);
      await talk(Math.floor(MAX_BYTES / 2_200), text);
      expect((await alice.client.comeBack()).result).not.toHaveProperty('snapshot');
      await lose(alice);
      await talk(Math.ceil(MAX_BYTES / 1_900), text);
      expect((await alice.client.comeBack()).result).toHaveProperty('snapshot');
    });

    test.each([
      ['to the last of maxBytes', 0, false],
      ['not beyond maxBytes', 1, true],
    ])('is kept %s', async (_, surplus, hasSnapshot) => {
      const maxBytes = 2_048;
      await stage.start({ relay: { resumption: { maxBytes } } });
      const bob = await enter('bob');
      const alice = await away();
      const sizes = () =>
        bob.client.log.flatMap((message) =>
          message.method === 'message' ? [Buffer.byteLength(JSON.stringify(message))] : [],
        );
      await talk(1, 'x');
      await until('he has it', () => sizes().length === 1, SOON);
      const [one = 0] = sizes();
      const rest = maxBytes + surplus - one;
      await lobby()?.send({ kind: 'chat', data: { text: 'x'.repeat(rest - one + 'x 0'.length) } });
      await until('he has both', () => sizes().length === 2, SOON);
      expect(sizes()).toEqual([one, rest]);
      expect((await alice.client.comeBack()).result?.snapshot !== undefined).toBe(hasSnapshot);
    });

    test('of responses is kept beyond that', async () => {
      await stage.start({ relay: { resumption: { maxFrames: 20 } } });
      const alice = await enter('alice');
      const bob = await enter('bob');
      alice.client.connection.socket.pause();
      const asked = ['one', 'two'].map((text) => say(alice.client, text));
      await until('they are there', () => chatOf(bob.client).length === 2, SOON);
      await talk(30);
      await lose(alice);
      expect((await alice.client.comeBack()).result).toHaveProperty('snapshot');
      const responses = await Promise.all(asked);
      expect(responses.map(({ result }) => result)).toMatchObject([
        { id: expect.any(String) },
        { id: expect.any(String) },
      ]);
    });

    test('is described again where the result with the snapshot was lost', async () => {
      await stage.start({ relay: { resumption: { maxFrames: 10 } } });
      const alice = await away();
      await talk(20);
      sfuTrickles(alice, 5001);
      await alice.client.connect();
      alice.client.connection.socket.pause();
      void alice.client.resume().catch(() => {});
      await until('it is back', () => alice.session.connection === 'connected', SOON);
      await lose(alice);
      sfuTrickles(alice, 5002);
      const { result } = await alice.client.comeBack();
      expect(result).toHaveProperty('snapshot');
      await until('the rest has come', () => portsOf(alice.client).includes(5002), SOON);
      expect(portsOf(alice.client).filter((port) => port > 5_000)).toEqual([5001, 5002]);
      expect((await say(alice.client, 'here')).error).toBeUndefined();
    });

    test('cannot be resumed where even what no snapshot has is too much', async () => {
      await stage.start({ relay: { resumption: { maxFrames: 10 } } });
      const alice = await away();
      let candidates = 0;
      alice.session.on('candidate', () => {
        candidates += 1;
      });
      for (let n = 0; n < 20; n += 1) sfuTrickles(alice, 5_000 + n);
      await until('they are there', () => candidates === 20, SOON);
      await alice.client.connect();
      expect((await alice.client.resume()).error?.data.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    });
  });
}
