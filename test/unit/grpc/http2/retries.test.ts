import { describe, expect, test } from 'vitest';
import { Request } from '../../../../src/sfu/ion/gen/rtc.js';
import { ErrorCode, FrameType, goAway, reset } from './frames.js';
import { CLIENTS, Heard, JOIN, joined, onConnect, useNodes } from './nodes.js';
import { type RawHttp2Server, type RawPeer, soon } from './raw-http2-server.js';
import { answer, finish, useStage } from './stage.js';

describe.each(CLIENTS)('by %s:', (client) => {
  const stage = useStage();
  const nodes = useNodes();
  const signal = new AbortController().signal;

  /** How a server says that it has not looked at a stream. */
  const REFUSALS: [how: string, refuse: (peer: RawPeer, id: number) => void][] = [
    ['by a GOAWAY', (peer, id) => peer.send(goAway(id - 2 > 0 ? id - 2 : 0, ErrorCode.NO_ERROR))],
    ['by REFUSED_STREAM', (peer, id) => peer.send(reset(id, ErrorCode.REFUSED_STREAM))],
  ];

  async function connect() {
    const server = await stage.serve();
    onConnect(server, (peer) => peer.greet());
    const node = nodes.connect(server.address, { client });
    return { server, node };
  }

  async function open() {
    const { server, node } = await connect();
    const heard = new Heard();
    const stream = await node.open(heard, signal);
    const peer = await server.accept();
    return { server, node, heard, stream, peer, id: await peer.stream() };
  }

  /** All streams that were opened, in their order. */
  function streams({ peers }: RawHttp2Server): { peer: RawPeer; id: number }[] {
    return peers.flatMap((peer) =>
      peer.of(FrameType.HEADERS).map(({ streamId }) => ({ peer, id: streamId })),
    );
  }

  async function streamNumber(server: RawHttp2Server, n: number) {
    return soon(`stream ${n} is opened`, () => streams(server)[n - 1]);
  }

  /** The kinds of the messages on a stream. */
  function requests({ peer, id }: { peer: RawPeer; id: number }): (string | undefined)[] {
    const kinds: (string | undefined)[] = [];
    const bytes = peer.bytesOf(id);
    for (let at = 0; at < bytes.length; ) {
      const end = at + 5 + bytes.readUInt32BE(at + 1);
      kinds.push(Request.decode(bytes.subarray(at + 5, end)).payload?.$case);
      at = end;
    }
    return kinds;
  }

  test.each(REFUSALS)('a join that the server has not looked at, %s, is made again', async (_, refuse) => {
    const { server, node, heard, stream, peer, id } = await open();
    stream.join(JOIN);
    stream.candidate(0, '{"candidate":"1"}');
    await soon('all has come', () => requests({ peer, id }).length === 3);
    refuse(peer, id);
    const again = await streamNumber(server, 2);
    await soon('all has come again', () => requests(again).length === 3);
    expect(requests(again)).toEqual(['trickle', 'join', 'trickle']);
    again.peer.send(answer(again.id), joined(again.id));
    await soon('it has joined', () => heard.joins.length === 1);
    expect(heard.ends).toEqual([]);
    expect(node.streamCount).toBe(1);
    stream.candidate(0, '{"candidate":"2"}');
    await soon('the session goes on', () => requests(again).length === 4);
    stream.end();
    again.peer.send(finish(again.id));
    await soon('it ends', () => heard.ends.length === 1);
    expect(heard.ends).toEqual([undefined]);
    expect(node.streamCount).toBe(0);
  });

  test.each(REFUSALS)(
    'what is said between the refusal, %s, and the next connection is not lost',
    async (_, refuse) => {
      const { server, stream, peer, id } = await open();
      // The next connection takes its time.
      onConnect(server, () => {});
      stream.join(JOIN);
      await soon('all has come', () => requests({ peer, id }).length === 2);
      peer.send(goAway(0, ErrorCode.NO_ERROR));
      refuse(peer, id);
      await soon('a second connection comes', () => server.peers.length === 2);
      expect(stream.pending).toBe(2);
      stream.candidate(0, '{"candidate":"late"}');
      expect(stream.pending).toBe(3);
      server.peers[1]?.greet();
      const again = await streamNumber(server, 2);
      await soon('all has come again', () => requests(again).length === 3);
    },
  );

  test.each(REFUSALS)(
    'a session that leaves between the refusal, %s, and the next connection joins nowhere',
    async (_, refuse) => {
      const { server, node, heard, stream, peer, id } = await open();
      onConnect(server, () => {});
      stream.join(JOIN);
      await soon('all has come', () => requests({ peer, id }).length === 2);
      peer.send(goAway(0, ErrorCode.NO_ERROR));
      refuse(peer, id);
      await soon('a second connection comes', () => server.peers.length === 2);
      stream.end();
      await soon('it has left', () => heard.ends.length === 1);
      server.peers[1]?.greet();
      await soon('its place is free', () => node.streamCount === 0);
      await server.peers[1]?.settled();
      expect(streams(server)).toHaveLength(1);
      expect(heard.ends).toEqual([undefined]);
    },
  );

  test('a session that the server has answered is not opened again', async () => {
    const { server, heard, stream, peer, id } = await open();
    stream.join(JOIN);
    peer.send(answer(id), joined(id));
    await soon('it has joined', () => heard.joins.length === 1);
    peer.send(reset(id, ErrorCode.REFUSED_STREAM));
    await soon('it has ended', () => heard.ends.length === 1);
    expect(heard.ends[0]).toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
    expect(streams(server)).toHaveLength(1);
  });

  test('a join that the server may have looked at is not made again', async () => {
    const { server, heard, stream, peer, id } = await open();
    stream.join(JOIN);
    await soon('all has come', () => requests({ peer, id }).length === 2);
    peer.send(goAway(id, ErrorCode.NO_ERROR));
    peer.socket.end();
    await soon('it has ended', () => heard.ends.length === 1);
    expect(heard.ends[0]).toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
    // The lost connection is followed by a probe, which joins nothing.
    const joins = streams(server).filter((each) => requests(each).includes('join'));
    expect(joins).toHaveLength(1);
  });

  test('a connection that has refused a stream gets no second try: the join goes to another one', async () => {
    const { server, heard, stream, peer, id } = await open();
    stream.join(JOIN);
    peer.send(reset(id, ErrorCode.REFUSED_STREAM));
    const again = await streamNumber(server, 2);
    expect(again.peer).not.toBe(peer);
    again.peer.send(answer(again.id), joined(again.id));
    await soon('it has joined', () => heard.joins.length === 1);
    expect(heard.ends).toEqual([]);
  });

  test('a server that refuses every time ends the join', async () => {
    const { server, node, heard, stream } = await open();
    stream.join(JOIN);
    for (let n = 1; heard.ends.length === 0; n += 1) {
      const next = await soon('a stream, or the end', () => streams(server)[n - 1] ?? heard.ends.length > 0);
      if (next !== true)
        (next as { peer: RawPeer; id: number }).peer.send(
          reset((next as { id: number }).id, ErrorCode.REFUSED_STREAM),
        );
    }
    expect(heard.ends[0]).toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
    expect(streams(server).length).toBeGreaterThan(1);
    expect(streams(server).length).toBeLessThan(6);
    expect(node.streamCount).toBe(0);
  });

  test('where no other connection can be made the join ends with the cause of that', async () => {
    const { server, heard, stream, peer } = await open();
    stream.join(JOIN);
    onConnect(server, ({ socket }) => socket.destroy());
    peer.send(goAway(0, ErrorCode.NO_ERROR));
    await soon('it has ended', () => heard.ends.length === 1);
    expect(heard.ends[0]).toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
  });

  test.each(REFUSALS)('a probe that the server has not looked at, %s, is made again', async (_, refuse) => {
    const { server, node } = await connect();
    const probed = node.probe(signal);
    const first = await streamNumber(server, 1);
    refuse(first.peer, first.id);
    const again = await streamNumber(server, 2);
    again.peer.send(answer(again.id), joined(again.id), finish(again.id));
    await probed;
  });

  test('a server that refuses every probe is not healthy', async () => {
    const { server, node } = await connect();
    const probed = node.probe(signal).then(
      () => 'healthy',
      (error) => error,
    );
    let outcome: unknown;
    void probed.then((result) => {
      outcome = result;
    });
    for (let n = 1; outcome === undefined; n += 1) {
      await soon(
        'a stream, or an outcome',
        () => outcome !== undefined || streams(server)[n - 1] !== undefined,
      );
      const next = streams(server)[n - 1];
      next?.peer.send(reset(next.id, ErrorCode.REFUSED_STREAM));
    }
    expect(outcome).toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
  });
});
