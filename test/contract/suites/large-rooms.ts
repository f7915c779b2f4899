import { describe, expect, test } from 'vitest';
import type { JoinResult, Participant, ParticipantPage } from '../../../src/protocol/messages.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { crowd, expectCrowd } from '../../support/crowded-room.js';
import { until } from '../../support/poll.js';
import type { ContractStage } from '../contract-stage.js';

export function largeRoomsSuite(stage: ContractStage): void {
  const { start, open, joined, joinParams } = stage;

  /** Participants that the application has created. */
  const fill = async (count: number, roomId = 'lobby') => {
    for (let n = 0; n < count; n += 1)
      await stage.relay.createSession({
        roomId,
        userId: `viewer-${n}`,
        role: 'subscriber',
        sdp: fakeOffer(),
      });
  };

  describe('a large room', () => {
    test('is told to a client in messages of a limited length, however many moderators say however much', async () => {
      await crowd(stage.relay, 'lobby');
      const client = await open();
      const longest = { bytes: 0 };
      client.socket.onText((text) => {
        longest.bytes = Math.max(longest.bytes, Buffer.byteLength(text));
      });
      const { result } = await client.request('join', joinParams());
      const joinResult = result as unknown as JoinResult;
      expect((await client.request('ping')).result).toEqual({});
      expectCrowd(joinResult, client.received);
      expect(longest.bytes).toBeLessThanOrEqual(joinResult.maxMessageBytes);
    });

    test('lists as many viewers as there is room for; the others are a number', async () => {
      await start({ relay: { maxListedParticipants: 2 } });
      await fill(4);
      const { client } = await joined();
      const { result } = await client.next(({ id }) => id === 1);
      expect(result).toMatchObject({
        participants: [{ userId: 'viewer-0' }, { userId: 'viewer-1' }],
        audience: { count: 3 },
      });
      await fill(1, 'elsewhere');
      const last = await joined({ uid: 'last', role: 'subscriber' });
      await client.notified('participants', ({ audience }) => (audience as { count: number })?.count === 4);
      await last.client.request('message', { kind: 'chat', data: { text: 'hi' } });
      const listed = await client.notified('participants', (params) => params.listed !== undefined);
      expect(listed).toMatchObject({ listed: [{ userId: 'last' }], unlisted: [expect.any(String)] });
      await last.client.close();
      await client.notified('participants', ({ left }) => (left as string[])?.[0] === last.sessionId);
    });

    test('says at once who publishes, and who does no longer', async () => {
      await start({ relay: { maxListedParticipants: 0, participantsIntervalMs: 60_000 } });
      await fill(3);
      const watching = await joined({ role: 'subscriber' });
      const video = { kind: 'video', streamId: 's1', trackId: 't1' } as const;
      const publisher = await joined({ uid: 'bob', offer: { type: 'offer', sdp: fakeOffer([video]) } });
      expect(await watching.client.notified('participants')).toMatchObject({
        joined: [{ userId: 'bob', tracks: [{ trackId: 't1' }] }],
        audience: { count: 4 },
      });
      const silent = fakeOffer([{ ...video, direction: 'inactive' }]);
      await publisher.client.request('offer', { desc: { type: 'offer', sdp: silent } });
      await watching.client.notified('tracks', ({ state }) => state === 'removed');
      expect(watching.client.received.slice(-2)).toMatchObject([
        { params: { unlisted: [publisher.sessionId], audience: { count: 5 } } },
        { params: { state: 'removed' } },
      ]);
    });

    test('is read in pages, which a search shortens', async () => {
      await start({ relay: { maxListedParticipants: 0 } });
      await fill(5);
      const { client } = await joined({ uid: 'alice', metadata: { name: 'Ålice' } });
      const other = await joined({ uid: 'bob', metadata: { name: 'Bob of the VIEWERS' } });
      const page = async (params: object) => {
        const { result } = await client.request('participants', params);
        const { participants, ...rest } = result as unknown as ParticipantPage;
        return { ...rest, users: participants.map(({ userId }) => userId) };
      };
      const first = await page({ limit: 2 });
      expect(first).toMatchObject({ users: ['viewer-0', 'viewer-1'], audience: { count: 7 } });
      const second = await page({ limit: 2, cursor: first.cursor });
      expect(second.users).toEqual(['viewer-2', 'viewer-3']);
      const third = await page({ limit: 2, cursor: second.cursor });
      expect(third.users).toEqual(['viewer-4', 'bob']);
      expect(await page({})).toMatchObject({ users: expect.objectContaining({ length: 6 }) });
      expect((await page({ query: 'VIEWER' })).users).toHaveLength(6);
      expect((await page({ query: 'bOb' })).users).toEqual(['bob']);
      const { cursor, users } = await page({ query: 'nobody' });
      expect({ cursor, users }).toEqual({ users: [] });
      await other.client.close();
    });

    test('tells of the changes of a page as long as it is open', async () => {
      await start({ relay: { maxListedParticipants: 0, participantsIntervalMs: 10 } });
      const { client } = await joined();
      const bob = await joined({ uid: 'bob', role: 'subscriber' });
      const carol = await joined({ uid: 'carol', role: 'subscriber' });
      await client.request('participants', { query: 'bob' });
      await carol.client.request('update', { metadata: { hand: 1 } });
      await bob.client.request('update', { metadata: { hand: 2 } });
      const changes = () =>
        client.received.flatMap(({ method, params }) =>
          method === 'participants' && params?.page
            ? [params.page as { updated?: object[]; left?: object[] }]
            : [],
        );
      const bobs = (hand: number) =>
        changes().some(({ updated = [] }) =>
          updated.some((each) => (each as Participant).metadata?.hand === hand),
        );
      await until('the page tells of bob', () => bobs(2));
      expect(JSON.stringify(changes())).not.toContain('carol');
      await client.request('participants', { query: 'carol' });
      await bob.client.request('update', { metadata: { hand: 3 } });
      await carol.client.close();
      await until('carol has left the page', () => changes().at(-1)?.left !== undefined);
      expect(changes().at(-1)).toEqual({ left: [carol.sessionId] });
      expect(bobs(3)).toBe(false);
      const heard = changes().length;
      await client.request('participants', { query: 'bob' });
      const closed = await client.request('participants', { limit: 0 });
      expect(closed.result).toEqual({
        ...{ participants: [], audience: { count: 2 }, revision: expect.any(Number) },
      });
      await bob.client.close();
      await client.notified('participants', ({ audience }) => (audience as { count: number })?.count === 1);
      expect(changes()).toHaveLength(heard);
    });

    test('refuses a page that it cannot make sense of, and says why', async () => {
      const { client } = await joined();
      const refusal = async (params: object) => {
        const { error } = await client.request('participants', params);
        return [error?.data?.code, error?.message];
      };
      const code = 'ERR_RELAY_INVALID_PARAMS';
      const limit = '"limit" must be a whole number from 0 to 100.';
      expect(await refusal({ limit: 101 })).toEqual([code, limit]);
      expect(await refusal({ limit: -1 })).toEqual([code, limit]);
      expect(await refusal({ limit: '5' })).toEqual([code, limit]);
      expect(await refusal({ cursor: 'next' })).toEqual([
        code,
        '"cursor" must be the one of the page before.',
      ]);
      expect(await refusal({ query: 7 })).toEqual([code, '"query" must be a text of up to 128 characters.']);
      expect(await refusal({ query: 'x'.repeat(129) })).toEqual([
        code,
        '"query" must be a text of up to 128 characters.',
      ]);
      const stranger = await open();
      const { error } = await stranger.request('participants', {});
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_STATE');
    });

    test('is closed with the relay, which tells nobody of the others', async () => {
      const clients = [];
      for (let n = 0; n < 60; n += 1) clients.push((await joined({ uid: `user-${n}` })).client);
      const [first] = clients;
      const heard = first?.received.length ?? 0;
      await stage.relay.close();
      for (const client of clients) expect((await client.closed).code).toBe(1001);
      const late = first?.received.slice(heard).map(({ method, params }) => params?.left ?? method);
      expect(late).not.toContainEqual([expect.any(String)]);
      await stage.expectNothingLeft();
    });
  });
}
