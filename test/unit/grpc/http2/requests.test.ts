import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { HpackDecoder } from '../../../../src/grpc/http2/hpack/decoder.js';
import { IonSfu } from '../../../../src/sfu/ion/ion-sfu.js';
import { resolveIonOptions } from '../../../../src/sfu/ion/options.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { ErrorCode, FrameType, goAway, ping } from './frames.js';
import { Heard, JOIN, joined, onConnect, useNodes } from './nodes.js';
import { RawHttp2Server, type RawPeer, soon } from './raw-http2-server.js';
import { answer, useStage } from './stage.js';

const stage = useStage();
const nodes = useNodes();
const signal = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve() {
  const server = await stage.serve();
  onConnect(server, (peer) => peer.greet());
  return server;
}

/** The header fields of each stream that was opened, in their order. */
function requests(peer: RawPeer | undefined): object[] {
  return (peer?.of(FrameType.HEADERS) ?? []).map(({ payload }) => ({
    ...new HpackDecoder().decode(payload),
  }));
}

async function requestsOf(server: RawHttp2Server, count: number): Promise<object[]> {
  return soon(`${count} streams are open`, () => {
    const all = requests(server.peers[0]);
    return all.length >= count ? all : undefined;
  });
}

describe('a request has', () => {
  test('the address of the SFU as its authority, and no metadata', async () => {
    const server = await serve();
    await nodes.connect(server.address).open(new Heard(), signal);
    expect(await requestsOf(server, 1)).toEqual([
      {
        ':method': 'POST',
        ':scheme': 'http',
        ':path': '/rtc.RTC/Signal',
        ':authority': server.address,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-accept-encoding': 'identity',
        'user-agent': 'sfu-relay',
      },
    ]);
  });

  test('the authority of the options', async () => {
    const server = await serve();
    await nodes.connect(server.address, { authority: 'sfu.example.com' }).open(new Heard(), signal);
    expect(await requestsOf(server, 1)).toMatchObject([{ ':authority': 'sfu.example.com' }]);
  });

  test('metadata of the options, in lower case, and marked as never to be kept in a table', async () => {
    const server = await serve();
    const { metadata } = resolveIonOptions({ metadata: { Authorization: 'Bearer secret', 'x-room': 'a b' } });
    await nodes.connect(server.address, { metadata }).open(new Heard(), signal);
    expect(await requestsOf(server, 1)).toMatchObject([{ authorization: 'Bearer secret', 'x-room': 'a b' }]);
    const block = server.peers[0]?.of(FrameType.HEADERS)[0]?.payload ?? Buffer.alloc(0);
    expect(block[block.indexOf('authorization') - 2]).toBe(0x10);
  });

  test('metadata of a function, made anew for each stream, the probe as well', async () => {
    const server = await serve();
    let count = 0;
    const metadata = async () => ({ authorization: `Bearer ${++count}` });
    const node = nodes.connect(server.address, { metadata });
    for (const _ of [1, 2]) await node.open(new Heard(), signal);
    node.probe(signal).catch(() => {});
    const made = await requestsOf(server, 3);
    expect(made).toMatchObject([1, 2, 3].map((n) => ({ authorization: `Bearer ${n}` })));
  });

  test('the same metadata when it is made again', async () => {
    const server = await serve();
    const metadata = vi.fn(() => ({ 'x-once': '1' }));
    const stream = await nodes.connect(server.address, { metadata }).open(new Heard(), signal);
    stream.join(JOIN);
    await requestsOf(server, 1);
    server.peers[0]?.send(goAway(0, ErrorCode.NO_ERROR));
    await soon('it is made again', () => requests(server.peers[1]).length === 1);
    expect(requests(server.peers[1])).toMatchObject([{ 'x-once': '1' }]);
    expect(metadata).toHaveBeenCalledOnce();
  });
});

