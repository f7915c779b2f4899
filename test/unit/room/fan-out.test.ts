import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FanOut } from '../../../src/room/participants/fan-out.js';
import { inSlices } from '../../../src/util/in-slices.js';

interface Listener {
  name: number;
  hasLeft: boolean;
  since: number;
  heard: string[];
}

const SLICE = 10;

/** A room of `size`, whose turns of the event loop are the test's. */
function stage(size: number) {
  const members = new Map<string, Listener>();
  const fanOut = new FanOut(members, SLICE);
  const join = () => {
    const listener = { name: members.size, hasLeft: false, since: fanOut.count, heard: [] };
    members.set(String(members.size), listener);
    return listener;
  };
  for (let n = 0; n < size; n += 1) join();
  let heard = 0;
  return {
    members: [...members.values()],
    fanOut,
    join,
    tell: (what: string) =>
      fanOut.toAll((listener) => {
        listener.heard.push(what);
        heard += 1;
      }),
    /** How many were notified since the last call. */
    notified: () => {
      const count = heard;
      heard = 0;
      return count;
    },
    turn: () => vi.advanceTimersToNextTimer(),
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a turn of the event loop', () => {
  test('notifies a small room of everything', () => {
    const { tell, notified } = stage(SLICE - 1);
    tell('one');
    expect(notified()).toBe(SLICE - 1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('notifies a part of a large room, whatever is told meanwhile', () => {
    const { members, tell, notified, turn } = stage(3 * SLICE);
    tell('one');
    tell('two');
    expect(notified()).toBe(SLICE);
    tell('three');
    expect(notified()).toBe(0);
    while (vi.getTimerCount() > 0) {
      turn();
      expect(notified()).toBeLessThanOrEqual(SLICE);
    }
    for (const { heard } of members) expect(heard).toEqual(['one', 'two', 'three']);
  });

  test('notifies more where so many wait that senders have to slow down', () => {
    const { members, fanOut, tell, notified, turn } = stage(10 * SLICE);
    const told = 2_000;
    let mostWaiting = 0;
    for (let n = 0; n < told; n += 1) {
      tell(String(n));
      turn();
      mostWaiting = Math.max(mostWaiting, fanOut.count - fanOut.doneCount);
    }
    // With equal turns nine of ten would wait.
    expect(mostWaiting).toBeLessThan(400);
    vi.runAllTimers();
    expect(notified()).toBe(told * members.length);
  });

  test('handles some of many items where they are handled one after the other', async () => {
    let handled = 0;
    const done = inSlices(Array(1_000).keys(), () => {
      handled += 1;
    });
    expect(handled).toBe(50);
    for (let turns = 1; turns < 20; turns += 1) {
      vi.advanceTimersToNextTimer();
      await Promise.resolve();
      expect(handled).toBe(50 * (turns + 1));
    }
    await done;
  });
});

describe('while a notification is on its way', () => {
  test('whoever joins does not get it', () => {
    const { tell, join } = stage(2 * SLICE);
    tell('one');
    const late = join();
    tell('two');
    vi.runAllTimers();
    expect(late.heard).toEqual(['two']);
  });

  test('whoever has left does not get it', () => {
    const { members, tell } = stage(2 * SLICE);
    tell('one');
    const [last] = members.slice(-1) as [Listener];
    last.hasLeft = true;
    vi.runAllTimers();
    expect(last.heard).toEqual([]);
  });

  test('a member can get it at once, and gets nothing twice', () => {
    const { members, fanOut, tell } = stage(2 * SLICE);
    const [last] = members.slice(-1) as [Listener];
    tell('one');
    fanOut.toSome(new Set([members[0] as Listener]), ({ heard }) => heard.push('for the first one'));
    fanOut.toSome(new Set([last]), ({ heard }) => heard.push('for the last one'));
    fanOut.catchUp(last);
    expect(last.heard).toEqual(['one', 'for the last one']);
    tell('two');
    vi.runAllTimers();
    expect(last.heard).toEqual(['one', 'for the last one', 'two']);
    expect(members[0]?.heard).toEqual(['one', 'for the first one', 'two']);
  });

  test('a listener that says something, or leaves, does not change the order for the others', () => {
    const { members, fanOut, tell } = stage(2 * SLICE);
    const [first, second] = members as [Listener, Listener];
    fanOut.toAll((listener) => {
      if (listener === first) tell('an answer');
      if (listener === second) {
        fanOut.catchUp(second);
        second.hasLeft = true;
      }
      listener.heard.push('a question');
    });
    vi.runAllTimers();
    expect(second.heard).toEqual(['a question']);
    for (const { name, heard } of members)
      if (name !== second.name) expect(heard).toEqual(['a question', 'an answer']);
  });
});
