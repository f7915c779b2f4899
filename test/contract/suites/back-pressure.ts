import { describe, expect, test } from 'vitest';
import type { ScriptedStream } from '../../../src/testing/index.js';
import type { ContractStage } from '../contract-stage.js';

const MiB = 1024 * 1024;
const PADDING = 'x'.repeat(900);

/** Candidates of the SFU, of some 1,000 bytes each; they go through the relay to the client. */
function flood(stream: ScriptedStream, bytes: number): void {
  for (let sent = 0; sent < bytes; sent += 1_000) {
    const candidate = `candidate:1 1 udp 2130706431 127.0.0.1 ${1 + (sent % 60_000)} typ host extra ${PADDING}`;
    stream.send({
      $case: 'trickle',
      value: { target: 0, init: JSON.stringify({ candidate, sdpMid: '0', sdpMLineIndex: 0 }) },
    });
  }
}

const slow = { code: 4508, reason: 'The client does not read what it is sent.' };

export function backPressureSuite(stage: ContractStage): void {
  const { start, joined } = stage;

  describe('a client that does not read', () => {
    test('is closed with 4508 when more waits for it than maxBufferedBytes', async () => {
      await start({ maxBufferedBytes: 64 * 1024 });
      const bystander = await joined({ uid: 'bob' });
      const { client, stream } = await joined();
      client.socket.pause();
      flood(stream, 16 * MiB);
      // The SFU's stream is read all the while: it ends in order, and at once.
      expect(await stream.ended).toBe('half-closed');
      expect((await bystander.client.request('ping')).result).toEqual({});
      client.socket.resume();
      expect(await client.closed).toEqual(slow);
    });

    test('is closed with 4508 when a message has waited for slowConsumerTimeoutMs', async () => {
      await start({ maxBufferedBytes: 64 * MiB, slowConsumerTimeoutMs: 100 });
      const { client, stream } = await joined();
      client.socket.pause();
      flood(stream, 16 * MiB);
      expect(await stream.ended).toBe('half-closed');
      client.socket.resume();
      expect(await client.closed).toEqual(slow);
    });
  });

  test('a client that reads what it is sent gets all of it, in order', async () => {
    await start({ maxBufferedBytes: 64 * MiB });
    const { client, stream } = await joined();
    flood(stream, 2 * MiB);
    const count = () => client.received.filter(({ params }) => String(params?.candidate).length > 0).length;
    stream.send({
      $case: 'trickle',
      value: { target: 0, init: '{"candidate":"candidate:last 1 udp 1 127.0.0.1 9 typ host","sdpMid":"0"}' },
    });
    await client.next(({ params }) => JSON.stringify(params ?? {}).includes('candidate:last'));
    expect(count()).toBeGreaterThan((2 * MiB) / 1_000);
  });
}
