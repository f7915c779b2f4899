import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../../../src/grpc/grpc-connection.js';
import { soon } from './raw-http2-server.js';
import { type EchoServer, startGrpcJsServer, startNodeHttp2Server } from './real-servers.js';
import { useStage } from './stage.js';

const forever = new AbortController().signal;

describe.each([
  ['grpc-js', startGrpcJsServer],
  ['node:http2', startNodeHttp2Server],
])('with the server of %s', (_, start) => {
  const stage = useStage();
  let server: EchoServer;

  beforeEach(async () => {
    server = await start();
  });

  afterEach(() => server.close());

  async function connect() {
    const connection = stage.connect(server.address);
    await connection.ready(forever);
    return connection;
  }

  test('a request says what it is', async () => {
    const call = stage.call(await connect());
    call.say('hello', 'end 0');
    expect((await call.ended()).code).toBe('OK');
    expect(server.requests).toEqual([
      expect.objectContaining({ 'user-agent': expect.stringContaining('sfu-relay') }),
    ]);
    const [request] = server.requests;
    if (request && ':path' in request) {
      expect(request).toMatchObject({
        ':method': 'POST',
        ':scheme': 'http',
        ':path': '/rtc.RTC/Signal',
        ':authority': server.address,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
    }
  });

  test('messages of all sizes come back in their order', async () => {
    const call = stage.call(await connect());
    const sizes = [0, 1, 5, 100, 16_379, 16_384, 65_535, 70_000, 500_000, MAX_MESSAGE_BYTES, 7];
    const texts = sizes.map((size) => 'sizes of all kinds '.repeat(size / 19 + 1).slice(0, size));
    call.say(...texts);
    expect((await call.received(texts.length)).map((text, n) => text === texts[n])).toEqual(
      texts.map(() => true),
    );
    expect(call.pending).toBe(0);
    call.end();
    expect((await call.ended()).code).toBe('OK');
  });

  test('hundreds of calls on one connection keep apart', async () => {
    const connection = await connect();
    const calls = Array.from({ length: 300 }, () => stage.call(connection));
    for (let n = 0; n < 20; n += 1) for (const [m, call] of calls.entries()) call.say(`${n} of ${m}`);
    for (const [m, call] of calls.entries()) {
      expect(await call.received(20)).toEqual(Array.from({ length: 20 }, (_, n) => `${n} of ${m}`));
    }
    for (const call of calls) call.say('end 0');
    for (const call of calls) expect((await call.ended()).code).toBe('OK');
  });

  test('thousands of calls, one after the other, leave nothing behind', async () => {
    const connection = await connect();
    for (let n = 0; n < 100; n += 1) {
      const calls = Array.from({ length: 20 }, () => stage.call(connection));
      for (const [m, call] of calls.entries()) {
        call.say('hello');
        if (m % 4 === 0) call.cancel();
        else if (m % 4 === 1) call.end();
        else call.say(`end ${m}`);
      }
      const codes = await Promise.all(calls.map(async (call) => (await call.ended()).code));
      expect(codes.filter((code) => code === 'CANCELLED')).toHaveLength(5);
      expect(codes.filter((code) => code === 'OK')).toHaveLength(5);
    }
    expect(stage.lost).toEqual([]);
  });

  test('a call ends with the status and its message', async () => {
    const call = stage.call(await connect());
    call.say('end 9');
    expect(await call.ended()).toEqual({ code: 'FAILED_PRECONDITION', details: 'as wished: ä' });
  });

  test('a call that is cancelled is so on the server', async () => {
    const call = stage.call(await connect());
    call.say('hello');
    await call.received(1);
    call.cancel();
    await soon('the server knows it', () => server.cancelled === 1);
  });

  test('a server that shuts down lets calls finish, and takes no more', async () => {
    const connection = await connect();
    const call = stage.call(connection);
    call.say('hello');
    await call.received(1);
    const gone = server.goAway();
    await soon('it is lost', () => stage.lost.length === 1);
    expect(() => stage.call(connection)).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_SFU_UNAVAILABLE' }),
    );
    call.say('still there?');
    expect(await call.received(2)).toEqual(['hello', 'still there?']);
    call.end();
    expect((await call.ended()).code).toBe('OK');
    await gone;
  });

  test('a server that is gone ends the calls', async () => {
    const call = stage.call(await connect());
    call.say('hello');
    await call.received(1);
    await server.close();
    expect((await call.ended()).code).toBe('UNAVAILABLE');
  });
});

test('a method that the server has not is UNIMPLEMENTED', async () => {
  const server = await startGrpcJsServer();
  const connection = stage.connect(server.address, { method: '/rtc.RTC/Other' });
  await connection.ready(forever);
  expect((await stage.call(connection).ended()).code).toBe('UNIMPLEMENTED');
  await server.close();
});
const stage = useStage();
