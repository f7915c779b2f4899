import { describe, expect, test } from 'vitest';
import { until } from '../../support/poll.js';
import { flood, floodIn } from './flood.js';
import type { Start } from './stage.js';

const KiB = 1024;
const MiB = 1024 * KiB;
/** Room for one message, and for the close frame. */
const ONE_MESSAGE = 2 * KiB;
const SLOW = { code: 4508, reason: 'The client does not read what it is sent.' };

/** Clients that are sent more than they read. The SFU is always read, and nobody else waits. */
export function slowReaders(start: Start): void {
  describe('a client that does not read', () => {
    test.each([
      ['64 KiB', 64 * KiB],
      ['1 MiB', MiB],
    ])(
      'is closed with 4508 when %s wait for it; no more than that ever does',
      async (_, maxBufferedBytes) => {
        const stage = await start({ maxBufferedBytes });
        const { raw, stream } = await stage.joined();
        raw.pause();
        const { mostBuffered } = await flood(stage, stream, () => !stream.isOpen);
        expect(await stream.ended).toBe('half-closed');
        expect(mostBuffered).toBeGreaterThan(maxBufferedBytes / 2);
        expect(mostBuffered).toBeLessThanOrEqual(maxBufferedBytes + ONE_MESSAGE);
        raw.resume();
        await raw.leave();
        expect(raw.closeFrame).toEqual(SLOW);
      },
    );

    test('is closed with 4508 when the deadline is over, however much may wait', async () => {
      const maxBufferedBytes = 64 * MiB;
      const stage = await start({ maxBufferedBytes, slowConsumerTimeoutMs: 200 });
      const { raw, stream } = await stage.joined();
      raw.pause();
      const { mostBuffered } = await flood(stage, stream, () => stage.server.buffered() > 0);
      expect(await stream.ended).toBe('half-closed');
      expect(mostBuffered).toBeLessThan(maxBufferedBytes);
      raw.resume();
      await raw.leave();
      expect(raw.closeFrame).toEqual(SLOW);
    });

    test('for a while, and then reads again, has missed nothing', async () => {
      const stage = await start({ maxBufferedBytes: 64 * MiB });
      const { raw, stream } = await stage.joined();
      raw.pause();
      const { sent } = await flood(stage, stream, () => stage.server.buffered() > 0);
      raw.resume();
      const all = Array.from({ length: sent }, (_, i) => i);
      await until('all of it has come', () => floodIn(raw.received).length >= sent);
      expect(floodIn(raw.received)).toEqual(all);
      expect((await raw.request('1', 'ping')).result).toEqual({});
      expect(stream.isOpen).toBe(true);
    });

    test('the answers to its own requests is closed with 4508', async () => {
      const maxBufferedBytes = 256 * KiB;
      const stage = await start({ maxBufferedBytes });
      const { raw, stream } = await stage.joined();
      raw.pause();
      let most = 0;
      const id = 'x'.repeat(1_000);
      while (stream.isOpen) {
        for (let i = 0; i < 50; i += 1) raw.send({ id, method: 'ping' });
        await stage.bystander.expectServed();
        most = Math.max(most, stage.server.buffered());
      }
      expect(most).toBeGreaterThan(maxBufferedBytes / 2);
      expect(most).toBeLessThanOrEqual(maxBufferedBytes + ONE_MESSAGE);
      raw.resume();
      await raw.leave();
      expect(raw.closeFrame).toEqual(SLOW);
    });
  });
}
