import { expect, test } from 'vitest';
import { RoomState } from '../../../../src/plugins/redis/room/room-state.js';

const line = (text: string) =>
  `0 ${JSON.stringify({ b: 'p-1', a: { message: { id: text, kind: 'chat', data: { text }, at: 0 } } })}`;

const stored = (seq: number) => ({
  ...{ epoch: 'e', kin: 'e', revision: 0, seq, nonce: `n-${seq}` },
  ...{ fields: { generation: 0 }, ownSeats: new Map() },
});

test('what is heard while a room is opened again is told once', () => {
  const told: string[] = [];
  const appended = (_: unknown, entry: object) =>
    told.push((entry as { message: { id: string } }).message.id);
  const sink = { snapshot() {}, changed() {}, appended };
  const state = new RoomState({ process: 'p-2', tell: (tell) => tell(sink), happened() {} });
  state.load(stored(5));
  expect(state.follow(6, [line('six'), line('seven')], 'n-7')).toBe(true);
  state.catchUp(stored(8), 5, [line('six'), line('seven'), line('eight')]);
  expect(told).toEqual(['six', 'seven', 'eight']);
  expect([state.seq, state.nonce]).toEqual([8, 'n-8']);
  // The reply is older than what is heard.
  state.follow(9, [line('nine')], 'n-9');
  state.catchUp(stored(8), 5, [line('six'), line('seven'), line('eight')]);
  expect([told.at(-1), state.seq, state.nonce]).toEqual(['nine', 9, 'n-9']);
});
