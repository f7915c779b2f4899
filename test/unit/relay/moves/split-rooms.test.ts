import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { invalidState, RelayError } from '../../../../src/protocol/errors.js';
import { SplitRooms } from '../../../../src/relay/moves/split-rooms.js';
import type { SendingPeer } from '../../../../src/sfu/sfu.js';
import { CounterSet } from '../../../../src/telemetry/instruments.js';

/** What the SFU has told the peer of Bob, who is looked at, of Alice, who sends. */
interface Scene {
  joinedAt: number;
  /** When the process was first told that Alice sends. */
  since: number;
  namedAt?: number;
  hasSeen?: boolean;
  offeredAt?: number;
  isBusy?: boolean;
  receivesAll?: boolean;
  muted?: boolean;
  generation?: number;
  /** Senders of whose end the process was not told. */
  left?: number;
}

/** Alice sent before Bob joined, and Bob was not told of her. */
const UNTOLD: Scene = { joinedAt: 1_000, since: 0 };
/** Alice began to send in Bob's presence, and the SFU did not offer that to him. */
const UNOFFERED: Scene = { joinedAt: 0, since: 2_000, namedAt: 2_000 };

let logged: string[];
let placed: number;
let hasPeer: () => Promise<boolean>;
let renew: () => Promise<unknown>;
let counters: { roomSplits: CounterSet<'healed' | 'left'> };

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  logged = [];
  placed = 0;
  hasPeer = async () => true;
  renew = async () => {
    placed += 1;
  };
  counters = { roomSplits: new CounterSet(['healed', 'left']) };
});
afterEach(() => vi.useRealTimers());

/** @param others peers that have not seen Alice, as Bob has not */
function stage(scene: Scene, others: { hasSeen: () => boolean }[] = []) {
  const start = performance.now();
  const { joinedAt, since, namedAt, hasSeen = false, offeredAt = 0 } = scene;
  const { isBusy = false, receivesAll = true, muted = false, generation = 1 } = scene;
  const alice: SendingPeer = {
    ...{ roomId: 'lobby', userId: 'alice', sessionId: 'a' },
    ...{ trackIds: ['camera'], since: start + since },
  };
  const view = {
    joinSentAt: start + joinedAt - 10,
    joinedAt: start + joinedAt,
    namedAt: () => (namedAt === undefined ? undefined : start + namedAt),
  };
  const settled = vi.fn(async () => {});
  const sight = { view, offeredAt: start + offeredAt, isBusy, receivesAll, settled, hasSeen: () => hasSeen };
  const room = {
    id: 'lobby',
    moderation: { sessions: [{ id: 'a' }, { id: 'b' }] },
    members: { member: vi.fn((id: string) => (id === 'a' ? {} : undefined)) },
    tracksOf: () => [{ trackId: 'camera', muted }],
  };
  const peer = (sign: object) => ({ current: { generation, sight: sign }, isInterrupted: false });
  const bob = { id: 'b', room, state: 'joined', peers: peer(sight) };
  const sessions = new Map([
    ['a', { id: 'a', room, state: 'joined', peers: peer({ ...sight, hasSeen: () => true }) }],
    ['b', bob],
    ...others.map((other, n) => [
      `other-${n}`,
      { ...bob, id: `other-${n}`, peers: peer({ ...sight, ...other }) },
    ]),
  ] as [string, object][]);
  room.moderation.sessions = [...sessions.keys()].map((id) => ({ id }));
  const log = (_: object, message: string) => void logged.push(message);
  const left = Array.from({ length: scene.left ?? 0 }, (_, n) => ({ ...alice, sessionId: `left-${n}` }));
  const splits = new SplitRooms({
    ...{
      rooms: new Map([['lobby', room]]),
      sessions,
      counters,
      logger: { debug: () => {}, warn: log, error: log },
    },
    placementOf: () => ({ node: { serverUrl: 'sfu:5551' }, generation: 1 }),
    isMoving: () => false,
    peers: { has: () => hasPeer(), learn: async () => {} },
    sendersOf: () => [alice, ...left],
    renew: () => renew(),
  } as never);
  splits.watch('lobby');
  return { splits, bob, settled, room, view };
}

