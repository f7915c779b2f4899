import { describe, expect, test } from 'vitest';
import { anonymous, type Session, SfuRelay, type SfuRelayOptions } from '../../../../src/index.js';
import { fakeOffer, type ScriptedSfu } from '../../../../src/testing/index.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { until } from '../../../support/poll.js';
import { useScriptedNodes } from '../../../support/scripted-nodes.js';

const { ends, startNode } = useScriptedNodes();

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera-1' } as const;
const AGAIN = { ...CAMERA, trackId: 'camera-2' };

function startRelay(nodes: ScriptedSfu[], options: Partial<SfuRelayOptions> = {}): SfuRelay {
  const relay = new SfuRelay({
    sfu: {
      mode: 'cluster',
      clusterNodes: nodes.map(({ address }) => address),
      loadBalanceMethod: 'roundrobin',
    },
    authenticate: anonymous(),
    logger: silentLogger,
    ...options,
  });
  ends.push(() => relay.close());
  return relay;
}

/** What a session is told from now on. An application that listens to `rejoin` can replace the peer. */
function record(session: Session): string[] {
  const heard: string[] = [];
  session.on('interrupted', ({ peer }) => heard.push(`interrupted ${peer}`));
  session.on('rejoin', ({ peer }) => heard.push(`rejoin ${peer}`));
  session.on('resumed', ({ peer }) => heard.push(`resumed ${peer}`));
  session.on('participants', ({ left }) => left && heard.push('left'));
  session.on('close', ({ error }) => heard.push(`close ${error?.code}`));
  return heard;
}

/** The node that serves the session, and the other one. */
function nodesOf(nodes: readonly ScriptedSfu[], uid: string): [ScriptedSfu, ScriptedSfu] {
  const own = nodes.find((node) => node.stream(uid)) as ScriptedSfu;
  return [own, nodes.find((node) => node !== own) as ScriptedSfu];
}

describe('when a node dies', () => {
  test('its sessions stay in their room, and join it again on another node, in a new generation', async () => {
    const nodes = [await startNode(), await startNode()];
    const relay = startRelay(nodes);
    const moves: unknown[] = [];
    relay.on('roommoved', (move) => moves.push(move));
    const alice = await relay.createSession({
      ...{ sessionId: 'a', roomId: 'lobby', userId: 'alice', sdp: fakeOffer([CAMERA]) },
    });
    const bob = await relay.createSession({
      sessionId: 'b',
      roomId: 'lobby',
      userId: 'bob',
      sdp: fakeOffer(),
    });
    const [own, other] = nodesOf(nodes, 'lobby/alice/a');
    expect(own.stream('lobby/bob/b')?.sid).toBe('lobby');
    const [ofAlice, ofBob] = [record(alice), record(bob)];
    const { revision } = alice.room;

    await own.stop();
    await until('both may rejoin', () => ofAlice.includes('rejoin 1') && ofBob.includes('rejoin 1'));
    expect([alice.state, bob.state, alice.room.revision]).toEqual(['joined', 'joined', revision]);
    expect(relay.nodes.map(({ state }) => state).sort()).toEqual(['down', 'up']);

    await alice.rejoin({ sdp: fakeOffer([AGAIN]), renamed: { 'camera-1': 'camera-2' } });
    await bob.rejoin({ sdp: fakeOffer() });
    expect(ofAlice.slice(0, 3)).toEqual(['interrupted 1', 'rejoin 1', 'resumed 2']);
    expect(ofBob).toEqual(['interrupted 1', 'rejoin 1', 'resumed 2']);
    expect(other.stream('lobby/alice/a/2')?.sid).toBe('lobby~2');
    expect(other.stream('lobby/bob/b/2')?.sid).toBe('lobby~2');
    expect(alice.tracks.map(({ trackId }) => trackId)).toEqual(['camera-2']);
    expect(moves).toEqual([
      { roomId: 'lobby', from: own.address, to: other.address, generation: 2, reason: 'failure' },
    ]);
    expect(relay.counters.interruptions.get('resumed')).toBe(2);
  });
});
