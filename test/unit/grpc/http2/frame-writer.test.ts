import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { FrameWriter } from '../../../../src/grpc/http2/frame-writer.js';
import { FrameType } from '../../../../src/grpc/http2/frames.js';

test('frames behind a peer that does not read take as much memory as they have bytes', () => {
  const waiting: Buffer[] = [];
  const socket = {
    destroyed: false,
    get writableLength() {
      return waiting.reduce((sum, { length }) => sum + length, 0);
    },
    write: (bytes: Buffer) => waiting.push(bytes),
    on() {},
  } as unknown as Socket;
  const writer = new FrameWriter(socket, () => {});
  for (let n = 0; n < 1_000; n += 1) {
    writer.frame(FrameType.PING, 1, 0, Buffer.alloc(8, n));
    writer.flush();
  }
  const held = new Set(waiting.map(({ buffer }) => buffer));
  expect([...held].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(256 * 1024);
  // Nothing that waits was overwritten by what came later.
  expect(waiting.map((frame) => frame.at(-1))).toEqual(Array.from({ length: 1_000 }, (_, n) => n % 256));
});
