import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { DEFAULT_WINDOW, ErrorCode, Flag, FrameType, settings, windowUpdate } from './frames.js';
import { type RawPeer, soon } from './raw-http2-server.js';
import { framed } from './recorded-call.js';
import { answer, finish, message, useStage } from './stage.js';

const stage = useStage();
const PREFIX = 5;
const TWO_TO_31 = 2 ** 31;

async function arrived(peer: RawPeer, streamId: number, bytes: number): Promise<void> {
  await soon(`${bytes} bytes have arrived`, () => peer.bytesOf(streamId).length >= bytes);
  await peer.settled();
  expect(peer.bytesOf(streamId)).toHaveLength(bytes);
}

describe('no more is sent than', () => {
  test("a stream's first window allows, be it nothing", async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 0 });
    const call = stage.call(connection);
    const id = await peer.stream();
    call.say('ten bytes.');
    await arrived(peer, id, 0);
    for (const sum of [1, 2, 3, 4, 5, 6, 14, PREFIX + 10]) {
      peer.send(windowUpdate(id, sum - peer.bytesOf(id).length));
      await arrived(peer, id, sum);
    }
    peer.send(windowUpdate(id, 1_000));
    await arrived(peer, id, PREFIX + 10);
  });

  test.each([
    [1, 50_000],
    [100, 500],
  ])("the connection's window allows, over all streams, by %i messages of %i bytes", async (count, size) => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 1_000_000 });
    const calls = [stage.call(connection), stage.call(connection)];
    const ids = await peer.streams(2);
    for (const call of calls) call.say(...Array(count).fill(Buffer.alloc(size)));
    const sum = () => ids.reduce((bytes, id) => bytes + peer.bytesOf(id).length, 0);
    await soon('the window is full', () => sum() >= DEFAULT_WINDOW);
    peer.send(...ids.map((id) => windowUpdate(id, 100_000)));
    await peer.settled();
    expect(sum()).toBe(DEFAULT_WINDOW);
    peer.send(windowUpdate(0, 10));
    await soon('ten more come', () => sum() >= DEFAULT_WINDOW + 10);
    await peer.settled();
    expect(sum()).toBe(DEFAULT_WINDOW + 10);
    peer.send(windowUpdate(0, 100_000));
    await soon('the rest comes', () => sum() >= 2 * count * (PREFIX + size));
    for (const id of ids) expect(peer.bytesOf(id)).toHaveLength(count * (PREFIX + size));
  });

  test('is left of a window that shrinks below what was sent', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 1_000 });
    const call = stage.call(connection);
    const id = await peer.stream();
    call.say(Buffer.alloc(5_000));
    await arrived(peer, id, 1_000);
    peer.send(settings({ INITIAL_WINDOW_SIZE: 400 }), windowUpdate(id, 600));
    await arrived(peer, id, 1_000);
    peer.send(windowUpdate(id, 1));
    await arrived(peer, id, 1_001);
    peer.send(settings({ INITIAL_WINDOW_SIZE: 0 }), settings({ INITIAL_WINDOW_SIZE: 401 }));
    await arrived(peer, id, 1_002);
  });

  test('a window allows that grows by SETTINGS, on streams that are open and on later ones', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 10 });
    const call = stage.call(connection);
    const id = await peer.stream();
    call.say(Buffer.alloc(100));
    await arrived(peer, id, 10);
    peer.send(settings({ INITIAL_WINDOW_SIZE: 30 }));
    await arrived(peer, id, 30);
    const later = stage.call(connection);
    const [, laterId = 0] = await peer.streams(2);
    later.say(Buffer.alloc(100));
    await arrived(peer, laterId, 30);
  });

  test('the longest frame that the server takes', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 1_000_000, MAX_FRAME_SIZE: 20_000 });
    peer.send(windowUpdate(0, 1_000_000));
    const call = stage.call(connection);
    const id = await peer.stream();
    call.say(Buffer.alloc(200_000));
    await arrived(peer, id, PREFIX + 200_000);
    const longest = () => Math.max(...peer.of(FrameType.DATA).map(({ payload }) => payload.length));
    expect(longest()).toBeLessThanOrEqual(20_000);
    peer.frames.length = 0;
    peer.send(settings({ MAX_FRAME_SIZE: 16_384 }));
    await peer.settled();
    call.say(Buffer.alloc(200_000));
    await arrived(peer, id, PREFIX + 200_000);
    expect(longest()).toBeLessThanOrEqual(16_384);
  });
});

