import { afterEach, expect, test } from 'vitest';
import { SfuNode } from '../../../../src/sfu/node.js';
import { resolveSfuOptions, type SfuOptions } from '../../../../src/sfu/options.js';
import type { SfuStreamListener } from '../../../../src/sfu/port.js';
import { ErrorCode, FrameType, reset, settings } from './frames.js';
import { type RawHttp2Server, soon } from './raw-http2-server.js';
import { useStage } from './stage.js';

const stage = useStage();
const nodes: SfuNode[] = [];
const signal = new AbortController().signal;
const UNAVAILABLE = { code: 'ERR_RELAY_SFU_UNAVAILABLE' };

afterEach(() => {
  for (const node of nodes.splice(0)) node.close();
});

function nodeOf({ address }: RawHttp2Server, options: Partial<SfuOptions> = {}): SfuNode {
  const node = new SfuNode(resolveSfuOptions({ serverUrl: address, probeOnStart: false, ...options }));
  nodes.push(node);
  return node;
}

/** What a stream of the SFU's ends with. */
class Ends implements SfuStreamListener {
  readonly errors: (Error | undefined)[] = [];
  onJoined(): void {}
  onRefused(): void {}
  onAnswer(): void {}
  onOffer(): void {}
  onCandidate(): void {}
  onSubscribed(): void {}
  onError(): void {}
  onEnd(error?: Error): void {
    this.errors.push(error);
  }
}

/** Greets whoever connects. */
function greetAll(server: RawHttp2Server, maxStreams: number): void {
  let greeted = 0;
  const timer = setInterval(() => {
    for (const peer of server.peers.slice(greeted)) peer.greet({ MAX_CONCURRENT_STREAMS: maxStreams });
    greeted = server.peers.length;
  }, 1);
  timer.unref();
  stops.push(() => clearInterval(timer));
}
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const opened = (server: RawHttp2Server) => server.peers.map((peer) => peer.of(FrameType.HEADERS).length);

test('a server that takes few calls on a connection gets more connections', async () => {
  const server = await stage.serve();
  greetAll(server, 2);
  const node = nodeOf(server);
  for (let n = 0; n < 5; n += 1) await node.open(new Ends(), signal);
  await soon('all streams are open', () => opened(server).reduce((sum, count) => sum + count, 0) === 5);
  expect(opened(server)).toEqual([2, 2, 1]);
  expect(node.streamCount).toBe(5);
});

test('so it is, too, where all of them are wanted before the server has said so', async () => {
  const server = await stage.serve();
  const node = nodeOf(server);
  const opening = Promise.all(Array.from({ length: 7 }, () => node.open(new Ends(), signal)));
  await server.accept();
  greetAll(server, 3);
  await opening;
  await soon('all streams are open', () => opened(server).reduce((sum, count) => sum + count, 0) === 7);
  expect(Math.max(...opened(server))).toBe(3);
  expect(node.streamCount).toBe(7);
});

test('a server that takes none on a connection is none', async () => {
  const server = await stage.serve();
  greetAll(server, 0);
  const node = nodeOf(server);
  await expect(node.open(new Ends(), signal)).rejects.toMatchObject(UNAVAILABLE);
  expect(node.streamCount).toBe(0);
});

test('a limit that is lowered holds for the next, and what is refused meanwhile is unavailable', async () => {
  const server = await stage.serve();
  greetAll(server, 10);
  const node = nodeOf(server);
  const ends = [new Ends(), new Ends(), new Ends()];
  for (const each of ends) await node.open(each, signal);
  const peer = await server.accept();
  const ids = await peer.streams(3);
  peer.send(settings({ MAX_CONCURRENT_STREAMS: 2 }), reset(ids[2] ?? 0, ErrorCode.REFUSED_STREAM));
  await soon('the third has ended', () => ends[2]?.errors.length === 1);
  expect(ends[2]?.errors[0]).toMatchObject(UNAVAILABLE);
  await node.open(new Ends(), signal);
  await soon('another connection is open', () => opened(server).length === 2);
  expect(node.streamCount).toBe(3);
});
