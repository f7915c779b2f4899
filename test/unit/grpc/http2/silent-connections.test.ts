import { describe, expect, test } from 'vitest';
import { CLIENTS, joined, onConnect, useNodes } from './nodes.js';
import { soon } from './raw-http2-server.js';
import { answer, finish, useStage } from './stage.js';

describe.each(CLIENTS)('a connection that its server accepts without a word, by %s:', (client) => {
  const stage = useStage();
  const nodes = useNodes();

  test('is closed with the node', async () => {
    const server = await stage.serve();
    const node = nodes.connect(server.address, { client });
    const probed = node.probe(new AbortController().signal).catch((error) => error);
    const peer = await server.accept();
    node.close();
    await peer.gone();
    expect(await probed).toMatchObject({
      code: expect.stringMatching(/^ERR_RELAY_(SFU_UNAVAILABLE|CLOSED)$/),
    });
  });

  test('does not keep later probes from a server that answers, however short each of them waits', async () => {
    const server = await stage.serve();
    const node = nodes.connect(server.address, { client, connectTimeoutMs: 300 });
    const probe = () => node.probe(AbortSignal.timeout(100)).catch((error) => error);
    while (server.peers.length < 2) expect(await probe()).toBeInstanceOf(Error);
    onConnect(server, (peer) => {
      peer.greet();
      peer.onFrame = ({ streamId, type }) => {
        if (type === 1) peer.send(answer(streamId), joined(streamId), finish(streamId));
      };
    });
    const healthy = async () => (await probe()) === undefined;
    let isHealthy = false;
    const trying = (async () => {
      while (!isHealthy) isHealthy = await healthy();
    })();
    await soon('a probe is answered', () => isHealthy);
    await trying;
  });
});
