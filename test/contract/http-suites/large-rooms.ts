import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { crowd, expectCrowd } from '../../support/crowded-room.js';
import type { HttpStage } from '../http-stage.js';

export function largeRoomsSuite(stage: HttpStage): void {
  const { request, events } = stage;

  describe('a large room', () => {
    test('is told in events of a limited length, however many moderators say however much', async () => {
      await crowd(stage.relay, 'r');
      const { body } = await request('POST', '/session', { room_id: 'r', user_id: 'ada', sdp: fakeOffer() });
      const id = body.data.session_id;
      const reader = await events(id);
      const joined = await reader.notified('joined');
      await stage.relay.rooms.get('r')?.send({ kind: 'chat', data: { text: 'the last one' } });
      await reader.next(({ data }) => data.params?.data?.text === 'the last one');
      expectCrowd(
        joined as never,
        reader.received.map(({ data }) => data),
      );
      for (const { data } of reader.received)
        expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThanOrEqual(joined.maxMessageBytes as number);
    });
  });
}
