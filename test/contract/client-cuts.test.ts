import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type ConnectionEvent, connect } from '../../src/client/index.js';
import { type FaultyProxy, fakeAnswer, fakeOffer, startFaultyProxy } from '../../src/testing/index.js';
import { World } from '../cuts/world.js';
import { Random } from '../fuzz/random.js';
import { until } from '../support/poll.js';
import { FakePeer, FakeStream, installFakeBrowser } from '../unit/client/fake-browser.js';

const SCENES = Number(process.env.CLIENT_CUTS ?? 12);
const STEPS = 60;

let world: World;
let restore: () => void;

/** A peer connection without media, whose descriptions the relay accepts. */
class DescribedPeer extends FakePeer {
  override async createOffer(): Promise<RTCSessionDescriptionInit> {
    return { type: 'offer', sdp: fakeOffer([], { dataChannel: false }) };
  }
  override async createAnswer(): Promise<RTCSessionDescriptionInit> {
    return { type: 'answer', sdp: fakeAnswer(this.remoteDescription?.sdp ?? '') };
  }
}

/** A browser's does not throw when nobody listens for errors. */
class QuietSocket extends WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    this.on('error', () => {});
  }
}

beforeAll(async () => {
  restore = installFakeBrowser();
  vi.stubGlobal('WebSocket', QuietSocket);
  vi.stubGlobal('RTCPeerConnection', DescribedPeer);
  vi.stubGlobal('MediaStream', FakeStream);
  // A client that shares a busy machine with its relay answers late.
  world = await World.start({}, { heartbeatIntervalMs: 2_000 });
});
afterAll(async () => {
  await world?.stop();
  restore();
});

/** Everything that a client is told, and says. */
async function enter(url: string, roomId: string, userId: string) {
  const client = await connect(url, { statsIntervalMs: 0 });
  const heard: string[] = [];
  const said: string[] = [];
  const receipts: Promise<unknown>[] = [];
  const states: string[] = [];
  const faults: unknown[] = [];
  const connection: ConnectionEvent[] = [];
  client.on('chat', ({ data }) => heard.push(data.text));
  client.on('state', (state) => states.push(state));
  client.on('error', (error) => faults.push(error));
  client.on('close', (info) => faults.push(info));
  client.on('connection', (event) => connection.push(event));
  await client.join({ roomId, userId });
  // Until the relay has the first acknowledgement, a lost connection ends the session.
  await client.setMetadata({});
  states.length = 0;
  const say = (text: string) => {
    said.push(text);
    receipts.push(client.chat(text));
  };
  return { client, heard, said, receipts, states, faults, connection, say };
}

function breakIt(net: FaultyProxy, random: Random): void {
  const kind = random.below(12);
  const cutAfter = (direction: 'toServer' | 'toClient') =>
    net.cutAfter({ direction, frames: random.below(8), bytes: random.below(90) }).catch(() => {});
  if (kind < 5) void cutAfter('toServer');
  else if (kind < 9) void cutAfter('toClient');
  else if (kind === 9) net.cut({ noticedBy: 'client' });
  else if (kind === 10) net.cut();
  else {
    net.refuse();
    net.cut();
    setTimeout(() => net.accept(), random.below(2_000));
  }
}

async function play(seed: number): Promise<unknown> {
  const random = new Random(seed);
  const net = await startFaultyProxy(world.url(seed));
  const room = `library ${seed}`;
  const alice = await enter(net.url(), room, 'alice');
  const bob = await enter(world.url(seed), room, 'bob');
  try {
    for (let n = 0; n < STEPS; n += 1) {
      alice.say(`alice ${n}`);
      bob.say(`bob ${n}`);
      if (random.chance(0.2)) breakIt(net, random);
      await sleep(random.below(80));
    }
    net.heal();
    await until('all has been said', () => alice.heard.length + bob.heard.length >= 4 * STEPS, {
      intervalMs: 20,
      timeoutMs: 45_000,
    });
    await Promise.all([...alice.receipts, ...bob.receipts]);
    // Also what would come twice.
    await sleep(300);
    const from = (user: string, texts: string[]) => texts.filter((text) => text.startsWith(user));
    for (const { heard } of [alice, bob]) {
      expect(from('alice', heard)).toEqual(alice.said);
      expect(from('bob', heard)).toEqual(bob.said);
    }
    expect(alice.heard).toEqual(bob.heard);
    const lost = alice.connection.filter(({ state }) => state === 'lost');
    for (const { states, faults } of [alice, bob])
      expect({ states, faults, lost }).toEqual({ states: [], faults: [], lost: [] });
    const counts = (state: string) => alice.connection.filter((event) => event.state === state).length;
    await until('it is resumed', () => counts('resumed') === counts('interrupted'));
    expect(counts('lost')).toBe(0);
    return counts('resumed');
  } finally {
    alice.client.close();
    bob.client.close();
    await net.stop();
  }
}

test('the browser client and the relay lose nothing, whenever the connection breaks', {
  timeout: 300_000,
}, async () => {
  const failed: unknown[] = [];
  let resumptions = 0;
  const seeds = Array.from({ length: SCENES }, (_, n) => n + 1);
  const next = async (): Promise<void> => {
    const seed = seeds.shift();
    if (seed === undefined) return;
    await play(seed).then(
      (count) => {
        resumptions += count as number;
      },
      (error) => failed.push({ seed, error: String(error), actual: error.actual }),
    );
    return next();
  };
  await Promise.all(Array.from({ length: 12 }, next));
  expect(failed).toEqual([]);
  expect(world.errors).toEqual([]);
  expect(resumptions).toBeGreaterThan(SCENES);
});
