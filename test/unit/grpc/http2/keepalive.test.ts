import { describe, expect, test } from 'vitest';
import { ErrorCode, Flag, FrameType, goAway, ping } from './frames.js';
import { CLIENTS, Heard, JOIN, joined, onConnect, useNodes } from './nodes.js';
import { type RawPeer, soon } from './raw-http2-server.js';
import { answer, finish, useStage } from './stage.js';

const stage = useStage();
const nodes = useNodes();
const signal = new AbortController().signal;
const LAST = 2 ** 31 - 1;

/** The states of a connection with a session, in each of which it may become half-open. */
const STATES: [state: string, enter: (peer: RawPeer) => void][] = [
  ['is open', () => {}],
  ['was left by its server', (peer) => peer.send(goAway(LAST, ErrorCode.NO_ERROR))],
  [
    'was left by its server for good',
    (peer) => peer.send(goAway(LAST, ErrorCode.NO_ERROR), goAway(1, ErrorCode.NO_ERROR, 'max_age')),
  ],
];

describe.each(CLIENTS)('by %s: a connection that', (client) => {
  async function session(enter: (peer: RawPeer) => void) {
    const server = await stage.serve();
    let pings = 0;
    onConnect(server, (peer) => {
      peer.onFrame = ({ type, flags, payload }) => {
        // SETTINGS, which the peer acknowledges by itself, are as good.
        if (type !== FrameType.PING && type !== FrameType.SETTINGS) return;
        if (flags & Flag.ACK) return;
        pings += 1;
        if (type === FrameType.PING) peer.send(ping(payload, true));
      };
      peer.greet();
    });
    const node = nodes.connect(server.address, { client, keepaliveTimeMs: 40, pingTimeoutMs: 400 });
    const heard = new Heard();
    const stream = await node.open(heard, signal);
    stream.join(JOIN);
    const peer = await server.accept();
    const id = await peer.stream();
    peer.send(answer(id), joined(id));
    await soon('it has joined', () => heard.joins.length === 1);
    enter(peer);
    const answered = async (count: number) => {
      const before = pings;
      await soon('pings are answered', () => pings >= before + count);
    };
    return { server, node, heard, stream, peer, id, answered };
  }

  test.each(STATES)('%s goes on while its server answers pings', async (_, enter) => {
    const { heard, answered, node } = await session(enter);
    await answered(4);
    expect(heard.ends).toEqual([]);
    expect(node.streamCount).toBe(1);
  });

  test('has no session is ended, so that no join finds a dead one', async () => {
    const { heard, peer, stream, id, node, server } = await session(() => {});
    stream.end();
    peer.send(finish(id));
    await soon('the session has ended', () => heard.ends.length === 1);
    expect(heard.ends).toEqual([undefined]);
    await peer.gone();
    expect(node.connectionCount).toBe(0);
    await node.open(new Heard(), signal);
    expect(server.peers).toHaveLength(2);
  });

  test.each(STATES)('%s is cut, with its session, when its server answers no more', async (_, enter) => {
    const { heard, peer, answered } = await session(enter);
    await answered(1);
    peer.socket.pause();
    await soon('the session has ended', () => heard.ends.length === 1);
    expect(heard.ends).toMatchObject([
      {
        code: 'ERR_RELAY_SFU_UNAVAILABLE',
        cause: { message: expect.stringContaining('a ping was not answered') },
      },
    ]);
  });
});
