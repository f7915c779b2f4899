import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../scripts/compile.js';
import { LIMITS } from '../../src/index.js';
import { fakeOffer } from '../../src/testing/index.js';
import { Child } from '../support/child.js';
import { until } from '../support/poll.js';
import { frame, OPCODE } from './raw-frames.js';
import { RawSocket } from './raw-socket.js';

const CONNECTIONS = 90;
const MAX_MESSAGE_BYTES = 256 * 1024;

let script: string;
let relay: Child | undefined;
let port: number;
let sockets: RawSocket[] = [];

beforeAll(async () => {
  const { folder } = await compile('relay-process', { relay: 'test/support/relay-process.ts' });
  script = join(folder, 'relay.mjs');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await relay?.stop('SIGKILL');
});

async function startRelay(heapMiB: number, ...flags: string[]): Promise<Child> {
  const child = new Child(process.execPath, [`--max-old-space-size=${heapMiB}`, script, ...flags]);
  relay = child;
  port = Number((await child.output(/listening on (\d+)/))[1]);
  return child;
}

const heap = async () => Number(await (await fetch(`http://127.0.0.1:${port}/memory`)).text());

const message = (method: string, params: object) =>
  frame(OPCODE.text, Buffer.from(JSON.stringify({ id: 1, method, params })));

describe('clients that fill every queue of a relay', () => {
  test.each([
    ['before the join, 64 each and a heap of 1 GB', 64, 1024, ['--rate-limits']],
    [
      'before authentication, 20 each and a heap of 256 MB',
      20,
      256,
      ['--rate-limits', '--slow-authentication'],
    ],
  ])(
    'with candidates of 250 KB %s, do not end it',
    { timeout: 120_000 },
    async (_, count, heapMiB, flags) => {
      const child = await startRelay(heapMiB, ...flags);
      const attack = message('trickle', { target: 0, candidate: { candidate: 'x'.repeat(250_000) } });
      sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => RawSocket.open(port)));
      for (let n = 0; n < count; n += 1) {
        for (const socket of sockets) socket.write(attack);
        await until('it has been read', () => sockets.every(({ unsent }) => unsent < attack.length), {
          intervalMs: 1,
        });
      }
      await until(
        'each is answered, or closed',
        () => sockets.every(({ received, hasEnded }) => hasEnded || received.length >= count),
        { timeoutMs: 60_000 },
      );
      expect(child.alive()).toBe(true);
      const bystander = await RawSocket.open(port);
      sockets.push(bystander);
      if (flags.length === 1) expect((await bystander.request('p', 'ping')).result).toEqual({});
    },
  );

  test('take no more than the limits say, each', async () => {
    const child = await startRelay(1024, '--slow-authentication');
    const before = await heap();
    // What is not Latin-1 makes two bytes of each character.
    const sdp = `${fakeOffer()}a=x:語${'x'.repeat(MAX_MESSAGE_BYTES - 4_000)}\r\n`;
    const offer = message('join', { sid: 'lobby', offer: { type: 'offer', sdp } });
    const other = message('ping', { text: `語${'x'.repeat(1_000)}` });
    sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => RawSocket.open(port)));
    for (const socket of sockets) {
      socket.write(offer);
      for (let n = 0; n < 40; n += 1) socket.write(other);
    }
    await until('all has been read', () => sockets.every(({ unsent }) => unsent === 0));
    let bytes = 0;
    // What is being read takes up buffers of the socket, too, for a moment.
    const hasSettled = async () => {
      const last = bytes;
      bytes = ((await heap()) - before) / CONNECTIONS;
      return bytes > MAX_MESSAGE_BYTES && Math.abs(bytes - last) < 1024;
    };
    await until('it waits', hasSettled, { intervalMs: 50 });
    expect(bytes).toBeLessThan(2 * (MAX_MESSAGE_BYTES + LIMITS.maxWaitingBytes) + 128 * 1024);
    expect(child.alive()).toBe(true);
    expect(sockets.filter(({ hasEnded }) => hasEnded)).toEqual([]);
  });
});
