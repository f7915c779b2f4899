import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RoomChange, RoomFields } from '../../../../src/backplane/backplane.js';
import { apply, isEmpty } from '../../../../src/backplane/room-change.js';
import {
  decodeEntry,
  decodeRoom,
  encodeChange,
  encodeState,
} from '../../../../src/plugins/redis/room/change-codec.js';
import { makeBatch } from '../../../../src/plugins/redis/room/room-batch.js';

const ids = fc.constantFrom('a', 'b', 'a:b', 'm:seats:a', '__proto__', '', 'ä{}\n');
const entries = <Value>(value: fc.Arbitrary<Value>) =>
  fc.option(
    fc
      .array(fc.tuple(ids, fc.option(value, { nil: undefined })))
      .map((pairs) => new Map<string, Value | undefined>(pairs)),
    { nil: undefined },
  );

const changes: fc.Arbitrary<RoomChange> = fc.record(
  {
    node: fc.option(ids, { nil: undefined }),
    generation: fc.nat(),
    locked: fc.option(fc.boolean(), { nil: undefined }),
    regulars: entries(fc.constant(true as const)),
    mutedTracks: entries(ids),
    seats: entries(fc.record({ userId: ids })),
  },
  { requiredKeys: [] },
);

const sequences = fc.array(changes, { maxLength: 8 });

const heads = ['e', 'epoch', 'r', '0', 'q', '0'];

const stateOf = (applied: readonly RoomChange[]) => {
  const state: RoomFields = { generation: 0 };
  for (const change of applied) apply(state, change);
  return state;
};

test('a hash has what the changes make of the state, and the entries tell the same', () => {
  fc.assert(
    fc.property(sequences, (sequence) => {
      const hash = new Map([['f:generation', '0']]);
      const state: RoomFields = { generation: 0 };
      const told: RoomFields = { generation: 0 };
      for (const change of sequence) {
        const { set, deleted, text } = encodeChange(state, change, 'feed.1', 'p-1');
        for (let at = 0; at < set.length; at += 2) hash.set(set[at] ?? '', set[at + 1] ?? '');
        for (const field of deleted) hash.delete(field);
        apply(state, change);
        apply(told, decodeEntry(text).c ?? {});
      }
      const { fields, ownSeats } = decodeRoom([...heads, ...[...hash].flat()], 'p-1');
      expect(fields).toEqual(state);
      expect(told).toEqual(state);
      expect(ownSeats).toEqual(state.seats ?? new Map());
      const restored = decodeRoom([...heads, ...encodeState(state)], 'p-1').fields;
      expect(restored).toEqual({ ...state, seats: undefined });
    }),
  );
});

test('a batch decides on what the earlier operations leave, and leaves the state as it was', () => {
  fc.assert(
    fc.property(sequences, sequences, (before, sequence) => {
      const state = stateOf(before);
      const seen: RoomFields[] = [];
      const operations = sequence.map((change, n) => ({
        key: `feed.${n}`,
        isRepeated: false,
        settle: () => {},
        fail: () => {},
        propose: (fields: RoomFields) => {
          seen.push(structuredClone(fields));
          return change;
        },
      }));
      const { sent, taken } = makeBatch(state, 7, operations, 'p-1');
      expect(state).toEqual(stateOf(before));
      expect(seen).toEqual(sequence.map((_, n) => stateOf([...before, ...sequence.slice(0, n)])));
      expect(taken).toBe(sequence.length);
      const verified = sequence.map((change) => isEmpty(change));
      expect(sent.map((each) => each.verified !== undefined)).toEqual(verified);
    }),
  );
});
