import { expect, test } from 'vitest';
import { anonymous, type SelectNode, SfuRelay } from '../../../../src/index.js';
import { fakeOffer, type ScriptedSfu } from '../../../../src/testing/index.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { until } from '../../../support/poll.js';
import { useScriptedNodes } from '../../../support/scripted-nodes.js';

const { ends, startNode } = useScriptedNodes();

function startRelay(node: ScriptedSfu, selectNode: SelectNode): SfuRelay {
  const relay = new SfuRelay({
    sfu: { mode: 'cluster', clusterNodes: [node.address], selectNode },
    authenticate: anonymous(),
    logger: silentLogger,
  });
  ends.push(() => relay.close());
  return relay;
}

function join(relay: SfuRelay, userId: string, signal?: AbortSignal) {
  return relay.createSession({ roomId: 'lobby', userId, sdp: fakeOffer() }, signal && { signal });
}

test('a room that no node could serve is placed when a node is back', async () => {
  const node = await startNode();
  const { port } = node;
  const relay = startRelay(node, ({ nodes }) => nodes[0]?.serverUrl);
  await node.stop();
  await until('the node is down', () => relay.nodes[0]?.state === 'down');
  await expect(join(relay, 'ada')).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });

  await startNode(port);
  await until('the node is up', () => relay.nodes[0]?.state === 'up');
  expect((await join(relay, 'ada')).state).toBe('joined');
});

test('a choice for a room that has ended is not taken for a later room of the same id', async () => {
  const node = await startNode();
  const answers: (() => void)[] = [];
  const relay = startRelay(
    node,
    ({ nodes }) => new Promise((resolve) => answers.push(() => resolve(nodes[0]?.serverUrl))),
  );
  const cancel = new AbortController();
  const first = join(relay, 'ada', cancel.signal);
  await until('the first room is asked about', () => answers.length === 1);
  cancel.abort();
  await expect(first).rejects.toMatchObject({ code: 'ERR_RELAY_ABORTED' });

  const second = join(relay, 'bob');
  await until('the second room is asked about', () => answers.length === 2);
  for (const answer of answers) answer();
  expect((await second).state).toBe('joined');
});
