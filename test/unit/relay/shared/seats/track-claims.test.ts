import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { Propose, RoomFields, RoomLog } from '../../../../../src/backplane/backplane.js';
import { TrackClaims } from '../../../../../src/relay/shared/seats/track-claims.js';
import type { Room } from '../../../../../src/room/room.js';

const STATE: RoomFields = { generation: 1 };

function claimsOf(commit: RoomLog['commit']): TrackClaims {
  const log = { state: STATE, commit } as unknown as RoomLog;
  const [members, publishers] = [{ member: () => undefined }, { hasClaim: () => true }];
  const room = { log, journal: { isAway: false }, members, publishers };
  return new TrackClaims(room as unknown as Room, 'here');
}

test('offers of browsers, whose ids are random, wait for no other process', async () => {
  const commit = vi.fn<RoomLog['commit']>(() => new Promise(() => {}));
  const names = [`track ${randomUUID()}`, `stream {${randomUUID()}}`];
  expect(await claimsOf(commit).claim('ada', names)).toEqual([]);
  expect(commit).not.toHaveBeenCalled();
});

test('ids that an application has chosen are claimed, alone', async () => {
  const changes: unknown[] = [];
  const commit: RoomLog['commit'] = (propose: Propose) => {
    const change = propose(STATE);
    changes.push(change);
    return { revision: 1, change: {} };
  };
  expect(await claimsOf(commit).claim('ada', ['track camera', `stream ${randomUUID()}`])).toEqual([]);
  expect(changes).toEqual([{ claims: new Map([['here ada', ['track camera']]]) }]);
});
