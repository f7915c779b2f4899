import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameBoundaries } from '../../../src/testing/faulty-proxy/frame-boundaries.js';
import { frame, OPCODE } from '../../contract/raw-frames.js';
import { handshake } from '../../contract/raw-socket.js';

/** Where each part ended, of bytes that come in pieces of these lengths, the last one again and again. */
function boundaries(
  bytes: Buffer,
  pieces: readonly number[],
  direction: 'toServer' | 'toClient' = 'toServer',
) {
  const reader = new FrameBoundaries(direction);
  const found: [number, string][] = [];
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const chunk = bytes.subarray(at, at + (pieces[Math.min(piece, pieces.length - 1)] ?? 1));
    for (let from = 0; from < chunk.length; ) {
      const { end, completes } = reader.next(chunk, from);
      if (completes) found.push([at + end, completes]);
      from = end;
    }
    at += chunk.length;
  }
  return found;
}

test('frames are found in whatever pieces their bytes come', () => {
  const length = fc.oneof(fc.nat(300), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000));
  const opcode = fc.constantFrom(OPCODE.text, OPCODE.continuation, OPCODE.binary, OPCODE.ping, OPCODE.close);
  const frames = fc.array(fc.record({ length, opcode, masked: fc.boolean() }), { maxLength: 8 });
  const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 100_000 })), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(frames, pieces, (list, sizes) => {
      const parts = [
        Buffer.from(handshake()),
        ...list.map(({ length: n, ...each }) => frame(each.opcode, Buffer.alloc(n), each)),
      ];
      let end = 0;
      const expected = parts.map((part, index) => {
        end += part.length;
        const kind = (list[index - 1]?.opcode ?? 0) >= OPCODE.close ? 'control frame' : 'frame';
        return [end, index === 0 ? 'head' : kind];
      });
      expect(boundaries(Buffer.concat(parts), sizes)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('what is no WebSocket has no frames', () => {
  const bodies = Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n'.repeat(3));
  expect(boundaries(bodies, [10], 'toClient')).toEqual([[26, 'head']]);
  const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(100)]);
  expect(boundaries(preface, [1000])).toEqual([[18, 'head']]);
  expect(boundaries(Buffer.alloc(200_000, 'x'), [60_000])).toEqual([]);
});
