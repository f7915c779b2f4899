import {
  anonymous,
  RelayError,
  type Session,
  SfuRelay,
  type SfuRelayOptions,
} from '../../../../src/index.js';
import { fakeOffer, type ScriptedSfu } from '../../../../src/testing/index.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { until } from '../../../support/poll.js';
import { useScriptedNodes } from '../../../support/scripted-nodes.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera-1' } as const;
export const AGAIN = { ...CAMERA, trackId: 'camera-2' };

export interface MoveStage {
  relay: SfuRelay;
  nodes: ScriptedSfu[];
  /** Of the room. */
  own: ScriptedSfu;
  other: ScriptedSfu;
  alice: Session;
  bob: Session;
}

/** Starts relays in front of scripted nodes, for one test file. */
export function useMoveStage() {
  const { ends, startNode } = useScriptedNodes();

  function startRelay(nodes: ScriptedSfu[], options: Partial<SfuRelayOptions> = {}): SfuRelay {
    const clusterNodes = nodes.map(({ address }) => address);
    const relay = new SfuRelay({
      sfu: { mode: 'cluster', clusterNodes },
      ...{ authenticate: anonymous(), logger: silentLogger },
      ...options,
    });
    ends.push(() => relay.close());
    return relay;
  }

  /** A room with a publisher, Alice, and a viewer, Bob, on one of two nodes. */
  async function stage(options: Partial<SfuRelayOptions> = {}): Promise<MoveStage> {
    const nodes = [await startNode(), await startNode()];
    const relay = startRelay(nodes, options);
    const join = (sessionId: string, userId: string, sdp: string) =>
      relay.createSession({ sessionId, roomId: 'lobby', userId, sdp });
    const alice = await join('a', 'alice', fakeOffer([CAMERA]));
    let isTold = false;
    alice.once('participants', () => {
      isTold = true;
    });
    const bob = await join('b', 'bob', fakeOffer());
    await until('alice is told of bob', () => isTold);
    const own = nodes.find((node) => node.stream('lobby/alice/a')) as ScriptedSfu;
    const other = nodes.find((node) => node !== own) as ScriptedSfu;
    return { relay, nodes, own, other, alice, bob };
  }

  return { startNode, startRelay, stage };
}

/** Replaces the peer as the client library does, and lets the old one leave. @returns what the session is told */
export function follow(session: Session, sdp = fakeOffer(), renamed = {}): string[] {
  const heard: string[] = [];
  session.on('rejoin', async ({ peer }) => {
    heard.push(`rejoin ${peer}`);
    await session.rejoin({ sdp, renamed });
    leavePeer(session, peer);
  });
  session.on('interrupted', () => heard.push('interrupted'));
  session.on('participants', ({ left, joined }) => heard.push(left ? 'left' : joined ? 'joined' : 'updated'));
  session.on('close', ({ error }) => heard.push(`close ${error?.code} ${error?.closeCode}`));
  return heard;
}

export const followers = ({ alice, bob }: MoveStage) => [
  follow(alice, fakeOffer([AGAIN]), { 'camera-1': 'camera-2' }),
  follow(bob),
];

/** Hears the notice, and does not follow it. */
export function ignore(session: Session): string[] {
  const heard: string[] = [];
  session.on('rejoin', ({ peer }) => heard.push(`rejoin ${peer}`));
  session.on('close', ({ error }) => heard.push(`close ${error?.code} ${error?.closeCode}`));
  return heard;
}

/** The code of the error that it rejects with. */
export const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error) => error.code,
  );

/** The client does not need an old peer any more, whoever does. */
export function leavePeer({ peers }: Session, number: number): void {
  const peer = peers.find(number);
  peer?.leave(() => new RelayError('ERR_RELAY_REJOIN', 'The client has left the peer.'));
  peer?.end();
}
