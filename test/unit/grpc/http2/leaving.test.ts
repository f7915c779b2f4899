import { describe, expect, test } from 'vitest';
import { ErrorCode, FrameType, goAway, settings } from './frames.js';
import { CLIENTS, Heard, JOIN, joined, onConnect, useNodes } from './nodes.js';
import { soon } from './raw-http2-server.js';
import { answer, useStage } from './stage.js';

describe.each(CLIENTS)('by %s:', (client) => {
  const stage = useStage();
  const nodes = useNodes();
  const signal = new AbortController().signal;
  const LAST = 2 ** 31 - 1;

  /** A node with a session on a connection that its server leaves. */
  async function left() {
    const server = await stage.serve();
    onConnect(server, (peer) => peer.greet());
    const node = nodes.connect(server.address, { client });
    const heard = new Heard();
    const stream = await node.open(heard, signal);
    const peer = await server.accept();
    const id = await peer.stream();
    peer.send(answer(id), goAway(LAST, ErrorCode.NO_ERROR));
    await peer.settled();
    return { server, node, heard, stream, peer, id };
  }

  test('a session on a connection that its server leaves counts, and so does the connection', async () => {
    const { node, server } = await left();
    expect(node.streamCount).toBe(1);
    expect(node.connectionCount).toBe(1);
    await node.open(new Heard(), signal);
    expect(server.peers).toHaveLength(2);
    expect(node.streamCount).toBe(2);
    expect(node.connectionCount).toBe(2);
  });

  test('closing the node ends it', async () => {
    const { node, heard, peer } = await left();
    node.close();
    await peer.gone();
    await soon('the session has ended', () => heard.ends.length === 1);
    expect(heard.ends[0]).toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
  });

  test('its last session ends the connection, and not the one for the next sessions', async () => {
    const { node, stream, peer, heard, server } = await left();
    await node.open(new Heard(), signal);
    stream.end();
    await peer.frame(FrameType.DATA, ({ flags }) => (flags & 1) !== 0);
    peer.socket.end();
    await soon('the session has ended', () => heard.ends.length === 1);
    expect(node.connectionCount).toBe(1);
    expect(server.peers[1]?.closed).toBe(false);
  });

  test('a join goes on where its connection is left in the packet of the SETTINGS', async () => {
    const server = await stage.serve();
    onConnect(server, (peer, n) => {
      if (n === 0) peer.send(settings(), goAway(0, ErrorCode.NO_ERROR));
      else peer.greet();
    });
    const node = nodes.connect(server.address, { client });
    const heard = new Heard();
    const stream = await node.open(heard, signal);
    stream.join(JOIN);
    const peer = await soon('another connection comes', () => server.peers[1]);
    const id = await peer.stream();
    peer.send(answer(id), joined(id));
    await soon('it has joined', () => heard.joins.length === 1);
  });

  test('a server that leaves every connection at once is unavailable', async () => {
    const server = await stage.serve();
    onConnect(server, (peer) => peer.send(settings(), goAway(0, ErrorCode.NO_ERROR)));
    const node = nodes.connect(server.address, { client });
    await expect(node.open(new Heard(), signal)).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
    expect(node.streamCount).toBe(0);
  });
});
