import { describe, expect, test, vi } from 'vitest';
import type { RelayError } from '../../../../src/protocol/errors.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { deferred } from '../../../../src/util/deferred.js';
import { until } from '../../../support/poll.js';
import { AGAIN, codeOf, follow, followers, ignore, useMoveStage } from './move-stage.js';

const { startNode, startRelay, stage } = useMoveStage();

describe('a room that moves', () => {
  test('its sessions get peers on the other node, in a new generation, and nobody is told of a leave or a join', async () => {
    const onMoved = vi.fn();
    const on = await stage({ hooks: { onMoved } });
    const { relay, own, other, alice, bob } = on;
    const [ofAlice, ofBob] = followers(on);
    const moves: unknown[] = [];
    relay.on('roommoved', (move) => moves.push(move));
    alice.update({ tracks: [{ trackId: 'camera-1', muted: true }] } as never);
    const { size } = alice.room;

    const placed = { from: own.address, to: other.address, generation: 2 };
    expect(await relay.moveRoom('lobby', { reason: 'balance' })).toEqual({ ...placed, moved: 2, closed: 0 });

    expect([alice.room.node, alice.room.size]).toEqual([other.address, size]);
    expect(other.stream('lobby/alice/a/2')?.sid).toBe('lobby~2');
    expect(other.stream('lobby/bob/b/2')?.sid).toBe('lobby~2');
    await until('the old node has no streams', () => own.streams.size === 0);
    expect([ofAlice, ofBob]).toEqual([['rejoin 1'], ['rejoin 1']]);
    expect(alice.tracks).toMatchObject([{ trackId: 'camera-2', muted: true }]);
    expect(moves).toEqual([{ roomId: 'lobby', ...placed, reason: 'balance' }]);
    const told = onMoved.mock.calls.map(([{ session, from, to }]) => [session, from, to]);
    expect(new Set(told.map(([session]) => session))).toEqual(new Set([alice, bob]));
    expect(told.map(([, ...nodes]) => nodes)).toEqual(Array(2).fill([own.address, other.address]));
    expect(relay.counters.sessionMoves.get('moved')).toBe(2);
    expect(relay.counters.roomMoves.get('moved')).toBe(1);
  });

  test('the old peer goes on until its client lets it leave', async () => {
    const { relay, own, other, alice, bob } = await stage();
    alice.on('rejoin', () => alice.rejoin({ sdp: fakeOffer([AGAIN]) }));
    bob.on('rejoin', () => bob.rejoin({ sdp: fakeOffer() }));
    await relay.moveRoom('lobby');
    expect([own.streams.size, other.streams.size]).toEqual([2, 2]);
  });

  test('the old peer of a publisher stays as long as somebody has not moved', async () => {
    const { relay, own, alice, bob } = await stage();
    alice.on('rejoin', () => alice.rejoin({ sdp: fakeOffer([AGAIN]) }));
    const heard = ignore(bob);
    const moving = relay.moveRoom('lobby');
    await until('alice has moved', () => alice.peer === 2 && heard.length > 0);
    await until('her old peer is needed', () => 'afterMs' in alice.peers.askToLeave(1));
    expect(own.stream('lobby/alice/a')?.isOpen).toBe(true);
    await bob.rejoin({ sdp: fakeOffer() });
    await moving;
    await until('it may leave', () => !('afterMs' in alice.peers.askToLeave(1)));
    await until('it has left', () => own.stream('lobby/alice/a') === undefined);
    expect(bob.peers.askToLeave(1)).toEqual({});
  });

  test('the deadline begins when the last session is to rejoin', async () => {
    const { relay, alice, bob } = await stage();
    follow(alice, fakeOffer([AGAIN]));
    // The viewer is to wait as long as possible.
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    bob.on('rejoin', async ({ afterMs }) => {
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await bob.rejoin({ sdp: fakeOffer() });
    });
    expect(await relay.moveRoom('lobby', { deadlineMs: 200 })).toMatchObject({ moved: 2, closed: 0 });
    vi.restoreAllMocks();
  });

  test('a join during the move goes to the new node, and does not count', async () => {
    const { relay, other, alice, bob } = await stage();
    const heard = ignore(alice);
    const moving = relay.moveRoom('lobby');
    await until('alice is asked', () => heard.length > 0);
    await relay.createSession({ sessionId: 'c', roomId: 'lobby', userId: 'carol', sdp: fakeOffer() });
    expect(other.stream('lobby/carol/c')?.sid).toBe('lobby~2');
    follow(bob);
    await alice.rejoin({ sdp: fakeOffer([AGAIN]) });
    expect(await moving).toMatchObject({ moved: 2, closed: 0 });
  });

  test('a join that has begun before, and opens its stream after it, is where the room is', async () => {
    const gate = deferred();
    const asked = vi.fn(() => gate.promise.then(() => undefined));
    const on = await stage({ hooks: { onJoin: ({ userId }) => (userId === 'carol' ? asked() : undefined) } });
    followers(on);
    const joining = on.relay.createSession({
      ...{ sessionId: 'c', roomId: 'lobby', userId: 'carol', sdp: fakeOffer() },
    });
    await until('carol waits for the hook', () => asked.mock.calls.length > 0);
    const moving = on.relay.moveRoom('lobby');
    await until('the room is on the other node', () => on.alice.room.node === on.other.address);
    gate.resolve();
    await joining;
    expect(await moving).toMatchObject({ moved: 2, closed: 0 });
    expect(on.other.stream('lobby/carol/c')?.sid).toBe('lobby~2');
  });

  test('a join that opens its stream on the old node while the room is placed on the other one is waited for', async () => {
    const nodes = [await startNode(), await startNode()];
    let gate: Promise<void> | undefined;
    const metadata = vi.fn(async () => {
      await gate;
      return {};
    });
    const clusterNodes = nodes.map(({ address: serverUrl }) => ({ serverUrl, metadata }));
    const relay = startRelay([], { sfu: { mode: 'cluster', clusterNodes } });
    const join = (sessionId: string) =>
      relay.createSession({ sessionId, roomId: 'lobby', userId: sessionId, sdp: fakeOffer() });
    const bob = await join('bob');
    const heard = follow(bob);
    const opening = deferred();
    gate = opening.promise;
    metadata.mockClear();
    const joining = join('carol').then((carol) => ({ carol, ofCarol: follow(carol) }));
    await until('carol opens her stream', () => metadata.mock.calls.length > 0);
    gate = undefined;
    const moving = relay.moveRoom('lobby');
    await until('bob has moved', () => heard.length > 0 && bob.peer === 2);
    opening.resolve();
    const { carol, ofCarol } = await joining;
    expect(await moving).toMatchObject({ moved: 2, closed: 0 });
    expect([ofCarol, carol.peer, carol.peers.current.generation]).toEqual([['rejoin 1'], 2, 2]);
  });

  test('sessions that have not moved at the deadline are closed: the client joins the new node', async () => {
    const { relay, other, alice, bob } = await stage();
    const [ofAlice, ofBob] = [follow(alice, fakeOffer([AGAIN])), ignore(bob)];
    expect(await relay.moveRoom('lobby', { deadlineMs: 300 })).toMatchObject({ moved: 1, closed: 1 });
    await until('bob has ended', () => ofBob.includes('close ERR_RELAY_CLOSED 1001'));
    expect(alice.state).toBe('joined');
    expect(ofAlice).toEqual(['rejoin 1', 'left']);
    await relay.createSession({ sessionId: 'b2', roomId: 'lobby', userId: 'bob', sdp: fakeOffer() });
    expect(other.stream('lobby/bob/b2')?.sid).toBe('lobby~2');
    expect(relay.counters.sessionMoves.get('closed')).toBe(1);
  });

  test('a session without the capability is not asked, and closed at the deadline with a retryable error', async () => {
    const { relay, alice, bob } = await stage();
    follow(alice, fakeOffer([AGAIN]));
    const errors: (RelayError | undefined)[] = [];
    bob.on('close', ({ error }) => errors.push(error));
    expect(await relay.moveRoom('lobby', { deadlineMs: 200 })).toMatchObject({ moved: 1, closed: 1 });
    await until('bob has ended', () => bob.state === 'closed');
    expect(errors).toMatchObject([{ code: 'ERR_RELAY_CLOSED', closeCode: 1001, retryable: true }]);
  });

  test('a session that leaves during the move is not waited for', async () => {
    const { relay, alice, bob } = await stage();
    follow(alice, fakeOffer([AGAIN]));
    const heard = ignore(bob);
    const moving = relay.moveRoom('lobby');
    await until('bob is asked', () => heard.length > 0);
    await bob.close();
    expect(await moving).toMatchObject({ moved: 1, closed: 0 });
  });

  test('a room that ends during the move ends it', async () => {
    const { relay, alice, bob } = await stage();
    const heard = [ignore(alice), ignore(bob)];
    const moving = relay.moveRoom('lobby');
    await until('both are asked', () => heard.every(({ length }) => length > 0));
    await alice.room.end();
    expect(await moving).toMatchObject({ moved: 0, closed: 0 });
  });

  test('a client that does not answer is asked again', async () => {
    const on = await stage();
    const heard = ignore(on.bob);
    follow(on.alice, fakeOffer([AGAIN]));
    const moving = on.relay.moveRoom('lobby');
    await until('bob is asked twice', () => heard.length === 2, { timeoutMs: 6_000 });
    await on.bob.rejoin({ sdp: fakeOffer() });
    expect(await moving).toMatchObject({ moved: 2, closed: 0 });
  });
});

