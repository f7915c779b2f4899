import { describe, expect, test } from 'vitest';
import { data, ErrorCode, Flag, FrameType, headers, reset } from './frames.js';
import { type Field, literals } from './hpack-encoder.js';
import { framed } from './recorded-call.js';
import { answer, finish, message, RESPONSE, trailers, useStage } from './stage.js';

const stage = useStage();

async function open() {
  const { peer, connection } = await stage.open();
  const call = stage.call(connection);
  return { peer, call, connection, id: await peer.stream() };
}

/** Response and end in one. */
const trailersOnly = (...fields: Field[]) =>
  literals([':status', '200'], ['content-type', 'application/grpc'], ...fields);

describe('a call ends as the trailers say', () => {
  test.each([
    ['0', 'OK'],
    ['1', 'CANCELLED'],
    ['2', 'UNKNOWN'],
    ['3', 'INVALID_ARGUMENT'],
    ['4', 'DEADLINE_EXCEEDED'],
    ['5', 'NOT_FOUND'],
    ['6', 'ALREADY_EXISTS'],
    ['7', 'PERMISSION_DENIED'],
    ['8', 'RESOURCE_EXHAUSTED'],
    ['9', 'FAILED_PRECONDITION'],
    ['10', 'ABORTED'],
    ['11', 'OUT_OF_RANGE'],
    ['12', 'UNIMPLEMENTED'],
    ['13', 'INTERNAL'],
    ['14', 'UNAVAILABLE'],
    ['15', 'DATA_LOSS'],
    ['16', 'UNAUTHENTICATED'],
    ['17', 'UNKNOWN'],
    ['-1', 'UNKNOWN'],
    ['many', 'UNKNOWN'],
    ['', 'UNKNOWN'],
  ])('with grpc-status %s: %s', async (number, code) => {
    const { peer, call, id } = await open();
    peer.send(answer(id), message(id, 'before'));
    peer.send(headers(id, literals(['grpc-status', number], ['grpc-message', 'why']), { endStream: true }));
    expect(await call.ended()).toEqual({ code, details: 'why' });
    expect(call.messages).toEqual(['before']);
  });

  test.each([
    ['plain', 'plain'],
    ['a%20b%2Cc', 'a b,c'],
    ['%E2%82%AC 5', '€ 5'],
    ['50% off', '50% off'],
    ['%zz', '%zz'],
    ['%C3', '%C3'],
    ['', ''],
  ])('with grpc-message %j: %j', async (sent, details) => {
    const { peer, call, id } = await open();
    peer.send(answer(id), headers(id, trailers(9, ['grpc-message', sent]), { endStream: true }));
    expect(await call.ended()).toEqual({ code: 'FAILED_PRECONDITION', details });
  });

  test('with many other fields among them', async () => {
    const { peer, call, id } = await open();
    const others = Array.from({ length: 50 }, (_, n): Field => [`x-trailer-${n}`, 'some value']);
    peer.send(answer(id), headers(id, literals(...others, ['grpc-status', '5']), { endStream: true }));
    expect(await call.ended()).toEqual({ code: 'NOT_FOUND', details: '' });
  });

  test('without a response before them', async () => {
    const { peer, call, id } = await open();
    const block = trailersOnly(['grpc-status', '12'], ['grpc-message', 'unknown%20service']);
    peer.send(headers(id, block, { endStream: true }));
    expect(await call.ended()).toEqual({ code: 'UNIMPLEMENTED', details: 'unknown service' });
  });

  test('while this side has not half-closed, which it then need not', async () => {
    const { peer, call, id } = await open();
    peer.send(answer(id), finish(id));
    await call.ended();
    call.say('too late');
    call.end();
    call.cancel();
    await peer.settled();
    expect(peer.bytesOf(id)).toHaveLength(0);
  });
});

