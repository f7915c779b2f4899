import { describe, expect, test } from 'vitest';
import { fragments, frame, OPCODE } from '../raw-frames.js';
import type { Start } from './stage.js';

const LIMIT = 4_096;

/** A ping of so many bytes, its last characters of as many bytes as `filler`. */
function ping(bytes: number, filler: string): string {
  const around = JSON.stringify({ id: 1, method: 'ping', params: { pad: '' } });
  const room = bytes - Buffer.byteLength(around);
  const unit = Buffer.byteLength(filler);
  const pad = 'x'.repeat(room % unit) + filler.repeat(Math.floor(room / unit));
  const text = JSON.stringify({ id: 1, method: 'ping', params: { pad } });
  expect(Buffer.byteLength(text)).toBe(bytes);
  return text;
}

const whole = (text: string) => frame(OPCODE.text, Buffer.from(text));
const inFrames = (size: number) => (text: string) => Buffer.concat(fragments(text, size));

/** Messages about as long as they may be, and longer. */
export function sizes(start: Start): void {
  describe.each([
    ['characters of one byte', 'x'],
    ['characters of two bytes', 'é'],
    ['characters of three bytes', '€'],
    ['characters of four bytes', '𝄞'],
  ])('a message of %s', (_, filler) => {
    describe.each([
      ['in one frame', whole],
      ['in frames that end within characters', inFrames(7)],
    ])('%s', (_, encode) => {
      test('is answered at maxMessageBytes', async () => {
        const stage = await start({ maxMessageBytes: LIMIT });
        const { raw } = await stage.joined();
        raw.write(encode(ping(LIMIT, filler)));
        expect((await raw.next('the answer', ({ id }) => id === 1)).result).toEqual({});
      });

      test.each([LIMIT + 1, 2 * LIMIT])('is closed with 4413 at %i of 4096 bytes', async (bytes) => {
        const stage = await start({ maxMessageBytes: LIMIT });
        const { raw, stream } = await stage.joined();
        raw.write(encode(ping(bytes, filler)));
        await raw.leave();
        expect(raw.closeFrame).toEqual({
          code: 4413,
          reason: `The message is longer than ${LIMIT} bytes.`,
        });
        expect(await stream.ended).toBe('half-closed');
      });

      test('is cut off by the transport beyond twice that', async () => {
        const stage = await start({ maxMessageBytes: LIMIT });
        const { raw, stream } = await stage.joined();
        raw.write(encode(ping(2 * LIMIT + 1, filler)));
        await raw.leave();
        // ws says why, uWebSockets.js does not.
        expect([1009, undefined]).toContain(raw.closeFrame?.code);
        expect(await stream.ended).toBe('half-closed');
      });
    });
  });

  test('a frame that promises more than there is on earth is cut off before it comes', async () => {
    const stage = await start();
    const { raw, stream } = await stage.joined();
    raw.write(Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]));
    await raw.leave();
    expect(await stream.ended).toBe('half-closed');
  });

  test('a message in more fragments than it has bytes is cut off, or waits for its end', async () => {
    const stage = await start({ heartbeatIntervalMs: 200 });
    const { raw, stream } = await stage.joined();
    raw.write(frame(OPCODE.text, Buffer.from('"'), { fin: false }));
    const empty = Array.from({ length: 50_000 }, () =>
      frame(OPCODE.continuation, Buffer.alloc(0), { fin: false }),
    );
    raw.write(Buffer.concat(empty));
    expect(await stream.ended).toBe('half-closed');
    await raw.forgotten();
  });
}
