import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HpackDecoder, MAX_FIELDS_BYTES } from '../../../../src/grpc/http2/hpack/decoder.js';
import { encodeFields } from '../../../../src/grpc/http2/hpack/encoder.js';
import {
  type Field,
  HpackEncoder,
  type Indexing,
  indexed,
  literal,
  literals,
  STATIC_TABLE,
  tableSizeUpdate,
} from './hpack-encoder.js';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const decode = (block: Buffer) => ({ ...new HpackDecoder().decode(block) });

const URL_1: Record<string, string> = {
  ':method': 'GET',
  ':scheme': 'http',
  ':path': '/',
  ':authority': 'www.example.com',
};
const URL_2 = { ...URL_1, 'cache-control': 'no-cache' };
const URL_3 = { ...URL_1, ':scheme': 'https', ':path': '/index.html', 'custom-key': 'custom-value' };

describe('the examples of RFC 7541, Appendix C', () => {
  test.each([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      { 'custom-key': 'custom-header' },
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', { ':path': '/sample/path' }],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', { password: 'secret' }],
    ['C.2.4', '82', { ':method': 'GET' }],
  ])('%s, one field', (_, hex, fields) => {
    expect(decode(bytes(hex))).toEqual(fields);
  });

  test.each([
    [
      'C.3, without the Huffman code',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4, with it',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
  ])('%s, requests', (_, blocks) => {
    const decoder = new HpackDecoder();
    expect(blocks.map((hex) => ({ ...decoder.decode(bytes(hex)) }))).toEqual([URL_1, URL_2, URL_3]);
  });

  const date = 'Mon, 21 Oct 2013 20:13:21 GMT';
  const response = {
    ':status': '302',
    'cache-control': 'private',
    date,
    location: 'https://www.example.com',
  };
  const responses = [
    response,
    { ...response, ':status': '307' },
    {
      ...response,
      ':status': '200',
      date: 'Mon, 21 Oct 2013 20:13:22 GMT',
      'content-encoding': 'gzip',
      'set-cookie': 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    },
  ];
  test.each([
    [
      'C.5, without the Huffman code',
      [
        '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 ' +
          '2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 ' +
          '6c65 2e63 6f6d',
        '4803 3330 37c1 c0bf',
        '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d ' +
          '54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 ' +
          '5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e ' +
          '3d31',
      ],
    ],
    [
      'C.6, with it',
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 ' +
          '2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        '4883 640e ffc1 c0bf',
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab ' +
          '77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f ' +
          '9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ],
    ],
  ])('%s, responses that drive entries out of the table', (_, blocks) => {
    const decoder = new HpackDecoder();
    // The examples' table has 256 bytes.
    decoder.decode(tableSizeUpdate(256));
    expect(blocks.map((hex) => ({ ...decoder.decode(bytes(hex)) }))).toEqual(responses);
  });
});

const choice = fc.record({
  huffman: fc.boolean(),
  index: fc.boolean(),
  indexing: fc.constantFrom<Indexing>('incremental', 'without', 'never'),
});
const name = fc.oneof(
  fc.constantFrom(...STATIC_TABLE.map(([known]) => known)),
  fc.constantFrom('grpc-status', 'grpc-message', 'x-a', 'x-b'),
);
const value = fc.oneof(
  fc.constantFrom('', '0', '200', 'application/grpc'),
  fc.string({
    unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  }),
);
const block = fc.record({
  resize: fc.option(fc.integer({ min: 0, max: 4_096 }), { freq: 4 }),
  fields: fc.array(fc.tuple(name, value), { maxLength: 12 }),
});

test('whatever is encoded comes out, in whatever way, with a table of any size', () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 12 }),
      fc.array(choice, { minLength: 1, maxLength: 20 }),
      (blocks, choices) => {
        let turn = 0;
        const next = () =>
          choices[turn++ % choices.length] ?? { huffman: false, index: true, indexing: 'without' as const };
        const encoder = new HpackEncoder({
          huffman: () => next().huffman,
          index: () => next().index,
          indexing: () => next().indexing,
        });
        const decoder = new HpackDecoder();
        for (const { resize, fields } of blocks) {
          const resized = resize === null ? Buffer.alloc(0) : encoder.resize(resize);
          const decoded = decoder.decode(Buffer.concat([resized, encoder.encode(fields)]));
          const first = new Map([...fields].reverse());
          expect({ ...decoded }).toEqual({ ...Object.fromEntries(first) });
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('no bytes make it do anything but decode or throw', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder();
      for (const each of blocks) {
        try {
          const fields = decoder.decode(Buffer.from(each));
          expect(Object.values(fields ?? {}).every((text) => typeof text === 'string')).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(TypeError);
          return;
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('of a name that comes twice the first is taken, also of a strange one', () => {
  const fields: Field[] = [
    ['a', '1'],
    ['a', '2'],
    ['__proto__', 'x'],
    ['constructor', 'y'],
    ['toString', 'z'],
  ];
  const decoded = new HpackDecoder().decode(literals(...fields)) ?? {};
  expect(decoded.a).toBe('1');
  expect(Object.keys(decoded)).toEqual(['a', '__proto__', 'constructor', 'toString']);
});

test('fields of more bytes than are taken are no result, those of as many are, and the table is kept', () => {
  const decoder = new HpackDecoder();
  const long = (length: number) => literals(['x', 'v'.repeat(length - 33)]);
  expect(decoder.decode(long(MAX_FIELDS_BYTES))).toBeDefined();
  expect(decoder.decode(long(MAX_FIELDS_BYTES + 1))).toBeUndefined();
  const entry = literal(['x', 'v'.repeat(3_900)], { indexing: 'incremental' });
  expect(decoder.decode(Buffer.concat([entry, ...Array(20).fill(indexed(62))]))).toBeUndefined();
  expect(decoder.decode(indexed(62))).toEqual({ x: 'v'.repeat(3_900) });
});

test('an entry that is longer than the table empties it', () => {
  const decoder = new HpackDecoder();
  decoder.decode(literal(['x', 'y'], { indexing: 'incremental' }));
  decoder.decode(literal(['x', 'y'.repeat(4_096)], { indexing: 'incremental' }));
  expect(() => decoder.decode(indexed(62))).toThrow();
});

test('an entry whose name is by an index that it drives out keeps the name', () => {
  const decoder = new HpackDecoder();
  decoder.decode(literal(['x-name', 'y'.repeat(2_000)], { indexing: 'incremental' }));
  const fields = decoder.decode(
    literal(['x-name', 'z'.repeat(3_000)], { indexing: 'incremental', nameIndex: 62 }),
  );
  expect(fields?.['x-name']).toBe('z'.repeat(3_000));
  expect({ ...decoder.decode(Buffer.concat([tableSizeUpdate(4_096), indexed(62)])) }).toEqual({
    'x-name': 'z'.repeat(3_000),
  });
});

test('a request is encoded for every decoder', () => {
  const fields = {
    ':method': 'POST',
    ':path': '/rtc.RTC/Signal',
    ':authority': `${'long'.repeat(50)}:5551`,
    te: 'trailers',
  };
  expect(decode(encodeFields(fields))).toEqual(fields);
});
