import { describe, expect, test } from 'vitest';
import {
  continuation,
  data,
  ErrorCode,
  Flag,
  FrameType,
  frame,
  headers,
  reset,
  settings,
  uint32,
  windowUpdate,
} from './frames.js';
import { literals } from './hpack-encoder.js';
import { answer, finish, message, RESPONSE, useStage } from './stage.js';

const stage = useStage();
const { NONE, END_HEADERS, END_STREAM, PADDED, ACK } = Flag;
/** Streams that the client has not opened. */
const IDLE = 101;
const NOBODYS = 2;

async function twoCalls() {
  const { peer, connection } = await stage.open();
  const calls = [stage.call(connection), stage.call(connection)] as const;
  const [one = 0, other = 0] = await peer.streams(2);
  peer.send(answer(one), answer(other));
  return { peer, connection, calls, one, other };
}

const { PROTOCOL_ERROR, FRAME_SIZE_ERROR } = ErrorCode;

describe('the connection and all its calls end, with the code that the RFC has for it, at', () => {
  test.each<[what: string, code: number, bytes: (id: number) => Buffer]>([
    ['DATA on the connection', PROTOCOL_ERROR, () => data(0, Buffer.from('?'))],
    ['DATA on a stream that is not open', PROTOCOL_ERROR, () => data(IDLE, Buffer.from('?'))],
    ['HEADERS on the connection', PROTOCOL_ERROR, () => headers(0, RESPONSE)],
    ['HEADERS on a stream that is not open', PROTOCOL_ERROR, () => headers(IDLE, RESPONSE)],
    ['HEADERS on a stream of the server', PROTOCOL_ERROR, () => headers(NOBODYS, RESPONSE)],
    [
      'padding that is longer than its DATA',
      PROTOCOL_ERROR,
      (id) => frame(FrameType.DATA, PADDED, id, Buffer.from([2, 0])),
    ],
    ['PADDED DATA of nothing', PROTOCOL_ERROR, (id) => frame(FrameType.DATA, PADDED, id)],
    [
      'padding that is longer than its HEADERS',
      PROTOCOL_ERROR,
      (id) => frame(FrameType.HEADERS, PADDED | END_HEADERS, id, Buffer.from([9, 0x88])),
    ],
    [
      'PRIORITY HEADERS that are too short',
      PROTOCOL_ERROR,
      (id) => frame(FrameType.HEADERS, Flag.PRIORITY | END_HEADERS, id, Buffer.alloc(4)),
    ],
    ['RST_STREAM on the connection', PROTOCOL_ERROR, () => reset(0, 8)],
    ['RST_STREAM of a stream that is not open', PROTOCOL_ERROR, () => reset(IDLE, 8)],
    [
      'RST_STREAM of three bytes',
      FRAME_SIZE_ERROR,
      (id) => frame(FrameType.RST_STREAM, NONE, id, Buffer.alloc(3)),
    ],
    ['SETTINGS on a stream', PROTOCOL_ERROR, (id) => frame(FrameType.SETTINGS, NONE, id)],
    ['SETTINGS of seven bytes', FRAME_SIZE_ERROR, () => frame(FrameType.SETTINGS, NONE, 0, Buffer.alloc(7))],
    [
      'an acknowledgement with SETTINGS',
      FRAME_SIZE_ERROR,
      () => frame(FrameType.SETTINGS, ACK, 0, Buffer.alloc(6)),
    ],
    ['ENABLE_PUSH of 2', PROTOCOL_ERROR, () => settings({ ENABLE_PUSH: 2 })],
    ['ENABLE_PUSH by a server', PROTOCOL_ERROR, () => settings({ ENABLE_PUSH: 1 })],
    ['MAX_FRAME_SIZE that is too small', PROTOCOL_ERROR, () => settings({ MAX_FRAME_SIZE: 16_383 })],
    ['MAX_FRAME_SIZE that is too large', PROTOCOL_ERROR, () => settings({ MAX_FRAME_SIZE: 2 ** 24 })],
    [
      'PUSH_PROMISE',
      PROTOCOL_ERROR,
      (id) => frame(FrameType.PUSH_PROMISE, END_HEADERS, id, Buffer.concat([uint32(NOBODYS), RESPONSE])),
    ],
    ['PING on a stream', PROTOCOL_ERROR, (id) => frame(FrameType.PING, NONE, id, Buffer.alloc(8))],
    ['PING of seven bytes', FRAME_SIZE_ERROR, () => frame(FrameType.PING, NONE, 0, Buffer.alloc(7))],
    [
      'WINDOW_UPDATE of three bytes',
      FRAME_SIZE_ERROR,
      (id) => frame(FrameType.WINDOW_UPDATE, NONE, id, Buffer.alloc(3)),
    ],
    ['CONTINUATION of nothing', PROTOCOL_ERROR, (id) => continuation(id, RESPONSE, true)],
    [
      'DATA within a header block',
      PROTOCOL_ERROR,
      (id) => Buffer.concat([frame(FrameType.HEADERS, NONE, id, RESPONSE), data(id, Buffer.from('?'))]),
    ],
    [
      'a frame of no known type within a header block',
      PROTOCOL_ERROR,
      (id) => Buffer.concat([frame(FrameType.HEADERS, NONE, id, RESPONSE), frame(0xbe, NONE, 0)]),
    ],
    [
      'CONTINUATION of another stream',
      PROTOCOL_ERROR,
      (id) =>
        Buffer.concat([frame(FrameType.HEADERS, NONE, id, RESPONSE), continuation(id + 2, RESPONSE, true)]),
    ],
    ['DATA that is too long', FRAME_SIZE_ERROR, (id) => data(id, Buffer.alloc(16_385))],
    [
      'a frame of no known type that is too long',
      FRAME_SIZE_ERROR,
      () => frame(0xbe, NONE, 0, Buffer.alloc(16_385)),
    ],
    [
      'the head of a frame that is too long',
      FRAME_SIZE_ERROR,
      (id) => data(id, Buffer.alloc(1_000_000)).subarray(0, 9),
    ],
  ])('%s', async (_, code, bytes) => {
    const { peer, connection, calls, one } = await twoCalls();
    peer.send(bytes(one));
    expect(await peer.goAwayCode()).toBe(code);
    await peer.gone();
    for (const call of calls) expect((await call.ended()).code).toBe('UNAVAILABLE');
    expect(stage.lost).toEqual([connection]);
  });
});

