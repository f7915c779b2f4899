import { afterEach, beforeEach, expect, test } from 'vitest';
import { acceptConnection, anonymous, type HandshakeRequest, SfuRelay } from '../../../src/index.js';
import { rateLimits } from '../../../src/plugins/rate-limits/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';
import { collectGarbage } from '../../support/garbage.js';
import { until } from '../../support/poll.js';

let sfu: ScriptedSfu;
let relay: SfuRelay;

beforeEach(async () => {
  sfu = await startScriptedSfu();
  relay = new SfuRelay({
    sfu: { serverUrl: sfu.address },
    authenticate: anonymous(),
    rateLimiter: rateLimits({ address: { points: 1e9, durationMs: 1_000 } }),
    hooks: {
      onJoin: () => {},
      onSignal: () => {},
      onMessage: () => {},
      onLeave: () => {},
      onClose: () => {},
    },
  });
});
afterEach(async () => {
  await relay.close();
  await sfu.stop();
});

/** A client that joins a room of its own, says something, and leaves; gives what the relay had of it, held by nobody. */
async function comeAndGo(n: number): Promise<WeakRef<object>[]> {
  const request: HandshakeRequest = { url: '/rtc', headers: {}, remoteAddress: '127.0.0.1' };
  const texts: string[] = [];
  const socket = {
    protocol: '',
    bufferedAmount: 0,
    send: (text: string) => void texts.push(text),
    ping: () => {},
    close: () => {},
    terminate: () => {},
  };
  const connection = acceptConnection(relay, socket, request);
  const say = (method: string, params: object, id?: number) =>
    connection.receive(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  say('join', { sid: `room-${n}`, uid: `user-${n}`, offer: { type: 'offer', sdp: fakeOffer() } }, 1);
  await until('it has joined', () => texts.some((text) => text.includes('"result"')));
  const session = [...relay.sessions.values()].find(({ userId }) => userId === `user-${n}`);
  if (!session) throw new Error('there is no session');
  const held = [socket, request, connection, session, session.room].map((each) => new WeakRef<object>(each));
  say('trickle', { target: 0, candidate: { candidate: '', sdpMid: '0' } });
  connection.closed(1000, '');
  return held;
}

test('of clients that came and went nothing is held', async () => {
  const held = (await Promise.all(Array.from({ length: 20 }, (_, n) => comeAndGo(n + 1)))).flat();
  expect(held).toHaveLength(100);
  await until('the sessions have ended', () => relay.sessions.size === 0 && relay.rooms.size === 0);
  await until('the SFU has let them go', () => sfu.streams.size === 0 && relay.streamCount === 0);
  const isGarbage = () => {
    collectGarbage();
    return held.every((each) => each.deref() === undefined);
  };
  await until('all is garbage', isGarbage, { timeoutMs: 10_000 });
});