test.each([
  ['joined when the other one was sending, and was not told of it', UNTOLD],
  ['was there when the other one began to send, and was not offered it', UNOFFERED],
  ['joined together with the other one, and was not offered it', { ...UNOFFERED, since: 750, namedAt: 750 }],
])('a room is placed anew once if a peer %s', async (_, scene) => {
  const { settled } = stage(scene);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(placed).toBe(1);
  expect(settled).toHaveBeenCalled();
  expect(counters.roomSplits.get('healed')).toBe(1);
  expect(logged).toEqual(['The SFU has split the room: it is placed anew, and its sessions move']);
});

test.each<[string, Scene]>([
  ['was told of the sender with its join', { ...UNTOLD, namedAt: 1_001 }],
  ['has ever been offered a track of the sender', { ...UNTOLD, hasSeen: true }],
  [
    'was told within half a second, so that it is not known with what',
    { ...UNOFFERED, since: 300, namedAt: 300 },
  ],
  ['has not answered the last offer', { ...UNOFFERED, isBusy: true }],
  ['chooses its tracks itself', { ...UNOFFERED, receivesAll: false }],
  ['is not offered a muted track', { ...UNOFFERED, muted: true }],
  ['may have lost its connection before', { ...UNOFFERED, joinedAt: -30_000, offeredAt: -30_000 }],
  ['is in another generation', { ...UNTOLD, generation: 2 }],
])('a room is left alone if a peer %s', async (_, scene) => {
  stage(scene);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(placed).toBe(0);
});

test('a room is left alone if the sender has left, or another peer has taken its place', async () => {
  hasPeer = async () => false;
  stage(UNTOLD);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(placed).toBe(0);
});

test('a room is left alone if the SFU was only slow', async () => {
  const { bob } = stage(UNTOLD);
  await vi.advanceTimersByTimeAsync(5_000);
  bob.peers.current.sight = { ...(bob.peers.current.sight as object), hasSeen: () => true };
  await vi.advanceTimersByTimeAsync(60_000);
  expect(placed).toBe(0);
});

test('a room is left alone while the SFU still offers the sender to one peer after the other', async () => {
  let seen = 0;
  const others = Array.from({ length: 10 }, (_, n) => ({ hasSeen: () => n < seen }));
  const { bob } = stage(UNOFFERED, others);
  const offering = setInterval(() => {
    seen += 1;
    if (seen > 10) bob.peers.current.sight = { ...(bob.peers.current.sight as object), hasSeen: () => true };
  }, 1_500);
  await vi.advanceTimersByTimeAsync(60_000);
  clearInterval(offering);
  expect(placed).toBe(0);
});

test('nothing is logged if a session ends while it is looked at', async () => {
  const { settled } = stage(UNTOLD);
  settled.mockRejectedValue(new RelayError('ERR_RELAY_CLOSED', 'This relay is closing.'));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(logged).toEqual([]);
});

test('senders that have left are not looked for in each session', async () => {
  const { room } = stage(
    { ...UNTOLD, namedAt: 1_001, left: 100 },
    Array.from({ length: 100 }, () => ({ hasSeen: () => true })),
  );
  await vi.advanceTimersByTimeAsync(8_000);
  expect(room.members.member.mock.calls.length).toBeLessThan(8 * (101 + 101) + 1);
});

test('a room that is split again is placed anew a minute later, with an error meanwhile, and then less often', async () => {
  const { view } = stage(UNTOLD);
  renew = async () => {
    placed += 1;
    // The peers that replace the first ones are told as little.
    view.joinSentAt = performance.now();
    view.joinedAt = performance.now();
  };
  await vi.advanceTimersByTimeAsync(50_000);
  expect(placed).toBe(1);
  expect(logged.slice(1)).toEqual(['The SFU has split the room again: some participants do not see others']);
  expect(counters.roomSplits.get('left')).toBe(1);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(placed).toBe(2);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(placed).toBe(2);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(placed).toBe(3);
});

test('a process that another one has outrun follows without a word', async () => {
  renew = async () => {
    throw invalidState('The room has moved to another node in the meantime.');
  };
  stage(UNTOLD);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(logged).toHaveLength(1);
});

test('a process that does not answer is asked again', async () => {
  let asked = 0;
  hasPeer = async () => {
    asked += 1;
    if (asked === 1) throw new RelayError('ERR_RELAY_UNAVAILABLE', 'It does not answer.');
    return true;
  };
  stage(UNTOLD);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(placed).toBe(1);
});
