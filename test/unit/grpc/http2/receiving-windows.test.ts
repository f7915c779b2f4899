import { describe, expect, test } from 'vitest';
import type { CallListener, GrpcConnection } from '../../../../src/grpc/grpc-connection.js';
import type { Status } from '../../../../src/grpc/status.js';
import { cut, data, Flag, FrameType } from './frames.js';
import { ObeyingSender } from './obeying-sender.js';
import { soon } from './raw-http2-server.js';
import { framed } from './recorded-call.js';
import { answer, message, useStage } from './stage.js';

const stage = useStage();
const MIB = 1024 * 1024;

/** Counts, and keeps nothing. */
class Counter implements CallListener {
  bytes = 0;
  messages = 0;
  status: Status | undefined;

  constructor(connection: GrpcConnection) {
    connection.call(this);
  }

  onMessage(message: Buffer): void {
    this.bytes += message.length;
    this.messages += 1;
  }

  onEnd(status: Status): void {
    this.status = status;
  }
}

describe('a server that obeys the windows can say', () => {
  test('100 MiB on one stream', async () => {
    const { peer, connection } = await stage.open();
    const counter = new Counter(connection);
    const id = await peer.stream();
    const sender = new ObeyingSender(peer);
    peer.send(answer(id));
    const bytes = framed(Buffer.alloc(MIB / 4));
    for (let n = 0; n < 400; n += 1) sender.send(id, bytes);
    await soon('all has come', () => counter.messages === 400);
    expect(counter.bytes).toBe(100 * MIB);
    expect(sender.waiting).toBe(0);
  });

  test('40 MiB on a hundred streams', async () => {
    const { peer, connection } = await stage.open();
    const counters = Array.from({ length: 100 }, () => new Counter(connection));
    const ids = await peer.streams(100);
    const sender = new ObeyingSender(peer);
    peer.send(...ids.map(answer));
    const bytes = framed(Buffer.alloc(MIB / 20));
    for (let n = 0; n < 8; n += 1) for (const id of ids) sender.send(id, bytes);
    await soon('all has come', () => counters.every(({ messages }) => messages === 8));
  });

  test('a million small messages', async () => {
    const { peer, connection } = await stage.open();
    const counter = new Counter(connection);
    const id = await peer.stream();
    const sender = new ObeyingSender(peer);
    peer.send(answer(id));
    const bytes = Buffer.concat(Array(1_000).fill(framed('tiny')));
    for (let n = 0; n < 1_000; n += 1) sender.send(id, bytes);
    await soon('all has come', () => counter.messages === 1_000_000);
  });

  test('padding, which the windows count too', async () => {
    const { peer, call, streamId } = await stage.answered();
    const sender = new ObeyingSender(peer);
    const text = 'x'.repeat(200);
    for (let n = 0; n < 50; n += 1) {
      for (const piece of cut(framed(text), Array(60).fill(1))) sender.send(streamId, piece, 255);
    }
    expect(await call.received(50)).toEqual(Array(50).fill(text));
    expect(sender.waiting).toBe(0);
  });

  test('what nobody hears on streams that are cancelled, and still be heard on others', async () => {
    const { peer, connection } = await stage.open();
    const cancelled = Array.from({ length: 10 }, () => stage.call(connection));
    const heard = stage.call(connection);
    const ids = await peer.streams(11);
    const sender = new ObeyingSender(peer);
    peer.send(...ids.map(answer), ...ids.map((id) => message(id, 'at first')));
    for (const call of cancelled) await call.received(1);
    for (const call of cancelled) call.cancel();
    await soon('ten are reset', () => peer.of(FrameType.RST_STREAM).length === 10);
    // A server that has not read the resets yet: the stream's window is what it was, the connection's is shared.
    for (let n = 0; n < 100; n += 1) {
      for (const id of ids.slice(0, 10)) peer.send(data(id, framed(Buffer.alloc(5_000)), { padding: 200 }));
      await peer.settled();
    }
    sender.send(ids[10] ?? 0, framed(Buffer.alloc(MIB)));
    await heard.received(2);
    expect(cancelled.every(({ messages }) => messages.length === 1)).toBe(true);
    expect(sender.waiting).toBe(0);
  });
});

test('windows are given back for what came, and never for more', async () => {
  const { peer, call, streamId } = await stage.answered();
  const givenBefore = given(0);
  function given(id: number): number {
    return peer
      .of(FrameType.WINDOW_UPDATE)
      .reduce((sum, { streamId: of, payload }) => sum + (of === id ? payload.readUInt32BE(0) : 0), 0);
  }
  const initial = given(streamId);
  const sender = new ObeyingSender(peer);
  sender.send(streamId, Buffer.concat(Array(50).fill(framed(Buffer.alloc(100_000)))));
  await call.received(50);
  await peer.settled();
  const sent = 50 * 100_005;
  expect(given(0) - givenBefore).toBeLessThanOrEqual(sent);
  expect(given(streamId) - initial).toBeLessThanOrEqual(sent);
  const updates = peer.of(FrameType.WINDOW_UPDATE);
  expect(updates.every(({ payload }) => payload.length === 4 && payload.readUInt32BE(0) > 0)).toBe(true);
  expect(updates.every(({ flags }) => flags === Flag.NONE)).toBe(true);
});

test('a window is given back in few frames, not for each message', async () => {
  const { peer, call, streamId } = await stage.answered();
  for (let n = 0; n < 100; n += 1) peer.send(message(streamId, 'small'));
  await call.received(100);
  await peer.settled();
  expect(peer.of(FrameType.WINDOW_UPDATE).length).toBeLessThan(10);
});
