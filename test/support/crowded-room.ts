import { expect } from 'vitest';
import { participantList } from '../../src/client/room/participant-list.js';
import type { SfuRelay } from '../../src/index.js';
import type { JoinResult } from '../../src/protocol/messages.js';
import { fakeOffer } from '../../src/testing/index.js';

/** The longest metadata in characters, each of which is three bytes. */
const METADATA = { text: '語'.repeat(4_096 - '{"text":""}'.length) };
const CROWD = 300;
/** The longest chat message, each of whose characters is six bytes of JSON. */
const TEXT = '\u0001'.repeat(2_000);

/** Fills a room with moderators, who are all listed, and its history with chat messages: all as long as they may be. */
export async function crowd(relay: SfuRelay, roomId: string): Promise<void> {
  for (let n = 0; n < CROWD; n += 1)
    await relay.createSession({
      ...{ roomId, userId: `moderator-${n}`, sdp: fakeOffer(), metadata: METADATA },
      principal: { grants: { roomAdmin: true } },
    });
  const room = relay.rooms.get(roomId);
  for (let n = 0; n < 60; n += 1) await room?.send({ kind: 'chat', data: { text: TEXT } });
}

interface Received {
  method?: string;
  params?: object;
}

/** What a client makes of the result of its join and of the notifications after it is the room as it is. */
export function expectCrowd(result: JoinResult, notifications: readonly Received[]): void {
  const others = participantList();
  others.reset(result);
  const messages = [...result.messages];
  for (const { method, params } of notifications) {
    if (method === 'participants') others.applyParticipants(params as never);
    if (method === 'message') messages.push(params as never);
  }
  expect(others.participants.size).toBe(CROWD);
  for (const { metadata } of others.participants.values()) expect(metadata).toEqual(METADATA);
  expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
  expect(messages.map(({ at }) => at)).toEqual(messages.map(({ at }) => at).sort((a, b) => a - b));
}
