import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../support/poll.js';
import { frame, OPCODE } from '../raw-frames.js';
import { handshake, type RawSocket } from '../raw-socket.js';
import { Bystander } from './bystander.js';
import { flood } from './flood.js';
import type { Start } from './stage.js';

/** Writes byte by byte, as slowly as it can be borne, for as long as the server takes it. */
async function dribble(raw: RawSocket, bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) {
    if (raw.hasEnded) return;
    raw.write(Uint8Array.of(byte));
    await sleep(5);
  }
}

/** The beginning of a frame that promises much more. */
const endlessFrame = frame(OPCODE.text, Buffer.alloc(60_000, 'x')).subarray(0, 400);

/** What is never finished: handshakes, frames, and connections whose other end is no more. */
export function unfinished(start: Start): void {
  describe('slow-loris', () => {
    test('handshakes that never end harm nobody, and are no connections of the relay', async () => {
      const stage = await start();
      const request = handshake();
      const sockets = await Promise.all(Array.from({ length: 200 }, () => stage.connect()));
      for (const [i, socket] of sockets.entries()) socket.write(request.slice(0, i % (request.length - 1)));
      const newcomer = await Bystander.join(stage.sfu, stage.url, 'newcomer');
      await newcomer.expectServed();
      expect(stage.attached.size).toBe(2);
      await newcomer.client.close();
    });

    test('a handshake byte by byte is one like any other, once it is there', async () => {
      const stage = await start();
      const raw = await stage.connect();
      await dribble(raw, Buffer.from(handshake()));
      await raw.upgraded();
      expect((await raw.request('1', 'ping')).result).toEqual({});
    });

    test('a first message that never ends is closed with 4408', async () => {
      const stage = await start({ handshakeTimeoutMs: 150 });
      const raw = await stage.open();
      void dribble(raw, endlessFrame);
      await raw.leave();
      expect(raw.closeFrame).toEqual({ code: 4408, reason: 'No session was joined in time.' });
    });

    test('one that takes no part in the closing either is cut off', async () => {
      // uWebSockets.js takes its time from the heartbeat.
      const stage = await start({ handshakeTimeoutMs: 150, heartbeatIntervalMs: 1_000 });
      const raw = await stage.open();
      void dribble(raw, endlessFrame);
      await until('it is closed', () => raw.closeFrame?.code === 4408);
      await raw.forgotten();
    });

    test('a later message that never ends is dropped by the heartbeat', async () => {
      const stage = await start({ heartbeatIntervalMs: 100 });
      const { raw, stream } = await stage.joined();
      // No pong can be sent within a frame: what is not finished is not heard.
      void dribble(raw, endlessFrame);
      expect(await stream.ended).toBe('half-closed');
      await raw.forgotten();
      expect(raw.closeFrame).toBeUndefined();
    });
  });

  describe('half-open', () => {
    test('a client that is no more, and never said so, is dropped by the heartbeat', async () => {
      const stage = await start({ heartbeatIntervalMs: 100 });
      const { raw, stream } = await stage.joined();
      raw.pause();
      expect(await stream.ended).toBe('half-closed');
      await stage.expectOnlyBystander();
      await raw.forgotten();
    });

    test('one that vanishes in a flood of what it is sent is dropped, too', async () => {
      const stage = await start({ heartbeatIntervalMs: 100, maxBufferedBytes: 64 * 1024 * 1024 });
      const { raw, stream } = await stage.joined();
      raw.pause();
      await flood(stage, stream, () => !stream.isOpen);
      expect(await stream.ended).toBe('half-closed');
      await stage.expectOnlyBystander();
      await raw.forgotten();
    });
  });
}