describe('a call ends without a status of its own', () => {
  test.each([
    [400, 'INTERNAL'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'UNIMPLEMENTED'],
    [429, 'UNAVAILABLE'],
    [500, 'UNKNOWN'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'UNAVAILABLE'],
  ])('by HTTP status %i: %s', async (httpStatus, code) => {
    const { peer, call, id } = await open();
    const block = literals([':status', String(httpStatus)], ['content-type', 'text/html']);
    peer.send(
      headers(id, block),
      data(id, Buffer.from('<!doctype html><p>A page that explains it</p>')),
      data(id, framed('no message'), { endStream: true }),
    );
    expect(await call.ended()).toEqual({ code, details: `HTTP status ${httpStatus}` });
    expect(call.messages).toEqual([]);
  });

  test('by HTTP status alone', async () => {
    const { peer, call, id } = await open();
    peer.send(headers(id, literals([':status', '503']), { endStream: true }));
    expect((await call.ended()).code).toBe('UNAVAILABLE');
  });

  test('by what answers and is no gRPC', async () => {
    const { peer, call, id } = await open();
    peer.send(headers(id, literals([':status', '200'], ['content-type', 'text/html'])));
    peer.send(data(id, Buffer.from('<!doctype html><p>A welcome page</p>'), { endStream: true }));
    expect((await call.ended()).code).not.toBe('OK');
  });

  test.each([
    ['DATA', (id: number) => data(id, Buffer.alloc(0), { endStream: true })],
    ['the response', (id: number) => headers(id, RESPONSE, { endStream: true })],
    [
      'trailers that say nothing',
      (id: number) => headers(id, literals(['x-nothing', '1']), { endStream: true }),
    ],
  ])('by the end of the stream in %s', async (what, end) => {
    const { peer, call, id } = await open();
    peer.send(what === 'the response' ? Buffer.alloc(0) : answer(id), end(id));
    expect((await call.ended()).code).not.toBe('OK');
  });

  test('after interim responses, by what the last one says', async () => {
    const { peer, call, id } = await open();
    const interim = headers(id, literals([':status', '103'], ['link', '</a>']));
    peer.send(interim, interim, answer(id), message(id, 'then'), finish(id, 3));
    expect((await call.ended()).code).toBe('INVALID_ARGUMENT');
    expect(call.messages).toEqual(['then']);
  });
});

describe('a call ends by a reset', () => {
  test.each([
    ['NO_ERROR', 'INTERNAL'],
    ['PROTOCOL_ERROR', 'INTERNAL'],
    ['INTERNAL_ERROR', 'INTERNAL'],
    ['FLOW_CONTROL_ERROR', 'INTERNAL'],
    ['SETTINGS_TIMEOUT', 'INTERNAL'],
    ['STREAM_CLOSED', 'INTERNAL'],
    ['FRAME_SIZE_ERROR', 'INTERNAL'],
    ['REFUSED_STREAM', 'UNAVAILABLE'],
    ['CANCEL', 'CANCELLED'],
    ['COMPRESSION_ERROR', 'INTERNAL'],
    ['CONNECT_ERROR', 'INTERNAL'],
    ['ENHANCE_YOUR_CALM', 'RESOURCE_EXHAUSTED'],
    ['INADEQUATE_SECURITY', 'PERMISSION_DENIED'],
    ['HTTP_1_1_REQUIRED', 'INTERNAL'],
  ] as const)('with %s: %s', async (name, code) => {
    const { peer, call, connection, id } = await open();
    peer.send(answer(id), message(id, 'before'), reset(id, ErrorCode[name]));
    expect((await call.ended()).code).toBe(code);
    expect(call.messages).toEqual(['before']);
    expect(stage.lost).toEqual([]);
    const next = stage.call(connection);
    const [, nextId = 0] = await peer.streams(2);
    peer.send(answer(nextId), finish(nextId));
    expect((await next.ended()).code).toBe('OK');
    expect(peer.of(FrameType.RST_STREAM, id)).toHaveLength(0);
  });

  test('before any response', async () => {
    const { peer, call, id } = await open();
    peer.send(reset(id, ErrorCode.REFUSED_STREAM));
    expect((await call.ended()).code).toBe('UNAVAILABLE');
  });

  test('with a code that there is not', async () => {
    const { peer, call, id } = await open();
    peer.send(reset(id, 0xffff_fff0));
    expect((await call.ended()).code).toBe('INTERNAL');
  });

  test('behind the trailers, as they said', async () => {
    const { peer, call, id } = await open();
    peer.send(answer(id), finish(id, 9), reset(id, ErrorCode.NO_ERROR));
    expect((await call.ended()).code).toBe('FAILED_PRECONDITION');
  });
});

test('a stream that the server ends is given up by this side, unless it has ended, too', async () => {
  const { peer, call, connection, id } = await open();
  peer.send(answer(id), finish(id));
  await call.ended();
  await peer.settled();
  const isOver = () =>
    peer.frames.some(
      ({ type, flags, streamId }) =>
        streamId === id &&
        (type === FrameType.RST_STREAM || (type === FrameType.DATA && (flags & Flag.END_STREAM) !== 0)),
    );
  expect(isOver()).toBe(true);
  const next = stage.call(connection);
  next.end();
  const [, nextId = 0] = await peer.streams(2);
  await peer.frame(
    FrameType.DATA,
    ({ flags, streamId }) => streamId === nextId && (flags & Flag.END_STREAM) !== 0,
  );
  peer.send(answer(nextId), finish(nextId));
  expect((await next.ended()).code).toBe('OK');
});
