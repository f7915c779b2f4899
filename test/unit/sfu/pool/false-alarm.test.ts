import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { anonymous, type ClusterSfuOptions, SfuRelay } from '../../../../src/index.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { useScriptedNodes } from '../../../support/scripted-nodes.js';

const { ends, startNode } = useScriptedNodes();

function startRelay(
  address: string,
  options: Partial<ClusterSfuOptions>,
): { relay: SfuRelay; heard: string[] } {
  const heard: string[] = [];
  const relay = new SfuRelay({
    sfu: { mode: 'cluster', clusterNodes: [address], ...options },
    authenticate: anonymous(),
    logger: silentLogger,
  });
  ends.push(() => relay.close());
  relay.on('nodedown', ({ node }) => heard.push(`down: ${node.error?.message}`));
  return { relay, heard };
}

function join(relay: SfuRelay, userId: string) {
  return relay.createSession({ roomId: 'lobby', userId, sdp: fakeOffer() });
}

test('a node keeps its sessions while the application has no metadata for new streams', async () => {
  const node = await startNode();
  let fails = false;
  const metadata = () => {
    if (fails) throw new Error('no token');
    return { authorization: 'a token' };
  };
  const { relay, heard } = startRelay(node.address, { metadata });
  const ada = await join(relay, 'ada');
  fails = true;
  await expect(join(relay, 'bob')).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
  expect([ada.state, relay.nodes[0]?.state, ...heard]).toEqual(['joined', 'up']);
});

test.each(['http2', 'grpc-js'] as const)(
  'a node keeps its sessions where a further connection to it fails (%s)',
  async (client) => {
    const node = await startNode();
    const proxy = createServer((socket) => {
      const onward = connect(node.port, '127.0.0.1');
      socket.pipe(onward).pipe(socket);
      for (const each of [socket, onward]) each.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const { relay, heard } = startRelay(`127.0.0.1:${port}`, { client, maxStreamsPerChannel: 1 });
    const ada = await join(relay, 'ada');
    // Connections that it has accepted stay.
    proxy.close();
    await expect(Promise.all([join(relay, 'bob'), join(relay, 'eve')])).rejects.toMatchObject({
      code: 'ERR_RELAY_SFU_UNAVAILABLE',
    });
    expect([ada.state, relay.nodes[0]?.state, ...heard]).toEqual(['joined', 'up']);
  },
);
