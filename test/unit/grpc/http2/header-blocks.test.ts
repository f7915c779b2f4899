import { describe, expect, test } from 'vitest';
import { ErrorCode, headers, settings } from './frames.js';
import {
  type Field,
  HpackEncoder,
  indexed,
  integer,
  literal,
  literals,
  STATIC_TABLE,
  tableSizeUpdate,
} from './hpack-encoder.js';
import { answer, finish, message, RESPONSE, useStage } from './stage.js';

const stage = useStage();
const STATUS: Field = ['grpc-status', '9'];
const REASON: Field = ['grpc-message', 'some%20reason, of ~80 {characters} & "signs": %C3%A9'];
const DETAILS = 'some reason, of ~80 {characters} & "signs": é';
/** The index of the youngest entry of the dynamic table. */
const YOUNGEST = STATIC_TABLE.length + 1;

async function open() {
  const { peer, connection } = await stage.open();
  const call = stage.call(connection);
  return { peer, connection, call, id: await peer.stream() };
}

describe('what the trailers say is read', () => {
  test.each<[how: string, block: Buffer]>([
    ['written out', literals(STATUS, REASON)],
    [
      'in the Huffman code',
      Buffer.concat([literal(STATUS, { huffman: true }), literal(REASON, { huffman: true })]),
    ],
    [
      'never to be indexed',
      Buffer.concat([STATUS, REASON].map((field) => literal(field, { indexing: 'never' }))),
    ],
    [
      'entered into the table',
      Buffer.concat([STATUS, REASON].map((field) => literal(field, { indexing: 'incremental' }))),
    ],
    [
      'after the table was emptied',
      Buffer.concat([tableSizeUpdate(0), tableSizeUpdate(4_096), literals(STATUS, REASON)]),
    ],
    [
      'by an index of the same block',
      Buffer.concat([
        literal(['x-a', 'b'], { indexing: 'incremental' }),
        indexed(YOUNGEST),
        literals(STATUS, REASON),
      ]),
    ],
  ])('%s', async (_, block) => {
    const { peer, call, id } = await open();
    peer.send(answer(id), headers(id, block, { endStream: true }));
    expect(await call.ended()).toEqual({ code: 'FAILED_PRECONDITION', details: DETAILS });
  });

  test('with names by their index, in either table', async () => {
    const { peer, connection, call, id } = await open();
    const nameIndex = STATIC_TABLE.findIndex(([name]) => name === ':status') + 1;
    const response = literal([':status', '200'], { nameIndex, huffman: true });
    const status = literal(['grpc-status', '3'], { indexing: 'incremental' });
    peer.send(headers(id, response), headers(id, status, { endStream: true }));
    expect((await call.ended()).code).toBe('INVALID_ARGUMENT');
    const next = stage.call(connection);
    const nextId = await openedLast(peer);
    const trailers = Buffer.concat([literal(STATUS, { nameIndex: YOUNGEST }), literals(REASON)]);
    peer.send(headers(nextId, response), headers(nextId, trailers, { endStream: true }));
    expect(await next.ended()).toEqual({ code: 'FAILED_PRECONDITION', details: DETAILS });
  });

  test.each([1, 2, 3, 5, 10, 20])('in CONTINUATION frames, the first of %i bytes', async (size) => {
    const { peer, call, id } = await open();
    const block = literals(STATUS, REASON);
    peer.send(
      answer(id),
      headers(id, block, { endStream: true, cutAt: [size, 0, 1, size], padding: 3, priority: true }),
    );
    expect(await call.ended()).toEqual({ code: 'FAILED_PRECONDITION', details: DETAILS });
  });

  test('from the table, which all streams share', async () => {
    const { peer, connection, call, id } = await open();
    const block = Buffer.concat([STATUS, REASON].map((field) => literal(field, { indexing: 'incremental' })));
    peer.send(answer(id), headers(id, block, { endStream: true }));
    await call.ended();
    for (const _ of [1, 2, 3]) {
      const next = stage.call(connection);
      const nextId = await openedLast(peer);
      const entries = Buffer.concat([indexed(YOUNGEST + 1), indexed(YOUNGEST)]);
      peer.send(answer(nextId), headers(nextId, entries, { endStream: true }));
      expect(await next.ended()).toEqual({ code: 'FAILED_PRECONDITION', details: DETAILS });
    }
  });

  test('from the table, to which calls that are over have added, too', async () => {
    const { peer, connection, call, id } = await open();
    call.cancel();
    await call.ended();
    const late = Buffer.concat([RESPONSE, literal(REASON, { indexing: 'incremental' })]);
    peer.send(headers(id, late));
    const next = stage.call(connection);
    const nextId = await openedLast(peer);
    peer.send(
      answer(nextId),
      headers(nextId, Buffer.concat([literals(STATUS), indexed(YOUNGEST)]), { endStream: true }),
    );
    expect(await next.ended()).toEqual({ code: 'FAILED_PRECONDITION', details: DETAILS });
  });

  test('from a table whose oldest entries make room', async () => {
    const { peer, connection } = await stage.open();
    const encoder = new HpackEncoder({
      huffman: () => false,
      index: () => true,
      indexing: () => 'incremental',
    });
    const sizes = [4_096, 200, 100, 0, 100, 4_096];
    for (let n = 0; n < 30; n += 1) {
      const call = stage.call(connection);
      const id = await openedLast(peer);
      const resized = n % 5 === 4 ? encoder.resize(sizes[(n - 4) / 5] ?? 0) : Buffer.alloc(0);
      const response = encoder.encode([
        [':status', '200'],
        ['x-filler', `${n % 7}`.repeat(n * 11)],
      ]);
      const trailers = encoder.encode([
        ['grpc-status', `${n % 17}`],
        ['grpc-message', `message ${n % 3}`],
      ]);
      peer.send(headers(id, Buffer.concat([resized, response])), headers(id, trailers, { endStream: true }));
      expect((await call.ended()).details).toBe(`message ${n % 3}`);
    }
  });
});

