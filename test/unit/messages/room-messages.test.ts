import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { chat, gift, like, type MessageKinds, type StandardSchema } from '../../../src/index.js';
import { MessageArchive } from '../../../src/messages/archive.js';
import { resolveKinds } from '../../../src/messages/message-kind.js';
import {
  type MessageSender,
  type ModerateMessage,
  RoomMessages,
} from '../../../src/messages/room-messages.js';
import type { RoomMessage } from '../../../src/protocol/types.js';
import { OrderedQueue } from '../../../src/util/ordered-queue.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A room whose only ear is the test. */
function room(kinds: MessageKinds = { chat: chat(), gift: gift(), like: like() }) {
  const heard: RoomMessage[] = [];
  const messages = new RoomMessages('lobby', { kinds: resolveKinds(kinds), checkTimeoutMs: 1_000 });
  messages.recipients = {
    deliver: (message) => heard.push(message),
    deleted: () => {},
    isPresent: (userId) => userId === 'bob',
  };
  return { messages, heard };
}

function sender(userId = 'alice', moderate?: ModerateMessage): MessageSender {
  return { sessionId: `of ${userId}`, userId, queue: new OrderedQueue(64), check: () => {}, moderate };
}

const schema = (validate: StandardSchema['~standard']['validate']): StandardSchema => ({
  '~standard': { version: 1, vendor: 'test', validate },
});

describe('what is sent', () => {
  test('goes out in the same turn, where nothing is slow', () => {
    const { messages, heard } = room();
    void messages.send({ kind: 'chat', data: { text: 'hello' } }, sender());
    expect(heard).toMatchObject([{ kind: 'chat', data: { text: 'hello' } }]);
  });

  test('comes in its sender’s order, whatever takes how long, and whatever of it is refused', async () => {
    vi.useRealTimers();
    const step = fc.record({
      from: fc.nat(2),
      delay: fc.nat(3),
      refused: fc.boolean(),
      withId: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { messages, heard } = room({ note: {} });
        const moderate: ModerateMessage = ({ data }) => {
          const { delay, refused } = steps[data as number] ?? { delay: 0, refused: false };
          const answer = async () => {
            for (let turn = 0; turn < delay; turn += 1) await new Promise(setImmediate);
            if (refused) throw new Error('no');
            return data;
          };
          return delay === 0 && !refused ? data : answer();
        };
        const senders = ['ada', 'ben', 'cleo'].map((name) => sender(name, moderate));
        await Promise.allSettled(
          steps.map(async ({ from, withId }, n) =>
            messages.send({ kind: 'note', data: n, ...(withId && { id: `${n}` }) }, senders[from]),
          ),
        );
        for (const [from, { userId }] of senders.entries()) {
          const expected = steps.flatMap((each, n) => (each.from === from && !each.refused ? [n] : []));
          expect(heard.filter((each) => each.from?.userId === userId).map(({ data }) => data)).toEqual(
            expected,
          );
        }
      }),
      { numRuns: 50 },
    );
  });

  test('that is sent again while the first is being checked waits for the same result', async () => {
    let pass = () => {};
    const gate = new Promise<void>((resolve) => {
      pass = resolve;
    });
    const asked = vi.fn(async ({ data }) => gate.then(() => data));
    const { messages, heard } = room();
    const rose = { kind: 'gift', data: { gift: 'rose' }, id: 'g1' };
    const receipts = [sender('alice', asked), sender('alice', asked)].map((each) =>
      messages.send(rose, each),
    );
    pass();
    const [one, other] = await Promise.all(receipts);
    expect(one).toEqual(other);
    expect([asked.mock.calls.length, heard.length]).toEqual([1, 1]);
  });

  test('and was refused may be sent again with the same id', async () => {
    const moderate = vi
      .fn<ModerateMessage>()
      .mockRejectedValueOnce(new Error('no'))
      .mockImplementation(({ data }) => data);
    const { messages, heard } = room();
    const alice = sender('alice', moderate);
    const rose = { kind: 'gift', data: { gift: 'rose' }, id: 'g1' };
    await expect(messages.send(rose, alice)).rejects.toThrow('no');
    await messages.send(rose, alice);
    expect(heard).toHaveLength(1);
  });

  test('is refused when its schema hangs, and what comes after it is not held up for longer', async () => {
    const { messages, heard } = room({ slow: { schema: schema(() => new Promise(() => {})) }, note: {} });
    const alice = sender();
    const hung = Promise.resolve(messages.send({ kind: 'slow', data: 1 }, alice)).catch(
      (error) => error.code,
    );
    void messages.send({ kind: 'note', data: 2 }, alice);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await hung).toBe('ERR_RELAY_INTERNAL');
    expect(heard).toMatchObject([{ data: 2 }]);
  });

  test('fails alone when its schema throws, or makes of it what is not JSON', async () => {
    const broken = (validate: StandardSchema['~standard']['validate']) => ({ schema: schema(validate) });
    const { messages, heard } = room({
      throws: broken(() => {
        throw new Error('a bug');
      }),
      nothing: broken(() => ({ value: undefined })),
      cyclic: broken(() => {
        const value: Record<string, unknown> = {};
        value.self = value;
        return { value };
      }),
    });
    for (const kind of ['throws', 'nothing', 'cyclic'])
      expect(() => messages.send({ kind, data: 1 }, sender())).toThrow();
    expect(heard).toEqual([]);
  });
});

