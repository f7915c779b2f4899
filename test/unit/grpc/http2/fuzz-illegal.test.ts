import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { STATUS_NAMES } from '../../../../src/grpc/status.js';
import { Random } from '../../../fuzz/random.js';
import {
  cut,
  data,
  FrameType,
  frame,
  goAway,
  headers,
  ping,
  reset,
  settings,
  uint32,
  windowUpdate,
} from './frames.js';
import { type RawPeer, soon } from './raw-http2-server.js';
import { answer, finish, message, RESPONSE, trailers, useStage } from './stage.js';

/** Of a longer run: `HTTP2_FUZZ_RUNS=5000 HTTP2_FUZZ_SEED=1 npx vitest run --project unit fuzz-illegal`. */
const RUNS = Number(process.env.HTTP2_FUZZ_RUNS ?? 100);
const FIRST_SEED = Number(process.env.HTTP2_FUZZ_SEED ?? 1);
const CALLS = 4;
const MS_PER_RUN = 1_000;

const stage = useStage();

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

/** A frame as it may be, of a stream that may be none. */
function sound(random: Random): Buffer {
  const id = random.pick([1, 3, 5, 7, 7, 7, 0, 2, 9, 2 ** 31 - 1]);
  const number = random.pick([0, 1, 2, 3, 8, 100, 65_535, 2 ** 31 - 1, 2 ** 32 - 1]);
  return random.pick<() => Buffer>([
    () => answer(id),
    () => message(id, `a message ${random.below(1_000)}`),
    () =>
      data(id, noise(random, random.below(40)), {
        padding: random.below(256),
        endStream: random.chance(0.1),
      }),
    () => finish(id, random.below(20)),
    () =>
      headers(id, trailers(0), { endStream: true, cutAt: [random.below(10)], priority: true, padding: 9 }),
    () => headers(id, noise(random, random.below(30))),
    () => frame(FrameType.CONTINUATION, random.below(8), id, noise(random, random.below(30))),
    () => frame(FrameType.HEADERS, random.below(64), id, RESPONSE),
    () => reset(id, number),
    () => windowUpdate(id, number),
    () => settings({ INITIAL_WINDOW_SIZE: number, MAX_CONCURRENT_STREAMS: number }),
    () => settings({ MAX_FRAME_SIZE: number, HEADER_TABLE_SIZE: number }),
    () => goAway(id, number, 'why'),
    () => ping(noise(random, 8), random.chance(0.5)),
    () => frame(FrameType.PUSH_PROMISE, 4, id, Buffer.concat([uint32(2), RESPONSE])),
    () => frame(random.below(16), random.below(256), id, noise(random, random.below(64))),
  ])();
}

/** The same with an accident. */
function damaged(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length);
  switch (random.below(6)) {
    case 0:
      bytes[at] = random.below(256);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), noise(random, 1 + random.below(9)), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 4:
      bytes[random.below(Math.min(9, bytes.length))] = random.below(256);
      return bytes;
    default:
      return Buffer.concat([bytes, bytes]);
  }
}

async function misbehave(random: Random, peer: RawPeer): Promise<void> {
  for (let n = random.below(30); n >= 0 && !peer.closed; n -= 1) {
    const bytes = sound(random);
    const sent = random.chance(0.3) ? damaged(random, bytes) : bytes;
    await peer.sendApart(cut(sent, random.chance(0.3) ? [random.below(12), random.below(12)] : []));
    if (random.chance(0.2)) await turn();
  }
}

/** Sockets that are open in this process. */
const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

test(
  'whatever a server says, each call ends once, and nothing is left',
  async () => {
    const before = sockets();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
      const random = new Random(seed);
      const { server, peer, connection } = await stage.open();
      const calls = Array.from({ length: CALLS }, () => {
        const call = stage.call(connection, { onMessage: () => random.chance(0.2) && call.say('an answer') });
        return call;
      });
      const [first] = calls;
      first?.say(Buffer.alloc(random.below(100_000)));
      await peer.streams(CALLS);
      if (random.chance(0.7)) peer.send(answer(1), answer(3), message(1, 'at first'));
      await misbehave(random, peer);
      for (const call of calls)
        if (random.chance(0.3)) random.pick([() => call.cancel(), () => call.end()])();
      for (let n = random.below(5); n > 0; n -= 1) await turn();
      random.pick([() => connection.close(), () => peer.destroy(), () => peer.socket.end()])();
      await soon(`every call has ended, with HTTP2_FUZZ_SEED=${seed}`, () =>
        calls.every(({ ends }) => ends.length > 0),
      );
      await turn();
      for (const { ends } of calls) {
        expect(
          ends.map(({ code }) => STATUS_NAMES.includes(code)),
          `with HTTP2_FUZZ_SEED=${seed}`,
        ).toEqual([true]);
      }
      expect(
        stage.lost.filter((lost) => lost === connection),
        `with HTTP2_FUZZ_SEED=${seed}`,
      ).toHaveLength(1);
      await peer.gone();
      await server.close();
    }
    await soon('every socket is closed', () => sockets() <= before);
  },
  20_000 + RUNS * MS_PER_RUN,
);
