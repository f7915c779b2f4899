import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { collectGarbage } from '../../../support/garbage.js';
import {
  continuation,
  data,
  Flag,
  FrameType,
  frame,
  headers,
  ping,
  reset,
  settings,
  windowUpdate,
} from './frames.js';
import { type Field, indexed, literal, literals, STATIC_TABLE } from './hpack-encoder.js';
import type { RawPeer } from './raw-http2-server.js';
import { answer, finish, message, RESPONSE, useStage } from './stage.js';

const stage = useStage();
const MIB = 1024 * 1024;
const YOUNGEST = STATIC_TABLE.length + 1;

/** Sends these bytes over and over as long as the client reads them; gives how many it took until it left. */
async function flood(peer: RawPeer, bytes: Buffer, limit: number): Promise<number> {
  const batch = Buffer.concat(Array(Math.ceil((64 * 1024) / bytes.length)).fill(bytes));
  let sent = 0;
  while (sent < limit && !peer.closed) {
    sent += batch.length;
    if (peer.socket.write(batch)) continue;
    await Promise.race([once(peer.socket, 'drain'), once(peer.socket, 'close')]).catch(() => {});
  }
  return sent;
}

async function stillWorks(peer: RawPeer, connection: Parameters<typeof stage.call>[0]): Promise<void> {
  const before = peer.of(FrameType.HEADERS).length;
  const call = stage.call(connection);
  const id = (await peer.streams(before + 1)).at(-1) ?? 0;
  peer.send(answer(id), message(id, 'works'), finish(id));
  expect((await call.ended()).code).toBe('OK');
  expect(call.messages).toEqual(['works']);
}

/** Of the process, after what can be freed is free. */
function heldMemory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a header block without an end is cut off', () => {
  test.each<[what: string, piece: (id: number) => Buffer]>([
    ['of long frames', (id) => continuation(id, literals(['x-a', 'b'.repeat(16_000)]), false)],
    ['of short frames', (id) => continuation(id, literals(['a', 'b']), false)],
    ['of empty frames', (id) => continuation(id, Buffer.alloc(0), false)],
    ['of one text', (id) => continuation(id, Buffer.alloc(100, 'x'), false)],
  ])('%s', async (_, piece) => {
    const { peer, call, streamId } = await stage.answered();
    peer.send(frame(FrameType.HEADERS, Flag.NONE, streamId, literals(STATUS)));
    const sent = await flood(peer, piece(streamId), 32 * MIB);
    expect((await call.ended()).code).not.toBe('OK');
    await peer.gone();
    expect(sent).toBeLessThan(32 * MIB);
  });
  const STATUS: Field = ['grpc-status', '0'];
});

describe('a header block that is a bomb ends its call', () => {
  const long: Field = ['x-bomb', 'b'.repeat(3_900)];

  test.each<[what: string, block: Buffer]>([
    [
      'of one entry over and over',
      Buffer.concat([
        literal(long, { indexing: 'incremental' }),
        Buffer.concat(Array(12_000).fill(indexed(YOUNGEST))),
      ]),
    ],
    ['of very many fields', Buffer.concat(Array(16_000).fill(indexed(8)))],
    ['of one very long field', literals(['x-long', 'x'.repeat(2 * MIB)])],
  ])('%s', async (_, block) => {
    const { peer, call, streamId } = await stage.answered();
    const before = heldMemory();
    const sizes = Array(Math.ceil(block.length / 16_000)).fill(16_000);
    peer.send(
      headers(streamId, Buffer.concat([block, literals(['grpc-status', '0'])]), {
        endStream: true,
        cutAt: sizes,
      }),
    );
    expect((await call.ended()).code).not.toBe('OK');
    expect(heldMemory() - before).toBeLessThan(40 * MIB);
  });
});

describe('crumbs take as much memory as they have bytes', () => {
  test('a message that comes byte by byte', async () => {
    const { peer, call, streamId } = await stage.answered();
    const length = 256 * 1024;
    const bytes = message(streamId, 'x'.repeat(length)).subarray(9);
    // Each in a DATA frame of its own.
    const crumbs = (from: number, to: number) =>
      peer.send(
        Buffer.concat(Array.from(bytes.subarray(from, to), (byte) => data(streamId, Buffer.of(byte)))),
      );
    const before = heldMemory();
    for (let at = 0; at < length / 2; at += 16 * 1024) crumbs(at, at + 16 * 1024);
    await peer.settled();
    expect(heldMemory() - before).toBeLessThan(2 * MIB);
    expect(call.messages).toEqual([]);
  });
});

describe('a flood is borne, or the connection ends', () => {
  test.each<[what: string, bytes: (id: number) => Buffer]>([
    ['of pings', () => ping('flooding')],
    ['of answers to pings', () => ping('flooding', true)],
    ['of SETTINGS', () => settings({ INITIAL_WINDOW_SIZE: 65_535 })],
    ['of empty SETTINGS', () => settings()],
    ['of acknowledgements', () => frame(FrameType.SETTINGS, Flag.ACK, 0)],
    ['of empty DATA', (id) => data(id, Buffer.alloc(0))],
    ['of padding in a message that is not whole', (id) => data(id, Buffer.alloc(0), { padding: 0 })],
    ['of padding', (id) => data(id, Buffer.alloc(0), { padding: 0 })],
    ['of DATA that nobody hears', (id) => data(id + 2, Buffer.alloc(0))],
    ['of resets', (id) => reset(id + 2, 8)],
    ['of windows', (id) => windowUpdate(id + 2, 1)],
    ['of priorities', () => frame(FrameType.PRIORITY, Flag.NONE, 1, Buffer.alloc(5))],
    ['of frames that nobody knows', () => frame(0xbe, Flag.NONE, 0, Buffer.alloc(20))],
    ['of interim responses', (id) => headers(id + 4, literals([':status', '103']))],
    ['of responses that nobody hears', (id) => headers(id + 2, RESPONSE)],
  ])('%s', async (what, bytes) => {
    const { peer, connection, call, streamId } = await stage.answered();
    const over = stage.call(connection);
    stage.call(connection);
    await peer.streams(3);
    over.cancel();
    await over.ended();
    if (what.includes('not whole')) peer.send(data(streamId, Buffer.from([0, 0, 0])));
    const before = heldMemory();
    await flood(peer, bytes(streamId), 4 * MIB);
    // A client that leaves is as well off as one that stays and works.
    const outcome = await Promise.race([peer.settled().then(() => 'borne' as const), call.ended()]).catch(
      () => 'gone',
    );
    peer.frames.length = Math.min(peer.frames.length, 3);
    expect(heldMemory() - before).toBeLessThan(20 * MIB);
    if (outcome !== 'borne') return;
    expect(stage.lost).toEqual([]);
    await stillWorks(peer, connection);
  });

  test.each<[what: string, bytes: () => Buffer]>([
    ['of pings', () => ping('flooding')],
    ['of SETTINGS', () => settings({ INITIAL_WINDOW_SIZE: 65_535 })],
  ])('%s by a server that reads none of the answers ends the connection', async (_, bytes) => {
    const { peer, call } = await stage.answered();
    peer.socket.pause();
    const before = heldMemory();
    const sent = await flood(peer, bytes(), 64 * MIB);
    expect(sent).toBeLessThan(64 * MIB);
    expect((await call.ended()).code).toBe('UNAVAILABLE');
    expect(heldMemory() - before).toBeLessThan(20 * MIB);
  });
});
