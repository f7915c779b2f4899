import { expect, test, vi } from 'vitest';
import type { Outcome, RoomLog, Seat } from '../../../../../src/backplane/backplane.js';
import { RelayError } from '../../../../../src/protocol/errors.js';
import { SeatWriter } from '../../../../../src/relay/shared/seats/seat-writer.js';
import { eventually } from '../../../../support/eventually.js';

const SEAT: Seat = { processId: 'here', userId: 'ada', moderates: false };

test('a session that returns has a seat, though the change failed during which another process got it', async () => {
  let fail = (_: Error) => {};
  const failing = new Promise<Outcome>((_, reject) => {
    fail = reject;
  });
  const commit = vi
    .fn<RoomLog['commit']>()
    .mockReturnValueOnce(failing)
    .mockReturnValue({ revision: 1, change: {} });
  const seats = new Map<string, Seat>();
  const writer = new SeatWriter('here', {
    seatOf: (sessionId) => seats.get(sessionId),
    ...{
      viewers: { count: 0, arrivals: new Map(), told() {} },
      replacesDuplicates: false,
      log: { commit } as unknown as RoomLog,
    },
  });
  seats.set('roams', SEAT);
  writer.touch('roams');
  writer.write();
  seats.delete('roams');
  writer.handedOver('roams');
  fail(new Error('Redis is away'));
  await eventually(() => expect(commit).toHaveBeenCalledTimes(1));
  await failing.catch(() => {});

  seats.set('roams', SEAT);
  writer.touch('roams');
  await eventually(() => expect(commit).toHaveBeenCalledTimes(2));
  expect(writer.hasSeat('roams')).toBe(true);
});

test('a session that has left while the process could not say so has no seat when it is one of the others again', async () => {
  const known = new Map<string, Seat>();
  let isLost = false;
  const commit: RoomLog['commit'] = (propose) => {
    if (isLost) return { refused: new RelayError('ERR_RELAY_CLOSED', 'no longer') };
    const change = propose({ generation: 1, seats: known });
    for (const [id, seat] of ('seats' in change && change.seats) || [])
      if (seat) known.set(id, seat);
      else known.delete(id);
    return { revision: 1, change: {} };
  };
  const seats = new Map([['leaves', SEAT]]);
  const writer = new SeatWriter('here', {
    seatOf: (sessionId) => seats.get(sessionId),
    ...{
      viewers: { count: 0, arrivals: new Map(), told() {} },
      replacesDuplicates: false,
      log: { commit } as unknown as RoomLog,
    },
  });
  writer.touch('leaves');
  writer.write();
  expect([...known.keys()]).toEqual(['leaves']);
  isLost = true;
  seats.clear();
  writer.left('leaves');
  writer.write();
  isLost = false;
  writer.lost();
  writer.resume();
  expect([...known.keys()]).toEqual([]);
});
