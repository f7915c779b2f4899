import { describe, expect, test } from 'vitest';
import { data, ErrorCode, Flag, FrameType, reset, settings, windowUpdate } from './frames.js';
import { ObeyingSender } from './obeying-sender.js';
import { framed } from './recorded-call.js';
import { answer, finish, message, useStage } from './stage.js';

const stage = useStage();
const endsStream = ({ flags }: { flags: number }) => (flags & Flag.END_STREAM) !== 0;

test('a call opens its stream at once, without an end', async () => {
  const { peer, connection } = await stage.open();
  stage.call(connection);
  await peer.stream();
  const [opening] = peer.of(FrameType.HEADERS);
  expect(opening && endsStream(opening)).toBe(false);
});

test('a call hears on after it has half-closed, and is over when the server is done', async () => {
  const { peer, call, streamId } = await stage.answered();
  call.say('the last');
  call.end();
  await peer.frame(FrameType.DATA, endsStream);
  expect(peer.bytesOf(streamId)).toEqual(framed('the last'));
  call.say('after the end');
  call.end();
  peer.send(message(streamId, 'one more'), message(streamId, 'and another'));
  expect(await call.received(2)).toEqual(['one more', 'and another']);
  expect(call.ends).toEqual([]);
  peer.send(finish(streamId));
  expect(await call.ended()).toEqual({ code: 'OK', details: '' });
  await peer.settled();
  expect(peer.bytesOf(streamId)).toEqual(framed('the last'));
  expect(peer.of(FrameType.DATA, streamId).filter(endsStream)).toHaveLength(1);
  expect(peer.of(FrameType.RST_STREAM, streamId)).toHaveLength(0);
});

test('a call can half-close without a word', async () => {
  const { peer, call, streamId } = await stage.answered();
  call.end();
  await peer.frame(FrameType.DATA, endsStream);
  expect(peer.bytesOf(streamId)).toHaveLength(0);
  peer.send(finish(streamId));
  expect((await call.ended()).code).toBe('OK');
});

describe('a call that is cancelled', () => {
  test('is reset and ends once, whatever comes after', async () => {
    const { peer, connection, call, streamId } = await stage.answered();
    peer.send(message(streamId, 'before'));
    await call.received(1);
    call.cancel();
    call.cancel();
    call.say('too late');
    call.end();
    expect((await call.ended()).code).toBe('CANCELLED');
    expect(await peer.resetOf(streamId)).toBe(ErrorCode.CANCEL);
    peer.send(
      message(streamId, 'unheard'),
      windowUpdate(streamId, 5),
      finish(streamId),
      reset(streamId, ErrorCode.CANCEL),
    );
    const next = stage.call(connection);
    const [, nextId = 0] = await peer.streams(2);
    peer.send(answer(nextId), message(nextId, 'next'));
    expect(await next.received(1)).toEqual(['next']);
    expect(call).toMatchObject({ messages: ['before'], ends: [{ code: 'CANCELLED' }] });
    expect(peer.of(FrameType.RST_STREAM)).toHaveLength(1);
    expect(peer.bytesOf(streamId)).toHaveLength(0);
  });

  test('in the midst of a long message says no more of its stream than the reset', async () => {
    const { peer, connection } = await stage.open();
    const call = stage.call(connection, { onMessage: () => call.cancel() });
    const id = await peer.stream();
    peer.send(answer(id));
    new ObeyingSender(peer).send(id, Buffer.concat(Array(3).fill(framed(Buffer.alloc(524_280)))));
    expect(await peer.resetOf(id)).toBe(ErrorCode.CANCEL);
    await peer.settled();
    const types = peer.frames.filter(({ streamId }) => streamId === id).map(({ type }) => type);
    expect(types.at(-1)).toBe(FrameType.RST_STREAM);
    expect(call.messages).toHaveLength(1);
  });

  test('in the moment in which it is made, ends too', async () => {
    const { peer, connection } = await stage.open();
    const call = stage.call(connection);
    call.say('never mind');
    call.cancel();
    expect((await call.ended()).code).toBe('CANCELLED');
    const next = stage.call(connection);
    await peer.stream();
    await peer.settled();
    const nextId = peer.of(FrameType.HEADERS).at(-1)?.streamId ?? 0;
    peer.send(answer(nextId), message(nextId, 'next'));
    await expect.poll(() => next.messages).toEqual(['next']);
  });

  test.each(['onMessage', 'onEnd'] as const)('from within its %s, is cancelled once', async (moment) => {
    const { peer, connection } = await stage.open();
    const call = stage.call(connection, { [moment]: () => call.cancel() });
    const id = await peer.stream();
    peer.send(answer(id), data(id, Buffer.concat([framed('one'), framed('two')])), finish(id));
    const { code } = await call.ended();
    if (moment === 'onEnd') expect(code).toBe('OK');
    await peer.settled();
    expect(call.ends).toHaveLength(1);
    expect(call.messages[0]).toBe('one');
  });
});

describe('closing the connection', () => {
  test('ends all its calls, each once', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 0 });
    const calls = Array.from({ length: 5 }, () => stage.call(connection));
    const ids = await peer.streams(5);
    peer.send(answer(ids[0] ?? 0), answer(ids[1] ?? 0), finish(ids[1] ?? 0));
    await calls[1]?.ended();
    calls[2]?.say('waits for a window');
    calls[3]?.cancel();
    connection.close();
    connection.close();
    const codes = await Promise.all(calls.map(async (call) => (await call.ended()).code));
    expect(codes).toEqual(['UNAVAILABLE', 'OK', 'UNAVAILABLE', 'CANCELLED', 'UNAVAILABLE']);
    await peer.gone();
    expect(stage.lost).toEqual([connection]);
  });

  test('in the middle of a message, from its listener', async () => {
    const { peer, connection } = await stage.open();
    const call = stage.call(connection, { onMessage: () => connection.close() });
    const id = await peer.stream();
    peer.send(answer(id), message(id, 'one'), message(id, 'two'), finish(id));
    await call.ended();
    await peer.gone();
    expect(call.ends).toHaveLength(1);
    expect(call.messages).toEqual(['one']);
  });

  test('leaves calls that are used later in peace', async () => {
    const { connection, call } = await stage.answered();
    connection.close();
    call.say('hello?');
    call.end();
    call.cancel();
    await call.ended();
    expect(() => stage.call(connection)).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_SFU_UNAVAILABLE' }),
    );
  });
});

test('a connection says how many calls the server takes at a time', async () => {
  const { peer, connection } = await stage.open({ MAX_CONCURRENT_STREAMS: 2 });
  expect(connection.maxStreams).toBe(2);
  peer.send(settings({ INITIAL_WINDOW_SIZE: 10 }));
  await peer.settled();
  expect(connection.maxStreams).toBe(2);
  peer.send(settings({ MAX_CONCURRENT_STREAMS: 1 }), settings({ MAX_CONCURRENT_STREAMS: 0 }));
  await peer.settled();
  expect(connection.maxStreams).toBe(0);
});
