import { expect, test } from 'vitest';
import { anonymous, type Session, SfuRelay, type SfuRelayOptions } from '../../../../src/index.js';
import { fakeOffer, type ScriptedSfu } from '../../../../src/testing/index.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { until } from '../../../support/poll.js';
import { useScriptedNodes } from '../../../support/scripted-nodes.js';

const { ends, startNode } = useScriptedNodes();

function startRelay(
  nodes: ScriptedSfu[],
  options: Partial<SfuRelayOptions> = {},
  maxStreams = Number.POSITIVE_INFINITY,
): SfuRelay {
  const relay = new SfuRelay({
    sfu: { mode: 'cluster', clusterNodes: nodes.map(({ address }) => address), maxStreams },
    authenticate: anonymous(),
    logger: silentLogger,
    ...options,
  });
  ends.push(() => relay.close());
  return relay;
}

/** A session whose application can replace the peer, and what it is told. */
async function join(relay: SfuRelay, roomId: string, userId: string): Promise<[Session, string[]]> {
  const session = await relay.createSession({ roomId, userId, sdp: fakeOffer() });
  const heard: string[] = [];
  for (const name of ['interrupted', 'rejoin', 'resumed', 'close'] as const)
    session.on(name, () => heard.push(name));
  return [session, heard];
}

function nodeOf(nodes: readonly ScriptedSfu[], uid: RegExp): ScriptedSfu {
  return nodes.find(({ streams }) =>
    [...streams].some((stream) => uid.test(stream.uid ?? '')),
  ) as ScriptedSfu;
}

test('a session that no node has room for may rejoin once a participant has left', async () => {
  const nodes = [await startNode(), await startNode()];
  const relay = startRelay(nodes, {}, 1);
  const [, heard] = await join(relay, 'lobby', 'ada');
  const own = nodeOf(nodes, /ada/);
  const [other] = await join(relay, 'news', 'bob');
  await own.stop();
  await until('the session has no peer', () => heard.includes('interrupted'));
  expect(heard).toEqual(['interrupted']);

  await other.close();
  await until('the session may rejoin', () => heard.includes('rejoin'));
});

test('a hook that ends an interrupted session: nothing follows its close', async () => {
  const node = await startNode();
  const relay = startRelay([node], { hooks: { onInterrupted: ({ session }) => void session.close() } });
  const [session, heard] = await join(relay, 'lobby', 'ada');
  await node.stop();
  await until('the session has ended', () => session.state === 'closed');
  await session.close();
  expect(heard).toEqual(['close']);
});

test('candidates for a lost peer have no effect, with the hook onSignal too', async () => {
  const node = await startNode();
  const relay = startRelay([node], { hooks: { onSignal: () => undefined } });
  const [session, heard] = await join(relay, 'lobby', 'ada');
  await node.stop();
  await until('the session has no peer', () => heard.includes('interrupted'));
  await session.addIceCandidate({ target: 0, candidate: { candidate: '' } });
  await session.answerOffer({ type: 'answer', sdp: fakeOffer() });
  expect([session.state, heard[0]]).toEqual(['joined', 'interrupted']);
});