describe('a move that is refused changes nothing', () => {
  test('in the mode standalone', async () => {
    const node = await startNode();
    const relay = startRelay([], { sfu: { serverUrl: node.address } });
    await expect(relay.moveRoom('lobby')).rejects.toThrow(/moveRoom\(\) is for several nodes: write/);
  });

  test('without the room, without the node, on the same node, while it moves', async () => {
    const { relay, own, alice } = await stage();
    await expect(relay.moveRoom('other')).rejects.toThrow(/There is no room "other"/);
    await expect(relay.moveRoom('lobby', { to: 'sfu-9:1' })).rejects.toThrow(
      /There is no node "sfu-9:1": write one of/,
    );
    await expect(relay.moveRoom('lobby', { to: own.address })).rejects.toThrow(/on the node .* already/);
    const heard = ignore(alice);
    const moving = relay.moveRoom('lobby', { deadlineMs: 300 });
    await until('it moves', () => heard.length > 0);
    await expect(relay.moveRoom('lobby')).rejects.toThrow(/is moving already/);
    await moving;
  });

  test('where no other node is up or has room', async () => {
    const { relay, other, own, alice } = await stage();
    relay.setNodes([own.address, { serverUrl: other.address, maxStreams: 1 }]);
    await relay.createSession({ roomId: 'news', userId: 'ada', sdp: fakeOffer() });
    const full = relay.nodes.find(({ serverUrl }) => serverUrl === other.address)?.streams === 1;
    expect(full).toBe(true);
    expect(await codeOf(relay.moveRoom('lobby'))).toBe('ERR_RELAY_SFU_UNAVAILABLE');
    await other.stop();
    await until('it is down', () => relay.nodes.some(({ state }) => state === 'down'));
    expect(await codeOf(relay.moveRoom('lobby', { to: other.address }))).toBe('ERR_RELAY_SFU_UNAVAILABLE');
    expect(alice.room.node).toBe(own.address);
  });

  test.each([
    [{ deadlineMs: 0 }, /"deadlineMs" must be a whole number/],
    [{ reason: '' }, /"reason" must be a text/],
    [{ to: 5 as never }, /"to" must be the address/],
    [{ signal: {} as never }, /"signal" must be an AbortSignal/],
    [{ deadline: 1 } as never, /Did you mean "deadlineMs"/],
  ])('with the options %j', async (options, message) => {
    const { relay } = await stage();
    await expect(relay.moveRoom('lobby', options)).rejects.toThrow(message);
  });
});

test('selectNode chooses the node of a moving room, too', async () => {
  const nodes = [await startNode(), await startNode(), await startNode()];
  const asked: string[][] = [];
  let wanted: string | undefined = nodes[0]?.address;
  const relay = startRelay(nodes, {
    sfu: {
      mode: 'cluster',
      clusterNodes: nodes.map(({ address }) => address),
      selectNode({ nodes: usable }) {
        asked.push(usable.map(({ serverUrl }) => serverUrl));
        return wanted;
      },
    },
  });
  const session = await relay.createSession({ roomId: 'lobby', userId: 'ada', sdp: fakeOffer() });
  follow(session);
  wanted = nodes[2]?.address;
  expect(await relay.moveRoom('lobby')).toMatchObject({ to: wanted, moved: 1 });
  expect(asked[1]).toEqual(nodes.slice(1).map(({ address }) => address));
});