describe('a call ends, and no other, at', () => {
  test.each<[what: string, bytes: (id: number) => Buffer]>([
    ['DATA before the response', (id) => message(id, 'early')],
    ['a response without a status', (id) => headers(id, literals(['content-type', 'application/grpc']))],
    ['a status that is no number', (id) => headers(id, literals([':status', 'two']))],
    [
      'trailers with a pseudo-header',
      (id) => Buffer.concat([answer(id), headers(id, literals([':status', '200']), { endStream: true })]),
    ],
  ])('%s', async (_, bytes) => {
    const { peer, connection } = await stage.open();
    const call = stage.call(connection);
    const bystander = stage.call(connection);
    const [id = 0, otherId = 0] = await peer.streams(2);
    peer.send(answer(otherId), bytes(id), message(id, 'unheard'));
    expect((await call.ended()).code).not.toBe('OK');
    expect(call.messages).toEqual([]);
    peer.send(message(otherId, 'still here'));
    expect(await bystander.received(1)).toEqual(['still here']);
    expect(stage.lost).toEqual([]);
  });
});

describe('passed over is', () => {
  test.each<[what: string, bytes: (id: number) => Buffer]>([
    [
      'a frame of no known type',
      (id) => Buffer.concat([frame(0xbe, 0xff, id, Buffer.alloc(50)), frame(0xff, 0, 0)]),
    ],
    [
      'ALTSVC, ORIGIN and PRIORITY_UPDATE',
      () => Buffer.concat([10, 12, 16].map((type) => frame(type, NONE, 0, Buffer.alloc(4)))),
    ],
    [
      'PRIORITY, of whatever stream',
      (id) =>
        Buffer.concat([id, IDLE, NOBODYS].map((of) => frame(FrameType.PRIORITY, NONE, of, Buffer.alloc(5)))),
    ],
    [
      'SETTINGS that nobody knows',
      () => frame(FrameType.SETTINGS, NONE, 0, Buffer.from([0xf0, 0x0d, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0])),
    ],
    ['flags that mean nothing', (id) => frame(FrameType.WINDOW_UPDATE, 0xff, id, uint32(5))],
    ['the reserved bit of a stream', (id) => frame(FrameType.DATA, NONE, (id | 0x8000_0000) >>> 0)],
    ['the reserved bit of a window', (id) => frame(FrameType.WINDOW_UPDATE, NONE, id, uint32(0x8000_0001))],
    ['an acknowledgement too many', () => frame(FrameType.SETTINGS, ACK, 0)],
  ])('%s', async (_, bytes) => {
    const { peer, calls, one } = await twoCalls();
    peer.send(message(one, 'before'), bytes(one), message(one, 'after'));
    expect(await calls[0].received(2)).toEqual(['before', 'after']);
  });
});

test.each<[what: string, bytes: (id: number) => Buffer]>([
  ['DATA', (id) => message(id, 'late')],
  ['DATA that ends it again', (id) => data(id, Buffer.alloc(0), { endStream: true })],
  ['trailers', (id) => finish(id, 13)],
  ['a response', (id) => answer(id)],
  ['RST_STREAM', (id) => reset(id, ErrorCode.INTERNAL_ERROR)],
  ['WINDOW_UPDATE', (id) => windowUpdate(id, 1)],
])('%s for a call that the server has ended is not heard', async (_, bytes) => {
  const { peer, calls, one } = await twoCalls();
  peer.send(
    message(one, 'in time'),
    frame(FrameType.HEADERS, END_HEADERS | END_STREAM, one, literals(['grpc-status', '5'])),
  );
  peer.send(bytes(one));
  expect((await calls[0].ended()).code).toBe('NOT_FOUND');
  await Promise.race([peer.settled(), peer.gone()]);
  expect(calls[0].messages).toEqual(['in time']);
  expect(calls[0].ends).toHaveLength(1);
});