async function openedLast(peer: Awaited<ReturnType<typeof open>>['peer']): Promise<number> {
  await peer.settled();
  return (await peer.streams(1)) && (peer.of(1).at(-1)?.streamId ?? 0);
}

describe('the connection ends at a block that', () => {
  const huffmanText = (...bytes: number[]) =>
    Buffer.concat([
      Buffer.from([0x00]),
      integer(1, 7, 0),
      Buffer.from('a'),
      integer(bytes.length, 7, 0x80),
      Buffer.from(bytes),
    ]);

  test.each<[what: string, block: Buffer]>([
    ['has an index of 0', indexed(0)],
    ['has an index that the table has not', indexed(YOUNGEST)],
    ['has an index far beyond', indexed(2 ** 30)],
    ['names a name that the table has not', literal(['', 'v'], { nameIndex: YOUNGEST })],
    [
      'has an integer without an end',
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    ],
    ['has an integer of 2⁶⁴', Buffer.concat([Buffer.from([0xff]), Buffer.alloc(9, 0x80), Buffer.from([2])])],
    ['is cut in an integer', Buffer.from([0xff, 0x80])],
    ['is cut in a text', literals(STATUS).subarray(0, 8)],
    ['is cut before a value', literals(['a', '']).subarray(0, 3)],
    ['enlarges the table beyond what this side allows', tableSizeUpdate(2 ** 24)],
    ['resizes the table in its middle', Buffer.concat([literals(STATUS), tableSizeUpdate(0)])],
    ['pads the Huffman code with zeros', huffmanText(0x18)],
    ['pads the Huffman code with a byte too many', huffmanText(0x1f, 0xff)],
    ['has the end of the Huffman code in a text', huffmanText(0xff, 0xff, 0xff, 0xff)],
  ])('%s', async (_, block) => {
    const { peer, call, id } = await open();
    peer.send(answer(id), headers(id, block, { endStream: true }));
    expect(await peer.goAwayCode()).toBe(ErrorCode.COMPRESSION_ERROR);
    expect((await call.ended()).code).toBe('UNAVAILABLE');
    await peer.gone();
  });
});

describe('header fields of 70 KB', () => {
  const large: Field[] = Array.from({ length: 70 }, (_, n) => [`x-large-${n}`, 'x'.repeat(1_000)]);

  test.each<[what: string, ofResponse: boolean]>([
    ['response', true],
    ['trailers', false],
  ])('end their call, and no other: %s', async (_, ofResponse) => {
    const { peer, connection, call, id } = await open();
    const other = stage.call(connection);
    const [, otherId = 0] = await peer.streams(2);
    const block = Buffer.concat(
      [...large, ...(ofResponse ? [[':status', '200'] as const] : [STATUS])].map((field) =>
        literal(field, { indexing: 'incremental' }),
      ),
    );
    if (!ofResponse) peer.send(answer(id));
    peer.send(headers(id, block, { endStream: !ofResponse, cutAt: Array(4).fill(16_000) }));
    expect(await call.ended()).toEqual({ code: 'INTERNAL', details: expect.stringContaining('65536 bytes') });
    // The youngest entry of the table is of the block that was too large.
    const reply = ofResponse ? indexed(YOUNGEST) : literals([':status', '200']);
    const end = ofResponse ? literals(STATUS) : indexed(YOUNGEST);
    peer.send(
      headers(otherId, reply),
      message(otherId, 'goes on'),
      headers(otherId, end, { endStream: true }),
    );
    expect((await other.ended()).code).toBe('FAILED_PRECONDITION');
    expect(other.messages).toEqual(['goes on']);
    expect(stage.lost).toEqual([]);
  });
});

test('a server that wants no table in requests is not sent one', async () => {
  const { peer, connection } = await stage.open({ HEADER_TABLE_SIZE: 0 });
  peer.send(settings({ HEADER_TABLE_SIZE: 4_096 }), settings({ HEADER_TABLE_SIZE: 0 }));
  await peer.settled();
  const blocks: Buffer[] = [];
  for (let n = 0; n < 3; n += 1) {
    const call = stage.call(connection);
    const id = await openedLast(peer);
    blocks.push(peer.of(1, id)[0]?.payload ?? Buffer.alloc(0));
    peer.send(answer(id), message(id, 'ok'), finish(id));
    await call.ended();
  }
  // Without a table no block can depend on another.
  expect(blocks[1]?.length).toBeGreaterThan(20);
  expect(blocks[2]).toEqual(blocks[1]);
  // And a decoder that was told of no table wants to hear that there is none.
  expect(blocks.map((block) => block[0])).toEqual(blocks.map(() => tableSizeUpdate(0)[0]));
});
