import { describe, expect, test } from 'vitest';
import { frame, OPCODE } from '../raw-frames.js';
import { type Serve, useStage } from './stage.js';

const KiB = 1024;
const BATCH = 500;
const PINGS = Buffer.concat(Array.from({ length: BATCH }, () => frame(OPCODE.ping, Buffer.alloc(125))));

/** Pongs that are never read: the transport sends them by itself, past everything that the relay counts. */
export function pingFlood(name: string, serve: Serve): void {
  describe(`pings over ${name}, whose pongs are never read`, () => {
    const start = useStage(serve);

    test('end the connection when the pongs have reached maxBufferedBytes', async () => {
      const maxBufferedBytes = 64 * KiB;
      const stage = await start({ maxBufferedBytes });
      const { raw, stream } = await stage.joined();
      raw.pause();
      // Far more than the kernel keeps for both sockets.
      for (let sent = 0; stream.isOpen && sent < 400; sent += 1) {
        raw.write(PINGS);
        await stage.bystander.expectServed();
        expect(stage.server.buffered()).toBeLessThanOrEqual(2 * maxBufferedBytes + BATCH * 127);
      }
      expect(await stream.ended).toBe('half-closed');
    });
  });
}
