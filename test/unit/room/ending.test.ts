import { expect, test } from 'vitest';
import { Shutdown } from '../../../src/relay/shutdown.js';
import type { ModeratedSession } from '../../../src/room/moderation/moderated-session.js';
import { Room } from '../../../src/room/room.js';

const MANY = 1_000;
/** Items that one turn of the event loop may handle. */
const MOST = 100;

/** Counts what happens in each turn of the event loop until `done` settles. */
async function mostInATurn(count: () => number, done: Promise<unknown>): Promise<number> {
  let isOver = false;
  void done.then(() => {
    isOver = true;
  });
  let most = count();
  for (let before = count(); !isOver; before = count()) {
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, count() - before);
  }
  return most;
}

/** A room with many sessions of one user. */
function crowdedRoom() {
  const room = new Room('lobby');
  const closed: string[] = [];
  for (let n = 0; n < MANY; n += 1) {
    const session: ModeratedSession = {
      ...{ id: `session-${n}`, userId: 'bob', isNamed: true, replaces: undefined, grants: {}, tracks: [] },
      permissions: { revise: async () => {} },
      close: async () => {
        closed.push(session.id);
        room.moderation.sessions.delete(session);
      },
    };
    room.moderation.sessions.add(session);
  }
  return { room, closed };
}

test.each([
  ['the end of a room', (room: Room) => room.end()],
  ['a kick', (room: Room) => room.kick('bob')],
])(
  '%s ends a part of many sessions in one turn of the event loop, and all of them in the end',
  async (_, act) => {
    const { room, closed } = crowdedRoom();
    const done = act(room);
    expect(await mostInATurn(() => closed.length, done)).toBeLessThanOrEqual(MOST);
    await done;
    expect(new Set(closed).size).toBe(MANY);
  },
);

test('the end of a relay ends a part of many connections and sessions in one turn, and all of them in the end', async () => {
  const shutdown = new Shutdown();
  let ended = 0;
  let terminated = 0;
  const end = async () => {
    ended += 1;
  };
  for (let n = 0; n < MANY; n += 1)
    shutdown.attach({
      drain: end,
      terminate: () => {
        terminated += 1;
      },
    });
  const sessions = Array.from({ length: MANY }, () => ({ close: end }));
  const options = { readinessDelayMs: 0, drainMs: 0, timeoutMs: 60_000 };
  const done = shutdown.run(sessions, options, { allLeave() {}, ended() {} });
  expect(() => shutdown.requireOpen()).toThrow('closing');
  expect(await mostInATurn(() => ended + terminated, done)).toBeLessThanOrEqual(MOST);
  expect([ended, terminated]).toEqual([2 * MANY, MANY]);
});

test('connections that come while others are sent away end with the rest, and what serves no client ends last', async () => {
  const shutdown = new Shutdown();
  const order: string[] = [];
  const connection = (name: string, isLast = false) => ({
    isLast,
    async drain() {
      order.push(name);
      shutdown.detach(this);
    },
    terminate() {},
  });
  shutdown.attach(connection('metrics', true));
  for (const name of ['one', 'two', 'three']) shutdown.attach(connection(name));
  const gone = connection('gone');
  shutdown.attach(gone);
  const options = { readinessDelayMs: 0, drainMs: 200, timeoutMs: 1_000 };
  const done = shutdown.run([], options, {
    allLeave: () => void order.push('all leave'),
    ended: () => void order.push('ended'),
  });
  shutdown.detach(gone);
  expect(() => shutdown.requireOpen()).toThrow('closing');
  shutdown.attach(connection('late'));
  expect(order).not.toContain('three');
  await done;
  expect(order.slice(0, 4)).toEqual(['one', 'two', 'three', 'all leave']);
  expect(order.slice(4).toSorted()).toEqual(['ended', 'late', 'metrics']);
  expect(order.at(-1)).toBe('ended');
});

test('what the deadline of a closing relay has left out ends for the same reason, before the SFU is left', async () => {
  const shutdown = new Shutdown();
  const order: string[] = [];
  for (let n = 0; n < MANY; n += 1)
    shutdown.attach({
      drain: () => {
        order.push('drained');
        return new Promise(() => {});
      },
      terminate: () => void order.push('terminated'),
    });
  const sessions = Array.from({ length: MANY }, () => ({
    close: async ({ error }: { error?: { code: string } }) => void order.push(error?.code ?? 'no reason'),
  }));
  const options = { readinessDelayMs: 0, drainMs: 0, timeoutMs: 0 };
  await shutdown.run(sessions, options, { allLeave() {}, ended: () => void order.push('left') });
  const count = (what: string) => order.filter((each) => each === what).length;
  expect([count('drained'), count('ERR_RELAY_CLOSED'), count('terminated')]).toEqual([MANY, MANY, MANY]);
  expect(order.at(-1)).toBe('left');
});
