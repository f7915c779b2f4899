import { createServer as createHttpServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { closeServer, freePort, listen } from '../../../support/listen.js';
import {
  ErrorCode,
  Flag,
  FrameType,
  goAway,
  PREFACE,
  ping,
  Setting,
  settings,
  settingsAck,
} from './frames.js';
import { useStage } from './stage.js';

const stage = useStage();
const forever = new AbortController().signal;
const UNAVAILABLE = { code: 'ERR_RELAY_SFU_UNAVAILABLE' };

describe('a connection stands', () => {
  test('when the server has said its SETTINGS, and not before', async () => {
    const server = await stage.serve();
    const connection = stage.connect(server.address);
    let isReady = false;
    const ready = connection.ready(forever).then(() => {
      isReady = true;
    });
    const peer = await server.accept();
    await peer.frame(FrameType.SETTINGS);
    await turn();
    expect(isReady).toBe(false);
    peer.greet();
    await ready;
    expect(stage.lost).toEqual([]);
  });

  test('with the preface first, then SETTINGS that want no pushes', async () => {
    const { peer } = await stage.open();
    await peer.frame(FrameType.SETTINGS);
    expect(peer.preface).toEqual(PREFACE);
    expect(peer.frames[0]).toMatchObject({ type: FrameType.SETTINGS, flags: Flag.NONE, streamId: 0 });
    const payload = peer.frames[0]?.payload ?? Buffer.alloc(0);
    const entries = Array.from({ length: payload.length / 6 }, (_, n) => payload.subarray(n * 6, n * 6 + 6));
    const push = entries.find((entry) => entry.readUInt16BE(0) === Setting.ENABLE_PUSH);
    expect(push?.readUInt32BE(2)).toBe(0);
  });

  test("and the server's SETTINGS are acknowledged, each time", async () => {
    const { peer } = await stage.open();
    const isAck = ({ flags }: { flags: number }) => flags === Flag.ACK;
    await peer.frame(FrameType.SETTINGS, isAck);
    peer.send(settings({ INITIAL_WINDOW_SIZE: 10 }), settings(), ping('after it'));
    await peer.frame(FrameType.PING);
    const acks = peer.of(FrameType.SETTINGS).filter(isAck);
    expect(acks.map(({ payload }) => payload.length)).toEqual([0, 0, 0]);
  });

  test('however its SETTINGS are cut', async () => {
    const server = await stage.serve();
    const connection = stage.connect(server.address);
    const peer = await server.accept();
    const bytes = settings({ MAX_CONCURRENT_STREAMS: 7, INITIAL_WINDOW_SIZE: 100_000 });
    await peer.sendApart([...bytes].map((byte) => Buffer.from([byte])));
    await connection.ready(forever);
    await peer.frame(FrameType.SETTINGS, ({ flags }) => flags === Flag.ACK);
  });

  test('with a server by its name, of which one address may not answer', async () => {
    const server = await stage.serve();
    const connection = stage.connect(server.address.replace('127.0.0.1', 'localhost'));
    const peer = await server.accept();
    peer.greet();
    await connection.ready(forever);
    peer.send(ping('by name!'));
    await peer.frame(FrameType.PING, ({ flags }) => flags === Flag.ACK);
  });

  test('for whoever asks later, too', async () => {
    const { connection } = await stage.open();
    await Promise.all([connection.ready(forever), connection.ready(forever)]);
  });
});

describe('ready rejects', () => {
  test('where nothing listens', async () => {
    const connection = stage.connect(`127.0.0.1:${await freePort()}`);
    await expect(connection.ready(forever)).rejects.toMatchObject({
      ...UNAVAILABLE,
      cause: { code: 'ECONNREFUSED' },
    });
    expect(stage.lost).toEqual([connection]);
    expect(() => stage.call(connection)).toThrow(expect.objectContaining(UNAVAILABLE));
  });

  test('where a server accepts and is silent, which makes it suspect', async () => {
    const server = await stage.serve();
    const connection = stage.connect(server.address, { connectTimeoutMs: 50 });
    await expect(connection.ready(forever)).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_TIMEOUT' });
    expect(connection.suspect).toBe(true);
    expect(stage.lost).toEqual([connection]);
    await (await server.accept()).gone();
  });

  test.each([
    ['text', Buffer.from('220 mail.example.com ESMTP ready, what can I do for you?\r\n')],
    ['zeros', Buffer.alloc(64)],
    ['noise', Buffer.from(Array.from({ length: 256 }, (_, n) => (n * 181 + 77) & 0xff))],
    ['another frame than SETTINGS', ping('too soon')],
    ['the acknowledgement of SETTINGS only', settingsAck],
    ["a client's preface", PREFACE],
    ['SETTINGS on a stream', Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 1])],
    ['SETTINGS of five bytes', Buffer.from([0, 0, 5, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5])],
  ])('at %s instead of the SETTINGS', async (_, bytes) => {
    const server = await stage.serve();
    const connection = stage.connect(server.address);
    const peer = await server.accept();
    peer.send(bytes);
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
    expect(stage.lost).toEqual([connection]);
    await peer.gone();
  });

  test('at a server of HTTP/1.1', async () => {
    const server = createHttpServer((_, response) => response.end('hello'));
    const connection = stage.connect(`127.0.0.1:${await listen(server)}`);
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
    await closeServer(server);
  });

  test.each([
    ['closed', (socket: { end(): void }) => socket.end()],
    ['reset', (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy()],
  ])('where the connection is %s before the SETTINGS', async (_, leave) => {
    const server = await stage.serve();
    const connection = stage.connect(server.address);
    leave((await server.accept()).socket);
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
    expect(stage.lost).toEqual([connection]);
  });

  test('or the first call, where the server turns it away with a GOAWAY', async () => {
    const server = await stage.serve();
    const connection = stage.connect(server.address);
    const peer = await server.accept();
    peer.send(settings(), goAway(0, ErrorCode.ENHANCE_YOUR_CALM));
    peer.socket.end();
    await connection.ready(forever).catch(() => {});
    await peer.gone();
    expect(() => stage.call(connection)).toThrow(expect.objectContaining(UNAVAILABLE));
    expect(stage.lost).toEqual([connection]);
  });

  test('when it is aborted, and the connection goes on', async () => {
    const server = await stage.serve();
    const connection = stage.connect(server.address);
    const aborter = new AbortController();
    const ready = connection.ready(aborter.signal);
    aborter.abort(new Error('no longer wanted'));
    await expect(ready).rejects.toMatchObject({ code: 'ERR_RELAY_ABORTED', cause: aborter.signal.reason });
    await expect(connection.ready(aborter.signal)).rejects.toMatchObject({ code: 'ERR_RELAY_ABORTED' });
    (await server.accept()).greet();
    await connection.ready(forever);
    expect(stage.lost).toEqual([]);
  });

  test('when this side closes it first', async () => {
    const server = await stage.serve();
    const connection = stage.connect(server.address);
    const ready = connection.ready(forever);
    connection.close();
    await expect(ready).rejects.toMatchObject(UNAVAILABLE);
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
    expect(stage.lost).toEqual([connection]);
  });
});

test('a connection that nobody waits for fails without a word', async () => {
  const connection = stage.connect(`127.0.0.1:${await freePort()}`);
  await expect.poll(() => stage.lost).toEqual([connection]);
});
