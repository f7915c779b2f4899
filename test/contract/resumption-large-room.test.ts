import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeOffer } from '../../src/testing/index.js';
import { until } from '../support/poll.js';
import { overMemory } from './memory-server.js';
import { chatOf, ResumptionStage, SOON } from './resumption-suites/stage.js';

const stage = new ResumptionStage(async (relay, options) => ({
  connect: overMemory(relay, options),
  stop: async () => {},
}));
beforeEach(() => stage.setUp());
afterEach(() => stage.tearDown());

/** As many as one turn of the event loop notifies. */
const CROWD = 500;

/** A message to a large room takes several turns, in which somebody may come back. */
test.each([
  ['frames', 512],
  ['a snapshot', 10],
])(
  'what is on its way to a large room does not come before the result of the resumption, with %s',
  async (_, maxFrames) => {
    const send = (text: string) => stage.relay.rooms.get('lobby')?.send({ kind: 'chat', data: { text } });
    let isBack = false;
    const bans = {
      set() {},
      delete() {},
      // The last question before the session goes on.
      find: () => {
        if (isBack) void send('on its way');
        return undefined;
      },
    };
    await stage.start({ relay: { bans, resumption: { maxFrames } } });
    for (let n = 0; n < CROWD; n += 1)
      await stage.relay.createSession({ roomId: 'lobby', userId: `viewer-${n}`, sdp: fakeOffer() });
    const alice = await stage.enter('alice');
    alice.client.acknowledge();
    await alice.client.ping();
    await stage.lose(alice);
    for (let n = 0; n < 20; n += 1) await send(`${n}`);
    isBack = true;
    const { result } = await alice.client.comeBack();
    isBack = false;
    expect(result?.snapshot !== undefined).toBe(maxFrames < 20);
    const [first] = alice.client.connection.heard;
    expect(first?.result).toEqual(result);
    await send('the end');
    await until('the end has come', () => chatOf(alice.client).includes('the end'), SOON);
    const inSnapshot = alice.client
      .heard('snapshot')
      .flatMap(({ messages }) => messages as { data: { text: string } }[]);
    const texts = [...inSnapshot.map(({ data }) => data.text), ...chatOf(alice.client)];
    expect(texts.slice(-3)).toEqual(['19', 'on its way', 'the end']);
    // The counts are right on both sides: nothing comes twice.
    await stage.lose(alice);
    const again = await alice.client.comeBack();
    expect(again.result?.sent).toBe(alice.client.session?.counts.received);
    expect(chatOf(alice.client).filter((text) => text === 'the end')).toHaveLength(1);
  },
);
