import { expect, test } from 'vitest';
import { anonymous, SfuRelay } from '../../../../src/index.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { until } from '../../../support/poll.js';
import { useScriptedNodes } from '../../../support/scripted-nodes.js';

const { ends, startNode } = useScriptedNodes();

test('a join whose node is removed before it has a stream there goes to another node', async () => {
  const [first, second] = [await startNode(), await startNode()];
  const asked: ((metadata: Record<string, string>) => void)[] = [];
  const relay = new SfuRelay({
    sfu: {
      mode: 'cluster',
      clusterNodes: [first.address],
      probeOnStart: false,
      metadata: () => new Promise((resolve) => asked.push(resolve)),
    },
    authenticate: anonymous(),
    logger: silentLogger,
  });
  ends.push(() => relay.close());
  const joining = relay.createSession({ roomId: 'lobby', userId: 'ada', sdp: fakeOffer() });
  await until('the join waits for its metadata', () => asked.length > 0);
  relay.setNodes([{ serverUrl: second.address, metadata: {} }]);
  for (const give of asked) give({});
  expect((await joining).state).toBe('joined');
  expect([...second.streams].map(({ uid }) => uid?.split('/')[1])).toEqual(['ada']);
});