describe('likes', () => {
  test('are told once a window, with the sum and the total, and nothing runs while there are none', () => {
    const { messages, heard } = room();
    for (let n = 0; n < 10_000; n += 1) void messages.send({ kind: 'like' }, sender());
    expect(heard).toEqual([]);
    vi.advanceTimersByTime(250);
    void messages.send({ kind: 'like', data: { count: 5 } }, sender());
    vi.advanceTimersByTime(1_000);
    expect(heard.map(({ data }) => data)).toEqual([
      { count: 10_000, total: 10_000 },
      { count: 5, total: 10_005 },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the history', () => {
  test('never holds more than it may, in messages and in bytes, and always the newest', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const { messages } = room({ chat: chat({ history: { maxMessages: 10, maxBytes: 1_000 } }) });
        for (const [n, length] of lengths.entries())
          void messages.send({ kind: 'chat', data: { text: `${n} ${'x'.repeat(length)}` } });
        const { recent } = messages;
        const bytes = recent.reduce((sum, each) => sum + JSON.stringify(each).length, 0);
        expect(recent.length).toBeLessThanOrEqual(10);
        expect(bytes).toBeLessThanOrEqual(1_000);
        const kept = recent.map(({ data }) => Number.parseInt((data as { text: string }).text, 10));
        expect(kept).toEqual(lengths.map((_, n) => n).slice(lengths.length - kept.length));
      }),
    );
  });
});

describe('when everybody has left', () => {
  const archive = () =>
    new MessageArchive({ kinds: resolveKinds({ chat: chat(), like: like() }), checkTimeoutMs: 1_000 });

  test('what was said waits a minute for somebody to come back', () => {
    const rooms = archive();
    const messages = rooms.open('lobby');
    void messages.send({ kind: 'chat', data: { text: 'hello' } });
    rooms.keep('lobby', messages);
    expect(rooms.open('lobby')).toBe(messages);
    rooms.keep('lobby', messages);
    vi.advanceTimersByTime(60_000);
    expect(rooms.open('lobby').recent).toEqual([]);
  });

  test('a room in which nothing was said leaves nothing, nor does a relay that closes', () => {
    const rooms = archive();
    rooms.keep('silent', rooms.open('silent'));
    expect(vi.getTimerCount()).toBe(0);
    const messages = rooms.open('lobby');
    void messages.send({ kind: 'like' });
    rooms.keep('lobby', messages);
    expect(vi.getTimerCount()).toBe(1);
    rooms.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
