import { describe, expect, test } from 'vitest';
import { until } from '../../support/poll.js';
import { closePayload, frame, OPCODE } from '../raw-frames.js';
import type { Start } from './stage.js';

const text = Buffer.from('{"id":1,"method":"ping"}');
const bytes = (...values: number[]) => Buffer.from(values);
const unfinished = frame(OPCODE.text, text.subarray(0, 9), { fin: false });

/** What RFC 6455 forbids, and the code by which a server may say so. */
const forbidden: [what: string, code: number, sent: Uint8Array][] = [
  ['a reserved opcode', 1002, frame(3, text)],
  ['a reserved control opcode', 1002, frame(11, text)],
  ['a reserved bit', 1002, frame(0x40 | OPCODE.text, text)],
  ['a continuation of nothing', 1002, frame(OPCODE.continuation, text)],
  ['a message within a message', 1002, Buffer.concat([unfinished, frame(OPCODE.text, text)])],
  ['a ping in fragments', 1002, frame(OPCODE.ping, text, { fin: false })],
  ['a ping of more than 125 bytes', 1002, frame(OPCODE.ping, Buffer.alloc(126))],
  ['a byte that UTF-8 never has', 1007, frame(OPCODE.text, bytes(0x22, 0xff, 0x22))],
  ['an overlong character', 1007, frame(OPCODE.text, bytes(0x22, 0xc0, 0xaf, 0x22))],
  ['half of a surrogate pair', 1007, frame(OPCODE.text, bytes(0x22, 0xed, 0xa0, 0x80, 0x22))],
  ['a character that is cut', 1007, frame(OPCODE.text, bytes(0x22, 0xe2, 0x82))],
  ['a close frame of one byte', 1002, frame(OPCODE.close, bytes(3))],
  ['a close code that nobody may send', 1002, frame(OPCODE.close, closePayload(1005))],
  ['a close code that is none', 1002, frame(OPCODE.close, closePayload(999))],
  ['a close reason that is no UTF-8', 1007, frame(OPCODE.close, closePayload(4000, bytes(0xff)))],
];

/** Frames that are none, and more of them than anybody needs. */
export function brokenFrames(start: Start): void {
  test.each(forbidden)('%s ends the connection and its session', async (_, code, sent) => {
    const stage = await start();
    const { raw, stream } = await stage.joined();
    raw.write(sent);
    await raw.leave();
    // uWebSockets.js gives no reason, or none that is one.
    expect([code, 1005, undefined]).toContain(raw.closeFrame?.code);
    expect(await stream.ended).toBe('half-closed');
  });

  test.each([
    ['a frame without a mask', frame(OPCODE.text, text, { masked: false })],
    ['another request of HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['nothing but zeros', Buffer.alloc(10_000)],
  ])('%s is not understood: the connection ends, by the heartbeat at the latest', async (_, sent) => {
    const stage = await start({ heartbeatIntervalMs: 100 });
    const { raw, stream } = await stage.joined();
    raw.write(sent);
    expect(await stream.ended).toBe('half-closed');
    expect(raw.received.filter(({ id }) => id === 1)).toEqual([]);
    await raw.forgotten();
  });

  test.each([
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a frame before any handshake', frame(OPCODE.text, text)],
    ['headers without end', `GET /rtc HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}`],
    [
      'a handshake without a key',
      'GET /rtc HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    ],
  ])('%s never becomes a connection of the relay', async (_, sent) => {
    const stage = await start();
    const sockets = await Promise.all(Array.from({ length: 20 }, () => stage.connect()));
    for (const raw of sockets) raw.write(sent);
    const { raw: later } = await stage.joined();
    expect((await later.request('1', 'ping')).result).toEqual({});
    expect(stage.attached.size).toBe(2);
  });

  describe('pings', () => {
    test('are answered, as many as a sane client sends', async () => {
      const stage = await start();
      const { raw } = await stage.joined();
      raw.write(Buffer.concat(Array.from({ length: 50 }, () => frame(OPCODE.ping, text))));
      await until('the pongs have come', () => raw.pongs === 50);
      expect((await raw.request('2', 'ping')).result).toEqual({});
    });

    test('a thousand at once are answered, or cost the connection', async () => {
      const stage = await start();
      const { raw, stream } = await stage.joined();
      raw.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame(OPCODE.ping, text))));
      await until('it is decided', () => raw.pongs === 1_000 || !stream.isOpen);
    });
  });
}
