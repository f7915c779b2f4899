import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { ErrorCode, Flag, type Frame, FrameType, goAway, ping } from './frames.js';
import type { RawPeer } from './raw-http2-server.js';
import { answer, message, useStage } from './stage.js';

const KEEPALIVE_MS = 1_000_000;
/** What the stage sets. */
const PING_TIMEOUT_MS = 20_000;
const stage = useStage();
const isAck = ({ flags }: Frame) => (flags & Flag.ACK) !== 0;

describe("the server's pings", () => {
  test('are answered with the same eight bytes, in their order', async () => {
    const { peer } = await stage.open();
    const payloads = ['\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007', 'ABCDEFGH', '\u0000'.repeat(8)];
    peer.send(...payloads.map((payload) => ping(payload)));
    await eventually(() => expect(peer.of(FrameType.PING)).toHaveLength(3));
    const answers = peer.of(FrameType.PING);
    expect(answers.map(({ payload }) => payload.toString())).toEqual(payloads);
    expect(answers.every((one) => isAck(one) && one.streamId === 0)).toBe(true);
  });

  test('are answered while no window allows anything else', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 0 });
    stage.call(connection).say('stuck');
    const id = await peer.stream();
    peer.send(ping('are you?'));
    const { payload } = await peer.frame(FrameType.PING, isAck);
    expect(payload.toString()).toBe('are you?');
    expect(peer.bytesOf(id)).toHaveLength(0);
  });

  test('that answer none of ours are passed over', async () => {
    const { peer, call, streamId } = await stage.answered();
    peer.send(ping('not ours', true), message(streamId, 'goes on'));
    expect(await call.received(1)).toEqual(['goes on']);
  });
});

describe('keepalive', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Turns of the event loop, real ones, until something is so. */
  async function turnsUntil(description: string, probe: () => boolean): Promise<void> {
    for (let n = 0; n < 5_000; n += 1) {
      if (probe()) return;
      await turn();
    }
    throw new Error(`not so: ${description}`);
  }

  async function keptAlive(streams: number) {
    const server = await stage.serve();
    const connecting = server.accept();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    const connection = stage.connect(server.address, {
      keepaliveTimeMs: KEEPALIVE_MS,
      connectTimeoutMs: 2_000_000,
    });
    await turnsUntil('it connects', () => server.peers.length === 1);
    const peer = await connecting;
    peer.greet();
    await connection.ready(new AbortController().signal);
    connection.streams = streams;
    const pings = () => peer.of(FrameType.PING).filter((one) => !isAck(one));
    return { peer, connection, pings };
  }

  /** Lets time pass, once the client has read all, and until it has said all. */
  async function advance(peer: RawPeer, ms: number): Promise<void> {
    await heard(peer);
    vi.advanceTimersByTime(ms);
    for (let n = 0; n < 20; n += 1) await turn();
  }

  async function heard(peer: RawPeer): Promise<void> {
    const before = peer.of(FrameType.PING).filter(isAck).length;
    peer.send(ping('heard it'));
    await turnsUntil('it answers', () => peer.of(FrameType.PING).filter(isAck).length > before);
  }

  test('ends a connection without calls, and does not ping it', async () => {
    const { peer, pings, connection } = await keptAlive(0);
    await advance(peer, KEEPALIVE_MS - 1);
    expect(peer.closed).toBe(false);
    await advance(peer, 1);
    await turnsUntil('it is closed', () => peer.closed);
    expect(pings()).toHaveLength(0);
    expect(stage.lost).toEqual([connection]);
  });

  test('pings once an interval while calls are open, and is content with the answers', async () => {
    const { peer, connection, pings } = await keptAlive(1);
    const call = stage.call(connection);
    await turnsUntil('the call is made', () => peer.of(FrameType.HEADERS).length === 1);
    for (let n = 1; n <= 3; n += 1) {
      await advance(peer, n === 1 ? KEEPALIVE_MS : KEEPALIVE_MS - PING_TIMEOUT_MS);
      await turnsUntil('a ping comes', () => pings().length === n);
      peer.send(ping(pings()[n - 1]?.payload ?? '', true));
      await advance(peer, PING_TIMEOUT_MS);
    }
    expect(peer.closed).toBe(false);
    expect(call.ends).toEqual([]);
  });

  test('cuts a connection that does not answer, with the calls on it', async () => {
    const { peer, connection, pings } = await keptAlive(1);
    const call = stage.call(connection);
    await turnsUntil('the call is made', () => peer.of(FrameType.HEADERS).length === 1);
    peer.send(answer(peer.of(FrameType.HEADERS)[0]?.streamId ?? 0));
    await advance(peer, KEEPALIVE_MS);
    await turnsUntil('a ping comes', () => pings().length === 1);
    await advance(peer, PING_TIMEOUT_MS - 1);
    expect(peer.closed).toBe(false);
    await advance(peer, 1);
    await turnsUntil('it is cut', () => peer.closed && call.ends.length > 0);
    expect(call.ends).toEqual([{ code: 'UNAVAILABLE', details: expect.any(String) }]);
    expect(stage.lost).toEqual([connection]);
  });

  test('goes on after a GOAWAY, as long as there are calls', async () => {
    const { peer, connection, pings } = await keptAlive(1);
    const call = stage.call(connection);
    await turnsUntil('the call is made', () => peer.of(FrameType.HEADERS).length === 1);
    peer.send(answer(1), goAway(2 ** 31 - 1, ErrorCode.NO_ERROR));
    for (let n = 1; n <= 2; n += 1) {
      await advance(peer, n === 1 ? KEEPALIVE_MS : KEEPALIVE_MS - PING_TIMEOUT_MS);
      await turnsUntil('a ping comes', () => pings().length === n);
      peer.send(ping(pings()[n - 1]?.payload ?? '', true));
      await advance(peer, PING_TIMEOUT_MS);
    }
    expect(call.ends).toEqual([]);
    await advance(peer, KEEPALIVE_MS - PING_TIMEOUT_MS);
    await turnsUntil('a ping comes', () => pings().length === 3);
    await advance(peer, PING_TIMEOUT_MS);
    await turnsUntil('it is cut', () => peer.closed && call.ends.length > 0);
    expect(call.ends).toEqual([{ code: 'UNAVAILABLE', details: expect.stringContaining('ping') }]);
  });

  test('is over with the connection', async () => {
    const { peer, connection } = await keptAlive(1);
    connection.close();
    await turnsUntil('it is closed', () => peer.closed);
    expect(vi.getTimerCount()).toBe(0);
  });
});
