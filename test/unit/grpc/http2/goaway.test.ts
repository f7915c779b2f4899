import { describe, expect, test } from 'vitest';
import { data, ErrorCode, Flag, FrameType, frame, goAway } from './frames.js';
import { framed } from './recorded-call.js';
import { answer, finish, message, useStage } from './stage.js';

const stage = useStage();
const LAST = 2 ** 31 - 1;
const UNAVAILABLE = expect.objectContaining({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });

async function twoCalls() {
  const { peer, connection } = await stage.open();
  const calls = [stage.call(connection), stage.call(connection)] as const;
  const [one = 0, other = 0] = await peer.streams(2);
  peer.send(answer(one), answer(other), message(one, 'hello'), message(other, 'hello'));
  for (const call of calls) await call.received(1);
  return { peer, connection, calls, one, other };
}

describe('a server that goes away in peace', () => {
  test('gets no further call, and ends those that it has', async () => {
    const { peer, connection, calls, one, other } = await twoCalls();
    peer.send(goAway(LAST, ErrorCode.NO_ERROR, 'max_age'));
    await expect.poll(() => stage.lost).toEqual([connection]);
    expect(() => stage.call(connection)).toThrow(UNAVAILABLE);
    calls[0].say('you there?');
    await expect.poll(() => peer.bytesOf(one)).toEqual(framed('you there?'));
    peer.send(goAway(other, ErrorCode.NO_ERROR), message(one, 'still'), message(other, 'here'));
    expect(await calls[0].received(2)).toEqual(['hello', 'still']);
    expect(await calls[1].received(2)).toEqual(['hello', 'here']);
    peer.send(finish(one), finish(other, 5));
    expect((await calls[0].ended()).code).toBe('OK');
    expect((await calls[1].ended()).code).toBe('NOT_FOUND');
    expect(stage.lost).toEqual([connection]);
  });

  test('is left when its last call has ended', async () => {
    const { peer, calls, one, other } = await twoCalls();
    peer.send(goAway(other, ErrorCode.NO_ERROR), finish(one));
    await calls[0].ended();
    calls[1].cancel();
    await calls[1].ended();
    await peer.gone();
  });

  test('is left at once where there is no call', async () => {
    const { peer, connection } = await stage.open();
    peer.send(goAway(0, ErrorCode.NO_ERROR));
    await peer.gone();
    expect(stage.lost).toEqual([connection]);
  });

  test('ends at once the calls that it has not taken', async () => {
    const { peer, calls, one } = await twoCalls();
    peer.send(goAway(one, ErrorCode.NO_ERROR), message(one, 'go on'));
    expect((await calls[1].ended()).code).toBe('UNAVAILABLE');
    expect(await calls[0].received(2)).toEqual(['hello', 'go on']);
    expect(calls[0].ends).toEqual([]);
    peer.send(finish(one));
    expect((await calls[0].ended()).code).toBe('OK');
  });

  test('and is cut off then, ends the rest of them', async () => {
    const { peer, calls, other } = await twoCalls();
    peer.send(goAway(other, ErrorCode.NO_ERROR));
    peer.socket.end();
    for (const call of calls) expect((await call.ended()).code).toBe('UNAVAILABLE');
  });
});

test.each([
  ['PROTOCOL_ERROR', ErrorCode.PROTOCOL_ERROR],
  ['ENHANCE_YOUR_CALM', ErrorCode.ENHANCE_YOUR_CALM],
  ['INTERNAL_ERROR', ErrorCode.INTERNAL_ERROR],
])('a server that goes away with %s ends its calls, and so does its closing', async (_, code) => {
  const { peer, connection, calls } = await twoCalls();
  peer.send(goAway(0, code, 'too_many_pings'));
  peer.socket.end();
  for (const call of calls) expect((await call.ended()).code).toBe('UNAVAILABLE');
  expect(() => stage.call(connection)).toThrow(UNAVAILABLE);
  expect(stage.lost).toEqual([connection]);
  await peer.gone();
});

test.each([
  ['on a stream', frame(FrameType.GOAWAY, Flag.NONE, 1, Buffer.alloc(8))],
  ['of seven bytes', frame(FrameType.GOAWAY, Flag.NONE, 0, Buffer.alloc(7))],
])('a GOAWAY %s is an end without peace', async (_, bytes) => {
  const { peer, calls } = await twoCalls();
  peer.send(bytes);
  await peer.gone();
  for (const call of calls) expect((await call.ended()).code).toBe('UNAVAILABLE');
});

test('a connection that is cut ends its calls, also in the middle of a frame', async () => {
  const { peer, connection, calls, one } = await twoCalls();
  peer.send(data(one, Buffer.alloc(1_000)).subarray(0, 500));
  peer.socket.end();
  for (const call of calls) expect((await call.ended()).code).toBe('UNAVAILABLE');
  expect(() => stage.call(connection)).toThrow(UNAVAILABLE);
  expect(stage.lost).toEqual([connection]);
});

test('a connection that is reset ends its calls', async () => {
  const { peer, connection, calls } = await twoCalls();
  peer.socket.resetAndDestroy();
  for (const call of calls) expect((await call.ended()).code).toBe('UNAVAILABLE');
  expect(stage.lost).toEqual([connection]);
});