describe('metadata that cannot be had make the SFU unavailable, and the cause says why', () => {
  test.each<[what: string, metadata: () => unknown, cause: RegExp]>([
    [
      'a function that throws',
      () => {
        throw new Error('no token');
      },
      /: sfu\.metadata\(\) has failed: no token$/,
    ],
    ['one that rejects', () => Promise.reject(new Error('no token')), /has failed: no token$/],
    ['one that hangs', () => new Promise(() => {}), /has given nothing within 50 ms$/],
    ['one that gives nothing', () => undefined, /must be an object: write \{ authorization/],
    [
      'one that gives what is no text',
      async () => ({ authorization: 7 }),
      /"authorization" that is not a text/,
    ],
  ])('%s', async (_, metadata, cause) => {
    const server = await serve();
    const node = nodes.connect(server.address, { metadata, connectTimeoutMs: 50 });
    await expect(node.open(new Heard(), signal)).rejects.toMatchObject({
      code: 'ERR_RELAY_SFU_UNAVAILABLE',
      cause: { message: expect.stringMatching(cause) },
    });
    expect(node.streamCount).toBe(0);
  });

  test('a join that is cancelled does not wait for them', async () => {
    const server = await serve();
    const node = nodes.connect(server.address, { metadata: () => new Promise(() => {}) });
    const aborter = new AbortController();
    const opening = node.open(new Heard(), aborter.signal);
    aborter.abort();
    await expect(opening).rejects.toMatchObject({ code: 'ERR_RELAY_ABORTED' });
  });
});

describe('a Unix socket', () => {
  test.each([
    ['unix:', 'http2'],
    ['unix://', 'http2'],
    ['unix:', 'grpc-js'],
    ['unix://', 'grpc-js'],
  ] as const)('is connected to by %s and its path (%s)', async (prefix, client) => {
    const folder = mkdtempSync(join(tmpdir(), 'sfu-relay-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'sfu.sock');
    const server = await RawHttp2Server.listen(undefined, { path });
    cleanups.push(() => server.close());
    onConnect(server, (peer) => peer.greet());
    const heard = new Heard();
    const stream = await nodes.connect(`${prefix}${path}`, { client }).open(heard, signal);
    stream.join(JOIN);
    expect(await requestsOf(server, 1)).toMatchObject([{ ':authority': 'localhost' }]);
    server.peers[0]?.send(answer(1), joined(1));
    await soon('it has joined', () => heard.joins.length === 1);
  });

  test('that there is not is named, with what to do', async () => {
    await expect(nodes.connect('unix:/nowhere/sfu.sock').open(new Heard(), signal)).rejects.toMatchObject({
      code: 'ERR_RELAY_SFU_UNAVAILABLE',
      cause: {
        message:
          'unix:/nowhere/sfu.sock: connect ENOENT /nowhere/sfu.sock. There is no such socket: does the SFU run?',
      },
    });
  });
});

test('a server that complains of too many pings gets half as many, on every connection, and the operator is told', async () => {
  const server = await serve();
  const warn = vi.fn();
  const options = resolveIonOptions({ probeOnStart: false, maxStreamsPerChannel: 1 });
  const node = new IonSfu(
    { ...options, serverUrl: server.address, keepaliveTimeMs: 1_000 },
    { logger: { ...silentLogger, warn }, probeTimeoutMs: 1_000 },
  );
  cleanups.push(() => node.close());
  for (const _ of [1, 2]) await node.open(new Heard(), signal);
  await soon('both are there', () => server.peers.length === 2);
  // Both complain of the same pings.
  for (const peer of server.peers) {
    peer.send(goAway(2 ** 31 - 1, ErrorCode.ENHANCE_YOUR_CALM, 'too_many_pings'));
    await peer.settled();
  }
  expect(warn.mock.calls).toEqual([
    [{ serverUrl: server.address, keepaliveTimeMs: 2_000 }, expect.stringContaining('one in 2000 ms')],
  ]);
  await node.open(new Heard(), signal);
  const third = await soon('a third one comes', () => server.peers[2]);
  await third.stream();
  third.send(goAway(2 ** 31 - 1, ErrorCode.ENHANCE_YOUR_CALM, 'too_many_pings'), ping('heard it'));
  await soon('it has heard', () => warn.mock.calls.length === 2);
  expect(warn.mock.calls[1]?.[0]).toMatchObject({ keepaliveTimeMs: 4_000 });
});