describe('a call whose window is empty', () => {
  test('holds up no other, nor what the server says', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 20 });
    const stuck = stage.call(connection);
    const other = stage.call(connection);
    const [stuckId = 0, otherId = 0] = await peer.streams(2);
    stuck.say(Buffer.alloc(100));
    await arrived(peer, stuckId, 20);
    other.say('gets through');
    await arrived(peer, otherId, PREFIX + 12);
    peer.send(answer(stuckId), message(stuckId, 'hear me'));
    expect(await stuck.received(1)).toEqual(['hear me']);
  });

  test('has messages pending, which falls as the server takes them', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 0 });
    const call = stage.call(connection);
    const id = await peer.stream();
    expect(call.pending).toBe(0);
    for (let n = 0; n < 10; n += 1) call.say(Buffer.alloc(95));
    await peer.settled();
    expect(call.pending).toBe(10);
    peer.send(windowUpdate(id, 450));
    await arrived(peer, id, 450);
    expect(call.pending).toBeGreaterThanOrEqual(5);
    peer.send(windowUpdate(id, 550));
    await soon('none is pending', () => call.pending === 0);
    await soon('all of it has arrived', () => peer.bytesOf(id).length === 1_000);
  });

  test('or whose server does not read, has messages pending, which all arrive when it does', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: TWO_TO_31 - 1 });
    peer.send(windowUpdate(0, TWO_TO_31 - 1 - DEFAULT_WINDOW));
    const calls = [stage.call(connection), stage.call(connection)];
    const ids = await peer.streams(2);
    peer.socket.pause();
    const said = calls.map(() => [] as Buffer[]);
    for (let n = 0; n < 400; n += 1) {
      for (const [m, call] of calls.entries()) {
        const text = Buffer.alloc(50_000 - n, `message ${n} of ${m} `);
        said[m]?.push(framed(text));
        call.say(text);
      }
      await turn();
    }
    expect(calls.every(({ pending }) => pending > 0)).toBe(true);
    peer.socket.resume();
    for (const [m, id] of ids.entries()) {
      const bytes = Buffer.concat(said[m] ?? []);
      await soon(
        'all has arrived',
        () =>
          peer.of(FrameType.DATA, id).reduce((sum, { payload }) => sum + payload.length, 0) >= bytes.length,
      );
      expect(peer.bytesOf(id).equals(bytes)).toBe(true);
      expect(calls[m]?.pending).toBe(0);
    }
  });

  test('half-closes only when all is said', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 3 });
    const call = stage.call(connection);
    const id = await peer.stream();
    call.say('a message');
    call.end();
    await arrived(peer, id, 3);
    const isEnd = ({ flags, streamId }: { flags: number; streamId: number }) =>
      streamId === id && (flags & Flag.END_STREAM) !== 0;
    expect(peer.frames.some((one) => one.type === FrameType.DATA && isEnd(one))).toBe(false);
    peer.send(windowUpdate(id, PREFIX + 9 - 3));
    await peer.frame(FrameType.DATA, isEnd);
    peer.send(windowUpdate(0, 100), windowUpdate(id, 100), settings({ INITIAL_WINDOW_SIZE: 1_000 }));
    await peer.settled();
    expect(peer.bytesOf(id)).toHaveLength(PREFIX + 9);
    expect(peer.of(FrameType.DATA).filter(isEnd)).toHaveLength(1);
  });

  test.each([
    ['is cancelled', ErrorCode.CANCEL, 'CANCELLED'],
    ['is ended by the server', ErrorCode.NO_ERROR, 'OK'],
  ] as const)('%s, and its messages with it', async (how, _code, status) => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 0 });
    const call = stage.call(connection);
    const id = await peer.stream();
    call.say('never sent');
    await peer.settled();
    if (how === 'is cancelled') call.cancel();
    else peer.send(answer(id), finish(id));
    expect(await call.ended()).toMatchObject({ code: status });
    peer.send(windowUpdate(id, 1_000), windowUpdate(0, 1_000));
    await peer.settled();
    expect(peer.bytesOf(id)).toHaveLength(0);
    const next = stage.call(connection);
    const [, nextId = 0] = await peer.streams(2);
    peer.send(answer(nextId), message(nextId, 'next'));
    expect(await next.received(1)).toEqual(['next']);
  });
});

describe('a window that is wrong', () => {
  test('of a stream, which grows too large, resets that stream', async () => {
    const { peer, connection, call, streamId } = await stage.answered();
    peer.send(windowUpdate(streamId, TWO_TO_31 - 1));
    expect(await peer.resetOf(streamId)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    expect((await call.ended()).code).toBe('INTERNAL');
    const next = stage.call(connection);
    const [, nextId = 0] = await peer.streams(2);
    peer.send(answer(nextId), message(nextId, 'next'));
    expect(await next.received(1)).toEqual(['next']);
  });

  test.each([
    ['grows too large', () => windowUpdate(0, TWO_TO_31 - 1), ErrorCode.FLOW_CONTROL_ERROR],
    ['grows by nothing', () => windowUpdate(0, 0), ErrorCode.PROTOCOL_ERROR],
    ['of a stream grows by nothing', () => windowUpdate(1, 0), ErrorCode.PROTOCOL_ERROR],
    ['is of a stream that is not open yet', () => windowUpdate(99, 1), ErrorCode.PROTOCOL_ERROR],
    ['starts too large', () => settings({ INITIAL_WINDOW_SIZE: TWO_TO_31 }), ErrorCode.FLOW_CONTROL_ERROR],
  ])('and %s ends the connection', async (_, update, code) => {
    const { peer, connection, call } = await stage.answered();
    peer.send(update());
    expect(await peer.goAwayCode()).toBe(code);
    await peer.gone();
    expect((await call.ended()).code).toBe('UNAVAILABLE');
    expect(stage.lost).toEqual([connection]);
  });

  test('by SETTINGS that let one grow too large ends the connection', async () => {
    const { peer, connection, call, streamId } = await stage.answered({ INITIAL_WINDOW_SIZE: 100 });
    peer.send(windowUpdate(streamId, 1_000), settings({ INITIAL_WINDOW_SIZE: TWO_TO_31 - 1 }));
    expect(await peer.goAwayCode()).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    await peer.gone();
    expect((await call.ended()).code).toBe('UNAVAILABLE');
    expect(stage.lost).toEqual([connection]);
  });
});

test('windows of streams that are closed matter no more', async () => {
  const { peer, call, streamId, connection } = await stage.answered();
  peer.send(finish(streamId));
  await call.ended();
  peer.send(windowUpdate(streamId, 10), windowUpdate(streamId, 2 ** 31 - 1));
  const next = stage.call(connection);
  const [, nextId = 0] = await peer.streams(2);
  peer.send(answer(nextId), message(nextId, 'next'));
  expect(await next.received(1)).toEqual(['next']);
});
