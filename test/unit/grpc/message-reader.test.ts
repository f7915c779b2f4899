import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../../src/grpc/grpc-connection.js';
import { MessageReader } from '../../../src/grpc/http2/message-reader.js';

/** A message with its prefix: not compressed, and its length. */
function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** What a reader makes of pieces. */
function readAll(pieces: readonly Buffer[]): string[] {
  const messages: string[] = [];
  const reader = new MessageReader({ receiveMessage: (message) => messages.push(message.toString('hex')) });
  for (const piece of pieces) {
    // As a socket does, whose buffer is used again.
    const lent = Buffer.from(piece);
    reader.read(lent, 0, lent.length);
    lent.fill(0xff);
  }
  return messages;
}

test('messages come out as they went in, wherever they were cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 });
  fc.assert(
    fc.property(messages, cuts, (sent, sizes) => {
      const bytes = Buffer.concat(sent.map(framed));
      const pieces: Buffer[] = [];
      for (let at = 0, n = 0; at < bytes.length; n += 1) {
        const size = sizes[n % sizes.length] ?? 1;
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(readAll(pieces)).toEqual(sent.map((message) => Buffer.from(message).toString('hex')));
    }),
  );
});

test('a message that is too long is refused by its prefix, before it is there', () => {
  const longest = framed(Buffer.alloc(MAX_MESSAGE_BYTES));
  expect(readAll([longest])).toHaveLength(1);
  expect(() => readAll([framed(Buffer.alloc(MAX_MESSAGE_BYTES + 1)).subarray(0, 5)])).toThrow(
    `${MAX_MESSAGE_BYTES + 1} bytes`,
  );
});

test('a message that is compressed by what nobody has named is refused', () => {
  expect(() => readAll([Buffer.from([1, 0, 0, 0, 0])])).toThrow('compressed');
  expect(() => readAll([Buffer.from([2, 0, 0, 0, 0])])).toThrow('no gRPC message');
});
