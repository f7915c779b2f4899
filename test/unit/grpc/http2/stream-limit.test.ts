import { describe, expect, test } from 'vitest';
import { ErrorCode, FrameType, reset, settings } from './frames.js';
import { CLIENTS, Heard, onConnect, useNodes } from './nodes.js';
import { type RawHttp2Server, soon } from './raw-http2-server.js';
import { useStage } from './stage.js';

describe.each(CLIENTS)('by %s:', (client) => {
  const stage = useStage();
  const nodes = useNodes();
  const signal = new AbortController().signal;
  const UNAVAILABLE = { code: 'ERR_RELAY_SFU_UNAVAILABLE' };
  const nodeOf = ({ address }: RawHttp2Server) => nodes.connect(address, { client });
  const greetAll = (server: RawHttp2Server, maxStreams: number) =>
    onConnect(server, (peer) => peer.greet({ MAX_CONCURRENT_STREAMS: maxStreams }));

  const opened = (server: RawHttp2Server) => server.peers.map((peer) => peer.of(FrameType.HEADERS).length);

  test('a server that takes few calls on a connection gets more connections', async () => {
    const server = await stage.serve();
    greetAll(server, 2);
    const node = nodeOf(server);
    for (let n = 0; n < 5; n += 1) await node.open(new Heard(), signal);
    await soon('all streams are open', () => opened(server).reduce((sum, count) => sum + count, 0) === 5);
    expect(opened(server)).toEqual([2, 2, 1]);
    expect(node.streamCount).toBe(5);
  });

  test('so it is, too, where all of them are wanted before the server has said so', async () => {
    const server = await stage.serve();
    const node = nodeOf(server);
    const opening = Promise.all(Array.from({ length: 7 }, () => node.open(new Heard(), signal)));
    await server.accept();
    greetAll(server, 3);
    await opening;
    await soon('all streams are open', () => opened(server).reduce((sum, count) => sum + count, 0) === 7);
    expect(Math.max(...opened(server))).toBe(3);
    expect(node.streamCount).toBe(7);
  });

  test('once it has said so, no stream waits for a place that a new connection will not have', async () => {
    const server = await stage.serve();
    greetAll(server, 2);
    const node = nodeOf(server);
    await node.open(new Heard(), signal);
    // New connections do not say their limit yet.
    onConnect(server, () => {});
    const opening = Promise.all(Array.from({ length: 5 }, () => node.open(new Heard(), signal)));
    await soon('as many connections as are needed', () => server.peers.length === 3);
    for (const peer of server.peers.slice(1)) peer.greet({ MAX_CONCURRENT_STREAMS: 2 });
    await opening;
    expect(server.peers).toHaveLength(3);
    expect(node.streamCount).toBe(6);
  });

  test('a server that takes none on a connection is none', async () => {
    const server = await stage.serve();
    greetAll(server, 0);
    const node = nodeOf(server);
    await expect(node.open(new Heard(), signal)).rejects.toMatchObject(UNAVAILABLE);
    expect(node.streamCount).toBe(0);
  });

  test('a limit that is lowered holds for the next, and what is refused meanwhile gets another connection', async () => {
    const server = await stage.serve();
    greetAll(server, 10);
    const node = nodeOf(server);
    const heard = [new Heard(), new Heard(), new Heard()];
    for (const each of heard) await node.open(each, signal);
    const peer = await server.accept();
    const ids = await peer.streams(3);
    peer.send(settings({ MAX_CONCURRENT_STREAMS: 2 }), reset(ids[2] ?? 0, ErrorCode.REFUSED_STREAM));
    await soon('another connection is open', () => opened(server).length === 2 && opened(server)[1] === 1);
    await node.open(new Heard(), signal);
    await soon('the next goes there, too', () => opened(server)[1] === 2);
    expect(node.streamCount).toBe(4);
    expect(heard.flatMap(({ ends }) => ends)).toEqual([]);
  });
});
