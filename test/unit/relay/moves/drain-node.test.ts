import { describe, expect, test } from 'vitest';
import type { Session, SfuRelay } from '../../../../src/index.js';
import { fakeOffer, type ScriptedSfu } from '../../../../src/testing/index.js';
import { until } from '../../../support/poll.js';
import { codeOf, follow, ignore, leavePeer, useMoveStage } from './move-stage.js';

const { startNode, startRelay } = useMoveStage();

/** Rooms of one session each, all on the first node, as the second one comes later. */
async function stage(rooms: number): Promise<{
  relay: SfuRelay;
  first: ScriptedSfu;
  second: ScriptedSfu;
  sessions: Session[];
}> {
  const [first, second] = [await startNode(), await startNode()];
  const relay = startRelay([first]);
  const sessions: Session[] = [];
  for (let n = 0; n < rooms; n += 1)
    sessions.push(await relay.createSession({ roomId: `room ${n}`, userId: 'ada', sdp: fakeOffer() }));
  relay.setNodes([first.address, second.address]);
  return { relay, first, second, sessions };
}

const stateOf = (relay: SfuRelay, { address }: ScriptedSfu) =>
  relay.nodes.find(({ serverUrl }) => serverUrl === address);

describe('a node that is drained', () => {
  test('takes no new rooms, and its rooms move; the drain ends when it has no streams', async () => {
    const { relay, first, second, sessions } = await stage(5);
    for (const session of sessions) follow(session);
    const told: string[] = [];
    relay.on('drain', ({ node, state }) => told.push(`${state} ${node.rooms} ${node.streams}`));
    const reasons = new Set<string>();
    relay.on('roommoved', ({ reason }) => reasons.add(reason));

    // As a new room, it would get the first node, which has the greater weight.
    relay.setNodes([{ serverUrl: first.address, weight: 1_000 }, second.address]);
    const draining = relay.drainNode(first.address);
    expect(stateOf(relay, first)).toMatchObject({ draining: true, state: 'up' });
    await relay.createSession({ roomId: 'new', userId: 'bob', sdp: fakeOffer() });
    expect(relay.rooms.get('new')?.node).toBe(second.address);
    expect(await draining).toEqual({ serverUrl: first.address, rooms: 5, moved: 5, closed: 0 });

    expect([first.streams.size, second.streams.size]).toEqual([0, 6]);
    expect([told[0], told.at(-1)]).toEqual(['draining 5 5', 'drained 0 0']);
    expect([...reasons]).toEqual(['drain']);
    expect(sessions.every(({ state }) => state === 'joined')).toBe(true);
    expect(stateOf(relay, first)?.draining).toBe(true);
    relay.undrainNode(first.address);
    expect(stateOf(relay, first)?.draining).toBe(false);
  });

  test('moves some rooms at a time', async () => {
    const { relay, first, sessions } = await stage(5);
    const asked = new Set<Session>();
    for (const session of sessions) session.on('rejoin', () => asked.add(session));
    const draining = relay.drainNode(first.address, { concurrency: 2 });
    await until('two are asked', () => asked.size === 2);
    const [one] = asked;
    await one?.rejoin({ sdp: fakeOffer() });
    await until('a third is asked', () => asked.size === 3);
    for (const session of sessions) if (session !== one) follow(session);
    leavePeer(one as Session, 1);
    expect(await draining).toMatchObject({ rooms: 5, moved: 5 });
  });

  test('sessions that do not follow are closed at the deadline', async () => {
    const { relay, first, sessions } = await stage(2);
    follow(sessions[0] as Session);
    const heard = ignore(sessions[1] as Session);
    const report = await relay.drainNode(first.address, { deadlineMs: 300 });
    expect(report).toMatchObject({ rooms: 2, moved: 1, closed: 1 });
    expect(heard).toContain('close ERR_RELAY_CLOSED 1001');
  });

  test('waits for another node if there is none yet; joins without a room there are refused until then', async () => {
    const { relay, first, second, sessions } = await stage(1);
    follow(sessions[0] as Session);
    relay.setNodes([first.address]);
    const draining = relay.drainNode(first.address);
    await until('it is draining', () => stateOf(relay, first)?.draining === true);
    const joining = relay.createSession({ roomId: 'new', userId: 'bob', sdp: fakeOffer() });
    expect(await codeOf(joining)).toBe('ERR_RELAY_SFU_UNAVAILABLE');
    relay.setNodes([first.address, second.address]);
    expect(await draining).toMatchObject({ rooms: 1, moved: 1 });
  });

  test('that is undrained half-way takes rooms again: unfinished moves return', async () => {
    const { relay, first, second, sessions } = await stage(2);
    const [one, two] = sessions as [Session, Session];
    follow(one);
    const heard = ignore(two);
    const outcome = codeOf(relay.drainNode(first.address));
    await until('one has moved, two is asked', () => one.room.node === second.address && heard.length > 0);
    await until('one is on the other node', () => one.peer === 2);
    const states: string[] = [];
    relay.on('drain', ({ state }) => states.push(state));
    relay.undrainNode(first.address);
    expect(await outcome).toBe('ERR_RELAY_ABORTED');
    expect([two.room.node, two.peer, two.state]).toEqual([first.address, 1, 'joined']);
    expect([stateOf(relay, first)?.draining, states]).toEqual([false, ['cancelled']]);
  });

  test('that fails is empty', async () => {
    const { relay, first, second, sessions } = await stage(1);
    const session = sessions[0] as Session;
    const heard = ignore(session);
    const draining = relay.drainNode(first.address);
    await until('it is asked', () => heard.length > 0);
    follow(session);
    await first.stop();
    await draining;
    await until('it has another peer', () => session.peer === 2);
    expect(session.room.node).toBe(second.address);
  });
});

test('a drain is refused for an unknown node, twice at a time, with wrong options', async () => {
  const { relay, first, sessions } = await stage(1);
  await expect(relay.drainNode('sfu-9:1')).rejects.toThrow(/There is no node "sfu-9:1": write one of/);
  expect(() => relay.undrainNode('sfu-9:1')).toThrow(/There is no node/);
  await expect(relay.drainNode(first.address, { concurrency: 0 })).rejects.toThrow(/"concurrency" must be/);
  const draining = relay.drainNode(first.address);
  await expect(relay.drainNode(first.address)).rejects.toThrow(/is draining already/);
  await expect(relay.moveRoom('room 0', { to: first.address })).rejects.toThrow();
  follow(sessions[0] as Session);
  relay.undrainNode(first.address);
  expect(await codeOf(draining)).toBe('ERR_RELAY_ABORTED');
});
