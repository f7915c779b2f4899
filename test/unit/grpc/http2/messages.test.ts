import { describe, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../../../src/grpc/grpc-connection.js';
import { cut, data, ErrorCode, Flag, FrameType, windowUpdate } from './frames.js';
import { ObeyingSender } from './obeying-sender.js';
import { soon } from './raw-http2-server.js';
import { framed } from './recorded-call.js';
import { answer, finish, message, useStage } from './stage.js';

const stage = useStage();
const WORDS = ['first', '', 'a third one', '\u0000\u0001\u00ff', 'last'];
const BYTES = Buffer.concat(WORDS.map((word) => framed(Buffer.from(word, 'latin1'))));

/** Of these sizes, over and over. */
function inPieces(bytes: Buffer, size: number): Buffer[] {
  return cut(bytes, Array(Math.ceil(bytes.length / size)).fill(size)).filter((piece) => piece.length > 0);
}

describe("the server's messages come in order and whole", () => {
  test('from one frame that holds them all', async () => {
    const { peer, call, streamId } = await stage.answered();
    peer.send(data(streamId, BYTES));
    expect(await call.received(WORDS.length)).toEqual(WORDS);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 11, 16])('from DATA frames of %i bytes', async (size) => {
    const { peer, call, streamId } = await stage.answered();
    peer.send(...inPieces(BYTES, size).map((piece) => data(streamId, piece)));
    expect(await call.received(WORDS.length)).toEqual(WORDS);
  });

  test.each([1, 2, 3, 8, 9, 10, 13, 64])('from TCP segments of %i bytes', async (size) => {
    const { peer, call, streamId } = await stage.answered();
    const frames = [
      message(streamId, 'one'),
      data(streamId, BYTES),
      message(streamId, 'end'),
      finish(streamId),
    ];
    await peer.sendApart(inPieces(Buffer.concat(frames), size));
    expect(await call.received(WORDS.length + 2)).toEqual(['one', ...WORDS, 'end']);
    expect(await call.ended()).toEqual({ code: 'OK', details: '' });
  });

  test('with padding, without it, and between empty frames', async () => {
    const { peer, call, streamId } = await stage.answered();
    const empty = data(streamId, Buffer.alloc(0));
    const [start, middle, rest] = cut(BYTES, [3, 9]);
    peer.send(
      data(streamId, start ?? empty, { padding: 0 }),
      empty,
      data(streamId, middle ?? empty, { padding: 255 }),
      data(streamId, Buffer.alloc(0), { padding: 7 }),
      data(streamId, rest ?? empty, { padding: 1 }),
    );
    expect(await call.received(WORDS.length)).toEqual(WORDS);
  });

  test('on many streams at once, each its own', async () => {
    const { peer, connection } = await stage.open();
    const calls = Array.from({ length: 10 }, () => stage.call(connection));
    const ids = await peer.streams(10);
    peer.send(...ids.map(answer));
    for (const piece of inPieces(BYTES, 4)) peer.send(...ids.map((id) => data(id, piece)));
    peer.send(...ids.map((id) => message(id, `for ${id}`)));
    for (const [n, call] of calls.entries()) {
      expect(await call.received(WORDS.length + 1)).toEqual([...WORDS, `for ${ids[n]}`]);
    }
  });

  test('with the end of the stream in the same segment', async () => {
    const { peer, connection } = await stage.open();
    const call = stage.call(connection);
    const id = await peer.stream();
    peer.send(answer(id), message(id, 'all there is'), finish(id));
    expect(await call.ended()).toEqual({ code: 'OK', details: '' });
    expect(call.messages).toEqual(['all there is']);
  });

  test('as long as a message may be', async () => {
    const { peer, call, streamId } = await stage.answered();
    const long = Buffer.alloc(MAX_MESSAGE_BYTES, 'long ');
    new ObeyingSender(peer).send(streamId, Buffer.concat([framed(long), framed('short')]));
    const [first, second] = await call.received(2);
    expect(first === long.toString('latin1')).toBe(true);
    expect(second).toBe('short');
  });
});

describe('a message that is refused ends its call, and no other', () => {
  test.each([
    [
      'longer than it may be',
      framed(Buffer.alloc(MAX_MESSAGE_BYTES + 1)).subarray(0, 5),
      `${MAX_MESSAGE_BYTES + 1} bytes`,
    ],
    ['compressed', Buffer.from([1, 0, 0, 0, 1, 0]), 'compressed'],
    ['with a flag that there is not', Buffer.from([0x80, 0, 0, 0, 1, 0]), ''],
  ])('%s', async (_, bytes, reason) => {
    const { peer, connection, call, streamId } = await stage.answered();
    const bystander = stage.call(connection);
    const [, otherId = 0] = await peer.streams(2);
    peer.send(message(streamId, 'before it'), data(streamId, bytes));
    expect(await call.ended()).toEqual({ code: 'INTERNAL', details: expect.stringContaining(reason) });
    expect(await peer.resetOf(streamId)).toBe(ErrorCode.CANCEL);
    peer.send(message(streamId, 'too late'), answer(otherId), message(otherId, 'still here'));
    expect(await bystander.received(1)).toEqual(['still here']);
    expect(call.messages).toEqual(['before it']);
  });
});

describe("this side's messages arrive in order and whole", () => {
  test('each with its prefix, from the first on', async () => {
    const { peer, connection } = await stage.open();
    const call = stage.call(connection);
    call.say(...WORDS);
    const id = await peer.stream();
    await soon('all has arrived', () => peer.bytesOf(id).length >= Buffer.concat(WORDS.map(framed)).length);
    expect(peer.bytesOf(id)).toEqual(Buffer.concat(WORDS.map(framed)));
    expect(call.pending).toBe(0);
  });

  test('each on its own stream', async () => {
    const { peer, connection } = await stage.open();
    const calls = Array.from({ length: 10 }, () => stage.call(connection));
    for (let n = 0; n < 20; n += 1) for (const [m, call] of calls.entries()) call.say(`${n} of ${m}`);
    const ids = await peer.streams(10);
    expect(ids).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    for (const [m, id] of ids.entries()) {
      const expected = Buffer.concat(Array.from({ length: 20 }, (_, n) => framed(`${n} of ${m}`)));
      await soon('all has arrived', () => peer.bytesOf(id).length >= expected.length);
      expect(peer.bytesOf(id)).toEqual(expected);
    }
  });

  test('in frames that are not too long, even of a long message', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 10_000_000 });
    peer.send(windowUpdate(0, 10_000_000));
    const call = stage.call(connection);
    const long = Buffer.alloc(MAX_MESSAGE_BYTES, 'longer ');
    call.say(long, 'short');
    const id = await peer.stream();
    const expected = Buffer.concat([framed(long), framed('short')]);
    await soon('all has arrived', () => peer.bytesOf(id).length >= expected.length);
    expect(peer.bytesOf(id).equals(expected)).toBe(true);
    expect(Math.max(...peer.of(FrameType.DATA).map(({ payload }) => payload.length))).toBeLessThanOrEqual(
      16_384,
    );
    expect(peer.of(FrameType.DATA).every(({ flags }) => (flags & Flag.END_STREAM) === 0)).toBe(true);
  });

  test('also when the buffer is written to again after it was said, or not at all before it is sent', async () => {
    const { peer, connection } = await stage.open({ INITIAL_WINDOW_SIZE: 0 });
    const call = stage.call(connection);
    const id = await peer.stream();
    call.say('waits', 'too');
    peer.send(windowUpdate(id, 3), windowUpdate(id, 1), windowUpdate(id, 100));
    await soon('all has arrived', () => peer.bytesOf(id).length >= 18);
    expect(peer.bytesOf(id)).toEqual(Buffer.concat([framed('waits'), framed('too')]));
  });
});
