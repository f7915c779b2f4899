import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../../src/testing/index.js';
import { until } from '../../../support/poll.js';
import { AGAIN, codeOf, follow, ignore, useMoveStage } from './move-stage.js';

const { stage } = useMoveStage();

describe('a move that is cancelled half-way', () => {
  test('the sessions that have moved return to the old generation; the others have not noticed', async () => {
    const { relay, own, other, alice, bob } = await stage();
    const ofAlice = follow(alice, fakeOffer([AGAIN]));
    const ofBob = ignore(bob);
    const moves: unknown[] = [];
    relay.on('roommoved', (move) => moves.push(move));
    const cancel = new AbortController();
    const moving = relay.moveRoom('lobby', { signal: cancel.signal });
    const outcome = codeOf(moving);
    await until('alice has moved', () => other.stream('lobby/alice/a/2') !== undefined && ofBob.length > 0);
    cancel.abort();

    expect(await outcome).toBe('ERR_RELAY_ABORTED');
    expect(own.stream('lobby/alice/a/3')?.sid).toBe('lobby');
    expect([alice.peer, bob.peer, alice.room.node]).toEqual([3, 1, own.address]);
    expect(ofAlice).toEqual(['rejoin 1', 'rejoin 2']);
    expect(moves).toMatchObject([
      { to: other.address, generation: 2 },
      { to: own.address, generation: 1, reason: 'cancelled' },
    ]);
    expect(relay.counters.roomMoves.get('cancelled')).toBe(1);

    follow(bob);
    expect(await relay.moveRoom('lobby')).toMatchObject({ to: other.address, generation: 3, moved: 2 });
  });

  test('the peers from before the move stay until their clients leave them', async () => {
    const { relay, own, other, alice, bob } = await stage();
    let peers = 1;
    alice.on('rejoin', () => {
      peers += 1;
      return alice.rejoin({ sdp: fakeOffer([{ ...AGAIN, trackId: `camera-${peers}` }]) });
    });
    const ofBob = ignore(bob);
    const cancel = new AbortController();
    const outcome = codeOf(relay.moveRoom('lobby', { signal: cancel.signal }));
    await until('alice has moved', () => alice.peer === 2 && ofBob.length > 0);
    cancel.abort();
    expect(await outcome).toBe('ERR_RELAY_ABORTED');
    const streams = [
      own.stream('lobby/alice/a'),
      other.stream('lobby/alice/a/2'),
      own.stream('lobby/alice/a/3'),
    ];
    expect(streams.map((stream) => stream?.isOpen)).toEqual([true, true, true]);
  });

  test('a signal that has aborted before changes nothing', async () => {
    const { relay, own, alice } = await stage();
    expect(await codeOf(relay.moveRoom('lobby', { signal: AbortSignal.abort() }))).toBe('ERR_RELAY_ABORTED');
    expect(alice.room.node).toBe(own.address);
  });
});

describe('a node that fails during the move', () => {
  test('the new one: all sessions join the node that the failover chooses', async () => {
    const on = await stage();
    const { relay, own, other, alice, bob } = on;
    const ofAlice = follow(alice, fakeOffer([AGAIN]));
    const ofBob = ignore(bob);
    const moving = relay.moveRoom('lobby', { deadlineMs: 10_000 });
    await until('alice has moved', () => other.stream('lobby/alice/a/2') !== undefined && ofBob.length > 0);
    await other.stop();
    await until('alice has lost her peer', () => ofAlice.includes('interrupted'));
    follow(bob);
    const report = await moving;
    expect(report).toMatchObject({ from: own.address, to: own.address, moved: 2, closed: 0 });
    const { generation } = report;
    expect(generation).toBeGreaterThan(2);
    for (const session of [alice, bob])
      expect([session.state, session.peers.current.generation]).toEqual(['joined', generation]);
  });

  test('the old one: sessions that have not moved are interrupted, and follow', async () => {
    const on = await stage();
    const ofBob = ignore(on.bob);
    follow(on.alice, fakeOffer([AGAIN]));
    const moving = on.relay.moveRoom('lobby');
    await until('bob is asked', () => ofBob.length > 0);
    const again = follow(on.bob);
    await on.own.stop();
    expect(await moving).toMatchObject({ to: on.other.address, generation: 2, closed: 0 });
    expect(again[0]).toBe('interrupted');
    expect([on.alice.state, on.bob.state]).toEqual(['joined', 'joined']);
  });
});
